"""Same forecast by others: an LSTM of width 32 on air passengers, 12 months ahead, trained briefly and saved.

    python forecasting_peers.py torch|darts|neuralforecast DATA FOLDER [--warm]

The first run trains and saves; each further one loads, forecasts and prints, or says how long it takes when warm.
"""

import argparse
import json
import logging
from pathlib import Path

from forecasting_models import quickest

HORIZON, HIDDEN, WINDOW = 12, 32, 24


def plain_torch(data: Path, folder: Path):
    """Return an nn.LSTM and a linear layer stepped over all values: the least that torch can do."""
    import numpy as np
    import torch

    values = np.loadtxt(data, delimiter=",", skiprows=1, usecols=1, dtype=np.float32)
    net = torch.nn.ModuleList([torch.nn.LSTM(1, HIDDEN, batch_first=True), torch.nn.Linear(HIDDEN, HORIZON)])
    path = folder / "torch.pt"
    if path.exists():
        net.load_state_dict(torch.load(path))
    else:
        torch.save(net.state_dict(), path)
    inputs = torch.from_numpy(values / values.mean())[None, :, None]

    def forecast():
        with torch.inference_mode():
            features, _ = net[0](inputs)
            return net[1](features[:, -1]).numpy()[0] * values.mean()

    return forecast


def darts(data: Path, folder: Path):
    """Return RNNModel, which forecasts step by step."""
    from darts import TimeSeries
    from darts.models import RNNModel

    series, path = TimeSeries.from_csv(str(data), time_col="Month").astype("float32"), folder / "darts.pt"
    if path.exists():
        model = RNNModel.load(str(path))
    else:
        quiet = {"accelerator": "cpu", "enable_progress_bar": False, "logger": False}
        model = RNNModel(WINDOW, "LSTM", HIDDEN, training_length=36, n_epochs=2, pl_trainer_kwargs=quiet)
        model.fit(series)
        model.save(str(path))
    return lambda: model.predict(HORIZON, series, verbose=False).values()[:, 0]


def neuralforecast(data: Path, folder: Path):
    """Return LSTM, which forecasts the horizon at once."""
    import pandas as pd
    from neuralforecast import NeuralForecast
    from neuralforecast.models import LSTM

    table, path = pd.read_csv(data), folder / "neuralforecast"
    table = pd.DataFrame({"unique_id": "a", "ds": pd.to_datetime(table.iloc[:, 0]), "y": table.iloc[:, 1]})
    if path.exists():
        found = NeuralForecast.load(str(path), verbose=False)
    else:
        quiet = {"accelerator": "cpu", "enable_progress_bar": False, "logger": False}
        net = LSTM(h=HORIZON, input_size=WINDOW, encoder_hidden_size=HIDDEN, max_steps=10, **quiet)
        found = NeuralForecast([net], freq="MS")
        found.fit(table)
        found.save(str(path), overwrite=True, save_dataset=False)
    return lambda: found.predict(table, verbose=False)["LSTM"].to_numpy()


def main() -> None:
    """Load or train, then forecast."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("peer", choices=("torch", "darts", "neuralforecast"))
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--warm", action="store_true", help="milliseconds of a forecast, by the clock and by the CPU")
    given = parser.parse_args()
    logging.disable(logging.WARNING)
    makers = {"torch": plain_torch, "darts": darts, "neuralforecast": neuralforecast}
    forecast = makers[given.peer](given.data, given.folder)
    print(json.dumps(quickest(forecast)) if given.warm else forecast().tolist())


if __name__ == "__main__":
    main()

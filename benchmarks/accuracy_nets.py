"""Peers that are recurrent nets too: the LSTM of neuralforecast and the RNNModel of darts, as their defaults have it.

They are given what ours is given: the values before the origin, the horizon, the season (as a window of two seasons,
where a window must be said). Extra `bench`; where the environment of rnncast cannot hold them, run the script with the
interpreter of another and PYTHONPATH set.
"""

import logging
import time
from collections.abc import Callable, Iterator

import numpy as np
from accuracy_data import single_series
from accuracy_rows import Bench, single_origins
from numpy.typing import NDArray

from rnncast import Panel
from rnncast.series.metrics import mase, seasonal_error

Values = NDArray[np.float64]
QUIET = {"accelerator": "cpu", "enable_progress_bar": False, "logger": False, "enable_model_summary": False}
FEWEST = 3  # values beyond a window, that there is something to learn from


def neuralforecast(panel: Panel, horizon: int, season: int) -> Values:
    """Return forecasts [S, H] of `LSTM`, 1,000 steps of training."""
    import pandas as pd
    from neuralforecast import NeuralForecast
    from neuralforecast.models import LSTM

    table = pd.concat(
        pd.DataFrame({"unique_id": name, "ds": np.arange(len(y)), "y": _whole(y)}) for name, _, y in panel
    )
    found = NeuralForecast([LSTM(h=horizon, input_size=_window(panel, horizon, season), **QUIET)], freq=1)
    found.fit(table)
    return found.predict(verbose=False)["LSTM"].to_numpy().reshape(len(panel), horizon)


def darts(panel: Panel, horizon: int, season: int) -> Values:
    """Return forecasts [S, H] of `RNNModel("LSTM")`, 100 epochs of training, on values scaled as its guide has it."""
    from darts import TimeSeries
    from darts.dataprocessing.transformers import Scaler
    from darts.models import RNNModel

    window = _window(panel, horizon, season)
    model = RNNModel(window, "LSTM", training_length=window + 1, pl_trainer_kwargs=QUIET)
    scaler = Scaler()
    series = scaler.fit_transform([TimeSeries.from_values(_whole(y).astype(np.float32)) for _, _, y in panel])
    model.fit(series)
    found = scaler.inverse_transform(model.predict(horizon, series, verbose=False))
    return np.array([each.values()[:, 0] for each in found])


PEERS: dict[str, Callable[[Panel, int, int], Values]] = {"darts RNNModel": darts, "neuralforecast LSTM": neuralforecast}


def net_peers(bench: Bench) -> Iterator[tuple[str, str, float, float]]:
    """Yield, for each single series and peer, the mean MASE over the origins and the seconds of a fit."""
    logging.disable(logging.WARNING)
    for number, single in enumerate(single_series(bench.folder)):
        if number % bench.nth and number > 2:
            continue
        for name, peer in PEERS.items():
            began, errors = time.perf_counter(), []
            splits = single_origins(single, inside=bench.inside)
            for split in splits:
                scale = seasonal_error(split.seen, single.season)
                errors.append(mase(split.actual, peer(split.seen, single.horizon, single.season), scale)[0])
            yield single.name, name, float(np.mean(errors)), (time.perf_counter() - began) / len(splits)


def _window(panel: Panel, horizon: int, season: int) -> int:
    """Return two seasons, or as much as the shortest series can spare."""
    return max(1, min(2 * season, int(panel.lengths.min()) - horizon - FEWEST))


def _whole(y: Values) -> Values:
    """Interpolate missing values, which these peers do not accept."""
    known = ~np.isnan(y)
    return np.interp(np.arange(len(y)), np.flatnonzero(known), y[known])

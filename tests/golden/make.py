"""Write the golden model file of the present format, and the forecasts expected of it: python -m tests.golden.make

A golden file stays for ever: whatever a later version changes, it reads this file and forecasts these numbers. So run
this once for each new format, and commit what it writes.
"""

import json
from pathlib import Path

import numpy as np

from rnncast.files.output.model_file import FORMAT
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.panel import Panel
from tests.conftest import small_config, waves

HERE = Path(__file__).resolve().parent
NEW_ROWS = {f"series-{s}": np.linspace(98.0 + s, 106.0, 5) for s in range(3)}


def forecasts(model: Forecaster) -> dict[str, np.ndarray]:
    """The quantiles [S, H, Q] that a golden model forecasts from its saved state, and after new rows."""
    after = model.update(Panel.from_series(NEW_ROWS))  # rows without times go on by count
    return {"continued": model.predict().quantiles, "after new rows": after.predict().quantiles}


def main() -> None:
    """Train two small nets, save them as one model, and write down what the file forecasts."""
    path = HERE / f"format-{FORMAT}.safetensors"
    Forecaster.fit(waves(), small_config(members=2)).save(str(path))
    expected = {name: quantiles.tolist() for name, quantiles in forecasts(Forecaster.load(str(path))).items()}
    path.with_suffix(".json").write_text(json.dumps(expected, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Refactoring changes no forecast: what these models forecast was recorded, and must come out again.

`python -m tests.test_same_forecasts` records anew, after a change that is meant to change forecasts.
"""

import hashlib
import json
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from rnncast.config import Config, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.files.panels.tables import read_table
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.panel import Panel
from tests.conftest import AIR_PASSENGERS

RECORDED = Path(__file__).with_suffix(".json")
EXACT = 1e-9  # relative, where the arithmetic is that of the record
ELSEWHERE = 2e-3  # relative: other processors add up float32 in other orders, and training magnifies that


def arithmetic() -> str:
    """A digest of what float32 products, tanh and exp give here, to the last bit."""
    random = np.random.default_rng(1)
    a, b = random.normal(size=(2, 97, 97)).astype(np.float32)
    product = torch.from_numpy(a) @ torch.from_numpy(b)
    parts = (a @ b, np.tanh(a), np.exp(a.astype(np.float64)), product.numpy(), torch.exp(product / 100).numpy())
    return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]


def air_passengers(folder: Path) -> Panel:
    return read_table(str(AIR_PASSENGERS))


def counts(folder: Path) -> Panel:
    random = np.random.default_rng(3)
    return Panel.from_series({name: random.poisson(2, 60).astype(float) for name in "ab"})


def shops(folder: Path) -> Panel:
    """Two shops over weeks of days: a price known ahead, visitors known afterwards, and what they sell."""
    random, path = np.random.default_rng(2), folder / "shops.csv"
    days = np.arange("2024-01-01", "2024-04-10", dtype="datetime64[D]")
    lines = ["shop,day,sales,price,visitors,kind"]
    for shop, kind in (("north", "bread"), ("south", "books")):
        price, visitors = random.choice([1.0, 1.5, 2.0], len(days)), random.normal(50, 5, len(days))
        sales = 100 + 10 * np.sin(2 * np.pi * np.arange(len(days)) / 7) - 20 * price + random.normal(0, 2, len(days))
        for t, day in enumerate(days):
            value = f"{sales[t]:.3f}" if t < len(days) - 7 else ""
            lines.append(f"{shop},{day},{value},{price[t]},{visitors[t]:.2f},{kind}")
    path.write_text("\n".join(lines) + "\n")
    return read_table(str(path), TableConfig(known=("price",), past=("visitors",), static=("kind",)))


def config(model: str = "lstm", *, strategy: str = "auto", horizon: int | None = None, **train: object) -> Config:
    """The default but for what is named, trained for two epochs."""
    settings = TrainConfig(**{"epochs": 2, **train})  # type: ignore[arg-type]
    net = NetConfig(model=model, covariate_selection="none")
    return Config(task=TaskConfig(strategy=strategy, horizon=horizon), net=net, train=settings)


CASES: dict[str, tuple[Callable[[Path], Panel], Config]] = {
    "direct, several spans": (air_passengers, config()),
    "recursive, on its own forecasts": (air_passengers, config("rnn", strategy="recursive", members=1)),
    "recursive, scheduled": (air_passengers, config("gru", training="scheduled", members=1, validate=False)),
    "recursive, teacher forcing": (air_passengers, config("jordan", training="teacher-forcing", members=2)),
    "student-t": (air_passengers, config(loss="student-t", members=2)),
    "negative-binomial": (counts, config("window", loss="negative-binomial", horizon=4, members=1)),
    "covariates": (shops, config(horizon=7, members=2)),
}


def forecast(name: str, folder: Path) -> list[list[list[float]]]:
    """Quantiles [S, H, Q] of a case."""
    data, asked = CASES[name]
    quantiles: list[list[list[float]]] = Forecaster.fit(data(folder), asked).predict().quantiles.tolist()
    return quantiles


@pytest.mark.parametrize("name", CASES)
def test_forecasts_are_those_recorded(name: str, tmp_path: Path) -> None:
    recorded = json.loads(RECORDED.read_text())
    tolerance = EXACT if recorded["arithmetic"] == arithmetic() else ELSEWHERE
    np.testing.assert_allclose(forecast(name, tmp_path), recorded["forecasts"][name], rtol=tolerance)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        found = {name: forecast(name, Path(folder)) for name in CASES}
    RECORDED.write_text(json.dumps({"arithmetic": arithmetic(), "forecasts": found}) + "\n")

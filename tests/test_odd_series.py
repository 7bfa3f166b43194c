"""Odd series: each is trained on and forecast as one would by hand, or refused or left out by name."""

from pathlib import Path

import numpy as np
import pytest

from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.errors import DataError
from rnncast.forecaster.forecaster import Forecaster
from tests.tables import as_csv, read

STEPS = 60
RANDOM = np.random.default_rng(0)
WAVE = np.sin(2 * np.pi * np.arange(STEPS) / 7)
ODD = {
    "constant": np.full(STEPS, 7.3),
    "zero": np.zeros(STEPS),
    "negative": -100 + 10 * WAVE,
    "tiny": 1e-12 * (5 + WAVE),
    "huge": 1e15 * (5 + WAVE),
    "intermittent": np.where(np.arange(STEPS) % 6 == 0, 4.0, 0.0),
    "short": np.array([3.0, 4.0, 5.0]),
    "single": np.array([42.0]),
    "late": np.concatenate([np.full(30, np.nan), 5 + WAVE[:30]]),
    "mixed signs": WAVE * 3,
}
ORDINARY = {f"wave-{s}": 50 + 10 * np.roll(WAVE, s) + RANDOM.normal(0, 1, STEPS) for s in range(4)}


def table(series: dict[str, np.ndarray]) -> bytes:
    days = np.datetime64("2024-01-01") + np.arange(STEPS)
    rows = [
        [name, str(day), None if np.isnan(value) else float(value)]
        for name, y in series.items()
        for day, value in zip(days, y, strict=False)
    ]
    return as_csv(["id", "ds", "y"], rows)


def forecast(folder: Path, series: dict[str, np.ndarray]) -> tuple[dict[str, np.ndarray], Forecaster]:
    config = Config(task=TaskConfig(horizon=7), net=NetConfig(hidden_size=8), train=TrainConfig(epochs=3))
    forecaster = Forecaster.fit(read(folder, table(series)), config)
    found = forecaster.predict()
    assert np.isfinite(found.quantiles).all()
    assert (np.diff(found.quantiles, axis=2) >= 0).all()
    return dict(zip(found.ids, found.point, strict=True)), forecaster


@pytest.mark.parametrize("kind", [kind for kind in ODD if kind not in ("short", "single")])
def test_alone(tmp_path: Path, kind: str) -> None:
    y = ODD[kind]
    found, _ = forecast(tmp_path, {kind: y})
    _defensible(found[kind], y)


@pytest.mark.parametrize("kind", ODD)
def test_among_others(tmp_path: Path, kind: str) -> None:
    found, _ = forecast(tmp_path, {**ORDINARY, kind: ODD[kind]})
    _defensible(found[kind], ODD[kind])
    for name in ORDINARY:
        _defensible(found[name], ORDINARY[name])


def test_all_together(tmp_path: Path) -> None:
    found, _ = forecast(tmp_path, {**ODD, **ORDINARY, "empty": np.full(STEPS, np.nan)})
    assert set(found) == {*ODD, *ORDINARY}
    for name, point in found.items():
        _defensible(point, (ODD | ORDINARY)[name])


def test_too_short_is_said(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="too few rows: the longest series has 3"):
        forecast(tmp_path, {"short": ODD["short"]})


def _defensible(point: np.ndarray, y: np.ndarray) -> None:
    """Within the series' own range, or half of it beyond."""
    low, high = np.nanmin(y), np.nanmax(y)
    spread = max(high - low, 1e-3 * max(abs(low), abs(high)), 1e-3)
    assert (point >= low - spread / 2).all()
    assert (point <= high + spread / 2).all()

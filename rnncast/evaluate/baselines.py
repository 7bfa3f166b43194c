"""Forecasts that need no training, which any net must beat to be worth having."""

import numpy as np
from numpy.typing import NDArray

from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel


def naive(panel: Panel, horizon: int) -> Forecast:
    """Repeat the last observed value of each series."""
    return seasonal_naive(panel, horizon, 1)


def seasonal_naive(panel: Panel, horizon: int, season: int) -> Forecast:
    """Repeat the last season of each series; a missing value is replaced by the one a season earlier.

    A series shorter than a season repeats its last value.
    """
    point = np.array([_repeat(y, horizon, season) for _, _, y in panel]).reshape(-1, horizon)
    quantiles = np.empty((*point.shape, 0))
    return Forecast(panel.ids, panel.ends, point, quantiles, (), panel.frequency, panel.columns)


def _repeat(y: NDArray[np.float64], horizon: int, season: int) -> NDArray[np.float64]:
    last = y[~np.isnan(y)][-1]
    phases = [y[len(y) - season + phase :: -season] if len(y) >= season else y[:0] for phase in range(season)]
    known = [phase[~np.isnan(phase)] for phase in phases]
    values = np.array([phase[0] if phase.size else last for phase in known])
    return np.resize(values, horizon)

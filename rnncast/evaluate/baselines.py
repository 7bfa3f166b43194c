"""Forecasts that need no training, which any net must beat to be worth having."""

import numpy as np

from rnncast.series.forecast import Forecast
from rnncast.series.naive import repeat_season
from rnncast.series.panel import Panel


def naive(panel: Panel, horizon: int) -> Forecast:
    """Repeat the last observed value of each series."""
    return seasonal_naive(panel, horizon, 1)


def seasonal_naive(panel: Panel, horizon: int, season: int) -> Forecast:
    """Repeat the last season of each series: see `repeat_season`."""
    point = repeat_season(panel, horizon, season)
    quantiles = np.empty((*point.shape, 0))
    return Forecast(panel.ids, panel.ends, point, quantiles, (), panel.frequency, panel.columns)

"""The naive forecasts as arrays: what a net starts from, and what it is held against."""

import numpy as np
from numpy.typing import NDArray

from rnncast.series.panel import Panel

Values = NDArray[np.float64]


def repeat_season(panel: Panel, horizon: int, season: int) -> Values:
    """The last season of each series, repeated over the horizon [S, H]; season 1 is the last value.

    A missing value is replaced by the one a season earlier, or else by the last value; so is a season that is longer
    than the series.
    """
    return np.array([_repeat(y, horizon, season) for _, _, y in panel]).reshape(-1, horizon)


def _repeat(y: Values, horizon: int, season: int) -> Values:
    last = y[~np.isnan(y)][-1]
    phases = [y[len(y) - season + phase :: -season] if len(y) >= season else y[:0] for phase in range(season)]
    known = [phase[~np.isnan(phase)] for phase in phases]
    return np.resize(np.array([phase[0] if phase.size else last for phase in known]), horizon)

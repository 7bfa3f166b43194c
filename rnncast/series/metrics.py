"""How good a forecast is. Pure functions of arrays; a NaN among the actual values is not scored.

S series, H steps. Each metric is computed per series and then averaged over series, so that long and short count alike.
"""

import numpy as np
from numpy.typing import NDArray

from rnncast.series.panel import Panel

Values = NDArray[np.float64]


def seasonal_error(panel: Panel, season: int) -> Values:
    """Mean in-sample |y(t) - y(t-m)| of each series [S], in the user's units; the scale of MASE.

    Where a series has no such pair, or repeats itself exactly, m = 1 is used; where that is 0 too, NaN.
    Source: Hyndman & Koehler (2006).
    """
    return np.array([_first_positive(y, (season, 1)) for _, _, y in panel])


def _first_positive(y: Values, lags: tuple[int, ...]) -> float:
    for lag in lags:
        steps = np.abs(y[lag:] - y[:-lag])
        steps = steps[~np.isnan(steps)]
        if steps.size and steps.mean() > 0:
            return float(steps.mean())
    return float("nan")


def mae(actual: Values, point: Values) -> Values:
    """Mean absolute error of each series [S], in the user's units."""
    return _mean(np.abs(actual - point))


def mase(actual: Values, point: Values, scale: Values) -> Values:
    """Mean absolute scaled error of each series [S]: 1 is as good as seasonal naive was in-sample.

    scale [S]: `seasonal_error` of what came before. Source: Hyndman & Koehler (2006).
    """
    return mae(actual, point) / scale


def smape(actual: Values, point: Values) -> Values:
    """Symmetric mean absolute percentage error of each series [S], from 0 to 200; 0/0 counts as 0.

    Source: Makridakis et al. (2020), the M4 definition.
    """
    size = np.abs(actual) + np.abs(point)
    return 200 * _mean(np.abs(actual - point) / np.where(size == 0, 1, size))


def _mean(errors: Values) -> Values:
    """Mean over the steps that have a value [S]; NaN where none has."""
    seen = ~np.isnan(errors)
    count = seen.sum(axis=1)
    total = np.where(seen, errors, 0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)

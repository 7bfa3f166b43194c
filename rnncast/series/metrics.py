"""Metrics of forecasts, as pure functions of arrays. Missing actual values (NaN) are not scored.

S series, H steps, Q quantiles, P paths. Each metric is computed per series [S]; `mean_over_series` averages it, so that
long and short series count alike. `weight` [S, H] says how much each value counts; by default all count alike.
"""

import math
from collections.abc import Sequence

import numpy as np

from rnncast.intervals.quantiles import requantiled
from rnncast.series.panel import Panel
from rnncast.values import Values

NO_MASE = "a constant series has no MASE, because the naive forecast makes no error on it"
GRID = tuple(round(0.01 * i, 2) for i in range(1, 100))  # probabilities over which CRPS is summed


def seasonal_error(panel: Panel, season: int) -> Values:
    """Return the mean in-sample |y(t) - y(t-m)| of each series [S], in the user's units; the scale of MASE.

    m = 1 is used for a series without such a pair or that repeats itself exactly; NaN if that is 0 too: a constant
    series has no MASE. Source: Hyndman & Koehler (2006).
    """
    return np.array([_first_positive(y, (season, 1), 1) for _, _, y in panel])


def seasonal_root_square(panel: Panel, season: int) -> Values:
    """Return the root of the mean in-sample (y(t) - y(t-m))^2 of each series [S], in the user's units; the scale of
    RMSSE.

    m = 1 and NaN as in `seasonal_error`. Source: Hyndman & Koehler (2006).
    """
    return np.array([_first_positive(y, (season, 1), 2) ** 0.5 for _, _, y in panel])


def _first_positive(y: Values, lags: tuple[int, ...], power: int) -> float:
    for lag in lags:
        with np.errstate(over="ignore"):
            steps = np.abs(y[lag:] - y[:-lag]) ** power
            steps = steps[np.isfinite(steps)]
            mean = float(steps.mean()) if steps.size else 0.0
        if math.isfinite(mean) and mean > 0:
            return mean
    return float("nan")


def mae(actual: Values, point: Values, weight: Values | None = None) -> Values:
    """Return the mean absolute error of each series [S], in the user's units."""
    return _mean(np.abs(actual - point), weight)


def rmse(actual: Values, point: Values, weight: Values | None = None) -> Values:
    """Return the root mean squared error of each series [S], in the user's units."""
    root: Values = np.sqrt(_mean((actual - point) ** 2, weight))
    return root


def bias(actual: Values, point: Values, weight: Values | None = None) -> Values:
    """Return the mean of forecast minus actual value of each series [S], in the user's units: positive if too high."""
    return _mean(point - actual, weight)


def mape(actual: Values, point: Values, weight: Values | None = None) -> Values:
    """Return the mean absolute percentage error of each series [S], in percent; actual values of 0 are not scored."""
    size = np.where(actual == 0, np.nan, np.abs(actual))
    return 100 * _mean(np.abs(actual - point) / size, weight)


def smape(actual: Values, point: Values, weight: Values | None = None) -> Values:
    """Return the symmetric mean absolute percentage error of each series [S], from 0 to 200; 0/0 counts as 0.

    Source: Makridakis et al. (2020), the M4 definition.
    """
    size = np.abs(actual) + np.abs(point)
    return 200 * _mean(np.abs(actual - point) / np.where(size == 0, 1, size), weight)


def mase(actual: Values, point: Values, scale: Values, weight: Values | None = None) -> Values:
    """Return the mean absolute scaled error of each series [S]: 1 is as good as seasonal naive was in-sample.

    scale [S]: `seasonal_error` of the values before. Source: Hyndman & Koehler (2006).
    """
    return _scaled(mae(actual, point, weight), scale)


def rmsse(actual: Values, point: Values, scale: Values, weight: Values | None = None) -> Values:
    """Return the root mean squared scaled error of each series [S].

    scale [S]: `seasonal_root_square` of the values before. Source: Hyndman & Koehler (2006); Makridakis et al. (2022).
    """
    return _scaled(rmse(actual, point, weight), scale)


def owa(smape: float, mase: float, naive_smape: float, naive_mase: float) -> float:
    """Return the overall weighted average: the mean of sMAPE and MASE (means over all series), each relative to
    Naive2's.

    Source: Makridakis et al. (2020).
    """
    return 0.5 * (smape / naive_smape + mase / naive_mase)


def pinball(actual: Values, quantiles: Values, probabilities: Sequence[float]) -> Values:
    """Return the quantile loss of each value at each quantile [S, H, Q], in the user's units.

    Source: Koenker & Bassett (1978).
    """
    error = actual[..., None] - quantiles
    loss: Values = np.maximum(np.array(probabilities) * error, (np.array(probabilities) - 1) * error)
    return loss


def wql(actual: Values, quantiles: Values, probabilities: Sequence[float], weight: Values | None = None) -> Values:
    """Return the weighted quantile loss of each series [S]: the mean over quantiles of 2 sum(pinball) / sum |actual|.

    quantiles [S, H, Q]. Source: Park et al. (2022).
    """
    loss = pinball(actual, quantiles, probabilities).mean(axis=2)
    # A step without quantiles has no loss, so its value must not count in the divisor either.
    total = _mean(np.where(np.isnan(loss), np.nan, np.abs(actual)), weight)
    return 2 * _mean(loss, weight) / np.where(total == 0, np.nan, total)


def crps(actual: Values, quantiles: Values, probabilities: Sequence[float], weight: Values | None = None) -> Values:
    """Return the continuous ranked probability score of each series [S], in the user's units.

    It is twice the mean pinball loss at 99 quantiles, interpolated where they were not forecast. Source: Gneiting &
    Raftery (2007).
    """
    grid = requantiled(quantiles, probabilities, GRID)
    return 2 * _mean(pinball(actual, grid, GRID).mean(axis=2), weight)


def crps_of_paths(actual: Values, paths: Values, weight: Values | None = None) -> Values:
    """Return the continuous ranked probability score of each series [S], in the user's units, from paths [S, H, P], P
    >= 2.

    E|X - y| - E|X - X'|/2 over pairs of different paths. Source: Gneiting & Raftery (2007).
    """
    number = paths.shape[2]
    off = np.abs(paths - actual[..., None]).mean(axis=2)
    ranks = 2 * np.arange(1, number + 1) - number - 1
    between = 2 * (np.sort(paths, axis=2) * ranks).sum(axis=2) / (number * (number - 1))  # E|X - X'|
    return _mean(off - between / 2, weight)


def interval_score(actual: Values, low: Values, high: Values, level: float, weight: Values | None = None) -> Values:
    """Return the interval score of each series [S], in the user's units.

    It is the interval's width plus 2/alpha times the distance of values outside it, with alpha = 1 - level/100. Source:
    Gneiting & Raftery (2007).
    """
    outside = np.clip(low - actual, 0, None) + np.clip(actual - high, 0, None)
    return _mean(high - low + 2 / (1 - level / 100) * outside, weight)


def msis(
    actual: Values, low: Values, high: Values, level: float, scale: Values, weight: Values | None = None
) -> Values:
    """Return the mean scaled interval score of each series [S].

    scale [S]: `seasonal_error` of the values before. Source: Makridakis et al. (2020), at level 95.
    """
    return _scaled(interval_score(actual, low, high, level, weight), scale)


def coverage(actual: Values, low: Values, high: Values, weight: Values | None = None) -> Values:
    """Return the share of each series' values within an interval [S], in percent."""
    inside = np.where(np.isnan(actual + low + high), np.nan, (low <= actual) & (actual <= high))
    return 100 * _mean(inside, weight)


def _scaled(errors: Values, scale: Values) -> Values:
    """Return errors divided by a scale [S]; NaN if that overflows, as for a series that is constant but for
    rounding."""
    with np.errstate(over="ignore"):
        ratio = errors / scale
    return np.where(np.isfinite(ratio), ratio, np.nan)


def mean_over_series(values: Values) -> float:
    """Return the mean of a metric [S] over the series that can be scored; NaN if none can."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _mean(errors: Values, weight: Values | None = None) -> Values:
    """Return the weighted mean [S] over the steps that have a value; NaN if none has."""
    seen = ~np.isnan(errors)
    weighed = seen * (1.0 if weight is None else np.nan_to_num(weight))
    total = np.where(seen, errors, 0) * weighed
    count = weighed.sum(axis=1)
    return np.where(count > 0, total.sum(axis=1) / np.where(count > 0, count, 1), np.nan)

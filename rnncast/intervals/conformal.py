"""Calibrated intervals: rescaled at each lead time so that they cover held-out data.

Split-conformal quantile regression (Romano, Patterson & Candès 2019), with the score as a ratio: the distance of a
value from the median, in widths of the interval on that side. Ratios have no unit, so one factor serves series of any
size, and an interval keeps its shape.

Values at one origin share its luck, so intervals fitted to held-out origins cover less at the next one. Leaving out
each origin in turn shows how much less, and the level is raised to make up for it (in part, if origins are few).

N forecasts, H lead times, Q quantiles (odd, the median in the middle), L levels, the widest first.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from rnncast.values import Values

ENOUGH = 200  # ratios needed at a lead time; if it has fewer, its neighbours' are added
PRIOR = 20  # pseudo-observations of ratios, distributed as if the intervals were right
SMALLEST = 1e-12  # width
FEW_ORIGINS = 4  # number of origins at which half of the loss of coverage is made up for
MOST_LOST = 0.6  # largest rise of the level, as a share of the values outside the interval


def interval_factors(
    actual: Values, quantiles: Values, probabilities: Sequence[float], origins: NDArray[np.int64]
) -> Values:
    """Return the factors [H, L] by which the widths of intervals are multiplied, so that they cover their levels.

    actual [N, H], NaN = missing; quantiles [N, H, Q], forecasts of them at rising `probabilities`; origins [N]: the
    number, from 0, of the origin of each forecast.
    """
    middle, horizon = len(probabilities) // 2, actual.shape[1]
    factors = np.ones((horizon, middle))
    off = actual - quantiles[:, :, middle]
    for pair in range(middle):
        low, high = (abs(quantiles[:, :, q] - quantiles[:, :, middle]) for q in (pair, -1 - pair))
        ratios = np.abs(off) / np.maximum(np.where(off < 0, low, high), SMALLEST)  # [N, H]
        expected, level = _expected(probabilities[pair]), 1 - 2 * probabilities[pair]
        level = level + _lost(ratios, expected, level, origins)
        factors[:, pair] = _factors(ratios, expected, level)
    return factors


def _factors(ratios: Values, expected: Values, level: float) -> Values:
    return np.array([_corrected(_near(ratios, h), expected, level) for h in range(ratios.shape[1])])


def _lost(ratios: Values, expected: Values, level: float, origins: NDArray[np.int64]) -> float:
    """Return the share of values that intervals lose at an origin by not having been fitted to it."""
    number = int(origins.max()) + 1
    if number == 1 or np.isnan(ratios).all():
        return 0.0
    inside = np.full(ratios.shape, np.nan)
    for origin in range(number):
        own = origins == origin
        inside[own] = ratios[own] <= _factors(ratios[~own], expected, level)
    inside[np.isnan(ratios)] = np.nan
    covered = float(np.nanmean(inside))
    lost = (level - covered) * number / (number + FEW_ORIGINS)
    return min(max(lost, 0.0), MOST_LOST * (1 - level))


def calibrated(quantiles: Values, factors: Values) -> Values:
    """Return quantiles [N, H, Q] with the widths of their intervals multiplied by factors [H, L].

    The factors of the last lead time serve those beyond it. A wider interval never ends inside a narrower one.
    """
    middle, horizon = quantiles.shape[2] // 2, quantiles.shape[1]
    factors = factors[np.minimum(np.arange(horizon), len(factors) - 1)]
    both = np.concatenate((factors, np.ones((horizon, 1)), factors[:, ::-1]), 1)  # [H, Q]
    median = quantiles[:, :, middle : middle + 1]
    result = median + both * (quantiles - median)
    result[:, :, : middle + 1] = np.minimum.accumulate(result[:, :, middle::-1], 2)[:, :, ::-1]
    result[:, :, middle:] = np.maximum.accumulate(result[:, :, middle:], 2)
    return result


def _expected(tail: float) -> Values:
    """Return evenly spread quantiles of the ratio, for normal values and an interval that is right."""
    normal = NormalDist()
    ends = [normal.inv_cdf(0.5 + (i + 0.5) / (2 * PRIOR)) for i in range(PRIOR)]
    return np.array(ends) / -normal.inv_cdf(tail)


def _near(ratios: Values, h: int) -> Values:
    """Return the ratios at lead time h and at as many lead times around it as are needed to have enough."""
    for reach in range(ratios.shape[1]):
        near = ratios[:, max(0, h - reach) : h + reach + 1]
        near = near[~np.isnan(near)]
        if len(near) >= ENOUGH:
            break
    return near


def _corrected(observed: Values, expected: Values, level: float) -> float:
    """Return the quantile of the ratios, with the finite-sample correction for one more value to come."""
    ratios = np.concatenate((observed, expected))
    return float(np.quantile(ratios, min(level * (1 + 1 / len(ratios)), 1.0)))

"""Calibrated intervals: rescaled at each lead time so that they cover held-out data.

Split-conformal quantile regression (Romano, Patterson & Candès 2019), with the score as a ratio: how far a value lies
from the median, in widths of the interval on that side. Ratios have no unit, so that one factor serves series of any
size, and an interval keeps its shape.

Values of one origin share its luck, so that intervals which fit those held back fit the next origin less well. How much
less is seen by leaving out each origin in turn, and made up for (in part, where the origins are few).

N forecasts, H lead times, Q quantiles (odd, the median in the middle), L levels, the widest first.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from rnncast.values import Values

ENOUGH = 200  # ratios to judge a lead time by; where it has fewer, its neighbours' count too
PRIOR = 20  # ratios, as many as if the intervals were right, beside those observed
SMALLEST = 1e-12  # width
FEW_ORIGINS = 4  # of which half of what was seen is believed
MOST_LOST = 0.6  # of the values outside an interval


def interval_factors(
    actual: Values, quantiles: Values, probabilities: Sequence[float], origins: NDArray[np.int64]
) -> Values:
    """By what to multiply the widths of each interval at each lead time [H, L], so that it covers its level.

    actual [N, H], NaN = missing; quantiles [N, H, Q] that were forecast for them, at rising `probabilities`; origins
    [N]: from 0, at which of them each was forecast.
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
    """The share of values that intervals miss at an origin, and would not miss had they been fitted to it too."""
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
    """Quantiles [N, H, Q] with the widths of their intervals multiplied by factors [H, L]; the last lead time's serve
    those beyond it. A wider interval never ends inside a narrower one."""
    middle, horizon = quantiles.shape[2] // 2, quantiles.shape[1]
    factors = factors[np.minimum(np.arange(horizon), len(factors) - 1)]
    both = np.concatenate((factors, np.ones((horizon, 1)), factors[:, ::-1]), 1)  # [H, Q]
    median = quantiles[:, :, middle : middle + 1]
    result = median + both * (quantiles - median)
    result[:, :, : middle + 1] = np.minimum.accumulate(result[:, :, middle::-1], 2)[:, :, ::-1]
    result[:, :, middle:] = np.maximum.accumulate(result[:, :, middle:], 2)
    return result


def _expected(tail: float) -> Values:
    """The ratios that normal values would have to an interval that is right, evenly spread."""
    normal = NormalDist()
    ends = [normal.inv_cdf(0.5 + (i + 0.5) / (2 * PRIOR)) for i in range(PRIOR)]
    return np.array(ends) / -normal.inv_cdf(tail)


def _near(ratios: Values, h: int) -> Values:
    """The ratios of lead time h, and of as many lead times about it as it takes to have enough."""
    for reach in range(ratios.shape[1]):
        near = ratios[:, max(0, h - reach) : h + reach + 1]
        near = near[~np.isnan(near)]
        if len(near) >= ENOUGH:
            break
    return near


def _corrected(observed: Values, expected: Values, level: float) -> float:
    """The quantile that so many ratios give for one that is still to come."""
    ratios = np.concatenate((observed, expected))
    return float(np.quantile(ratios, min(level * (1 + 1 / len(ratios)), 1.0)))

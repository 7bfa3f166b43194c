"""Calibrated intervals: rescaled at each lead time so that they cover held-out data.

Split-conformal quantile regression (Romano, Patterson & Candès 2019), with the score as a ratio: the distance of a
value from the median, in widths of the interval on that side. Ratios have no unit, so one factor serves series of any
size, and an interval keeps its shape.

Values at one origin share its luck, so intervals fitted to held-out origins cover less at the next one. Leaving out
each origin in turn shows how much less, and the level is raised to make up for it (in part, if origins are few).

Series that are covered better or worse than others get a factor of their own. It is shrunk towards 1 by how little
series differ beside how much one and the same differs between origins (empirical Bayes: Efron & Morris 1975).

N forecasts, H lead times, Q quantiles (odd, the median in the middle), L levels, the widest first, S series, O origins.
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
FEW = 8  # series or fewer have no factors of their own
FARTHEST = 20.0  # ratio, beyond which a value says no more of a series
NEAREST = 0.02  # added to mean ratios, so that logarithms are not of 0
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


def series_factors(
    actual: Values, quantiles: Values, probabilities: Sequence[float], places: tuple[NDArray[np.int64], ...]
) -> tuple[Values, Values]:
    """Return the factors of the series [S] by which the widths of all their intervals are multiplied.

    Arguments as for `interval_factors`; places: the origin and the series [N] of each forecast, numbered from 0. The
    second result [N] has for each forecast the factor of its series that the other origins give, by which
    `interval_factors` must be fitted, as a factor covers better what it was learnt from.
    """
    origin, series = places
    shape, middle = (int(origin.max()) + 1, int(series.max()) + 1), len(probabilities) // 2
    if not middle or shape[0] < 2 or shape[1] <= FEW:
        return np.ones(shape[1]), np.ones(len(actual))
    off = actual - quantiles[:, :, middle]
    low, high = (abs(quantiles[:, :, q] - quantiles[:, :, middle]) for q in (middle - 1, middle + 1))
    ratios = np.minimum(np.abs(off) / np.maximum(np.where(off < 0, low, high), SMALLEST), FARTHEST)  # [N, H]
    known = ~np.isnan(ratios)
    mean = np.where(known, ratios, 0.0).sum(1) / np.maximum(known.sum(1), 1)
    laid = np.full(shape, np.nan)
    laid[places] = np.where(known.any(1), np.log(mean + NEAREST), np.nan)
    others = np.stack([_shrunk(np.delete(laid, each, axis=0)) for each in range(shape[0])])
    return np.exp(_shrunk(laid)), np.exp(others[places])


def _shrunk(logs: Values) -> Values:
    """Return the mean over origins of logs [O, S], relative to all series and shrunk towards 0 [S]."""
    known = ~np.isnan(logs)
    number, at_once = known.sum(0), np.maximum(known.sum(1, keepdims=True), 1)
    logs = np.where(known, logs - np.where(known, logs, 0.0).sum(1, keepdims=True) / at_once, 0.0)
    mean = logs.sum(0) / np.maximum(number, 1)
    there = number > 0
    free = int(np.maximum(number - 1, 0).sum())
    if not free:
        return np.zeros(len(mean))
    within = float((known * (logs - mean) ** 2).sum()) / free
    chance = within / np.maximum(number, 1)
    between = max(float(mean[there].var()) - float(chance[there].mean()), 0.0)
    result: Values = mean * between / np.maximum(between + chance, SMALLEST)
    return result


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


def widened(quantiles: Values, factors: Values) -> Values:
    """Return quantiles [N, H, Q] with the widths of all intervals of a forecast multiplied by its factor [N]."""
    middle = quantiles.shape[2] // 2
    median = quantiles[:, :, middle : middle + 1]
    result: Values = median + factors[:, None, None] * (quantiles - median)
    return result


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

"""Interpolation from a few quantiles to a distribution: linear in normal scores, between quantiles and beyond them.

The normal score of a value is the standard normal quantile at the value's probability. Beyond the outermost quantiles
the last slope continues, as a normal distribution's would. A single quantile is a point.
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from rnncast.values import Values

FARTHEST = 4.0  # largest normal score given to a value, however far out it lies
SMALLEST = 1e-12  # distance between two quantiles


def normal_scores(probabilities: Sequence[float]) -> Values:
    """Return the standard normal quantiles at the probabilities."""
    return np.array([NormalDist().inv_cdf(p) for p in probabilities])


def stratified_scores(number: int, random: np.random.Generator) -> Values:
    """Return normal scores in random order, one from each of `number` equally likely strata, so that few paths spread
    evenly."""
    return random.permutation(normal_scores([(i + 0.5) / number for i in range(number)]))


def values_at(quantiles: Values, probabilities: Sequence[float], scores: Values) -> Values:
    """Return the values [..., N] at normal scores [..., N], from quantiles [..., Q] at rising probabilities [Q]."""
    if len(probabilities) == 1:
        return np.broadcast_to(quantiles, np.broadcast_shapes(quantiles.shape, scores.shape)).copy()
    knots = normal_scores(probabilities)
    right = np.clip(np.searchsorted(knots, scores), 1, len(knots) - 1)
    low, high = _at(quantiles, right - 1), _at(quantiles, right)
    share = (scores - knots[right - 1]) / (knots[right] - knots[right - 1])
    return low + share * (high - low)


def scores_at(quantiles: Values, probabilities: Sequence[float], values: Values) -> Values:
    """Return the normal scores [...] of values [...] within quantiles [..., Q]: the inverse of `values_at`.

    NaN for a missing value, and for a single quantile, which gives no scale.
    """
    if len(probabilities) == 1:
        return np.full(values.shape, np.nan)
    knots = normal_scores(probabilities)
    right = np.clip((quantiles < values[..., None]).sum(-1), 1, len(knots) - 1)[..., None]
    low, high = _at(quantiles, right - 1)[..., 0], _at(quantiles, right)[..., 0]
    share = (values - low) / np.maximum(high - low, SMALLEST)
    right = right[..., 0]
    scores: Values = knots[right - 1] + share * (knots[right] - knots[right - 1])
    return np.clip(scores, -FARTHEST, FARTHEST)


def requantiled(quantiles: Values, probabilities: Sequence[float], wanted: Sequence[float]) -> Values:
    """Return quantiles [..., W] at the wanted probabilities; those that are there already [..., Q] are kept exactly."""
    kept = {p: quantiles[..., q] for q, p in enumerate(probabilities)}
    scores = np.broadcast_to(normal_scores(wanted), (*quantiles.shape[:-1], len(wanted)))
    other = values_at(quantiles, probabilities, scores)
    return np.stack([kept.get(p, other[..., w]) for w, p in enumerate(wanted)], -1)


def _at(quantiles: Values, index: NDArray[np.int64]) -> Values:
    return np.take_along_axis(np.broadcast_to(quantiles, (*index.shape[:-1], quantiles.shape[-1])), index, -1)

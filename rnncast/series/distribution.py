"""From a few quantiles to a distribution: between and beyond them, linear in normal scores."""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def normal_scores(probabilities: Sequence[float]) -> Values:
    """The standard normal quantiles at the probabilities."""
    return np.array([NormalDist().inv_cdf(p) for p in probabilities])


def stratified_scores(number: int, random: np.random.Generator) -> Values:
    """Normal scores in random order, one from each of `number` equally likely strata: few paths then spread evenly."""
    return random.permutation(normal_scores([(i + 0.5) / number for i in range(number)]))


def sample_quantiles(quantiles: Values, probabilities: Sequence[float], scores: Values) -> Values:
    """The value [B] at each normal score [B] of distributions given by quantiles [B, Q] at rising probabilities [Q].

    Beyond the outermost quantiles their last slope goes on, as a normal distribution's would. A single quantile is a
    point.
    """
    if len(probabilities) == 1:
        return quantiles[:, 0]
    knots = normal_scores(probabilities)
    right = np.clip(np.searchsorted(knots, scores), 1, len(knots) - 1)
    rows = np.arange(len(scores))
    low, high = quantiles[rows, right - 1], quantiles[rows, right]
    share = (scores - knots[right - 1]) / (knots[right] - knots[right - 1])
    return low + share * (high - low)

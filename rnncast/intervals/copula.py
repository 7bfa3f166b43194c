"""The copula of lead times: sample paths that keep the correlation between the steps of a horizon.

A forecast's quantiles say nothing of that: a sum over the horizon needs it. What followed past origins is turned into
normal scores within what was forecast there; a random mixture of these templates is a normal vector whose covariance is
theirs, so that paths drawn with it keep the quantiles of each lead time and the dependence between them (a Gaussian
copula; with ranks for templates, the Schaake shuffle of Clark et al. 2004).

N templates, P paths, H lead times, Q quantiles.
"""

import zlib

import numpy as np

from rnncast.values import Values

PRIOR = 5  # templates, as many as if lead times had nothing to do with each other


def templates_of(scores: Values) -> Values:
    """Templates [N, H] of mean square 1 at each lead time, from normal scores [N, H] of what came, NaN = missing."""
    known = np.nan_to_num(scores)
    size = np.sqrt((known**2).sum(axis=0) / max(len(known), 1))
    templates: Values = known / np.where(size > 0, size, 1.0)
    return templates


def correlated_scores(templates: Values, paths: int, random: np.random.Generator) -> Values:
    """Draw normal scores [H, P] with the correlation over the horizon that the rank templates [N, H] have."""
    number, horizon = templates.shape
    mixed = random.standard_normal((paths, number)) @ templates  # [P, H]
    alone = random.standard_normal((paths, horizon))
    scores: Values = (mixed + np.sqrt(PRIOR) * alone) / np.sqrt(number + PRIOR)
    return scores.T


def generator_of(seed: int, series: str) -> np.random.Generator:
    """Random numbers of a series' own, so that its paths depend on nothing else that is forecast."""
    return np.random.default_rng((seed, zlib.crc32(series.encode())))

"""The copula of lead times and series: sample paths that keep the correlation between the steps of a horizon, and
between the series at the same time.

A forecast's quantiles say nothing of that: a sum over the horizon needs it. What followed past origins is turned into
normal scores within what was forecast there; a random mixture of these templates is a normal vector whose covariance is
theirs, so that paths drawn with it keep the quantiles of each lead time and the dependence between them (a Gaussian
copula; with ranks for templates, the Schaake shuffle of Clark et al. 2004).

Series are correlated through what they share: at past origins common to them, the mean of their scores. One factor with
one loading for all (an equicorrelation at each lead time) can be learnt from few origins, holds for series that were
not there, and gives a sum over all of them the variance that it had.

N templates, M templates of what is shared, O origins, S series, P paths, H lead times, Q quantiles.
"""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnncast.values import Values

PRIOR = 5  # templates, as many as if lead times had nothing to do with each other
MOST_SHARED = 0.95  # of the variance of scores
MOST = 100  # templates of series' own that are kept
COMMON = 0x5EED  # beside the seed: the random numbers that all series share


class Copula(NamedTuple):
    """How sampled values are correlated: rank templates of each series' own part [N, H] and of the part that series
    share [M, H], and that part's share of the variance at each lead time [H]."""

    own: Values
    shared: Values
    share: Values

    @classmethod
    def alone(cls, own: Values) -> "Copula":
        """One in which series are independent of each other."""
        horizon = own.shape[1]
        return cls(own, np.zeros((0, horizon)), np.zeros(horizon))

    @classmethod
    def of(cls, scores: Values) -> "Copula":
        """Learn it from normal scores [O, S, H] of what came at origins common to several series, NaN = missing."""
        known = ~np.isnan(scores)
        size = np.sqrt(np.nansum(scores**2, axis=(0, 1)) / np.maximum(known.sum(axis=(0, 1)), 1))
        z = np.where(known, scores, 0.0) / np.where(size > 0, size, 1.0)
        number = known.sum(axis=1)  # of series [O, H]
        several = number > 1
        common = np.where(several, z.sum(axis=1) / np.maximum(number, 1), 0.0)  # [O, H]
        origins = np.maximum(several.sum(axis=0), 1)
        variance = (common**2).sum(axis=0) / origins
        alone = np.where(several, 1 / np.maximum(number, 1), 0.0).sum(axis=0) / origins  # of independent series
        share = np.where(several.any(axis=0), (variance - alone) / np.maximum(1 - alone, 0.5), 0.0)
        share = np.clip(share, 0.0, MOST_SHARED)
        part = share / np.where(variance > 0, variance, 1.0)  # of the common mean that is shared, the rest is luck
        own = np.where(known, z - (part * common)[:, None], np.nan)
        rows = own.reshape(-1, own.shape[2])
        rows = rows[known.reshape(rows.shape).any(axis=1)]
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(MOST, len(rows))).astype(int))]
        return cls(templates_of(rows), templates_of(common[several.any(axis=1)]), share)

    def over(self, steps: int) -> "Copula":
        """The same over so many lead times; the last one's goes for those beyond it."""
        leads = np.minimum(np.arange(steps), len(self.share) - 1)
        return Copula(self.own[:, leads], self.shared[:, leads], self.share[leads])

    def scores(self, paths: int, seed: int, series: Sequence[str]) -> Values:
        """Draw normal scores [S, H, P]. Those of a series depend on the seed and on its id alone, whatever else is
        drawn; what it shares with others is drawn alike for all."""
        own = np.stack([correlated_scores(self.own, paths, generator_of(seed, name)) for name in series])
        if not self.share.any():
            return own
        random = np.random.default_rng((seed, COMMON))
        # Steps of a walk, of which there are no templates, are each drawn anew.
        common = correlated_scores(self.shared, paths, random, lasting=len(self.shared) > 0)  # [H, P]
        drawn: Values = np.sqrt(self.share)[:, None] * common + np.sqrt(1 - self.share)[:, None] * own
        return drawn


def templates_of(scores: Values) -> Values:
    """Templates [N, H] of mean square 1 at each lead time, from normal scores [N, H] of what came, NaN = missing."""
    known = np.nan_to_num(scores)
    size = np.sqrt((known**2).sum(axis=0) / max(len(known), 1))
    templates: Values = known / np.where(size > 0, size, 1.0)
    return templates


def correlated_scores(templates: Values, paths: int, random: np.random.Generator, *, lasting: bool = False) -> Values:
    """Draw normal scores [H, P] with the correlation over the horizon that the rank templates [N, H] have.

    lasting: what the prior says of lead times: that they go together, instead of having nothing to do with each other.
    Of what many series share, there are few past times to learn from, and a total had better be too wide than too sure.
    """
    number, horizon = templates.shape
    mixed = random.standard_normal((paths, number)) @ templates  # [P, H]
    prior = random.standard_normal((paths, 1 if lasting else horizon))
    scores: Values = (mixed + np.sqrt(PRIOR) * prior) / np.sqrt(number + PRIOR)
    return scores.T


def generator_of(seed: int, series: str) -> np.random.Generator:
    """Random numbers of a series' own, so that its paths depend on nothing else that is forecast."""
    return np.random.default_rng((seed, zlib.crc32(series.encode())))

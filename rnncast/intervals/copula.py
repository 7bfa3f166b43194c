"""Gaussian copula over lead times and series: sample paths that keep the correlation between steps and between series.

Quantiles alone do not determine the distribution of a sum over the horizon; that needs the correlation. Values observed
after past origins become normal scores within the forecasts made there. A random mixture of these rank templates is a
normal vector with their covariance, so paths drawn from it keep the quantiles of each lead time and the dependence
between them (with ranks as templates: the Schaake shuffle of Clark et al. 2004).

Series are correlated through a common part: the mean of their scores at origins that they share. One factor with one
loading for all (equicorrelation at each lead time) can be learnt from few origins, extends to series that were not
there, and gives a sum over all of them the variance that it had.

N templates, M templates of the common part, O origins, S series, P paths, H lead times, Q quantiles.
"""

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from rnncast.values import Values

PRIOR = 5  # pseudo-templates in which lead times are independent
MOST_SHARED = 0.95  # of the variance of scores
MOST = 100  # templates kept of the series' own parts
COMMON = 0x5EED  # joined to the seed for the random numbers that all series share


class Copula(NamedTuple):
    """Correlation of sampled values.

    own [N, H] and shared [M, H]: rank templates of each series' own part and of the common part; share [H]: the common
    part's share of the variance at each lead time.
    """

    own: Values
    shared: Values
    share: Values

    @classmethod
    def alone(cls, own: Values) -> "Copula":
        """Make a copula in which series are independent of each other."""
        horizon = own.shape[1]
        return cls(own, np.zeros((0, horizon)), np.zeros(horizon))

    @classmethod
    def of(cls, scores: Values) -> "Copula":
        """Learn a copula from normal scores [O, S, H] of values observed at origins common to several series, NaN =
        missing."""
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
        share = np.clip(share, 0.0, MOST_SHARED) * _beyond_chance(share, np.sqrt(2 / origins) * alone)
        part = share / np.where(variance > 0, variance, 1.0)  # of the mean that is common; the rest is chance
        own = np.where(known, z - (part * common)[:, None], np.nan)
        rows = own.reshape(-1, own.shape[2])
        rows = rows[known.reshape(rows.shape).any(axis=1)]
        rows = rows[np.unique(np.linspace(0, len(rows) - 1, min(MOST, len(rows))).astype(int))]
        return cls(templates_of(rows), templates_of(common[several.any(axis=1)]), share)

    def over(self, steps: int) -> "Copula":
        """Return the copula over another number of lead times; the last one serves those beyond it."""
        leads = np.minimum(np.arange(steps), len(self.share) - 1)
        return Copula(self.own[:, leads], self.shared[:, leads], self.share[leads])

    def scores(self, paths: int, seed: int, series: Sequence[str]) -> Values:
        """Draw normal scores [S, H, P].

        The own part of a series depends on the seed and its id alone, whatever else is drawn; the common part is the
        same draw for all series.
        """
        own = np.stack([correlated_scores(self.own, paths, generator_of(seed, name)) for name in series])
        if not self.share.any():
            return own
        random = np.random.default_rng((seed, COMMON))
        # A recursive net's walks have no templates, and each of their steps is drawn independently.
        common = correlated_scores(self.shared, paths, random, lasting=len(self.shared) > 0)  # [H, P]
        drawn: Values = np.sqrt(self.share)[:, None] * common + np.sqrt(1 - self.share)[:, None] * own
        return drawn


def _beyond_chance(share: Values, chance: Values) -> float:
    """Return what to keep, from 0 to 1, of shares [H] whose standard deviation for independent series is `chance` [H].

    It is one for all lead times (positive-part James-Stein), so that a total over independent series gets no wider.
    """
    found = max(float(share.mean()), 0.0)
    return max(0.0, 1 - (float(chance.mean()) / found) ** 2) if found else 0.0


def templates_of(scores: Values) -> Values:
    """Return templates [N, H] with mean square 1 at each lead time, from normal scores [N, H], NaN = missing."""
    known = np.nan_to_num(scores)
    size = np.sqrt((known**2).sum(axis=0) / max(len(known), 1))
    templates: Values = known / np.where(size > 0, size, 1.0)
    return templates


def correlated_scores(templates: Values, paths: int, random: np.random.Generator, *, lasting: bool = False) -> Values:
    """Draw normal scores [H, P] with the correlation over the horizon of the rank templates [N, H].

    lasting: whether the prior makes lead times fully correlated instead of independent. The common part of many series
    has few past times to learn from, and it is safer for a total to be too wide than too narrow.
    """
    number, horizon = templates.shape
    mixed = random.standard_normal((paths, number)) @ templates  # [P, H]
    prior = random.standard_normal((paths, 1 if lasting else horizon))
    scores: Values = (mixed + np.sqrt(PRIOR) * prior) / np.sqrt(number + PRIOR)
    return scores.T


def generator_of(seed: int, series: str) -> np.random.Generator:
    """Return a random generator for one series, so that its paths depend on nothing else that is forecast."""
    return np.random.default_rng((seed, zlib.crc32(series.encode())))

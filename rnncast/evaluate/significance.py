"""Significance tests of paired differences, and of the ranks of several candidates. SciPy is loaded lazily."""

import numpy as np

from rnncast.values import Values

ALPHA = 0.05  # share of equal candidates that may be called different
FEWEST = 3  # differences, and non-overlapping stretches of them, needed for a test
FEWEST_FLIPPED = 5  # differences needed for enough ways to change their signs
FLIPS = 4096  # changes of sign examined: all of them, or a random sample


def paired_p(differences: Values, lags: int = 0) -> float | None:
    """Return the two-sided p-value of "the mean of these differences [n] is 0"; None if there are too few.

    The test of Diebold & Mariano (1995) with the small-sample factor and the t(n-1) distribution of Harvey, Leybourne &
    Newbold (1997). Differences no more than `lags` apart may be correlated, as for overlapping forecasts (h steps
    ahead, one step apart: lags = h - 1); the truncated sum of autocovariances is bounded below by the variance alone.
    Without lags this is the paired t-test.
    """
    n, h = len(differences), lags + 1
    if n < FEWEST * h:
        return None
    centred = differences - differences.mean()
    covariances = [float(centred[lag:] @ centred[: n - lag]) / n for lag in range(h)]
    variance = max(covariances[0] + 2 * sum(covariances[1:]), covariances[0]) / n
    if variance == 0:
        return 1.0 if differences.mean() == 0 else 0.0
    factor = (n + 1 - 2 * h + h * (h - 1) / n) / n
    from scipy.special import stdtr  # the t distribution, without the seconds that scipy.stats takes to load

    return float(2 * stdtr(n - 1, -abs(differences.mean()) * np.sqrt(factor / variance)))


def best_of_many_p(differences: Values, chosen: int) -> float | None:
    """Return the p-value of "no better than the benchmark" for the candidate chosen as the best of K.

    differences [K, n]: how much better than the benchmark each is, in n units. None if these are too few. The statistic
    is the largest of the K paired t; its distribution is that under sign changes of units, the same for all candidates,
    so that similar candidates do not count K times, as they would by Bonferroni (White 2000, a reality check for data
    snooping; single-step max t: Westfall & Young 1993).
    """
    n = differences.shape[1]
    if n < FEWEST_FLIPPED:
        return None
    if 2**n <= FLIPS:
        signs = 1.0 - 2.0 * ((np.arange(2**n)[:, None] >> np.arange(n)) & 1)  # [F, n], the first unchanged
    else:
        signs = 1.0 - 2.0 * np.random.default_rng(0).integers(0, 2, (FLIPS, n))
        signs[0] = 1.0
    means = signs @ differences.T / n  # [F, K]
    squares = (differences**2).mean(axis=1)
    spread = np.sqrt(np.maximum(squares - means**2, 1e-12 * squares) / (n - 1))
    t = np.divide(means, spread, out=np.zeros_like(means), where=spread > 0)
    return float((t.max(axis=1) >= t[0, chosen] * (1 - 1e-9)).mean())


def mean_ranks(losses: Values) -> Values:
    """Return the mean rank [K] of each candidate over n losses each [K, n]: 1 is the best, ties share their ranks."""
    less = (losses[None, :, :] < losses[:, None, :]).sum(axis=1)
    equal = (losses[None, :, :] == losses[:, None, :]).sum(axis=1)
    ranks: Values = (less + (equal + 1) / 2).mean(axis=1)
    return ranks


def critical_distance(candidates: int, n: int) -> float:
    """Return the distance at which the mean ranks of two candidates over n series differ, at 95 %.

    Each rank is drawn as an interval of this width; candidates that do not overlap the interval of the best are worse
    (multiple comparisons with the best: Koning et al. 2005; q: the studentised range).
    """
    from scipy.stats import studentized_range

    quantile = float(studentized_range.ppf(1 - ALPHA, candidates, np.inf))
    return quantile * float(np.sqrt(candidates * (candidates + 1) / (12 * n)))

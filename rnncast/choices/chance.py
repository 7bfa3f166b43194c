"""Significance of a season, tested against a trend, a random walk, level shifts and red noise."""

import numpy as np
from numpy.typing import NDArray

from rnncast.series.sizes import LARGEST
from rnncast.values import Values

ROUNDING = 1e-18  # of a variance
FEWEST = 6  # rows needed for a test

Rows = NDArray[np.float64]


def season_p_value(y: Values, season: int) -> float:
    """Return the probability that y [n] (NaN = missing) repeats itself this much without a season.

    It is twice the smaller p-value of two tests, one for a constant seasonal pattern, the other for a pattern whose
    shape or length drifts.
    """
    return min(1.0, 2 * min(phase_p_value(y, season), lag_p_value(y, season)))


def phase_p_value(y: Values, season: int, within: int = 1) -> float:
    """Return the p-value of the F-test that the mean of y differs between the phases of a season; 1 if it cannot be
    computed.

    Both hypotheses have a trend and the value before; the null also has the phases of `within`, which divides the
    season. The test: Lytras, Feldpausch and Bell (2007), Determining seasonality: a comparison of diagnostics from
    X-12-ARIMA. The first-order background: Torrence and Compo (1998), A practical guide to wavelet analysis.
    """
    from scipy.special import fdtrc  # slow to import

    steps = np.arange(len(y))
    rows, known = _standardised(y[1:], steps[1:], y[:-1])
    steps = steps[1:][known]
    if len(rows) < FEWEST:
        return 1.0
    nothing = ROUNDING * len(rows)
    if _unexplained(rows[:, :2], steps % season)[0] <= nothing:  # a perfect fit even without the value before
        return 1.0 if _unexplained(rows[:, :2], steps % within)[0] <= nothing else 0.0
    (of_null, fewer), (of_season, more) = (_unexplained(rows, steps % each) for each in (within, season))
    free = len(rows) - more
    if free <= 0 or more == fewer or of_season <= nothing:
        return 1.0
    return float(fdtrc(more - fewer, free, (of_null - of_season) / (more - fewer) / (of_season / free)))


def lag_p_value(y: Values, season: int) -> float:
    """Return the p-value of the partial autocorrelation of y with its deviation from the moving mean a season before.

    A trend and the value before are removed from both first. The statistic is heteroscedasticity-robust (White 1980),
    so that movements growing with the level do not count as a season. 1 if it cannot be computed.
    """
    from scipy.special import stdtr  # slow to import

    if len(y) <= season:
        return 1.0
    stood_out = (y - moving_mean(y, season))[:-season]
    rows, _ = _standardised(y[season:], stood_out, np.arange(season, len(y)), y[season - 1 : -1])
    if len(rows) < FEWEST:
        return 1.0
    weights = np.linalg.lstsq(rows[:, 2:], rows[:, :2])[0]
    rest = rows[:, :2] - rows[:, 2:] @ weights
    if np.min(np.sum(rest**2, axis=0)) <= ROUNDING * len(rows):
        return 1.0
    terms = rest[:, 0] * rest[:, 1]
    return float(stdtr(len(rows) - 3, -terms.sum() / np.sqrt(terms @ terms)))


def _standardised(*columns: NDArray[np.float64] | NDArray[np.int64]) -> tuple[Rows, NDArray[np.bool_]]:
    """Return the rows in which every column is known, standardised, and a mask of them; none if values are too
    large."""
    rows = np.stack(columns, axis=1).astype(float)
    known = ~np.isnan(rows).any(axis=1) & ~np.any(np.abs(rows) > LARGEST, axis=1).any()
    rows = rows[known]
    if not len(rows):
        return rows, known
    rows = rows - rows.mean(axis=0)
    return rows / np.maximum(rows.std(axis=0), np.finfo(float).tiny), known


def _unexplained(rows: Rows, phase: NDArray[np.int64]) -> tuple[float, int]:
    """Return the residual sum of squares of regressing the first column on the others and the phases, and the parameter
    count.

    Subtracting the mean of its phase from each column first gives the same coefficients (Frisch and Waugh 1933).
    """
    count = np.bincount(phase)
    means = np.stack([np.bincount(phase, column) for column in rows.T], axis=1) / np.maximum(count, 1)[:, None]
    rest = rows - means[phase]
    weights, _, rank, _ = np.linalg.lstsq(rest[:, 1:], rest[:, 0])
    left = rest[:, 0] - rest[:, 1:] @ weights
    return float(left @ left), int(np.count_nonzero(count)) + int(rank)


def moving_mean(y: Values, season: int) -> Values:
    """Return the mean of the observed values of the season around each step; shorter at the ends."""
    seen = ~np.isnan(y)
    centre = y[seen].mean() if seen.any() else 0.0  # small movements of large values keep their digits this way
    total = np.concatenate([[0.0], np.cumsum(np.where(seen, y - centre, 0.0))])
    count = np.concatenate([[0], np.cumsum(seen)])
    steps = np.arange(len(y))
    # The window keeps its length at the ends, so that it always contains each phase once.
    low = np.clip(steps - season // 2, 0, max(len(y) - season, 0))
    high = np.minimum(low + season, len(y))
    mean: Values = (total[high] - total[low]) / np.maximum(count[high] - count[low], 1) + centre
    return mean

"""How strongly a series repeats itself from season to season."""

import numpy as np
from numpy.typing import NDArray

from rnncast.series.panel import Panel

Values = NDArray[np.float64]

SEASONS_NEEDED = 2  # full ones, before a strength means anything


def seasonal_strength(y: Values, season: int) -> float:
    """Autocorrelation at lag `season` of y [n] (NaN = missing) about its moving mean over a season: from -1 to 1.

    1 repeats exactly, 0 does not; NaN where the series is shorter than two seasons, or flat.
    """
    if len(y) < SEASONS_NEEDED * season:
        return float("nan")
    rest = y - _moving_mean(y, season)
    now, then = rest[season:], rest[:-season]
    both = ~np.isnan(now) & ~np.isnan(then)
    size = float(np.sqrt(np.sum(now[both] ** 2) * np.sum(then[both] ** 2)))
    # What is left of a constant is rounding.
    if not size > 1e-18 * max(float(np.nanmax(np.abs(y))) ** 2, 1e-300) * max(int(both.sum()), 1):
        return float("nan")
    return float(np.clip(np.sum(now[both] * then[both]) / size, -1, 1))


def strongest_season(panel: Panel, s: int) -> tuple[int, float]:
    """The calendar's season that is strongest in a series, and its strength; (1, NaN) where none can be told."""
    y = panel[s].y
    strengths = [(season, seasonal_strength(y, season)) for season in panel.frequency.seasons]
    told = [each for each in strengths if not np.isnan(each[1])]
    return max(told, key=lambda each: each[1], default=(1, float("nan")))


def _moving_mean(y: Values, season: int) -> Values:
    """The mean of the observed values of the season around each step; shorter at the ends."""
    seen = ~np.isnan(y)
    centre = y[seen].mean() if seen.any() else 0.0  # so that small movements of large values keep their digits
    total = np.concatenate([[0.0], np.cumsum(np.where(seen, y - centre, 0.0))])
    count = np.concatenate([[0], np.cumsum(seen)])
    steps = np.arange(len(y))
    # The window keeps its length at the ends, so that it always holds every phase once.
    low = np.clip(steps - season // 2, 0, max(len(y) - season, 0))
    high = np.minimum(low + season, len(y))
    mean: Values = (total[high] - total[low]) / np.maximum(count[high] - count[low], 1) + centre
    return mean

"""Seasonality: how strongly a series repeats itself from season to season, and which seasons a panel has."""

import numpy as np

from rnncast.choices.chance import moving_mean, phase_p_value, season_p_value
from rnncast.series.panel import Panel
from rnncast.series.sizes import LARGEST
from rnncast.values import Values

SEASONS_NEEDED = 2  # full seasons needed to measure a strength
FULL_SEASONS = 3  # needed in the longest series to look for a season that the calendar does not suggest
LONGEST_SEASON = 400  # steps
WEAK = 0.2  # median strength over series below which a season does not help a forecast, however certain it is
DOUBT = 0.02  # probability of finding a season in a series without any, over all lengths tried
NEARLY = 0.1  # tolerated loss of strength: of several multiples, the shortest is the season
MOST_SERIES = 50  # examined; more would not change the answer
MULTIPLES = range(2, 13)  # of the main season that may be a season too
NOTCH = 0.85  # changes over a true multiple are smaller than over its neighbours by this factor
NOTCHED = 0.1  # least share of the series in which they must be smaller


def seasonal_strength(y: Values, season: int) -> float:
    """Return the autocorrelation at lag `season` of y [n] (NaN = missing) about its moving mean over a season: from -1
    to 1.

    1 means exact repetition, 0 none; NaN if the series is shorter than two seasons, flat, or too large to compute with.
    """
    if len(y) < SEASONS_NEEDED * season or np.any(np.abs(y) > LARGEST):
        return float("nan")
    rest = y - moving_mean(y, season)
    now, then = rest[season:], rest[:-season]
    both = ~np.isnan(now) & ~np.isnan(then)
    size = float(np.sqrt(np.sum(now[both] ** 2) * np.sum(then[both] ** 2)))
    # The residuals of a constant are rounding errors.
    if not size > 1e-18 * max(float(np.nanmax(np.abs(y))) ** 2, 1e-300) * max(int(both.sum()), 1):
        return float("nan")
    return float(np.clip(np.sum(now[both] * then[both]) / size, -1, 1))


def strongest_season(panel: Panel, s: int) -> tuple[int, float]:
    """Return the strongest of the calendar's seasons in a series, and its strength; (1, NaN) if it cannot be
    measured."""
    y = panel[s].y
    strengths = [(season, seasonal_strength(y, season)) for season in panel.frequency.seasons]
    told = [each for each in strengths if not np.isnan(each[1])]
    return max(told, key=lambda each: each[1], default=(1, float("nan")))


def find_season(panel: Panel) -> int | None:
    """Return the season of a panel whose frequency suggests none; None if no season is significant.

    Of the lengths that pass a test in the middle series, the shortest of those that repeat nearly the most strongly.
    """
    most = min(LONGEST_SEASON, int(panel.lengths.max(initial=0)) // FULL_SEASONS)
    looked_at = panel.sample(MOST_SERIES)
    strengths = np.full((len(looked_at), most + 1), np.nan)
    for row, y in enumerate(looked_at):
        for season in range(2, min(most, len(y) // FULL_SEASONS) + 1):
            strengths[row, season] = seasonal_strength(y, season)
    known = np.isnan(strengths).mean(axis=0) < 0.5
    middle = np.full(most + 1, -1.0)
    middle[known] = np.nanmedian(strengths[:, known], axis=0)
    peaks = middle >= np.maximum(np.append(middle[1:], -1.0), np.insert(middle[:-1], 0, -1.0))
    tried = int(known.sum())
    passed = [
        int(season)
        for season in np.flatnonzero(peaks & (middle >= WEAK))
        if tried * np.median([season_p_value(y, int(season)) for y in looked_at]) <= DOUBT
    ]
    strongest = max((middle[season] for season in passed), default=0.0)
    return next((season for season in passed if middle[season] >= strongest - NEARLY), None)


def find_longer_season(panel: Panel, season: int) -> int | None:
    """Return a multiple of a season that is a season too, as a week is of a day; None if there is none.

    In enough of the series, changes over it must be smaller than over the neighbouring multiples, and its phases must
    differ by more than chance and the season explain.
    """
    found: dict[int, float] = {}
    looked_at = panel.sample(MOST_SERIES)
    for multiple in MULTIPLES:
        notches = [_notch(y, season, multiple) for y in looked_at]
        passed = [
            notch < NOTCH and len(MULTIPLES) * phase_p_value(y, multiple * season, season) <= DOUBT
            for y, notch in zip(looked_at, notches, strict=True)
            if not np.isnan(notch)
        ]
        if passed:
            found[multiple] = float(np.mean(passed))
    best = max(found, key=lambda multiple: found[multiple], default=0)
    return best * season if best and found[best] >= NOTCHED else None


def _notch(y: Values, season: int, multiple: int) -> float:
    """Return the mean change over a multiple of the season, relative to the smaller one over the multiples beside
    it."""
    if len(y) < (FULL_SEASONS + 1) * season * multiple:
        return float("nan")
    before, at, after = (_change(y, season * each) for each in (multiple - 1, multiple, multiple + 1))
    beside = min(before, after)
    return at / beside if beside > 0 else float("nan")


def _change(y: Values, lag: int) -> float:
    """Return the mean |y(t) - y(t - lag)|; NaN if there is no such pair."""
    changes = np.abs(y[lag:] - y[:-lag])
    changes = changes[~np.isnan(changes)]
    return float(changes.mean()) if changes.size else float("nan")

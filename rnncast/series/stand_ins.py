"""Stand-ins for missing values: what a net is shown in their place, beside a flag that says so.

A stand-in is the value of the same season before, moved on by the mean change over the season. It fills a net's window
and its naive forecasts, so that a hole in the past is not a hole in the forecast; it is never a target, and the units
of a step never rest on it, but for the level, of which it keeps the seasons' balance.
"""

from rnncast.series.arrays import Array, full, joined, namespace, running_total


def with_stand_ins(past: Array, lags: tuple[int, ...]) -> Array:
    """past [B, N] with a stand-in for each missing value that has a value one of the lags before it, the first tried
    first. Each rests on values up to its own step alone, no further back than two of the longest lag."""
    xp = namespace(past)
    found = past
    for lag in lags:
        nothing = full((past.shape[0], min(lag, past.shape[1])), float("nan"), past)
        earlier = joined(nothing, past[:, : max(past.shape[1] - lag, 0)]) + _drift(past, lag)
        found = xp.where(xp.isnan(found), earlier, found)
    return found


def _drift(past: Array, season: int) -> Array:
    """Mean of y(t) - y(t-m) over the last season, where both are there [B, N]; 0 where they never are, or m is 1."""
    xp = namespace(past)
    if season == 1 or past.shape[1] <= season:
        return xp.zeros_like(past)
    change = past[:, season:] - past[:, :-season]
    known = ~xp.isnan(change)
    total = _last_season(xp.where(known, change, 0.0), season)
    count = _last_season(known * xp.ones_like(change), season)
    nothing = full((past.shape[0], season), 0.0, past)
    return joined(nothing, total / xp.clip(count, 1, None))


def _last_season(x: Array, season: int) -> Array:
    """The sum of the last `season` of x [B, N] at each step, fewer at the start."""
    total = running_total(x)  # [B, 1+N], from 0
    early = joined(*([total[:, :1]] * min(season, x.shape[1])), total[:, : max(x.shape[1] - season, 0)])
    return total[:, 1:] - early

"""Imputation: what a net is shown in the place of a missing value, beside a flag that says so.

An imputed value is that of the same season before, moved on by the mean change over the season. It fills a net's window
and its naive forecasts, so that a hole in the past is not a hole in the forecast; it is never a target, and the units
of a step never rest on it, but for the level, of which it keeps the seasons' balance.
"""

from rnncast.frame.baselines import mean_change
from rnncast.series.arrays import Array, full, joined, namespace


def imputed(past: Array, lags: tuple[int, ...]) -> Array:
    """past [B, N] with a value for each missing one that has a value one of the lags before it, the first tried first;
    past itself if none is missing, and the same values where there are no lags. Each rests on values up to its own step
    alone, no further back than two of the longest lag."""
    xp = namespace(past)
    if not xp.isnan(past).any():
        return past
    found = past if lags else past + 0  # another array, as `past` itself says that nothing is missing
    for lag in lags:
        nothing = full((past.shape[0], min(lag, past.shape[1])), float("nan"), past)
        moved = mean_change(past, lag, lag) if lag > 1 else 0.0
        earlier = joined(nothing, past[:, : max(past.shape[1] - lag, 0)]) + moved
        found = xp.where(xp.isnan(found), earlier, found)
    return found

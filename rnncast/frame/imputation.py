"""Imputation: the value shown to a net in place of a missing one, along with a flag.

An imputed value is the one a season before, plus the mean change from season to season. It fills a net's window and its
naive forecasts, so that a gap in the past leaves no gap in the forecast. It is never a target, and the units of a step
never depend on it, except for the level, whose balance over the season it keeps.
"""

from rnncast.frame.baselines import mean_change
from rnncast.series.arrays import Array, full, joined, namespace


def imputed(past: Array, lags: tuple[int, ...]) -> Array:
    """Return past [B, N] with missing values replaced from one of the lags before, tried in order.

    Returns past itself if nothing is missing, and equal values if there are no lags. A replacement depends only on
    values up to its own step, and no further back than two of the longest lag.
    """
    xp = namespace(past)
    if not xp.isnan(past).any():
        return past
    found = past if lags else past + 0  # a copy, because returning `past` itself means that nothing is missing
    for lag in lags:
        nothing = full((past.shape[0], min(lag, past.shape[1])), float("nan"), past)
        moved = mean_change(past, lag, lag) if lag > 1 else 0.0
        earlier = joined(nothing, past[:, : max(past.shape[1] - lag, 0)]) + moved
        found = xp.where(xp.isnan(found), earlier, found)
    return found

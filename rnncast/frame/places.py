"""Places of repeated values in the past: read as windows of it, without a copy.

B series, T steps, H horizon, N values, C columns. `now` and `places` are ranges of places among the N values.
"""

from rnncast.series.arrays import Array, namespace, windows_at


def moved(places: range, by: int) -> range:
    """Return places shifted by a number of steps."""
    return range(places.start + by, places.stop + by, places.step)


def steps_ahead(track: Array, now: range, horizon: int) -> Array:
    """Return a track [B, N, C] that extends into the future at the next steps [B, T, H, C]."""
    return windows_at(track, moved(now, horizon), horizon).swapaxes(2, 3)


def repeated(track: Array, now: range, horizon: int, lag: int) -> Array:
    """Return the last `lag` values of a track [B, N] up to each place, repeated over the next steps [B, T, H].

    For a track [B, N, C], [B, T, H, C].
    """
    last = windows_at(track, now, lag)  # [B, T, (C,) lag]
    times = -(-horizon // lag)
    if times > 1:
        xp, shape = namespace(track), last.shape[:-1]
        last = xp.broadcast_to(last[..., None, :], (*shape, times, lag)).reshape((*shape, times * lag))
    last = last[..., :horizon]
    return last if track.ndim == 2 else last.swapaxes(2, 3)

"""Choice between plain values and logarithms for each series. Plain arithmetic in NumPy."""

import numpy as np

from rnncast.pretrained.past import Flags, Values

STRETCHES = 8  # of a series, whose movements are compared
PLAIN_MARGIN = 0.5  # movements must be this much steadier in plain units than in logs for a series to stay in them


def in_logs(y: Values, season: int) -> Flags:
    """Return which series of y [B, T] are taken in logarithms [B].

    They are those that are positive and whose movements keep their size in logs at least nearly as well as in plain
    units.
    """
    starts = np.argmax(~np.isnan(y), 1)
    if starts.any():  # the choice must not depend on the padding before the start
        result = np.empty(len(y), bool)
        for first in np.unique(starts):
            result[starts == first] = in_logs(y[starts == first, first:], season)
        return result
    lowest = np.nanmin(y, 1)
    safe = np.where(y > 0, y, np.nan)
    plain, logs = _unsteadiness(y, season), _unsteadiness(np.log(safe), season)
    chosen: Flags = (lowest > 0) & ~(plain < PLAIN_MARGIN * logs)
    return chosen


def _unsteadiness(y: Values, season: int) -> Values:
    """Return how much the size of movements varies within a series [B]: over stretches, the deviation of the log of its
    mean."""
    steps = y.shape[1]
    lag = season if steps > 2 * season else 1
    moves = np.abs(y[:, lag:] - y[:, :-lag])
    stretches = min(STRETCHES, moves.shape[1] // 4)
    if stretches < 2:
        return np.full(len(y), np.nan)
    known = ~np.isnan(moves)
    sums = [
        (np.where(k, m, 0.0).sum(1), k.sum(1))
        for m, k in zip(np.array_split(moves, stretches, 1), np.array_split(known, stretches, 1), strict=True)
    ]
    sizes = np.stack([total / np.maximum(number, 1) for total, number in sums], 1)
    logs = np.where(sizes > 0, np.log(np.maximum(sizes, 1e-300)), np.nan)
    number = (~np.isnan(logs)).sum(1)
    centred = logs - np.where(number > 0, np.nansum(logs, 1) / np.maximum(number, 1), 0.0)[:, None]
    return np.where(number > 1, np.sqrt(np.nansum(centred**2, 1) / np.maximum(number, 1)), np.nan)

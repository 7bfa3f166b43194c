"""Rolling origins: cut each series before its last values, and keep those values to score against."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.series.panel import Panel


class Split(NamedTuple):
    """One origin: what a forecaster may see, and the H values that came after it.

    actual [S, H], NaN = missing; its rows belong to `seen.ids`.
    """

    seen: Panel
    actual: NDArray[np.float64]


def hold_out(panel: Panel, horizon: int, back: int, shortest: int) -> Split:
    """Cut `back` >= horizon values off the end of each series; the next `horizon` are what came after.

    Series that would be left with fewer than `shortest` values are left out.
    """
    assert back >= horizon
    keep = np.flatnonzero(panel.lengths - back >= shortest)
    lengths = panel.lengths[keep] - back
    ahead = (panel.indptr[keep] + lengths)[:, None] + np.arange(horizon)  # [S, H]
    return Split(panel.select(keep, lengths), panel.y[ahead])


def rolling_origins(panel: Panel, horizon: int, folds: int, shortest: int) -> Iterator[Split]:
    """The splits at the last `folds` origins, `horizon` apart, the earliest first; origins with no series are left out.

    Each series is counted back from its own end (as in the M4 competition), so that every series is scored at each
    origin.
    """
    for fold in range(folds, 0, -1):
        split = hold_out(panel, horizon, fold * horizon, shortest)
        if len(split.seen):
            yield split

"""Rolling origins: cut each series before its last values, and keep those values to score against."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.series.panel import Panel

ORIGINS = 100  # drawn, at most


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


def drawn_origins(panel: Panel, horizon: int, seed: int) -> Split:
    """Some origins in the later half of the series, drawn by seed: a row each, of whichever series it lies in; none
    where no series is long enough."""
    first = np.maximum(panel.lengths // 2, 1)
    there = np.maximum(panel.lengths - horizon + 1 - first, 0)  # origins of each series
    total = int(there.sum())
    chosen = np.sort(np.random.default_rng(seed).choice(total, min(ORIGINS, total), replace=False))
    series = np.searchsorted(np.cumsum(there), chosen, side="right")
    lengths = first[series] + chosen - (np.cumsum(there) - there)[series]
    ahead = (panel.indptr[series] + lengths)[:, None] + np.arange(horizon)  # [N, H]
    return Split(panel.select(series, lengths), panel.y[ahead])

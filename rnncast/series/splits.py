"""Rolling origins: cut each series before its last values, and keep those values to score against."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.series.panel import Panel

ORIGINS = 100  # drawn, at most
ALIGNED, SIDE_BY_SIDE, PASTS = 60, 30, 600  # origins, series, and pasts of series, at most, that are common to several


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


class Aligned(NamedTuple):
    """Origins at the same times for several series: a split with a row for each series at each of them; of which origin
    [N] and which series [N] a row is; shape: how many there are of both."""

    split: Split
    origin: NDArray[np.int64]
    series: NDArray[np.int64]
    shape: tuple[int, int]

    def laid(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows of values [N, H] by origin and series [O, S, H], NaN where there is none."""
        found = np.full((*self.shape, values.shape[1]), np.nan)
        found[self.origin, self.series] = values
        return found


def aligned_origins(panel: Panel, horizon: int) -> Aligned:
    """Origins evenly spread over the later half of the series, at the same times for all of those looked at; none where
    no series is long enough."""
    begin = panel.start + np.maximum(panel.lengths // 2, 1) - 1  # the earliest cutoff of each series
    end = panel.ends - horizon
    there = np.flatnonzero(end >= begin)
    chosen = there[np.unique(np.linspace(0, len(there) - 1, min(len(there), SIDE_BY_SIDE)).astype(int))]
    cutoffs = np.zeros(0, np.int64)
    if len(chosen):
        first, last = int(begin[chosen].min()), int(end[chosen].max())
        most = min(ALIGNED, PASTS // len(chosen), last - first + 1)
        cutoffs = np.unique(np.linspace(first, last, most).astype(np.int64))
    inside = (cutoffs[:, None] >= begin[chosen]) & (cutoffs[:, None] <= end[chosen])
    origin, series = np.nonzero(inside)
    rows = chosen[series]
    lengths = cutoffs[origin] - panel.start[rows] + 1
    ahead = (panel.indptr[rows] + lengths)[:, None] + np.arange(horizon)
    return Aligned(Split(panel.select(rows, lengths), panel.y[ahead]), origin, series, inside.shape)

"""Rolling origins: cut each series before its last values, and keep those values to score against."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.series.panel import Panel

ORIGINS = 100  # drawn, at most
ALIGNED, SIDE_BY_SIDE, PASTS = 60, 30, 600  # most origins, series, and pairs of both, in `aligned_origins`


class Split(NamedTuple):
    """An origin: the past that a forecaster may see, and the H values after it.

    actual [S, H], NaN = missing; its rows belong to `seen.ids`.
    """

    seen: Panel
    actual: NDArray[np.float64]


def hold_out(panel: Panel, horizon: int, back: int, shortest: int) -> Split:
    """Hold out `back` >= horizon values at the end of each series; the first `horizon` of them are the actual values.

    Series that would be left with fewer than `shortest` values are left out.
    """
    assert back >= horizon
    keep = np.flatnonzero(panel.lengths - back >= shortest)
    lengths = panel.lengths[keep] - back
    ahead = (panel.indptr[keep] + lengths)[:, None] + np.arange(horizon)  # [S, H]
    return Split(panel.select(keep, lengths), panel.y[ahead])


def rolling_origins(panel: Panel, horizon: int, folds: int, shortest: int) -> Iterator[Split]:
    """Yield the splits at the last `folds` origins, `horizon` apart, the earliest first; origins without series are
    left out.

    Each series is counted back from its own end (as in the M4 competition), so that every series is scored at every
    origin.
    """
    for fold in range(folds, 0, -1):
        split = hold_out(panel, horizon, fold * horizon, shortest)
        if len(split.seen):
            yield split


def drawn_origins(panel: Panel, horizon: int, seed: int) -> Split:
    """Draw origins in the later half of the series: a row each, of the series it lies in; none if every series is too
    short."""
    series, lengths = drawn_lengths(panel, horizon, seed)
    ahead = (panel.indptr[series] + lengths)[:, None] + np.arange(horizon)  # [N, H]
    return Split(panel.select(series, lengths), panel.y[ahead])


def drawn_lengths(panel: Panel, horizon: int, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Draw the same origins as `drawn_origins`: the series [N] of each, and how many of its values it comes after
    [N]."""
    first = np.maximum(panel.lengths // 2, 1)
    there = np.maximum(panel.lengths - horizon + 1 - first, 0)  # origins of each series
    total = int(there.sum())
    chosen = np.sort(np.random.default_rng(seed).choice(total, min(ORIGINS, total), replace=False))
    series = np.searchsorted(np.cumsum(there), chosen, side="right")
    return series, first[series] + chosen - (np.cumsum(there) - there)[series]


class Aligned(NamedTuple):
    """Origins at the same times for several series: a split with a row for each series at each origin.

    origin [N] and series [N]: the origin and series of each row; shape: the number of both.
    """

    split: Split
    origin: NDArray[np.int64]
    series: NDArray[np.int64]
    shape: tuple[int, int]

    def laid(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return rows of values [N, H] by origin and series [O, S, H], NaN where there is no row."""
        found = np.full((*self.shape, values.shape[1]), np.nan)
        found[self.origin, self.series] = values
        return found


def aligned_origins(panel: Panel, horizon: int) -> Aligned:
    """Return origins spread evenly over the later half of the series, at the same times for all of the series sampled.

    There are none if every series is too short.
    """
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

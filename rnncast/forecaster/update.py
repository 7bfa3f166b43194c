"""New rows of series whose state is kept: which of them they belong to, and the state after them. They alone cost
time."""

import numpy as np
from numpy.typing import NDArray

from rnncast.forecaster.new_rows import Kept
from rnncast.frame.exogenous import exogenous_of
from rnncast.runtime.runtime import ROWS, Runtime
from rnncast.runtime.states import SeriesState, replaced, rows_of
from rnncast.series.panel import Panel
from rnncast.times.frequency import Positions


def following(panel: Panel, kept: Kept, cutoff: Positions, *, gaps: bool) -> tuple[NDArray[np.int64], Panel]:
    """Which of the kept series, whose states end at `cutoff` [S], the rows of a panel belong to [B]; and the panel,
    begun right after their ends.

    gaps: whether steps may be missing between. DataError, by name, for rows that do not follow.
    """
    rows = np.array([kept.place(name) for name in panel.ids], np.int64)
    cutoff = cutoff[rows]
    if panel.columns.time is None:  # rows in order, counted from the last
        panel = panel.moved(cutoff)
    for name, first, end in zip(panel.ids, panel.start.tolist(), cutoff.tolist(), strict=True):
        kept.check(name, first, end, gaps=gaps)
    return rows, panel.begun_at(cutoff + 1)


def advanced(runtime: Runtime, state: SeriesState, rows: NDArray[np.int64], panel: Panel) -> SeriesState:
    """The state [S] after the values of an encoded panel [B], which follow those of the chosen rows of the state."""
    for length in np.unique(panel.lengths):
        alike = np.flatnonzero(panel.lengths == length)
        for start in range(0, len(alike), ROWS):
            some = alike[start : start + ROWS]
            exogenous = exogenous_of(panel, some, runtime.frame.cycles, 0, align="start")
            values = panel.padded(some, align="start")
            state = replaced(state, rows[some], runtime.advance(values, exogenous, rows_of(state, rows[some])))
    return state

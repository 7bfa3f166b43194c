"""Updates of saved states by new rows: which series the rows belong to, and the state after them. Only new rows cost
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
    """Return the series [B], among those kept, that the rows of a panel belong to, and the panel moved right after
    their ends.

    cutoff [S]: where the states end. gaps: whether steps may be missing between. Raises DataError, naming the series,
    for rows that do not follow.
    """
    rows = np.array([kept.place(name) for name in panel.ids], np.int64)
    cutoff = cutoff[rows]
    if panel.columns.time is None:  # rows are numbered, on from the last one
        panel = panel.moved(cutoff)
    for name, first, end in zip(panel.ids, panel.start.tolist(), cutoff.tolist(), strict=True):
        kept.check(name, first, end, gaps=gaps)
    return rows, panel.begun_at(cutoff + 1)


def advanced(runtime: Runtime, state: SeriesState, rows: NDArray[np.int64], panel: Panel) -> SeriesState:
    """Return the state [S] after the values of an encoded panel [B], which follow the chosen rows of the state."""
    for length in np.unique(panel.lengths):
        alike = np.flatnonzero(panel.lengths == length)
        for start in range(0, len(alike), ROWS):
            some = alike[start : start + ROWS]
            exogenous = exogenous_of(panel, some, runtime.frame.cycles, 0, align="start")
            values = panel.padded(some, align="start")
            state = replaced(state, rows[some], runtime.advance(values, exogenous, rows_of(state, rows[some])))
    return state

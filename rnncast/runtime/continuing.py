"""New rows of series whose state is kept: whether they follow it, and the state after them. They alone cost time."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.errors import DataError
from rnncast.runtime.runtime import ROWS, Runtime
from rnncast.runtime.states import SeriesState, replaced, rows_of
from rnncast.series.beside import beside
from rnncast.series.panel import Panel
from rnncast.times.frequency import Positions

MOST_GAP = 10_000  # steps that may be missing at once; more is a mistaken time
GAP_HINT = "give those rows too; --gaps mask steps over them as missing"


class Kept(NamedTuple):
    """The series of a state: their ids [S], and where each ended [S]."""

    ids: Sequence[str]
    cutoff: Positions


def following(panel: Panel, kept: Kept, *, gaps: bool) -> tuple[NDArray[np.int64], Panel]:
    """Which of the kept series the rows of a panel belong to [B], and the panel, begun right after their ends.

    gaps: whether steps may be missing between. DataError, by name, for a series that is not kept, rows that were there
    before, and steps that are missing.
    """
    place = {name: s for s, name in enumerate(kept.ids)}
    unknown = [name for name in panel.ids if name not in place]
    if unknown:
        raise unknown_series(panel, unknown[0])
    rows = np.array([place[name] for name in panel.ids], np.int64)
    cutoff = kept.cutoff[rows]
    if panel.columns.time is None:  # rows in order, counted from the last
        panel = panel.moved(cutoff)
    for s in np.flatnonzero(panel.start <= cutoff)[:1]:
        raise overlap(panel, panel.ids[s], int(panel.start[s]), int(cutoff[s]))
    for s in np.flatnonzero(panel.start > cutoff + 1 + (MOST_GAP if gaps else 0))[:1]:
        raise gap(panel, panel.ids[s], int(panel.start[s]), int(cutoff[s]))
    return rows, panel.begun_at(cutoff + 1)


def advanced(runtime: Runtime, state: SeriesState, rows: NDArray[np.int64], panel: Panel) -> SeriesState:
    """The state [S] after the values of an encoded panel [B], which follow those of the chosen rows of the state."""
    for length in np.unique(panel.lengths):
        alike = np.flatnonzero(panel.lengths == length)
        for start in range(0, len(alike), ROWS):
            some = alike[start : start + ROWS]
            aside = beside(panel, some, runtime.frame.cycles, 0, align="start")
            values = panel.padded(some, align="start")
            state = replaced(state, rows[some], runtime.advance(values, aside, rows_of(state, rows[some])))
    return state


def unknown_series(panel: Panel, name: str) -> DataError:
    """What is said of rows of a series that no state is kept of."""
    return DataError(
        f"the model keeps no state of series {panel.columns.label(name)!r}",
        hint="train with it, or forecast from its whole history, without --continue",
    )


def overlap(panel: Panel, name: str, first: int, cutoff: int) -> DataError:
    """What is said of rows that the state holds already."""
    shown = _shown(panel, first, cutoff)
    return DataError(
        f"the rows{panel.columns.of_series(name)} begin at {shown[0]}, but the state holds all up to {shown[1]}",
        hint="give only rows after that",
    )


def gap(panel: Panel, name: str, first: int, cutoff: int) -> DataError:
    """What is said of rows that leave steps out."""
    shown, absent = _shown(panel, first, cutoff), first - cutoff - 1
    gone = "1 step is" if absent == 1 else f"{absent} steps are"
    return DataError(
        f"the rows{panel.columns.of_series(name)} begin at {shown[0]}, but the state ends at {shown[1]}: "
        f"{gone} missing",
        hint=GAP_HINT,
    )


def _shown(panel: Panel, *positions: int) -> list[str]:
    return [str(time) for time in panel.columns.written(panel.frequency.times(np.array(positions)))]

"""Inputs of a forecast beside the state, and checks that it can be made from them.

They are new values, what is known of the steps ahead, and how far to go.
"""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.errors import DataError, ForecastError
from rnncast.plain import counted
from rnncast.runtime.runtime import WIDTHS
from rnncast.series.covariates import Future
from rnncast.series.encoding import Encoding, recode
from rnncast.series.panel import Columns, Panel
from rnncast.series.sizes import check_sizes
from rnncast.times.frequency import Frequency, Positions
from rnncast.values import Values

SHOWN = 3  # names listed; more are only counted


def check_frequency(panel: Panel, trained: Frequency) -> None:
    """Raise DataError if a panel's frequency is not that of the training data."""
    if panel.frequency != trained:
        raise DataError(
            f"the data are {panel.frequency.name}, but the model was trained on {trained.data}",
            hint="give data of the same frequency, or train a model on these",
        )


def check_values(panel: Panel, *, log: bool) -> None:
    """Raise DataError, at the first one, if a value is too large, or has no logarithm for a model that works in
    logs."""
    check_sizes(panel)
    wrong = np.flatnonzero(panel.y <= 0)
    if not log or not len(wrong):
        return
    place = int(wrong[0])
    s = int(np.searchsorted(panel.indptr, place, side="right")) - 1
    time = panel.columns.written(panel.time[place : place + 1])[0]
    raise DataError(
        f"the value{panel.columns.of_series(panel.ids[s])} at {time} is {panel.y[place]:g}, but the model was "
        "trained in logs, on positive values only",
        hint="leave it out if it is a mistake; or train again with it, or with --transform none",
    )


def check_known(
    known: NDArray[np.float64],
    encoding: Encoding,
    ids: tuple[str, ...],
    cutoff: Positions,
    frequency: Frequency,
    columns: Columns,
) -> None:
    """Raise DataError, at the first series, step and column, if a known covariate [S, H, K] that is used is missing."""
    missing = np.argwhere(np.isnan(known) & np.array([code.used for code in encoding.known], bool))
    if not len(missing):
        return
    s, step, column = (int(place) for place in missing[0])
    name = encoding.known[column].name
    time = columns.written(frequency.times(cutoff[s : s + 1] + step + 1))[0]
    raise DataError(
        f"{name!r}{columns.of_series(ids[s])} is not known at {time}, where the forecast needs it",
        hint="give it in rows after the last value, or in a file of its own: --future FILE",
    )


def widths_of(ids: Sequence[str], trained: Sequence[str], weights: Mapping[str, NDArray[Any]]) -> Values | None:
    """Return the factor [S] of the intervals of each of some series, 1 for one that was not trained on; None if a model
    has no such factors."""
    if WIDTHS not in weights:
        return None
    kept = dict(zip(trained, weights[WIDTHS].tolist(), strict=True))
    return np.array([kept.get(name, 1.0) for name in ids])


def check_reach(frequency: Frequency, ids: tuple[str, ...], cutoff: Positions, steps: int, columns: Columns) -> None:
    """Raise DataError, naming the first series, if the steps after a cutoff [S] leave the calendar."""
    for s in np.flatnonzero(cutoff > frequency.reach[1] - steps)[:1]:
        last = columns.written(frequency.times(cutoff[s : s + 1]))[0]
        raise DataError(
            f"{counted(steps, 'step')} after {last}{columns.of_series(ids[s])} are beyond the end of the calendar "
            "(years 1 to 9999)",
            hint="correct that time, or ask for a smaller --horizon",
        )


def check_finite(values: NDArray[np.float64], model: str, ids: tuple[str, ...], columns: Columns) -> None:
    """Raise ForecastError, naming the first series, if a forecast [S, ...] is not finite."""
    finite = np.isfinite(values)
    if finite.all():
        return
    s = int(np.argwhere(~finite)[0, 0])
    raise ForecastError(
        f"the forecast of the {model} model{columns.of_series(ids[s])} is not a finite number",
        hint="its weights, or the values it was given, are too large; train again on values in another unit",
    )


def moved_on(known: NDArray[np.float64], by: NDArray[np.int64], given: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what is known [B, R, K], `by` steps [B] later, with given values [B, R, K] in its place."""
    later = np.arange(known.shape[1]) + by[:, None]  # [B, R]
    there = np.minimum(later, known.shape[1] - 1)
    moved = np.where((later < known.shape[1])[..., None], np.take_along_axis(known, there[..., None], 1), np.nan)
    return np.where(np.isnan(given), moved, given)


def known_ahead(panel: Panel, encoding: Encoding, steps: int) -> NDArray[np.float64]:
    """Return known covariates of the steps after each series' end [S, steps, K], NaN where they are unknown."""
    block = recode(panel.known_ahead(steps), encoding.known)
    return block.rows(np.arange(len(panel) * steps)).reshape(len(panel), steps, len(encoding.known))


def with_future(
    known: NDArray[np.float64],
    encoding: Encoding,
    future: Future | None,
    ids: tuple[str, ...],
    cutoff: Positions,
    steps: int,
) -> NDArray[np.float64]:
    """Return known covariates [S, R, K] over the next steps [S, steps, K], replaced by those in the future."""
    series, given, columns = known.shape
    result = np.full((series, steps, columns), np.nan)
    result[:, : min(given, steps)] = known[:, :steps]
    if future is not None and columns:
        rows, ahead, block = future.placed(ids, cutoff)
        inside = (ahead > 0) & (ahead <= steps)
        block = recode(block.take(np.flatnonzero(inside)), encoding.known)
        result[rows[inside], ahead[inside] - 1] = block.values
    return result


def ignored(
    future: Future, encoding: Encoding, ids: tuple[str, ...], cutoff: Positions, steps: int | None, columns: Columns
) -> list[str]:
    """Return a sentence about each part of a future that a forecast of these series [S] does not use.

    These are rows of other series, rows outside the next `steps` (None: any step ahead), and categories not seen in
    training.
    """
    notes = []
    if not future.every:
        strange = [name for name in future.ids if name not in set(ids)]
        if strange:
            shown = _first([columns.label(name) for name in strange])
            notes.append(f"--future: ignored the rows of other series: {shown}")
    _, ahead, block = future.placed(ids, cutoff)
    inside = (ahead > 0) & (ahead <= (np.inf if steps is None else steps))
    outside = int((~inside).sum())
    if future.every:  # each row was counted once for every series
        outside = -(-outside // max(len(ids), 1))
    if outside:
        inside_of = counted(steps or 0, "step that is", "steps that are")
        where = "not after the data" if steps is None else f"outside the {inside_of} forecast"
        notes.append(f"--future: ignored {counted(outside, 'row')} {where}")
    for i, column in enumerate(block.columns):
        seen = next((code.levels for code in encoding.known if code.name == column.name and code.used), ())
        if not seen or not column.levels:
            continue
        places = np.unique(block.values[inside, i])
        for level in (column.levels[int(place)] for place in places[~np.isnan(places)]):
            if level not in seen:
                near = _nearest(level, seen)
                known = f"the nearest one that was is {near!r}" if near else f"training saw {_first(seen)}"
                notes.append(
                    f"--future: {level!r} in column {column.name!r} was not seen in training, so its effect is "
                    f"unknown; {known}"
                )
    return notes


def _nearest(level: str, seen: Sequence[str]) -> str | None:
    """Return the most similar of the levels seen, whatever their case; None if none is similar."""
    folded = {each.strip().casefold(): each for each in reversed(seen)}  # the first of those that differ only in case
    return next((folded[near] for near in difflib.get_close_matches(level.strip().casefold(), folded, 1)), None)


def _first(names: Sequence[str]) -> str:
    """Return the first names of a list, and the number of others."""
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(map(repr, names[:SHOWN])) + more

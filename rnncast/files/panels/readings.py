"""Reading: the Panel that was read, the series left out and why, and the remarks for the user."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.files.formats.cells import Mask
from rnncast.files.panels.covariates import with_covariates
from rnncast.files.panels.grid import Laid
from rnncast.series.panel import Panel

MOST_BAD = 0.1  # largest share of bad series before the whole table is refused
MOST_NAMED = 5  # series left out that are named; more are only counted


@dataclass(frozen=True)
class Reading:
    """A table that was read.

    whole: every series that has a value, bad ones too. reasons: why series are left out, by id; also of those without a
    value. repeats: surplus rows, by id. refusal: why `train` would refuse the table; None if it would not. notes:
    remarks for the user, one line each.
    """

    whole: Panel
    reasons: dict[str, str]
    repeats: dict[str, int]
    refusal: DataError | None
    notes: tuple[str, ...]

    @property
    def panel(self) -> Panel:
        """Return the series that are kept. Raises DataError if the table is refused."""
        if self.refusal is not None:
            raise self.refusal
        kept = np.array([s for s, name in enumerate(self.whole.ids) if name not in self.reasons], np.int64)
        return self.whole if len(kept) == len(self.whole) else self.whole.select(kept, self.whole.lengths[kept])


def judge(laid: Laid, asked: TableConfig) -> Reading:
    """Trim series to their values, treat gaps, and decide which series to leave out, or whether to refuse the table."""
    rows, table = laid.rows, laid.rows.table
    whole, inside = _trimmed(laid)
    whole = with_covariates(whole, laid, asked)
    notes, refusal = [*laid.notes], None
    missing = int(np.isnan(whole.y).sum())
    if missing and asked.gaps == "error":
        refusal = _gap(laid, inside)
    elif missing:
        absent = int((inside & ~laid.taken).sum())
        parts = f"{absent} in absent rows, {missing - absent} in empty cells"
        done = "interpolated linearly" if asked.gaps == "fill" else "kept as missing"
        notes.append(f"{missing:,} of {len(whole.y):,} values are missing ({parts}); they are {done}")
        whole = _filled(whole) if asked.gaps == "fill" else whole
    reasons = {rows.names[d.series]: f"{table.at(d.row)}: {d.message}" for d in reversed(laid.defects)}
    spoken_of = {*whole.ids, *reasons}
    empty = [name for name in rows.names if name not in spoken_of]
    reasons |= dict.fromkeys(empty, "it has no value")
    refusal = refusal or _refusal(laid, whole, empty, asked)
    if refusal is None:
        notes += _left_out(whole, reasons)
    repeats = {rows.names[s]: int(laid.repeats[s]) for s in np.flatnonzero(laid.repeats)}
    if repeats and asked.duplicates != "error":
        notes.append(f"rows that repeat a time: {sum(repeats.values())}; the {asked.duplicates} of each time is used")
    return Reading(whole, reasons, repeats, refusal, tuple(notes))


def _trimmed(laid: Laid) -> tuple[Panel, Mask]:
    """Return the series that have a value, from their first to their last, and which grid points [G] those are."""
    if len(laid.y) and (np.diff(laid.indptr) > 0).all() and not np.isnan(laid.y.min()):  # NaN if any value is
        whole = Panel(laid.rows.names, laid.start, laid.y, laid.indptr, laid.frequency, laid.rows.columns)
        return whole, laid.taken
    present = np.flatnonzero(~np.isnan(laid.y))
    first = np.searchsorted(present, laid.indptr[:-1])
    stop = np.searchsorted(present, laid.indptr[1:])
    kept = np.flatnonzero(first < stop)
    begin, end = present[first[kept]], present[stop[kept] - 1] + 1
    lengths = end - begin
    y, inside = laid.y, np.ones(len(laid.y), bool)
    if int(lengths.sum()) < len(y):
        change = np.zeros(len(y) + 1, np.int64)
        change[begin] += 1
        np.add.at(change, end, -1)
        inside = np.cumsum(change[:-1]) > 0
        y = y[inside]
    start = laid.start[kept] + begin - laid.indptr[kept]
    indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    names = tuple(laid.rows.names[s] for s in kept)
    return Panel(names, start, y, indptr, laid.frequency, laid.rows.columns), inside


def _filled(panel: Panel) -> Panel:
    """Return a panel with missing values interpolated; no line crosses series, as each begins and ends with a value."""
    present = ~np.isnan(panel.y)
    places = np.arange(len(panel.y))
    y = panel.y.copy()
    y[~present] = np.interp(places[~present], places[present], panel.y[present])
    return replace(panel, y=y)


def _refusal(laid: Laid, whole: Panel, empty: list[str], asked: TableConfig) -> DataError | None:
    """Return the first defect, if too many series are bad to name them one by one, or --strict forbids leaving any
    out."""
    rows, defects = laid.rows, laid.defects
    bad = {defect.series for defect in defects}
    good = len(set(whole.ids) - {rows.names[s] for s in bad})
    if defects and (asked.strict or not good or len(bad) > MOST_BAD * len(rows.names)):
        return min(defects, key=lambda defect: defect.row).error(rows.table)
    if not good:
        return DataError(f"{rows.table.name} has no value in column {rows.columns.target!r}")
    if empty and asked.strict:
        return DataError(
            f"{rows.table.name}: series {rows.columns.label(empty[0])!r} has no value",
            hint="without --strict, only that series is left out",
        )
    return None


def _left_out(whole: Panel, reasons: dict[str, str]) -> Iterator[str]:
    for name, reason in list(reasons.items())[:MOST_NAMED]:
        yield f"left out series {whole.columns.label(name)!r}: {reason}"
    if len(reasons) > MOST_NAMED:
        yield f"left out {len(reasons) - MOST_NAMED} more series; rnncast check lists them all"


def _gap(laid: Laid, inside: Mask) -> DataError:
    """Return the error of --gaps error about the first missing value."""
    rows, table = laid.rows, laid.rows.table
    point = int(np.argmax(inside & np.isnan(laid.y)))
    s = int(np.searchsorted(laid.indptr, point, side="right")) - 1
    hint = "--gaps mask keeps it missing, --gaps fill interpolates"
    if laid.taken[point]:
        row = rows.number(_row_at(laid, s, point))
        return DataError(f"{table.at(row)}: {laid.shown(point)} has no value", hint=hint)
    after = point + int(np.argmax(laid.taken[point:]))
    absent = after - point
    row = rows.number(_row_at(laid, s, after))
    gone = "1 row is missing" if absent == 1 else f"{absent} rows are missing"
    return DataError(
        f"{table.at(row)}: {laid.shown(after)} follows {laid.shown(point - 1)}, "
        f"and the times are {laid.frequency.name}: {gone}",
        hint=hint,
    )


def _row_at(laid: Laid, s: int, point: int) -> int:
    """Return a row at a grid point of a series."""
    own = np.flatnonzero(laid.rows.series == s)
    positions = laid.frequency.positions(laid.rows.stamps.times[laid.rows.stamps.codes[own]])
    return int(own[np.argmax(positions == laid.start[s] + point - laid.indptr[s])])

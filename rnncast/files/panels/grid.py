"""Grid of a table: from rows in any order to series on one grid of times.

A missing row or value is NaN; a row that does not fit is a defect. N rows, S series, K distinct times, G grid points of
all series.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.files.formats.cells import CellCodes, Mask, Table
from rnncast.files.formats.marks import no_number
from rnncast.files.panels.runs import Runs
from rnncast.files.panels.stamps import FAULT_HINT, Stamps, tell_repeats_apart
from rnncast.series.covariates import Block
from rnncast.series.panel import Columns
from rnncast.times.frequency import DAY, Frequency, Positions, Times
from rnncast.times.inference import (
    FrequencyAlias,
    best_grid,
    distinct,
    infer_frequency,
    misfit,
    off_grid,
    parse_frequency,
)
from rnncast.times.resampling import suggested
from rnncast.values import Values

MOST_GRID = 20  # grid points per row, beyond which a frequency is implausible
SPARE_GRID = 1000  # grid points allowed even for a short series
COMPACT = 2**30  # two numbers below this can be added in 32 bits
SAMPLED = 64  # series, the longest ones, that decide on the frequency


class Defect(NamedTuple):
    """A fault of a series, and the row of the table it is in."""

    series: int
    row: int
    message: str
    hint: str

    def error(self, table: Table) -> DataError:
        """Return it as an error."""
        return DataError(f"{table.at(self.row)}: {self.message}", hint=self.hint)


@dataclass(frozen=True)
class Rows:
    """Rows of a table.

    series [N]: codes into names. values [N]: NaN = missing, infinity = not a number. numbers [N]: their places in the
    table, unless these are 0, 1, 2, ... cell: maps a row to the text that should have been its value, and to where it
    stands: "in column 'y'". covariates [N], row by row.
    """

    series: CellCodes
    names: tuple[str, ...]
    stamps: Stamps
    values: Values
    columns: Columns
    table: Table
    cell: Callable[[int], tuple[str, str]]
    numbers: NDArray[np.int64] | None = None
    covariates: Block = field(default_factory=Block)

    def number(self, row: int) -> int:
        """Return the place of a row in the table."""
        return row if self.numbers is None else int(self.numbers[row])

    def places(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the places of rows in the table."""
        return rows if self.numbers is None else self.numbers[rows]


@dataclass(frozen=True)
class Laid:
    """Series on their grid, from the first row of each to its last.

    start [S]; indptr [S+1]; y [G]; taken [G]: grid points with a row; repeats [S]: surplus rows. covariates [G]: from
    the last row at each point.
    """

    rows: Rows
    frequency: Frequency
    start: Positions
    indptr: NDArray[np.int64]
    y: Values
    taken: Mask
    repeats: NDArray[np.int64]
    defects: list[Defect] = field(default_factory=list)
    covariates: Block = field(default_factory=Block)
    notes: tuple[str, ...] = ()

    def shown(self, point: int) -> str:
        """Return the time of a grid point, as the user writes it."""
        s = int(np.searchsorted(self.indptr, point, side="right")) - 1
        position = self.start[s] + point - self.indptr[s]
        return str(self.rows.columns.written(self.frequency.times(np.array([position])))[0])


class Schema(NamedTuple):
    """Header, time format and grid of an earlier table, which a table that continues it must follow."""

    columns: Columns
    frequency: Frequency


def lay(rows: Rows, asked: TableConfig, schema: Schema | None = None) -> Laid:
    """Lay rows on the grid that suits them, or on the schema's, and find what does not fit.

    Raises DataError if no grid can be found.
    """
    return lay_gridded(_gridded(rows, asked, schema), asked)


def lay_gridded(gridded: "Gridded", asked: TableConfig) -> Laid:
    """Lay rows on a grid that is known, and find what does not fit."""
    return _laid(gridded, _stretches(gridded), asked)


class Gridded(NamedTuple):
    """Rows, and the grid of their times.

    chosen [M]: rows whose times lie on it, None for all N. places [M]: their grid positions, minus `base`.
    """

    rows: Rows
    frequency: Frequency
    chosen: NDArray[np.int64] | None
    base: int
    places: CellCodes
    defects: list[Defect]
    notes: tuple[str, ...] = ()


class Stretches(NamedTuple):
    """Grid points of each series, from its first row to its last; none if its rows lie too far apart.

    start [S]; indptr [S+1]. chosen [M]: rows that stand in one, None for all N. cell [M]: the grid point of each.
    """

    start: Positions
    indptr: NDArray[np.int64]
    chosen: NDArray[np.int64] | None
    cell: CellCodes
    defects: list[Defect]


def checked(rows: Rows, asked: TableConfig) -> tuple[Rows, list[Defect]]:
    """Return rows with repeated times told apart where the clocks were set back, and the cells that cannot be read."""
    rows = replace(rows, stamps=tell_repeats_apart(rows.stamps, rows.series, asked))
    return rows, [*_no_times(rows), *_bad_numbers(rows)]


def _gridded(rows: Rows, asked: TableConfig, schema: Schema | None) -> Gridded:
    """Find the grid, and the rows that cannot lie on it."""
    alias = parse_frequency(asked.freq) if asked.freq else None
    rows, defects = checked(rows, asked)
    try:
        frequency, stamps = followed(rows, schema) if schema else _frequency(rows, Runs.of(rows.series), alias)
    except DataError:
        if defects:
            raise defects[0].error(rows.table) from None
        raise
    columns = replace(rows.columns, time_format=stamps.form, time_zone=stamps.zone, in_utc=stamps.in_utc)
    rows = replace(rows, stamps=stamps, columns=schema.columns if schema else columns)
    off = off_grid(frequency, stamps.times) & stamps.sound  # [K]
    chosen = None
    if off.any() or stamps.faults:
        chosen = np.flatnonzero((stamps.sound & ~off)[stamps.codes])
        defects += _off_grid(rows, frequency, off, "the model says" if schema else "--freq says" if alias else "")
    base, places = compact(frequency.positions(stamps.times))  # [K]
    return Gridded(rows, frequency, chosen, base, places[_chosen(stamps.codes, chosen)], defects)


def _stretches(gridded: Gridded) -> Stretches:
    """Find how far each series goes, and the grid point of each row."""
    rows, frequency, chosen, base, places, *_ = gridded
    series = _chosen(rows.series, chosen)
    defects: list[Defect] = []
    runs = Runs.of(series)
    low, high = runs.extents(places, len(rows.names))
    lengths = high - low + 1
    sparse = lengths > MOST_GRID * runs.counts(len(rows.names)) + SPARE_GRID
    if sparse.any():
        defects += _sparse(rows, frequency, sparse, low, high)
        lengths = np.where(sparse, 0, lengths)
        kept = np.flatnonzero(~sparse[series])
        series, places = series[kept], places[kept]
        chosen = kept if chosen is None else chosen[kept]
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    offset, shifts = compact(indptr[:-1] - low)
    cell = places + shifts[series]
    cell += offset
    return Stretches(base + low, indptr, chosen, cell, defects)


def _laid(gridded: Gridded, stretches: Stretches, asked: TableConfig) -> Laid:
    """Put the values and the covariates of the rows on their grid points."""
    rows, (start, indptr, chosen, cell, _) = gridded.rows, stretches
    defects = [*gridded.defects, *stretches.defects]
    values = _chosen(rows.values, chosen)
    y, taken, repeats = _placed(np.where(np.isinf(values), np.nan, values) if defects else values, cell, indptr, asked)
    numbers = np.arange(len(rows.series)) if chosen is None else chosen
    if repeats.any() and asked.duplicates == "error":
        defects += repeated_times(rows, cell, numbers)
    covariates = _covariates(rows.covariates.take(numbers), cell, int(indptr[-1]))
    return Laid(rows, gridded.frequency, start, indptr, y, taken, repeats, defects, covariates, gridded.notes)


def _chosen(values: NDArray[Any], chosen: NDArray[np.int64] | None) -> NDArray[Any]:
    """Return the values of the chosen rows; all of them, without a copy, for None."""
    return values if chosen is None else values[chosen]


def compact(numbers: Positions) -> tuple[int, CellCodes]:
    """Return numbers as their minimum and the rest, in half the memory if that is enough."""
    lowest = int(numbers.min(initial=0))
    rest = numbers - lowest
    return lowest, rest.astype(np.int32) if int(rest.max(initial=0)) < COMPACT else rest


def _frequency(rows: Rows, runs: Runs, alias: FrequencyAlias | None) -> tuple[Frequency, Stamps]:
    """Return the grid, and the times that lie on it: UTC, or local times if those are the regular ones."""
    stamps = rows.stamps
    if stamps.wall is None:
        return infer_frequency(_sampled(rows, runs, stamps.times), alias), stamps
    local = stamps.in_local_time()
    found = []
    for each in (stamps, local):
        series = _sampled(rows, runs, each.times)
        frequency = infer_frequency(series, alias)
        # If both are regular, grids of days and longer are local: a day may have 23 hours.
        daily = frequency.unit != "span" or frequency.count % DAY == 0
        found.append((misfit(frequency, series), daily != (each is local), frequency, each))
    _, _, frequency, stamps = min(found, key=lambda each: each[:2])
    return frequency, stamps


def followed(rows: Rows, schema: Schema) -> tuple[Frequency, Stamps]:
    """Return the grid of the schema, and the times as they lie on it."""
    stamps, columns = rows.stamps, schema.columns
    if bool(stamps.zone) != bool(columns.time_zone):
        has, had = ("an offset", "none") if stamps.zone else ("no offset", "one")
        raise DataError(
            f"{rows.table.at(rows.number(0))}: {stamps.shown(0)} has {has} from UTC, but the trained times had {had}",
            hint="write times as in training",
        )
    return schema.frequency, stamps if stamps.wall is None or columns.in_utc else stamps.in_local_time()


def _sampled(rows: Rows, runs: Runs, times: Times) -> list[Times]:
    """Return the distinct times of the longest series."""
    counts = runs.counts(len(rows.names))
    chosen = np.zeros(len(rows.names), bool)
    chosen[np.argsort(-counts, kind="stable")[:SAMPLED]] = True
    picked = runs.rows(chosen)
    if rows.stamps.faults:
        picked = picked[rows.stamps.sound[rows.stamps.codes[picked]]]
    borders = np.flatnonzero(np.diff(rows.series[picked])) + 1
    return [distinct(times[part]) for part in np.split(rows.stamps.codes[picked], borders) if len(part)]


def _placed(
    values: Values, cell: CellCodes, indptr: NDArray[np.int64], asked: TableConfig
) -> tuple[Values, Mask, NDArray[np.int64]]:
    """Return values on the grid [G], whether each point has a row [G], and the surplus rows of each series [S]."""
    size = int(indptr[-1])
    repeats = np.zeros(len(indptr) - 1, np.int64)
    if size == len(cell) and bool((cell[1:] > cell[:-1]).all()):
        return values, np.ones(size, bool), repeats  # the rows are in order and complete
    taken = np.zeros(size, bool)
    taken[cell] = True
    y = np.full(size, np.nan)
    if int(taken.sum()) == len(cell):
        y[cell] = values
        return y, taken, repeats
    number = np.bincount(cell, minlength=size)
    np.add.at(repeats, np.searchsorted(indptr, np.flatnonzero(number > 1), side="right") - 1, number[number > 1] - 1)
    if asked.duplicates in ("mean", "sum"):
        present = ~np.isnan(values)
        total = np.bincount(cell[present], values[present], minlength=size)
        count = np.bincount(cell[present], minlength=size)
        # A sum is over the values present; without any, it is missing.
        y[count > 0] = (total / (count if asked.duplicates == "mean" else np.minimum(count, 1)).clip(1))[count > 0]
    else:
        backwards = slice(None, None, 1 if asked.duplicates == "last" else -1)
        y[cell[backwards]] = values[backwards]  # where places repeat, the last one written stays
    return y, taken, repeats


def _covariates(block: Block, cell: CellCodes, size: int) -> Block:
    if not len(block):
        return block
    values = np.full((size, len(block)), np.nan)
    values[cell] = block.values
    return Block(block.columns, values)


def _bad_numbers(rows: Rows) -> Iterator[Defect]:
    wrong = np.flatnonzero(np.isinf(rows.values))
    for s, row in _first_rows(rows.series, wrong):
        yield Defect(s, rows.number(row), *no_number(*rows.cell(row)))


def _no_times(rows: Rows) -> Iterator[Defect]:
    wrong = np.flatnonzero(~rows.stamps.sound[rows.stamps.codes]) if rows.stamps.faults else np.empty(0, np.int64)
    for s, row in _first_rows(rows.series, wrong):
        yield Defect(s, rows.number(row), rows.stamps.faults[int(rows.stamps.codes[row])], FAULT_HINT)


def _off_grid(rows: Rows, frequency: Frequency, off: Mask, said: str) -> Iterator[Defect]:
    wrong = np.flatnonzero(off[rows.stamps.codes])
    for s, row in _first_rows(rows.series, wrong):
        time = rows.stamps.times[rows.stamps.codes[row]]
        position = frequency.positions(np.array([time]))[0]
        near = rows.columns.written(frequency.times(np.array([position, position + 1])))
        grid = f"{said or 'the times look'} {frequency.name} ({near[0]}, then {near[1]})"
        message = f"{rows.stamps.shown(row)} is off the grid: {grid}"
        own = np.unique(rows.stamps.times[rows.stamps.codes[rows.series == s]])
        hint = f"remove or correct that row, or give the step with --freq{_or_resample(own)}"
        if len(own) > 2 and best_grid(own) != frequency and misfit(best_grid(own), [own]) == 0:
            hint = (
                f"this series looks {best_grid(own).name} by itself; give the step of all with --freq, or read it apart"
            )
        yield Defect(s, rows.number(row), message, hint)


def _or_resample(times: Times) -> str:
    """Return the end of a hint: that irregular times, rising and distinct, can be made regular, and to which step."""
    if times.dtype.kind == "i" or len(times) < 2:
        return ""
    word = suggested(int(np.median(np.diff(times.astype("datetime64[us]").astype(np.int64)))))
    return f", or make regular steps of the rows with --resample {word} or coarser"


def _sparse(rows: Rows, frequency: Frequency, sparse: Mask, low: Positions, high: Positions) -> Iterator[Defect]:
    for s in np.flatnonzero(sparse):
        own = np.flatnonzero(rows.series == s)
        codes = rows.stamps.codes[own]
        times = rows.stamps.times[codes]
        # The row before or after the widest gap, on the side with fewer rows.
        order = np.argsort(times, kind="stable")
        widest = int(np.argmax(np.diff(times[order].astype(np.int64))))
        row = int(own[order[widest if widest < len(own) // 2 else widest + 1]])
        message = (
            f"{rows.stamps.shown(row)} lies far from the other times, which look {frequency.name}: "
            f"{int(high[s] - low[s]) + 1 - len(own):,} rows would be missing"
        )
        hint = f"correct that time, or give the step with --freq{_or_resample(np.unique(times))}"
        yield Defect(int(s), rows.number(row), message, hint)


def repeated_times(rows: Rows, cell: CellCodes, numbers: NDArray[np.int64]) -> Iterator[Defect]:
    """Yield, for each series, the first row [M] whose cell repeats. numbers [M]: the places of the rows among all."""
    again = np.flatnonzero(pd.Series(cell).duplicated().to_numpy())
    for s, place in _first_rows(rows.series[numbers], again):
        first = rows.number(int(numbers[np.argmax(cell == cell[place])]))
        row = int(numbers[place])
        message = f"{rows.stamps.shown(row)} repeats (first at {rows.table.place(first, beside=rows.number(row))})"
        hint = "choose what to keep with --duplicates first, last, mean or sum"
        if not rows.columns.ids:
            hint += "; if the table holds several series, name their column with --id"
        if "%H" in rows.columns.time_format and not rows.columns.time_zone:
            hint += "; if the clocks were set back, name the time zone: --zone Europe/Berlin"
        yield Defect(s, rows.number(row), message, hint)


def _first_rows(series: CellCodes, rows: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Yield the first of the chosen rows of each series that has any, in the order of the rows."""
    _, first = np.unique(series[rows], return_index=True)
    for index in np.sort(first):
        yield int(series[rows[index]]), int(rows[index])

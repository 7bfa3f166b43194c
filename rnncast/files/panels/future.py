"""Known covariates of future steps, from a table of their own: `--future FILE`. It needs no target."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.files.formats.cells import Coded, Table
from rnncast.files.formats.marks import PLAIN
from rnncast.files.formats.opening import open_table
from rnncast.files.panels.columns import ColumnKind, kind_of
from rnncast.files.panels.covariates import read_covariates
from rnncast.files.panels.joined import with_time_of
from rnncast.files.panels.resampling import resampled
from rnncast.files.panels.stamps import FAULT_HINT, Stamps, read_stamps
from rnncast.files.panels.tables import series_of
from rnncast.series.covariates import Future
from rnncast.series.panel import Columns
from rnncast.times.frequency import Frequency, Positions
from rnncast.times.inference import off_grid
from rnncast.times.numeric import NUMERIC


def read_future(
    data: Any,
    asked: TableConfig,
    columns: Columns,
    frequency: Frequency,
    note: Callable[[str], None] = lambda text: None,
) -> Future:
    """Read the known covariates of `asked` from a table with the same ids and times as the data.

    columns and frequency: of the data. note: called about columns that are not used. Raises DataError, with the place,
    if a column is missing, or a time is invalid or off the data's grid.
    """
    with open_table(data, asked) as opened:
        table, asked = with_time_of(opened, columns, asked)
        if not asked.known:
            raise DataError(
                f"{table.name} cannot be used: the model has no covariates known ahead",
                hint="name them with --known in train",
            )
        wide = columns.ids == ("series",) and "series" not in table.head
        ids = () if wide else columns.ids
        needed = [*ids, *([columns.time] if columns.time else []), *asked.known]
        joined = set(columns.time_columns) if columns.time in table.head else set()
        absent = [name for name in needed if name not in table.head]
        if absent:
            raise DataError(
                f"{table.name} has no column {absent[0]!r}",
                hint=f"it needs: {', '.join(needed)}; its columns: {', '.join(table.head)}",
            )
        if unused := [name for name in table.head if name not in {*needed, *joined}]:
            note(f"{table.name}: not used: {', '.join(unused)}")
        read = table.read(needed, [])
        texts: dict[str, Coded] = {name: column for name, column in read.items() if isinstance(column, Coded)}
        known = read_covariates(asked.known, texts, table, asked)
        series, names = series_of([texts[name] for name in ids], len(known.values))
        places, positions = np.asarray(series, np.int64), None
        if columns.time is not None and asked.resample:
            stamps = _stamps(texts[columns.time], columns.time, table, asked, columns, frequency)
            keys, nothing = (places, stamps.times[stamps.codes]), np.zeros(len(places))
            merged = resampled(keys, nothing, known, frequency, asked.how, keep=True)
            places, positions, known = merged.series, merged.positions, merged.covariates
        elif columns.time is not None:
            positions = positions_on_grid(texts[columns.time], columns.time, table, asked, columns, frequency)
        return Future(names, places, positions, known, every=wide)


def positions_on_grid(
    cells: Coded, time: str, table: Table, asked: TableConfig, columns: Columns, frequency: Frequency
) -> Positions:
    """Return the grid position of each row of a time column. Raises DataError, with the place, for one off the grid."""
    stamps = _stamps(cells, time, table, asked, columns, frequency)
    wrong = np.flatnonzero(off_grid(frequency, stamps.times))
    if len(wrong):
        row = _row(stamps, int(wrong[0]))
        raise DataError(
            f"{table.at(row)}: {stamps.shown(row)} is off the grid of the data, which are {frequency.name}",
            hint="correct or remove that row",
        )
    return frequency.positions(stamps.times)[stamps.codes]


def _stamps(
    cells: Coded, time: str, table: Table, asked: TableConfig, columns: Columns, frequency: Frequency
) -> Stamps:
    """Return the times of a column as the grid has them. Raises DataError, with the place, for a text that is none."""
    if asked.time_format is None and columns.time_format in NUMERIC and all(map(PLAIN.fullmatch, table.head[time])):
        asked = replace(asked, time_format=columns.time_format)  # surer than the format of a few rows
    whole = kind_of(time, table.head[time]) in (ColumnKind.WHOLE, ColumnKind.COUNTER)
    stamps = read_stamps(cells, time, whole and frequency.unit == "step", table, asked)
    if stamps.wall is not None and not columns.in_utc:
        stamps = stamps.in_local_time()
    if stamps.faults:
        code = min(stamps.faults)
        raise DataError(f"{table.at(_row(stamps, code))}: {stamps.faults[code]}", hint=FAULT_HINT)
    return stamps


def _row(stamps: Stamps, code: int) -> int:
    return int(np.argmax(stamps.codes == code))

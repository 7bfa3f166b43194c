"""Reading a table in any of its forms into a Panel, through one reader.

Nothing is invented: a missing row or value is NaN in the Panel, and is counted in a note.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnncast.config import ROLES, TableConfig
from rnncast.errors import DataError, UsageError
from rnncast.files.formats.cells import CellCodes, Coded, Column, Table
from rnncast.files.formats.folders import find_files
from rnncast.files.formats.frames import is_frame
from rnncast.files.formats.marks import MISSING, PLAIN
from rnncast.files.formats.numbers import column_numbers, decimal_of
from rnncast.files.formats.opening import is_delimited, open_table, table_in
from rnncast.files.formats.sources import Progress, open_source
from rnncast.files.panels.columns import ColumnKind, Roles, kind_of, recognise, roles_in_header, time_passed_over
from rnncast.files.panels.covariates import read_covariates
from rnncast.files.panels.grid import Rows, Schema, lay
from rnncast.files.panels.joined import find_joined, joined_of, with_joined_time
from rnncast.files.panels.periods import lay_periods
from rnncast.files.panels.readings import Reading, judge
from rnncast.files.panels.series_rows import holds_series_rows, read_series_rows
from rnncast.files.panels.stamps import Stamps, read_stamps
from rnncast.files.panels.totals import refuse_totals
from rnncast.plain import counted
from rnncast.series.panel import KEY_MARK, Columns, Panel
from rnncast.times.formats import WHOLE_NUMBER
from rnncast.times.joined import joined_format
from rnncast.times.numeric import numeric_format
from rnncast.values import Values

Note = Callable[[str], None]
NUMBERS = (ColumnKind.NUMBER, ColumnKind.WHOLE, ColumnKind.SERIAL, ColumnKind.COUNTER)


def read_table(
    data: Any,
    table: TableConfig | None = None,
    *,
    schema: Schema | None = None,
    note: Note = lambda text: None,
    progress: Progress = lambda done, total: None,
) -> Panel:
    """Read a table into a Panel.

    data: a path ("-": standard input), a folder, a pattern such as sales/*.csv, a list of these, an open file, a
    DataFrame or Series, or an Arrow table. schema: of an earlier table that this one continues; then nothing is
    inferred. note: called with each line about what was recognised. progress: called with the number of bytes read.
    Raises DataError, with the place and a hint, if the file is missing, is not a table, or can be read in two
    ways.
    """
    reading = study_table(data, table, schema=schema, progress=progress)
    panel = reading.panel
    for text in reading.notes:
        note(text)
    return panel


def study_table(
    data: Any,
    table: TableConfig | None = None,
    *,
    schema: Schema | None = None,
    progress: Progress = lambda done, total: None,
) -> Reading:
    """Read a table, as `read_table` does, with everything there is to say about it.

    Raises DataError if nothing can be read.
    """
    asked = table or TableConfig()
    found = find_files(data)
    several = found is not None
    if asked.layout == "rows" and (several or is_frame(data)):
        hint = "name the file" if several else "give a DataFrame with a row per value, or a column per series"
        raise UsageError(f"--layout rows is for {'one file' if several else 'files'}", hint=hint)
    if several or is_frame(data):
        with open_table(found or data, asked, progress) as opened:
            return _reading(*_rows(opened, asked, schema and schema.columns), asked, schema)
    with open_source(data, progress, asked.encoding) as source:
        if asked.layout == "rows" or (asked.layout == "auto" and is_delimited(source) and holds_series_rows(source)):
            if asked.covariates:
                raise UsageError("a table with a series in each row has no covariates", hint="give a long table")
            return _reading(read_series_rows(source, asked), "a series in each row", asked, schema)
        return _reading(*_rows(table_in(source, asked), asked, schema and schema.columns), asked, schema)


def _reading(rows: Rows, taken: str, asked: TableConfig, schema: Schema | None) -> Reading:
    reading = judge((lay_periods if asked.resample else lay)(rows, asked, schema), asked)
    notes = (*rows.table.notes, _summary(reading.whole, taken, rows.table.name), *reading.notes)
    return replace(reading, notes=notes)


def _rows(table: Table, asked: TableConfig, header: Columns | None) -> tuple[Rows, str]:
    """Return the rows of a long or a wide table, whose header may be given, and the roles taken, in words."""
    joined = find_joined(table, asked) if header is None else joined_of(header)
    parts: tuple[str, ...] = ()
    if joined is not None and set(joined.columns) <= set(table.head):
        table, parts = with_joined_time(table, joined), joined.columns
        asked = replace(asked, time=joined.name, time_format=joined_format(joined.formats))
    kinds = {name: kind_of(name, cells) for name, cells in table.head.items() if name not in parts}
    kinds |= {name: ColumnKind.TEXT for name in table.keys if kinds.get(name) in NUMBERS}  # 3 of store=3 is a name
    if header is not None and asked.decimal == "auto" and header.decimal == "," and table.separator == header.separator:
        asked = replace(asked, decimal="comma")
    if header is not None:
        asked = replace(asked, time=header.time, time_format=header.time_format or None)
    roles = roles_in_header(kinds, asked, header, table.name) if header else recognise(kinds, asked, table.name)
    plain = {name: None for name in roles.targets if _plain(table, name)}  # an ordered set
    others = [name for name in roles.targets if name not in plain]
    numbers = [name for name in asked.covariates if _plain(table, name)]
    texts = [name for name in asked.covariates if name not in numbers]
    cells = table.read([*roles.texts, *others, *texts], [*plain, *numbers])
    whole = roles.time is not None and _numbers_steps(roles.time, kinds[roles.time], table, asked)
    whole = whole or (header is not None and header.time_format == WHOLE_NUMBER)
    rows = (_wide if roles.wide else _long)(cells, roles, table, asked, whole)
    if joined is not None and parts:
        rows = replace(rows, columns=replace(rows.columns, time_columns=parts, time_formats=joined.formats))
    decimal = _decimal(table, roles, asked)
    columns = replace(rows.columns, separator=table.separator, bom=table.bom, decimal=decimal)
    rows = replace(rows, columns=columns)
    read = [f"time {' and '.join(map(repr, parts or (roles.time,)))}"] if roles.time else ["rows in order"]
    if roles.wide:
        read.append(f"a series in each of {len(roles.targets)} columns")
    else:
        read += [f"target {roles.targets[0]!r}", *(f"id {name!r}" for name in rows.columns.ids)]
    for role in ROLES:
        if getattr(asked, role):
            read.append(f"{role} {', '.join(map(repr, getattr(asked, role)))}")
    used = {roles.time, *parts, *roles.targets, *rows.columns.ids, *asked.covariates}
    unused = [name for name in table.head if name not in used]
    taken = ", ".join(read) + (f" (not used: {', '.join(unused)})" if unused else "")
    if stamp := time_passed_over(unused, table.head, roles, table.name):
        taken += f"; {stamp!r} looks like a time: --time {stamp} uses it"
    return rows, taken


def _numbers_steps(time: str, kind: ColumnKind, table: Table, asked: TableConfig) -> bool:
    """Return whether a time column holds whole numbers that count steps."""
    if kind not in (ColumnKind.WHOLE, ColumnKind.COUNTER):
        return False
    return time != asked.time or not numeric_format(table.head[time], "time")


def _decimal(table: Table, roles: Roles, asked: TableConfig) -> str:
    """Return the decimal mark of separated values: that of the targets, or of other columns, or the separator's usual
    partner."""
    if not table.separator or asked.decimal != "auto":
        return "," if asked.decimal == "comma" else "."
    cells = [cell for name, head in table.head.items() if name != roles.time for cell in head]
    return "," if decimal_of(cells) == "comma" or (decimal_of(cells) is None and table.separator == ";") else "."


def _long(columns: dict[str, Column], roles: Roles, table: Table, asked: TableConfig, whole: bool) -> Rows:
    target = roles.targets[0]
    values = _values(columns[target], target, table, asked)
    texts: dict[str, Coded] = {name: column for name in roles.texts if isinstance(column := columns[name], Coded)}
    covariates = read_covariates(asked.covariates, columns, table, asked)
    numbers = _not_blank(texts, values)
    if numbers is not None:
        values, covariates = values[numbers], covariates.take(numbers)
        texts = {name: column.rows(numbers) for name, column in texts.items()}
    if not len(values):
        raise DataError(f"{table.name} has no row with a value")
    placed = table.of_rows(numbers)
    stamps = read_stamps(texts[roles.time], roles.time, whole, placed, asked) if roles.time else None
    others = [name for name in table.head if name not in (target, *asked.covariates)]
    refuse_totals(table, stamps, range(len(values)) if numbers is None else numbers.tolist(), others)
    ids = roles.ids if roles.sure else _telling(texts, roles, stamps, table)
    series, names = series_of([texts[name] for name in ids], len(values))
    if stamps is None:
        steps = pd.Series(series).groupby(series).cumcount().to_numpy(np.int64) if ids else np.arange(len(values))
        stamps = Stamps(steps, np.arange(1, len(values) + 1), WHOLE_NUMBER)

    def cell(row: int) -> tuple[str, str]:
        found = table.read([target], [])[target]
        assert isinstance(found, Coded)
        return found[row if numbers is None else int(numbers[row])], f"in column {target!r}"

    return Rows(series, names, stamps, values, Columns(ids, roles.time, target), table, cell, numbers, covariates)


def _wide(columns: dict[str, Column], roles: Roles, table: Table, asked: TableConfig, whole: bool) -> Rows:
    each = [_values(columns[name], name, table, asked) for name in roles.targets]
    length, count = len(each[0]), len(each)
    if roles.time is None:
        stamps = Stamps(np.arange(length), np.arange(1, length + 1), WHOLE_NUMBER)
        numbers = np.arange(length)
    else:
        texts = {roles.time: columns[roles.time]}
        assert isinstance(texts[roles.time], Coded)
        times: Coded = texts[roles.time]  # type: ignore[assignment]
        kept = _not_blank({roles.time: times}, *each)
        numbers = np.arange(length) if kept is None else kept
        placed = table.of_rows(numbers)
        stamps = read_stamps(times if kept is None else times.rows(kept), roles.time, whole, placed, asked)
        refuse_totals(table, stamps, numbers.tolist(), [name for name in table.head if name not in roles.targets])
    series = np.repeat(np.arange(count), len(numbers))
    stamps = replace(stamps, codes=np.tile(stamps.codes, count))

    def cell(row: int) -> tuple[str, str]:
        name = roles.targets[int(series[row])]
        found = table.read([name], [])[name]
        assert isinstance(found, Coded)
        return found[int(numbers[row % len(numbers)])], f"in column {name!r}"

    header = Columns(("series",), roles.time, "value")
    values = np.concatenate([column[numbers] for column in each])
    # A covariate in a row of a wide table belongs to every series.
    covariates = read_covariates(asked.covariates, columns, table, asked).take(np.tile(numbers, count))
    return Rows(series, roles.targets, stamps, values, header, table, cell, np.tile(numbers, count), covariates)


def _plain(table: Table, name: str) -> bool:
    return all(PLAIN.fullmatch(cell) or cell in MISSING for cell in table.head[name])


def _values(column: Column, name: str, table: Table, asked: TableConfig) -> Values:
    if not isinstance(column, Coded):
        return column
    return column_numbers(column, name, table, asked.decimal)


def _not_blank(texts: dict[str, Coded], *values: Values) -> "NDArray[np.int64] | None":
    """Return the rows that hold something, because spreadsheets leave blank ones; None if all do."""
    blanks = [column.blank() for column in texts.values()]
    if not blanks or not all(blank.any() for blank in blanks):
        return None
    blank = np.logical_and.reduce([b[column.codes] for b, column in zip(blanks, texts.values(), strict=True)])
    for column in values:
        blank &= np.isnan(column)
    return np.flatnonzero(~blank) if blank.any() else None


def series_of(ids: list[Coded], count: int) -> tuple[CellCodes, tuple[str, ...]]:
    """Return the series of each row [N] and the series' names, in the order of their first rows."""
    if not ids:
        return np.zeros(count, np.int64), ("",)
    if len(ids) > 1 and any(column.texts.str.contains(KEY_MARK, regex=False).any() for column in ids):
        raise DataError("an id holds the control character 1F, which is not allowed with several id columns")
    codes, names = ids[0].codes, ids[0].texts
    for column in ids[1:]:
        codes, kept = pd.factorize(codes.astype(np.int64) * len(column.texts) + column.codes)
        left, right = np.divmod(kept, len(column.texts))
        names = names.iloc[left].reset_index(drop=True) + KEY_MARK + column.texts.iloc[right].reset_index(drop=True)
    return codes, tuple(map(str, names))


def _telling(texts: dict[str, Coded], roles: Roles, stamps: Stamps | None, table: Table) -> tuple[str, ...]:
    """Return the id columns among candidates: none if times do not repeat, else the one that distinguishes rows."""
    if stamps is None or not pd.Series(stamps.codes).duplicated().any():
        return ()

    def tells(*names: str) -> bool:
        key, _ = series_of([texts[name] for name in names], len(stamps.codes))
        return not pd.DataFrame({"key": key, "time": stamps.codes}).duplicated().any()

    telling = [name for name in roles.ids if tells(name)]
    if len(telling) == 1:
        return (telling[0],)
    together = not telling and tells(*roles.ids)
    raise DataError(
        f"{table.name}: cannot tell which column is the id: {', '.join(telling or roles.ids)}",
        hint=f"say which with --id NAME{', or --id ' + ','.join(roles.ids) if together else ''}",
    )


def _summary(panel: Panel, taken: str, name: str) -> str:
    series = f"{len(panel)} series, " if len(panel) > 1 else ""
    clocks = f", by the clocks of {panel.columns.time_zone}" if "/" in panel.columns.time_zone else ""
    return f"{name}: {taken}; {series}{counted(len(panel.y), 'step')}, {panel.frequency.name}{clocks}"

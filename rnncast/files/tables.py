"""From a CSV file or standard input to a Panel, through one reader.

Rows are read as they are; nothing is invented: a missing row or value is NaN in the Panel, and is counted in a note.
"""

import csv
import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.files.columns import Kind, Roles, recognise
from rnncast.files.frequencies import infer_frequency
from rnncast.files.times import WHOLE_NUMBER, YEAR, format_times, formats_of
from rnncast.series.frequency import Frequency, Positions, Times
from rnncast.series.panel import Columns, Panel

SEPARATORS = ",\t;|"
SAMPLE = 500  # rows that decide what a column holds
MOST_GRID = 20  # grid points per row, before a frequency is not believed
STDIN = "-"

Note = Callable[[str], None]


def read_table(path: str, table: TableConfig | None = None, *, note: Note = lambda text: None) -> Panel:
    """Read a table into a Panel; "-" is standard input. `note` is told, in a line each, what was recognised.

    DataError, with the place and a hint, if the file is missing, is not a table, or can be read in two ways.
    """
    name = "standard input" if path == STDIN else path
    text = _text(path, name)
    frame, header = _parse(text, name)
    roles = recognise(_kinds(frame), table or TableConfig(), name)
    rows = Rows(name, first_line=2 if header else 1)
    panel = _wide(frame, roles, rows) if roles.wide else _long(frame, roles, rows)
    _tell(panel, roles, frame, name, note)
    return panel


class Rows:
    """Where rows stand in the file, for messages."""

    def __init__(self, name: str, first_line: int) -> None:
        self.name = name
        self.first_line = first_line

    def line(self, row: int) -> int:
        """The line of a row."""
        return row + self.first_line

    def at(self, row: int) -> str:
        """ "sales.csv:1042", for the head of a message."""
        return f"{self.name}:{self.line(row)}"


def _text(path: str, name: str) -> str:
    try:
        data = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
    except FileNotFoundError:
        raise DataError(f"there is no file {path}", hint="check the name, or use - for standard input") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"cannot read {name}: {reason}") from None
    if not data.strip():
        raise DataError(f"{name} is empty", hint="give a table with a time column and a number")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = ""
    if not text or "\0" in text:
        raise DataError(f"{name} is not a table: it holds bytes that are not text", hint="give a CSV file in UTF-8")
    return text


def _parse(text: str, name: str) -> tuple[pd.DataFrame, bool]:
    """The cells as text (NaN where empty), and whether the first line was a header."""
    first = text.lstrip("\r\n").split("\n", 1)[0].rstrip("\r")
    separator = max(SEPARATORS, key=lambda mark: len(_cells(first, mark)))
    cells = [cell.strip() for cell in _cells(first, separator)]
    header = not all(_is_number(cell) or formats_of([cell]) for cell in cells)
    if header and len(set(cells)) < len(cells):
        twice = next(cell for cell in cells if cells.count(cell) > 1)
        raise DataError(f"{name}:1: two columns are called {twice!r}", hint="give each column its own name")
    try:
        frame = pd.read_csv(
            io.StringIO(text.lstrip("\r\n").rstrip()),
            sep=separator,
            header=0 if header else None,
            names=cells if header else [_column_name(i, len(cells)) for i in range(len(cells))],
            dtype=str,
            index_col=False,
            skip_blank_lines=False,
            skipinitialspace=True,
            na_values=["?"],
        )
    except pd.errors.ParserError as error:
        raise _parse_error(str(error), name) from None
    if not len(frame):
        raise DataError(f"{name} has a header and no rows")
    return frame, header


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _column_name(index: int, columns: int) -> str:
    return "value" if columns == 1 else f"column{index + 1}"


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _parse_error(message: str, name: str) -> DataError:
    found = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", message)
    if found:
        expected, line, saw = found.groups()
        return DataError(f"{name}:{line}: has {saw} fields where the first line has {expected}")
    return DataError(f"{name} is not a table: {message.splitlines()[0]}")


def _kinds(frame: pd.DataFrame) -> dict[str, Kind]:
    return {str(column): _kind(str(column), frame[column]) for column in frame}


def _kind(name: str, column: "pd.Series[str]") -> Kind:
    sample = column.dropna().head(SAMPLE)
    numbers = pd.to_numeric(sample, errors="coerce")
    if numbers.notna().all():
        whole = bool(len(numbers)) and bool((numbers % 1 == 0).all())
        years = name.lower() == "year" and whole and formats_of(sample.tolist()) == [YEAR]
        if not whole:
            return Kind.NUMBER
        days = len(sample) and sample.str.fullmatch(r"(19|20)\d{6}").all() and formats_of(sample.tolist())
        return Kind.TIME if years or days else Kind.WHOLE
    if formats_of(sample.tolist()):
        return Kind.TIME
    # A column of numbers with a few stray words is a column of numbers with mistakes, and said to be so later.
    return Kind.NUMBER if numbers.notna().mean() > 0.5 else Kind.TEXT


def _numbers(column: "pd.Series[str]", rows: Rows) -> NDArray[np.float64]:
    values = pd.to_numeric(column, errors="coerce").to_numpy(np.float64, copy=True)
    wrong = np.isnan(values) & column.notna().to_numpy()
    wrong |= np.isinf(values)
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(
            f"{rows.at(row)}: {column.iloc[row]!r} in column {column.name!r} is not a number",
            hint="leave a cell empty where the value is missing",
        )
    return values


def _times(frame: pd.DataFrame, name: str, rows: Rows) -> tuple[Times, str]:
    """The times of a column and their format."""
    column = frame[name].str.strip()
    if column.isna().any():
        row = int(column.isna().to_numpy().argmax())
        raise DataError(f"{rows.at(row)}: there is no time in column {name!r}")
    sample = column.head(SAMPLE).tolist()
    formats = formats_of(sample)
    if not formats or (formats == [YEAR] and name.lower() != "year"):
        return _whole_times(column, name, rows), WHOLE_NUMBER
    parsed = {form: pd.to_datetime(column, format=form, errors="coerce") for form in formats}
    form = min(parsed, key=lambda form: int(parsed[form].isna().sum()))
    times = parsed[form]
    if times.isna().any():
        row = int(times.isna().to_numpy().argmax())
        shown = format_times(np.array([np.datetime64("2024-12-31T23:59:59", "us")]), form)[0]
        raise DataError(f"{rows.at(row)}: {column.iloc[row]!r} in column {name!r} is not a time like {shown}")
    rivals = [other for other in formats if other != form and parsed[other].notna().all()]
    if rivals:
        raise DataError(
            f"{rows.at(0)}: {column.iloc[0]!r} can be read as {' or '.join((form, *rivals))}",
            hint="write the times as year-month-day",
        )
    return times.to_numpy("datetime64[us]"), form


def _whole_times(column: "pd.Series[str]", name: str, rows: Rows) -> Times:
    whole = column.str.fullmatch(r"[+-]?\d{1,18}").to_numpy(bool)
    if not whole.all():
        row = int((~whole).argmax())
        raise DataError(
            f"{rows.at(row)}: {column.iloc[row]!r} in column {name!r} is not a time",
            hint="write times like 2024-12-31, 2024-12-31 23:00, 2024-12, or as whole numbers",
        )
    return column.to_numpy(np.int64)


def _long(frame: pd.DataFrame, roles: Roles, rows: Rows) -> Panel:
    target = roles.targets[0]
    values = _numbers(frame[target], rows)
    numbered = roles.time is None
    times, form = (np.arange(1, len(frame) + 1), WHOLE_NUMBER) if numbered else _times(frame, roles.time or "", rows)
    id_column = _id_column(frame, roles, times, rows)
    if id_column is None:
        names: tuple[str, ...] = ("",)
        codes = np.zeros(len(frame), np.int64)
    else:
        codes, distinct = pd.factorize(frame[id_column].fillna(""))
        codes, names = codes.astype(np.int64), tuple(str(name) for name in distinct)
    if numbered and id_column is not None:
        times = frame.groupby(codes).cumcount().to_numpy(np.int64) + 1
    columns = Columns(id=id_column, time=roles.time, target=target, time_format=form)
    return _panel(values, times, codes, names, columns, rows)


def _id_column(frame: pd.DataFrame, roles: Roles, times: Times, rows: Rows) -> str | None:
    """The id column among the candidates: none is needed if times do not repeat, else the one that tells rows apart."""
    if not roles.ids or (len(roles.ids) > 1 and not pd.Series(times).duplicated().any()):
        return None
    if len(roles.ids) == 1:
        return roles.ids[0]
    stamps = pd.Series(times, name="time")
    telling = [c for c in roles.ids if not pd.concat([frame[c], stamps], axis=1).duplicated().any()]
    if len(telling) == 1:
        return telling[0]
    raise DataError(
        f"{rows.name}: cannot tell which column is the id: {', '.join(telling or roles.ids)}",
        hint="say which with --id NAME",
    )


def _wide(frame: pd.DataFrame, roles: Roles, rows: Rows) -> Panel:
    if roles.time is None:
        times, form = np.arange(1, len(frame) + 1), WHOLE_NUMBER
    else:
        times, form = _times(frame, roles.time, rows)
    values = np.concatenate([_numbers(frame[name], rows) for name in roles.targets])
    codes = np.repeat(np.arange(len(roles.targets)), len(frame))
    columns = Columns(id="series", time=roles.time, target="value", time_format=form)
    return _panel(values, np.tile(times, len(roles.targets)), codes, roles.targets, columns, rows)


def _panel(
    values: NDArray[np.float64],
    times: Times,
    codes: Positions,
    names: tuple[str, ...],
    columns: Columns,
    rows: Rows,
) -> Panel:
    """Lay rows (in any order) on their grid, NaN where a row is missing; series begin and end with a value."""
    order = np.lexsort((times, codes))
    codes, times, values = codes[order], times[order], values[order]
    _refuse_duplicates(times, codes, order, columns, rows)
    frequency = infer_frequency(times, codes)
    positions = frequency.positions(times)
    _refuse_off_grid(times, positions, frequency, order, columns, rows)
    known = np.flatnonzero(~np.isnan(values))
    kept, first, counts = np.unique(codes[known], return_index=True, return_counts=True)
    if not len(kept):
        raise DataError(f"{rows.name} has no value in column {columns.target!r}")
    start, end = positions[known[first]], positions[known[first + counts - 1]]
    lengths = end - start + 1
    if lengths.sum() > MOST_GRID * (len(values) + 50):
        raise DataError(
            f"{rows.name}: the times look {frequency.name}, which would leave most of the grid empty",
            hint="check the time column for stray dates",
        )
    indptr = np.concatenate([[0], np.cumsum(lengths)])
    y = np.full(indptr[-1], np.nan)
    series = np.searchsorted(kept, codes[known])
    y[indptr[series] + positions[known] - start[series]] = values[known]
    return Panel(tuple(names[k] for k in kept), start, y, indptr, frequency, columns)


def _refuse_duplicates(times: Times, codes: Positions, order: Positions, columns: Columns, rows: Rows) -> None:
    twice = np.flatnonzero((times[1:] == times[:-1]) & (codes[1:] == codes[:-1]))
    if twice.size:
        first, second = sorted(int(row) for row in order[twice[0] : twice[0] + 2])
        shown = format_times(times[twice[:1]], columns.time_format)[0]
        raise DataError(
            f"{rows.at(second)}: {shown} repeats (first at line {rows.line(first)})",
            hint="if the table holds several series, name their column with --id",
        )


def _refuse_off_grid(
    times: Times, positions: Positions, frequency: Frequency, order: Positions, columns: Columns, rows: Rows
) -> None:
    off = np.flatnonzero(frequency.times(positions) != times)
    if off.size:
        where = int(off[0])
        shown = format_times(times[where : where + 1], columns.time_format)[0]
        raise DataError(
            f"{rows.at(int(order[where]))}: {shown} is off the grid; the times look {frequency.name}",
            hint="remove or move that row, so that times are evenly spaced",
        )


def _tell(panel: Panel, roles: Roles, frame: pd.DataFrame, name: str, note: Note) -> None:
    columns = panel.columns
    read = [f"time {columns.time!r}"] if columns.time else ["rows in order"]
    read += [f"a series in each of {len(roles.targets)} columns"] if roles.wide else [f"target {columns.target!r}"]
    read += [f"id {columns.id!r}"] if columns.id and not roles.wide else []
    series = f"{len(panel)} series, " if len(panel) > 1 else ""
    note(f"{name}: {', '.join(read)}; {series}{len(panel.y)} steps, {panel.frequency.name}")
    missing = int(np.isnan(panel.y).sum())
    if missing:
        note(f"{missing} of {len(panel.y)} values are missing; they are left out, not invented")
    used = {*roles.targets, columns.time, columns.id}
    unused = [str(column) for column in frame if column not in used]
    if unused:
        note(f"not used: {', '.join(unused)}")

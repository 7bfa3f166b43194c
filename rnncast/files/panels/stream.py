"""Stream of rows: a row for each line, with the header, time format and grid that a model knows. No pandas.

The lines are CSV with a header (any of the usual separators), JSON Lines, or bare numbers if there is no time.
"""

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.files.formats.marks import PLAIN, WHOLE, is_missing, undressed
from rnncast.plain import shown
from rnncast.series.panel import KEY_MARK, Columns
from rnncast.times.formats import WHOLE_NUMBER, read_time
from rnncast.times.frequency import Frequency, Times
from rnncast.times.joined import Joined, joined_cell
from rnncast.times.numeric import UNIX
from rnncast.times.zones import utc_offsets, wall_to_utc

SEPARATORS = (",", "\t", ";", "|")


class StreamRow(NamedTuple):
    """A row: its line number, series id, value (NaN = missing), and the grid positions that its time may mean.

    positions: none if rows are counted, two if the clocks were set back.
    """

    line: int
    series: str
    value: float
    positions: tuple[int, ...]


class BadRow(NamedTuple):
    """A line that is not a row, and why.

    step: the row with its value missing, if its series and time can be read.
    """

    line: int
    reason: str
    step: StreamRow | None = None


class LineLayout(NamedTuple):
    """Layout of a line: the split into cells, and the places of the columns."""

    split: Callable[[str], list[Any]]
    ids: tuple[int, ...]
    time: tuple[int, ...]  # several if the time is spread over columns, none if rows are numbered
    target: int


def stream_rows(
    lines: Iterable[str], columns: Columns, frequency: Frequency, table: TableConfig
) -> Iterator[StreamRow | BadRow]:
    """Yield the rows of a stream in order, and a BadRow for each line that is not one.

    Raises DataError if the header does not fit.
    """
    header: LineLayout | None = None
    comma = table.decimal == "comma" or (table.decimal == "auto" and columns.decimal == ",")
    number = partial(_comma if comma else _point, words=table.missing)
    for place, line in enumerate(lines, 1):
        text = line.strip("\r\n").removeprefix("\ufeff")
        if not text.strip():
            continue
        if header is None:
            header, holds_row = _header(text, columns, table.missing)
            if not holds_row:
                continue
        try:
            yield _row(place, header.split(text), header, columns, frequency, number)
        except (ValueError, IndexError, KeyError, TypeError, AttributeError, RecursionError) as error:
            yield BadRow(place, str(error) if isinstance(error, _UnreadableError) else f"{text[:60]!r} is not a row")


class _UnreadableError(ValueError):
    """A cell that cannot be read; its text is for the user."""


def _row(
    place: int,
    cells: list[Any],
    header: LineLayout,
    columns: Columns,
    frequency: Frequency,
    number: Callable[[str], float],
) -> StreamRow | BadRow:
    cell, value, fault = cells[header.target], float("nan"), ""
    try:
        value = value if cell is None else number(str(cell).strip())
    except ValueError:
        fault = f"{shown(cell)} in column {columns.target!r} is not a number"
    try:
        positions = _positions(_time(cells, header.time, columns), columns, frequency) if header.time else ()
    except _UnreadableError as error:
        raise _UnreadableError(fault or str(error)) from None
    row = StreamRow(place, KEY_MARK.join(str(cells[i]).strip() for i in header.ids), value, positions)
    return BadRow(place, fault, row) if fault else row


def _time(cells: list[Any], places: tuple[int, ...], columns: Columns) -> str:
    """Return the time of a row as one text."""
    texts = [str(cells[place]).strip() for place in places]
    if len(texts) == 1:
        return texts[0]
    return joined_cell(Joined(columns.time_name, columns.time_columns, columns.time_formats), texts)


def _positions(text: str, columns: Columns, frequency: Frequency) -> tuple[int, ...]:
    """Return the grid positions that a time may mean."""
    if columns.time_format == WHOLE_NUMBER:
        if not WHOLE.fullmatch(text):
            raise _UnreadableError(f"{text[:60]!r} in column {columns.time!r} is not a whole number, as steps are")
        times = np.array([int(text)], np.int64)
    else:
        read = read_time(text, columns.time_format)
        if read is None:
            raise _UnreadableError(f"{shown(text)} in column {columns.time!r} is not a time written as in training")
        times = _on_the_grid(*read, columns)
    places = frequency.positions(times)
    if not frequency.holds(places).all():
        raise _UnreadableError(f"{text!r} in column {columns.time!r} lies outside the calendar of years 1 to 9999")
    if (frequency.times(places) != times).any():
        near = columns.written(frequency.times(places[:1] + np.arange(2)))
        raise _UnreadableError(f"{text} is off the grid: the model's is {frequency.name} ({near[0]}, then {near[1]})")
    return tuple(dict.fromkeys(places.tolist()))


def _on_the_grid(wall: datetime, offset: int, columns: Columns) -> Times:
    """Return the times, as the grid has them, that a local time may mean."""
    times = np.array([wall], "datetime64[us]")
    if columns.time_format in UNIX and columns.time_zone and not columns.in_utc:
        local: Times = times + utc_offsets(times, columns.time_zone).astype("timedelta64[us]")
        return local
    if not columns.in_utc or columns.time_format in UNIX:
        return times
    if "z" in columns.time_format or columns.time_format.endswith(("Z", " UTC")):
        return times - np.timedelta64(offset, "us")
    both = [wall_to_utc(times, columns.time_zone, np.array([second]))[0] for second in (False, True)]
    return np.concatenate(both)


def _header(text: str, columns: Columns, words: Sequence[str]) -> tuple[LineLayout, bool]:
    """Return how lines are read, judged by the first, and whether that is itself a row."""
    names = [*columns.ids, *([] if columns.time is None else columns.time_names), columns.target]
    if text.startswith("{"):
        places = {name: i for i, name in enumerate(names)}
        return _placed(lambda line: _object(line, names), places, columns), True
    for separator in SEPARATORS:
        try:
            cells = _cells(text, separator)
        except _UnreadableError:
            continue
        if set(names) <= set(cells):
            places = {name: i for i, name in enumerate(cells)}
            return _placed(partial(_cells_of, separator=separator, width=len(cells)), places, columns), False
    if len(names) == 1 and (is_missing(text.strip(), words) or PLAIN.fullmatch(text.strip())):
        return LineLayout(lambda line: [line], (), (), 0), True
    raise DataError(
        f"the first line of the stream, {text[:60]!r}, does not name the columns {', '.join(names)}",
        hint="begin with the header that the training data had",
    )


def _placed(split: Callable[[str], list[Any]], places: dict[str, int], columns: Columns) -> LineLayout:
    time = () if columns.time is None else tuple(places[name] for name in columns.time_names)
    return LineLayout(split, tuple(places[name] for name in columns.ids), time, places[columns.target])


def _cells(line: str, separator: str) -> list[str]:
    if '"' not in line:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator))
    except csv.Error as error:
        raise _UnreadableError(f"{line[:60]!r} is not a row: {error}") from None


def _cells_of(line: str, separator: str, width: int) -> list[str]:
    cells = _cells(line, separator)
    if len(cells) != width:
        raise _UnreadableError(f"it has {len(cells)} cells, and the header {width}")
    return cells


def _object(line: str, names: list[str]) -> list[Any]:
    found = json.loads(line)
    return [found.get(name) if i == len(names) - 1 else found[name] for i, name in enumerate(names)]


def _point(text: str, words: Sequence[str]) -> float:
    if is_missing(text, words):
        return float("nan")
    text, _ = undressed(text)
    if not PLAIN.fullmatch(text) or math.isinf(value := float(text)):
        raise ValueError
    return value


def _comma(text: str, words: Sequence[str]) -> float:
    return _point(text if is_missing(text, words) else text.replace(".", "").replace(",", "."), words)

"""Rows as Parquet or as a spreadsheet: times as times, numbers as numbers. Text is never a formula. No pandas."""

import gzip
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, BinaryIO

from rnncast.errors import OutputError
from rnncast.files.output.rows import Row, without_nan
from rnncast.times.formats import read_time
from rnncast.times.numeric import EXCEL, NUMERIC

MOST_ROWS = 1_048_576  # of a sheet, including its header
LONGEST_CELL = 32_767  # characters
_MADE = datetime(2000, 1, 1, tzinfo=UTC)  # a fixed date, so that the same rows give the same bytes


def write_parquet(names: list[str], rows: Iterable[Row], out: BinaryIO, times: Mapping[str, str]) -> None:
    """Write a Parquet file. times: formats of the columns that hold times, by name.

    Raises OutputError if pyarrow is not installed.
    """
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise OutputError(
            "writing Parquet needs pyarrow, which is not installed", "pip install 'rnncast[parquet]'"
        ) from None
    columns = list(zip(*_timed(names, rows, times), strict=True)) or [()] * len(names)
    arrays = [pyarrow.array(column, from_pandas=True) for column in columns]
    parquet.write_table(pyarrow.table(arrays, names=names), out)


def write_xlsx(names: list[str], rows: Iterable[Row], out: BinaryIO, times: Mapping[str, str]) -> None:
    """Write a workbook of one sheet. times: as for Parquet.

    Raises OutputError if xlsxwriter is not installed, or there are more rows than a sheet holds.
    """
    try:
        import xlsxwriter
    except ImportError:
        raise OutputError(
            "writing a spreadsheet needs xlsxwriter, which is not installed", "pip install 'rnncast[excel]'"
        ) from None
    book = xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    book.set_properties({"created": _MADE.replace(tzinfo=None)})
    sheet = book.add_worksheet("forecast")
    bold = book.add_format({"bold": True})
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    moment = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
    for place, name in enumerate(names):
        sheet.write_string(0, place, name[:LONGEST_CELL], bold)
        sheet.set_column(place, place, max(10, min(40, len(name) + 2)))
    sheet.freeze_panes(1, 0)
    for number, row in enumerate(_timed(names, rows, times), 1):
        if number >= MOST_ROWS:
            raise OutputError("there are more rows than the 1,048,576 that a sheet holds", "write .csv or .parquet")
        for place, cell in enumerate(without_nan(row)):
            if isinstance(cell, str):
                sheet.write_string(number, place, cell[:LONGEST_CELL])
            elif isinstance(cell, datetime):
                wall = cell.replace(tzinfo=None)
                sheet.write_datetime(
                    number, place, wall, day if wall == wall.replace(hour=0, minute=0, second=0) else moment
                )
            elif cell is not None:
                sheet.write_number(number, place, cell)
    book.close()


def packed_bytes(data: bytes, ending: str) -> bytes:
    """Return bytes packed according to a file name's ending, .gz or .zst.

    Raises OutputError if .zst needs pyarrow and it is not installed.
    """
    if ending == ".gz":
        return gzip.compress(data, mtime=0)
    try:
        import pyarrow
    except ImportError:
        raise _missing("writing .zst", "pyarrow", "parquet") from None
    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def _missing(need: str, library: str, extra: str) -> OutputError:
    return OutputError(f"{need} needs {library}, which is not installed", f"pip install 'rnncast[{extra}]'")


def _timed(names: Sequence[str], rows: Iterable[Row], times: Mapping[str, str]) -> Iterator[Row]:
    """Yield rows with times as moments if their format shows a day; periods and steps stay as they are."""
    places = {place: times[name] for place, name in enumerate(names) if name in times and _of_days(times[name])}
    if not places:
        yield from rows
        return
    for row in rows:
        cells = list(row)
        for place, form in places.items():
            cells[place] = _moment(str(cells[place]), form)
        yield cells


def _of_days(form: str) -> bool:
    return form == EXCEL or (form not in NUMERIC and any(day in form for day in ("%d", "%-d")))


def _moment(text: str, form: str) -> Any:
    """Return the moment that a text shows, with its offset from UTC if the format has one; the text if it is not a
    time."""
    found = read_time(text, form)
    if found is None:
        return text
    wall, offset = found
    if "z" in form or form.endswith(("Z", " UTC")):
        return wall.replace(tzinfo=timezone(timedelta(microseconds=offset)))
    return wall

"""Spreadsheets (.xlsx, .xls, .ods), read with calamine.

Cells become the texts that a text file would hold, so that everything after this is as for CSV. A serial number
displayed as a date is a date.
"""

import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from rnncast.errors import DataError, EmptyTableError
from rnncast.files.formats.cells import SAMPLE, UNNAMED, Coded, Column, Table
from rnncast.files.formats.heading import LOOKED_AT, names, title_note, title_rows
from rnncast.files.formats.sources import ByteSource, largest_unpacked

ZIP, COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"  # first bytes of .xlsx and .ods, and of .xls
EMPTIEST = 64  # cells of a sheet's area per filled one, beyond which it is refused as a bomb
SPARE = 1 << 22  # cells allowed in any case
_REFERENCE = re.compile(rb'<c[^>]* r="([A-Z]{1,3})(\d{1,7})"')
_PIECE = 1 << 22


class Sheet(NamedTuple):
    """Rows of a sheet, from the first filled one.

    first: the number of that row. of: number of sheets in the file.
    """

    name: str
    rows: list[list[Any]]
    first: int
    of: int


def open_spreadsheet(source: ByteSource, wanted: str | None) -> Table:
    """Return the table on the named sheet, or on the first sheet that holds one.

    Raises DataError if there is none, or the file is damaged.
    """
    sheet = _sheet(source, wanted)
    texts = [list(map(_text, row)) for row in sheet.rows[:LOOKED_AT]]
    filled = [place for place, row in enumerate(texts) if any(row)]
    above = title_rows([texts[place] for place in filled])
    note = title_note(source.name, [texts[place] for place in filled[:above]])
    top = filled[above]
    header = texts[top]
    if names(header):
        top += 1
        twice = next((cell for cell, times in Counter(header).items() if cell and times > 1), None)
        if twice:
            raise DataError(f"{source.name}: two columns are called {twice!r}", hint="give each its own name")
    else:
        header = [f"column{i + 1}" for i in range(len(header))] if len(header) > 1 else ["value"]
    body = list(sheet.rows[top:])
    while body and not any(map(_filled, body[-1])):
        body.pop()
    if not body:
        raise EmptyTableError(f"{source.name} has a header and no rows")
    cells = {
        name or f"{UNNAMED}{i}": [row[i] for row in body]
        for i, name in enumerate(header)
        if name or any(_filled(row[i]) for row in body)
    }
    which = (f"{source.name}: sheet {sheet.name!r}, of {sheet.of}; --sheet names another",)

    def read(as_texts: Sequence[str], as_numbers: Sequence[str]) -> dict[str, Column]:
        columns: dict[str, Column] = {name: _coded(cells[name]) for name in as_texts}
        return columns | {name: _numbers(cells[name]) for name in as_numbers}

    head = {name: _texts(column)[:SAMPLE] for name, column in cells.items()}
    notes = (*(which if sheet.of > 1 and wanted is None else ()), *((note,) if note else ()))
    return Table(source.name, head, read, lambda row: sheet.first + top + row, unit="row", notes=notes)


def _sheet(source: ByteSource, wanted: str | None) -> Sheet:
    try:
        import python_calamine
    except ImportError:
        raise DataError(
            f"{source.name}: reading a spreadsheet needs python-calamine, which is not installed",
            hint="pip install 'rnncast[excel]'",
        ) from None
    source.stream.seek(0)
    data = source.stream.read()
    if data.startswith(ZIP):
        _check_size(source, data)
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(data))
        every = book.sheet_names
        if wanted is not None and wanted not in every:
            raise DataError(f"{source.name} has no sheet {wanted!r}", hint=f"its sheets: {', '.join(every)}")
        for name in every if wanted is None else [wanted]:
            sheet = book.get_sheet_by_name(name)
            rows = sheet.to_python(skip_empty_area=True)
            if sum(any(map(_filled, row)) for row in rows) > 1:
                return Sheet(name, rows, (sheet.start or (0, 0))[0] + 1, len(every))
    except (python_calamine.CalamineError, ValueError, OSError) as error:
        raise _damaged(source, str(error)) from None
    raise DataError(f"{source.name} has no sheet with a table", hint=f"its sheets: {', '.join(every)}")


def _damaged(source: ByteSource, reason: str) -> DataError:
    return DataError(
        f"{source.name} is not a spreadsheet that can be read: {(reason.splitlines() or ['it is damaged'])[0]}",
        hint="save it as .xlsx or CSV; unpack an archive first",
    )


def _check_size(source: ByteSource, data: bytes) -> None:
    """Raise DataError if packed data are far too large, or a few cells span an area that no memory can hold."""
    most = largest_unpacked(len(data))
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            unpacked = 0
            for entry in archive.infolist():
                sheet = entry.filename.startswith("xl/worksheets/") and entry.filename.endswith(".xml")
                held, last, widest = 0, 0, 0
                with archive.open(entry) as file:
                    rest = b""
                    while piece := file.read(_PIECE):
                        unpacked += len(piece)
                        if unpacked > most:
                            raise DataError(
                                f"{source.name} is {len(data):,} bytes that unpack to more than {most:,}, which is too "
                                "much for a table",
                                hint="if that is intended, save it as CSV",
                            )
                        found = _REFERENCE.findall(rest + piece) if sheet else []
                        rest = piece[-64:]
                        held += len(found)
                        for column, row in found:
                            last, widest = max(last, int(row)), max(widest, _number(column))
                if last * widest > EMPTIEST * held + SPARE:
                    raise DataError(
                        f"{source.name}: a sheet has {held:,} cells in an area of {last:,} rows and {widest:,} columns",
                        hint="delete the cells far away from the table",
                    )
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, zlib.error) as error:
        raise _damaged(source, str(error)) from None


def _number(column: bytes) -> int:
    """Return the number of a column: A is 1, AA is 27."""
    number = 0
    for letter in column:
        number = 26 * number + letter - 64
    return number


def _filled(cell: Any) -> bool:
    return cell not in ("", None)


def _text(cell: Any) -> str:
    """Return a cell as a text file would hold it."""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, float):
        return "" if cell != cell else str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    if isinstance(cell, datetime):
        moment = _to_the_second(cell)
        return str(moment.date() if moment.time() == time() else moment)
    return "" if cell is None else str(cell)


def _to_the_second(moment: datetime) -> datetime:
    """Return a moment without the rounding error of its fraction of a day."""
    nearest = (moment + timedelta(milliseconds=500)).replace(microsecond=0)
    return nearest if abs(nearest - moment) < timedelta(milliseconds=2) else moment


def _texts(cells: list[Any]) -> list[str]:
    """Return the texts of a column; if some moments have a time of day, all of them get one."""
    texts = list(map(_text, cells))
    moments = [place for place, cell in enumerate(cells) if isinstance(cell, date)]
    if any(":" in texts[place] for place in moments):
        for place in moments:
            texts[place] += "" if ":" in texts[place] else " 00:00:00"
    return texts


def _coded(cells: list[Any]) -> Coded:
    return Coded.of(pd.Series(_texts(cells), dtype=str))


def _numbers(cells: list[Any]) -> Column:
    """Return a column as numbers, NaN where it is empty; as texts if it holds anything else."""
    plain = all(isinstance(cell, int | float) and not isinstance(cell, bool) for cell in cells if _filled(cell))
    if not plain:
        return _coded(cells)
    return np.array([float(cell) if _filled(cell) else np.nan for cell in cells], np.float64)

"""Tables with a series in each row: its id, then its values, as the M competitions are published (--layout rows)."""

import re

import numpy as np
import pandas as pd

from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError
from rnncast.files.formats.cells import Coded, Table
from rnncast.files.formats.delimited import SEPARATORS
from rnncast.files.formats.lines import Start, records, text_lines
from rnncast.files.formats.marks import PLAIN, is_missing, is_number
from rnncast.files.formats.numbers import parse_numbers
from rnncast.files.formats.plain_rows import SeriesRows, plain_rows
from rnncast.files.formats.sources import BOM, ByteSource
from rnncast.files.panels.columns import ID_NAMES
from rnncast.files.panels.grid import Rows
from rnncast.files.panels.stamps import Stamps
from rnncast.series.panel import Columns
from rnncast.times.formats import WHOLE_NUMBER
from rnncast.values import Values

FEWEST = 3  # columns needed to recognise such a table
NUMBERED = re.compile(r"[A-Za-z]?(\d{1,9})")


def holds_series_rows(source: ByteSource) -> bool:
    """Return whether the header has a series in each row: V1, V2, V3 and so on, or an id and then F1, F2 or 1, 2."""
    lines = source.head.removeprefix(BOM).decode(errors="replace").splitlines()[:-1]  # the last may be cut off
    header = next((line.strip() for line in lines if line.strip()), "")
    cells = [cell.strip().strip('"') for cell in header.split(_separator(header))]
    numbered = [NUMBERED.fullmatch(cell) for cell in cells]
    counted = [int(found[1]) if found else 0 for found in numbered]
    first = 1 if cells[0].lower() in ID_NAMES else 2 if counted[:1] == [1] else 0
    return len(counted) > FEWEST and first > 0 and counted[1:] == list(range(first, first + len(counted) - 1))


def read_series_rows(source: ByteSource, asked: TableConfig) -> Rows:
    """Return the values of a table with a series in each row. Missing cells at the end of a row are padding.

    Raises DataError if an id repeats or there is no value.
    """
    if asked.time or asked.target or asked.id:
        raise UsageError(
            "--layout rows needs no column names: the first cell of each row is its id, the others are its values",
            hint="leave out --time, --target and --id",
        )
    top = Start(len(BOM) if source.head.startswith(BOM) else 0, 0)
    separator = _separator(next(line for line in text_lines(source) if line.strip()))
    first, row = next((line, row) for line, row in records(source, top, separator) if row)
    titles = [cell for each in row[1:] if not is_missing(cell := each.strip(), asked.missing)]
    headed = bool(titles) and not any(map(is_number, titles))
    found = (
        None
        if asked.decimal == "comma"
        else plain_rows(source, first if headed else first - 1, separator, asked.missing)
    )
    found = found or _cell_by_cell(source, top, separator, headed, asked)
    if not found.lengths.sum():
        raise DataError(f"{source.name} has no values", hint="--layout rows: an id, then the values, in each row")
    _refuse_repeats(source, found.ids, found.lines)
    lengths, count = found.lengths, int(found.lengths.sum())
    series = np.repeat(np.arange(len(found.ids)), lengths)
    within = np.arange(count) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return Rows(
        series,
        tuple(found.ids),
        Stamps(within, np.arange(1, int(lengths.max()) + 1), WHOLE_NUMBER),
        found.values,
        Columns(((headed and row[0].strip()) or "series",)),
        Table(source.name, {}, lambda texts, numbers: {}, lambda row: found.lines[row]),
        lambda row: (found.cells[row], f"in series {found.ids[int(series[row])]!r}"),
        numbers=series,
    )


def _cell_by_cell(source: ByteSource, top: Start, separator: str, headed: bool, asked: TableConfig) -> SeriesRows:
    lines = [(line, [cell.strip() for cell in row]) for line, row in records(source, top, separator) if row][headed:]
    each = [_without_end(["" if is_missing(cell, asked.missing) else cell for cell in row[1:]]) for _, row in lines]
    cells = [cell for row in each for cell in row]
    lengths = np.array([len(row) for row in each], np.int64)
    values = _values(cells, asked, source) if cells else np.empty(0)
    return SeriesRows([row[0] for _, row in lines], [line for line, _ in lines], lengths, values, cells)


def _separator(first: str) -> str:
    """Return the separator, judged by the first line alone, because rows have different lengths."""
    return max(SEPARATORS, key=first.count)


def _without_end(cells: list[str]) -> list[str]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _refuse_repeats(source: ByteSource, ids: list[str], lines: list[int]) -> None:
    seen: dict[str, int] = {}
    for name, line in zip(ids, lines, strict=True):
        if name in seen:
            raise DataError(
                f"{source.name}:{line}: series {name!r} repeats (first at line {seen[name]})",
                hint="give each series its own id in the first column",
            )
        seen[name] = line


def _values(cells: list[str], asked: TableConfig, source: ByteSource) -> Values:
    """Return the values of all cells, the plain numbers at once."""
    if asked.decimal != "comma" and all(map(PLAIN.fullmatch, cells)):
        return np.array(list(map(float, cells)))
    coded = Coded.of(pd.Series(cells, dtype=str))
    return parse_numbers(coded.texts, asked.decimal, source.name)[coded.codes]

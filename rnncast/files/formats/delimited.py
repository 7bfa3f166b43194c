"""Separated values: find the separator and the header, and read columns by the fastest engine available.

pyarrow reads a well-formed table; otherwise pandas does, after the cells on every line have been counted. Cells and
messages are the same with either engine.
"""

import csv
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from rnncast.errors import DataError, EmptyTableError
from rnncast.files.formats.cells import SAMPLE, UNNAMED, Coded, Column, Table, joined
from rnncast.files.formats.heading import LOOKED_AT, title_note, title_rows
from rnncast.files.formats.lines import (
    Start,
    blocks_of_lines,
    first_ragged,
    is_even,
    line_of,
    not_a_table,
    records,
    rising_cells,
    text_lines,
)
from rnncast.files.formats.marks import MISSING, is_number
from rnncast.files.formats.sources import BOM, ByteSource
from rnncast.times.formats import formats_of

SEPARATORS = "\t;|,"
ONE_COLUMN = "\x1f"  # a separator that occurs in no table
SNIFFED = 20  # lines from which the separator is judged
LONGEST_LINE = 1 << 22  # bytes, the limit of pyarrow: longer lines are not rows
MOST_COLUMNS = 100_000
REPEATS = 8  # rows of a text, on average, from which on texts are categories
BLOCK = 1 << 22  # bytes that pyarrow parses at a time


@dataclass(frozen=True)
class Dialect:
    """Dialect of a file, and the start of its rows.

    names: of the columns. note: about lines above them.
    """

    separator: str
    names: tuple[str, ...]
    start: Start
    note: str = ""


def open_delimited(source: ByteSource) -> Table:
    """Return the table in separated values. Raises DataError if it has no rows, or two columns with the same name."""
    _refuse_endless(source)
    dialect = _dialect(source)
    body = [row for _, row in islice(records(source, dialect.start, dialect.separator), SAMPLE) if row]
    if not body:
        raise EmptyTableError(f"{source.name} has a header and no rows")
    head = {name: [row[i].strip() if i < len(row) else "" for row in body] for i, name in enumerate(dialect.names)}
    return Table(
        source.name,
        head,
        lambda texts, numbers: _read(source, dialect, texts, numbers),
        lambda row: line_of(source, dialect.start, dialect.separator, row),
        notes=(dialect.note,) if dialect.note else (),
        separator="" if dialect.separator == ONE_COLUMN else dialect.separator,
        bom=source.head.startswith(BOM),
    )


def _refuse_endless(source: ByteSource) -> None:
    """Raise DataError if one of the first lines is too long to be a row, before it is cut into cells."""
    source.stream.seek(0)
    for number in range(1, SNIFFED + 1):
        if len(source.stream.readline(LONGEST_LINE + 1)) > LONGEST_LINE:
            raise DataError(
                f"{source.name}:{number}: the line is longer than {LONGEST_LINE:,} bytes, too long for a row",
                hint="put each value on a line of its own; --layout rows reads a table with a series in each row",
            )


def separator_of(source: ByteSource) -> str:
    """Return the first separator that cuts every line into the same number of cells, more than one.

    If none does, return the one most frequent on the first line.
    """
    sniffed: list[str] = []
    for line in islice((line for line in text_lines(source) if line.strip()), SNIFFED):
        sniffed.append(line)
        if sum(map(len, sniffed)) > LONGEST_LINE // 8:  # a few lines this long are enough
            break
    if not sniffed:  # only blanks outside ASCII
        raise EmptyTableError(f"{source.name} has no cell with anything in it")
    for mark in SEPARATORS:
        try:
            counts = {len(row) for row in csv.reader(sniffed, delimiter=mark, skipinitialspace=True)}
        except csv.Error:
            continue
        if len(counts) == 1 and counts.pop() > 1:
            return mark
    below = {mark: _width_below_title(sniffed, mark) for mark in SEPARATORS}
    if max(below.values()):
        return max(below, key=below.__getitem__)
    most = max(SEPARATORS, key=sniffed[0].count)
    return most if most in sniffed[0] else ONE_COLUMN


def _width_below_title(lines: list[str], mark: str) -> int:
    """Return the number of cells in the header if a title stands above it; else 0."""
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=mark, skipinitialspace=True)]
    except csv.Error:
        return 0
    above = title_rows(rows)
    return len(rows[above]) if above else 0


def _dialect(source: ByteSource) -> Dialect:
    separator = separator_of(source)
    top = Start(len(BOM) if source.head.startswith(BOM) else 0, 0)
    filled = ((line, [cell.strip() for cell in row]) for line, row in records(source, top, separator) if any(row))
    first = list(islice(((line, row) for line, row in filled if any(row)), LOOKED_AT))
    above = title_rows([row for _, row in first])
    note = title_note(source.name, [row for _, row in first[:above]])
    line, cells = first[above] if first else (0, [])
    if not cells:
        raise EmptyTableError(f"{source.name} has no cell with anything in it")
    if len(cells) > MOST_COLUMNS:
        raise DataError(
            f"{source.name}:{line}: has {len(cells):,} columns, and a table may have {MOST_COLUMNS:,}",
            hint="give a long table, with a row for each value; --layout rows reads a table with a series in each row",
        )
    if all(cell in MISSING or is_number(cell) or formats_of([cell]) for cell in cells):
        several = tuple(f"column{i + 1}" for i in range(len(cells)))
        return Dialect(separator, several if len(cells) > 1 else ("value",), _after(source, top, line - 1))
    twice = next((cell for cell, times in Counter(cells).items() if cell and times > 1), None)
    if twice:
        raise DataError(f"{source.name}:{line}: two columns are called {twice!r}", hint="give each its own name")
    names = tuple(cell or f"{UNNAMED}{i}" for i, cell in enumerate(cells))
    # A header may span several lines, so the rows begin where the record after it does.
    following = next((n for n, _ in records(source, top, separator) if n > line), None)
    lines = following - 1 if following else sum(1 for _ in text_lines(source))
    return Dialect(separator, names, _after(source, top, lines), note)


def _after(source: ByteSource, top: Start, lines: int) -> Start:
    """Return where the rows begin, given the number of lines before them."""
    source.stream.seek(top.byte)
    return Start(top.byte + sum(len(line) for line in islice(source.stream, lines)), lines)


def _read(source: ByteSource, dialect: Dialect, texts: Sequence[str], numbers: Sequence[str]) -> dict[str, Column]:
    """Return the columns asked for; number columns as float64 if every cell is plain, else all of them as texts."""
    first = next(blocks_of_lines(source, dialect.start.byte), b"")
    quick = (_in_blocks, _with_arrow) if _rising(first, dialect, texts) else (_with_arrow, _in_blocks)
    for as_texts, as_numbers in ((texts, numbers), ([*texts, *numbers], [])):
        for engine in (*quick, _with_pandas):
            columns = engine(source, dialect, as_texts, as_numbers)
            if columns and not any(_holds_infinity(columns[name]) for name in as_numbers):
                return columns
    raise AssertionError("a column that can be read as text was not")


def _holds_infinity(column: Column) -> bool:
    return not isinstance(column, Coded) and bool(np.isinf(column).any())


def _rising(block: bytes, dialect: Dialect, texts: Sequence[str]) -> dict[str, Coded]:
    """Return the columns of a block that need no parsing, as times of a single series: see `rising_cells`."""
    if not texts or b'"' in block or b"\r" in block:
        return {}
    places = [dialect.names.index(name) for name in texts]
    found = rising_cells(block, dialect.separator, len(dialect.names), places)
    return {dialect.names[place]: Coded(np.arange(len(column)), column) for place, column in found.items()}


def _with_arrow(
    source: ByteSource, dialect: Dialect, texts: Sequence[str], numbers: Sequence[str]
) -> dict[str, Column] | None:
    """Return the columns as read by pyarrow; None if it is not installed or cannot read the table."""
    try:
        import pyarrow
        from pyarrow import csv as engine
    except ImportError:
        return None
    types = dict.fromkeys(texts, pyarrow.dictionary(pyarrow.int32(), pyarrow.string()))
    types |= dict.fromkeys(numbers, pyarrow.float64())
    try:
        table = engine.read_csv(
            source.stream_from(dialect.start.byte),
            read_options=engine.ReadOptions(column_names=list(dialect.names), block_size=BLOCK),
            parse_options=engine.ParseOptions(
                delimiter=dialect.separator, ignore_empty_lines=False, newlines_in_values=b'"' in source.head
            ),
            convert_options=engine.ConvertOptions(
                include_columns=list(types),
                column_types=types,
                null_values=list(MISSING),
                strings_can_be_null=False,
                check_utf8=False,  # checked below, once for each distinct text
            ),
        ).unify_dictionaries()
        coded = {name: table[name].combine_chunks() for name in texts}
        for column in coded.values():
            column.dictionary.validate(full=True)
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError):
        return None
    columns: dict[str, Column] = {}
    for name, column in coded.items():
        distinct = pd.Series(column.dictionary.to_pandas(), dtype=str)
        if distinct.str.contains('"').any():
            return None  # pyarrow does not report a blank before a quote
        columns[name] = Coded(column.indices.to_numpy(), distinct).stripped()
    return columns | {name: table[name].to_numpy() for name in numbers}


def _in_blocks(
    source: ByteSource, dialect: Dialect, texts: Sequence[str], numbers: Sequence[str]
) -> dict[str, Column] | None:
    """Read the columns block by block; None if there are quotes, a number is not plain, or a line is ragged."""
    # Of categories, pandas makes a string of each distinct one alone, and numbers where all look like numbers: so a row
    # of words goes before the others. It fills up short lines, whose last cell is then empty.
    words = dialect.separator.join("word" if name in texts else "" for name in dialect.names)
    kinds: dict[str, Any] = dict.fromkeys(texts, "category") | dict.fromkeys(numbers, np.float64)
    last, found, tried = dialect.names[-1], [], list(texts)
    for block in blocks_of_lines(source, dialect.start.byte):
        if b'"' in block or b"\r" in block:
            return None
        columns: dict[str, Column] = {**_rising(block, dialect, tried)}
        tried = list(columns)
        asked = {name: kind for name, kind in kinds.items() if name not in columns}
        try:
            rest = BytesIO(f"{words}\n".encode() + block)
            frame = _parsed(rest, dialect, asked, numbers, low_memory=False) if asked else pd.DataFrame()
        except ValueError:  # of which kind are the errors of the parser, and of text that is not in UTF-8
            return None
        columns |= {name: _coded(frame[name].iloc[1:]) for name in texts if name not in columns}
        columns |= {name: frame[name].to_numpy(np.float64)[1:] for name in numbers}
        kinds |= {name: str for name, column in columns.items() if isinstance(column, Coded) and _is_various(column)}
        if not is_even(block, dialect.separator, len(dialect.names), none_short=_is_full(columns.get(last))):
            return None
        found.append(columns)
    return {name: joined([columns[name] for columns in found]) for name in kinds}


def _coded(column: "pd.Series[Any]") -> Coded:
    """Return a column of texts, or of categories, in the order of their first rows."""
    if column.dtype != "category":
        return Coded.of(column)
    return Coded(column.cat.codes.to_numpy(), pd.Series(column.cat.categories, dtype=str)).used().stripped()


def _is_various(column: Coded) -> bool:
    """Return whether texts repeat so seldom that making a string of each is cheaper than sorting categories."""
    return len(column.stored) * REPEATS > len(column)


def _is_full(column: Column | None) -> bool:
    """Return whether no cell of a column is known to be empty."""
    if isinstance(column, Coded):
        return not column.blank().any()
    return column is not None and not np.isnan(column).any()


def _with_pandas(
    source: ByteSource, dialect: Dialect, texts: Sequence[str], numbers: Sequence[str]
) -> dict[str, Column] | None:
    """Return the columns as read by pandas; None if a number is not plain.

    Raises DataError if a line has too many or too few cells.
    """
    ragged = first_ragged(source, dialect.start, dialect.separator, len(dialect.names))
    if ragged is not None:
        line, cells = ragged
        raise DataError(
            f"{source.name}:{line}: has {cells} fields where the first line has {len(dialect.names)}",
            hint="put quotes around a cell that contains the separator, or correct the line",
        )
    kinds: dict[str, Any] = dict.fromkeys(texts, str) | dict.fromkeys(numbers, np.float64)
    try:
        frame = _parsed(source.stream_from(dialect.start.byte), dialect, kinds, numbers)
    except UnicodeDecodeError:
        raise not_a_table(source) from None
    except pd.errors.ParserError as error:
        raise DataError(f"{source.name} is not a table: {str(error).splitlines()[0]}") from None
    except ValueError:
        return None
    columns: dict[str, Column] = {name: Coded.of(frame[name]) for name in texts}
    return columns | {name: frame[name].to_numpy(np.float64) for name in numbers}


def _parsed(
    stream: Any, dialect: Dialect, kinds: dict[str, Any], numbers: Sequence[str], *, low_memory: bool = True
) -> pd.DataFrame:
    frame: pd.DataFrame = pd.read_csv(
        stream,
        sep=dialect.separator,
        names=list(dialect.names),
        header=None,
        usecols=list(kinds),
        dtype=kinds,
        index_col=False,
        skip_blank_lines=False,
        skipinitialspace=True,
        keep_default_na=False,
        na_values={name: list(MISSING) for name in numbers},
        low_memory=low_memory,
    )
    return frame

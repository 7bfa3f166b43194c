"""Lines of text and their cells, for what the fast engines do not report: line numbers and numbers of cells."""

import csv
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from rnncast.errors import DataError
from rnncast.files.formats.cells import ByteTexts, is_rising
from rnncast.files.formats.sources import BOM, ByteSource

BLOCK = 1 << 24  # bytes checked at a time
PARSED = 1 << 22  # bytes parsed at a time: more take longer, as they go in and out of the caches
QUOTE, NEWLINE = 34, 10
WIDEST = 40  # bytes of a cell that is compared with others as bytes


class Start(NamedTuple):
    """Start of a file's rows: the byte, and the number of lines before it."""

    byte: int
    lines: int


def not_a_table(source: ByteSource) -> DataError:
    """Return the error for bytes that are not text."""
    return DataError(
        f"{source.name} is not a table: it holds bytes that are not text in UTF-8",
        hint="give CSV, JSON Lines, Parquet or a spreadsheet; for text in another encoding: --encoding NAME",
    )


def text_lines(source: ByteSource, start: int = 0) -> Iterator[str]:
    """Yield the lines from a byte on, with their ends. Raises DataError if they are not text in UTF-8."""
    source.stream.seek(start)
    for number, line in enumerate(source.stream):
        data = line.removeprefix(BOM) if number == 0 and start == 0 else line
        if b"\0" in data:
            raise not_a_table(source)
        try:
            yield data.decode()
        except UnicodeDecodeError:
            raise not_a_table(source) from None


def records(source: ByteSource, start: Start, separator: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first line and the cells of each row; a blank line is a row without cells."""
    reader = csv.reader(text_lines(source, start.byte), delimiter=separator, skipinitialspace=True)
    before = start.lines
    try:
        for row in reader:
            yield before + 1, row
            before = start.lines + reader.line_num
    except csv.Error as error:
        if "field larger" in str(error):
            raise DataError(
                f"{source.name}:{before + 1}: a cell holds more than {csv.field_size_limit():,} characters",
                hint="look for a quote that is opened and never closed",
            ) from None
        raise not_a_table(source) from None


def line_of(source: ByteSource, start: Start, separator: str, row: int) -> int:
    """Return the line on which a row begins."""
    for index, (line, _) in enumerate(records(source, start, separator)):
        if index == row:
            return line
    raise AssertionError(f"there is no row {row}")


def first_ragged(source: ByteSource, start: Start, separator: str, cells: int) -> tuple[int, int] | None:
    """Return the first line with a different number of cells, and that number; None if there is none.

    Blank lines do not count.
    """
    if _all_even(source, start.byte, ord(separator), cells - 1):
        return None
    for line, row in records(source, start, separator):
        if row and len(row) != cells:
            return line, len(row)
    return None


def blocks_of_lines(source: ByteSource, start: int) -> Iterator[bytes]:
    """Yield the bytes from a place on, in blocks of whole lines; the first is a small one."""
    stream, rest, size = source.stream_from(start), b"", PARSED // 16
    while block := stream.read(size):
        size = PARSED
        end = block.rfind(b"\n") + 1
        if end:
            yield rest + block[:end]
        rest = block[end:] if end else rest + block
    if rest:
        yield rest + b"\n"


def is_even(block: bytes, separator: str, cells: int, *, none_short: bool) -> bool:
    """Return whether each line of a block without quotes has `cells` cells. none_short: none is known to have fewer."""
    data = np.frombuffer(block, np.uint8)
    marks, ends = data == ord(separator), data == NEWLINE
    lines = int(np.count_nonzero(ends))
    if int(np.count_nonzero(marks)) != lines * (cells - 1):
        return False
    return none_short or bool((data[marks | ends].reshape(lines, cells)[:, -1] == NEWLINE).all())


def rising_cells(block: bytes, separator: str, cells: int, places: Sequence[int]) -> dict[int, ByteTexts]:
    """Return the columns among `places` whose cells in a block without quotes are ASCII, all of one length, without
    blanks at their ends, and each after the one before it; none if a line has not `cells` cells."""
    data = np.frombuffer(block, np.uint8)
    ends = np.flatnonzero((data == ord(separator)) | (data == NEWLINE))
    if len(ends) % cells or not len(ends) or not (data[ends[cells - 1 :: cells]] == NEWLINE).all():
        return {}
    found: dict[int, ByteTexts] = {}
    for place in places:
        first = ends[place - 1 :: cells] + 1 if place else np.concatenate([[0], ends[cells - 1 : -1 : cells] + 1])
        widths = ends[place::cells] - first
        width = int(widths[0])
        if not 0 < width <= WIDEST or (widths != width).any():
            continue
        texts = np.lib.stride_tricks.sliding_window_view(data, width)[first]
        if texts.max() < 127 and texts.min() >= 32 and (texts[:, [0, -1]] > 32).all():
            column = texts.view(f"S{width}")[:, 0]
            found |= {place: column} if is_rising(column) else {}
    return found


def _all_even(source: ByteSource, start: int, separator: int, expected: int) -> bool:
    """Return whether each line surely has the expected number of separators outside quotes; False means "perhaps
    not"."""
    source.stream.seek(start)
    inside, open_count = 0, 0
    last = NEWLINE
    while block := source.stream.read(BLOCK):
        data = np.frombuffer(block, np.uint8)
        last = int(data[-1])
        marks = data[(data == separator) | (data == NEWLINE) | (data == QUOTE)]
        quotes = marks == QUOTE
        depth = np.cumsum(quotes) + inside
        inside = int(depth[-1]) % 2 if depth.size else inside
        marks = marks[(depth % 2 == 0) & ~quotes]
        ends = np.flatnonzero(marks == NEWLINE)
        counts = np.diff(ends, prepend=-1) - 1
        if ends.size:
            counts[0] += open_count
            open_count = len(marks) - 1 - int(ends[-1])
        else:
            open_count += len(marks)
        if (counts != expected).any():
            return False
    return last == NEWLINE or open_count == expected

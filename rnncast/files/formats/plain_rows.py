"""Rows of plain numbers after an id, of any lengths, parsed in blocks: as one column of cells, without a loop over
them."""

import csv
from collections.abc import Sequence
from io import BytesIO
from itertools import islice
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnncast.files.formats.lines import NEWLINE, QUOTE, blocks_of_lines
from rnncast.files.formats.marks import MISSING
from rnncast.files.formats.sources import BOM, ByteSource
from rnncast.values import Values


class SeriesRows(NamedTuple):
    """Series in rows: ids and lines [S], lengths [S]; the values of all, one after another, and their cells, unless
    all are numbers or missing."""

    ids: list[str]
    lines: list[int]
    lengths: NDArray[np.int64]
    values: Values
    cells: Sequence[str] = ()


class _Block(NamedTuple):
    ids: list[str]
    lines: NDArray[np.int64]
    lengths: NDArray[np.int64]
    values: Values


def plain_rows(source: ByteSource, lines: int, separator: str, words: Sequence[str] = ()) -> SeriesRows | None:
    """Return the rows after so many lines; None unless each cell is a plain number or missing, which another reader
    must then tell apart.

    words: more of those that mean a missing value.
    """
    source.stream.seek(0)
    above = list(islice(source.stream, lines))
    if sum(line.count(b'"') for line in above) % 2:
        return None  # a header that goes on
    top = len(BOM) if source.head.startswith(BOM) and not above else 0
    blocks: list[_Block] = []
    for block in blocks_of_lines(source, top + sum(map(len, above))):
        found = _parsed(block, lines, separator, words)
        if found is None:
            return None
        blocks.append(found)
        lines += block.count(b"\n")
    if not blocks:
        return None
    ids, at, lengths, values = zip(*blocks, strict=True)
    names = [name for each in ids for name in each]
    return SeriesRows(names, np.concatenate(at).tolist(), np.concatenate(lengths), np.concatenate(values))


def _parsed(block: bytes, before: int, separator: str, words: Sequence[str]) -> _Block | None:
    mark = separator.encode()
    block = block.replace(b"\r\n", b"\n")
    if b"\r" in block or b"\0" in block:
        return None
    if b'"' in block:
        if not _quotes_are_spare(block, ord(mark)):
            return None
        block = block.replace(b'"', b"")
    rows = block.split(b"\n")
    lines = [i for i, row in enumerate(rows) if row]
    try:
        parts = [rows[i].partition(mark) for i in lines]
        ids = [name.decode().strip() for name, _, _ in parts]
        values = _numbers(b"".join(rest.replace(mark, b"\n") + b"\n" for _, between, rest in parts if between), words)
    except ValueError:  # of which kind are the errors of the parser, and of text that is not in UTF-8
        return None
    if values is None:
        return None
    counts = np.array([rest.count(mark) + bool(between) for _, between, rest in parts], np.int64)
    lengths, values = _without_ends(values, counts)
    return _Block(ids, np.array(lines, np.int64) + before + 1, lengths, values)


def _numbers(cells: bytes, words: Sequence[str]) -> Values | None:
    """Return the number in each line; None if one is not finite, or a cell is too long for one. Raises ValueError if
    one is not a number."""
    if not cells:
        return np.empty(0)
    widths = np.diff(np.flatnonzero(np.frombuffer(cells, np.uint8) == NEWLINE), prepend=-1) - 1
    if int(widths.max()) > csv.field_size_limit():
        return None
    found: Values = pd.read_csv(
        BytesIO(cells),
        sep="\x1f",
        names=["value"],
        header=None,
        dtype=np.float64,
        skip_blank_lines=False,
        skipinitialspace=True,
        keep_default_na=False,
        na_values=[*MISSING, *words],
        low_memory=False,
        index_col=False,
    )["value"].to_numpy(np.float64)
    return None if len(found) != len(widths) or np.isinf(found).any() else found


def _quotes_are_spare(block: bytes, mark: int) -> bool:
    """Return whether each quote opens or closes a whole cell, in which there is neither a separator nor a line end."""
    data = np.frombuffer(block, np.uint8)
    marks = (data == mark) | (data == NEWLINE)
    places = np.flatnonzero(data == QUOTE)
    opening, closing = places[0::2], places[1::2]
    if len(opening) != len(closing) or not marks[-1]:
        return False
    first = marks[opening - 1] | (opening == 0)
    inside = np.cumsum(marks)
    return bool(first.all() and marks[closing + 1].all() and (inside[opening] == inside[closing]).all())


def _without_ends(values: Values, counts: NDArray[np.int64]) -> tuple[NDArray[np.int64], Values]:
    """Return the lengths [S] of rows of `counts` values, and their values, without the missing ones at their ends."""
    stop = np.cumsum(counts)
    if not np.isnan(values[stop[counts > 0] - 1]).any():
        return counts, values
    start = stop - counts
    present = np.flatnonzero(~np.isnan(values))
    before = np.searchsorted(present, stop)
    last = np.where(before > 0, present[np.maximum(before, 1) - 1] + 1, 0) if len(present) else np.zeros_like(stop)
    lengths = np.maximum(last - start, 0)
    within = np.arange(len(values)) - np.repeat(start, counts)
    return lengths, values[within < np.repeat(lengths, counts)]

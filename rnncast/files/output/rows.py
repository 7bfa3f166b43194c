"""Rows out: CSV, JSON or JSON Lines, numbers in their shortest form, NaN as nothing. No pandas."""

import csv
import functools
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TextIO

INFINITE = frozenset((math.inf, -math.inf))
BLOCK = 4096  # rows that are made text at a time

Row = Sequence[Any]
Write = Callable[[Iterable[Row]], None]


def write_csv(names: list[str], rows: Iterable[Row], out: TextIO) -> None:
    """Comma-separated, always with a header."""
    stream_csv(names, out)(rows)


def stream_csv(names: list[str], out: TextIO) -> Write:
    """Write the header; what is returned writes rows under it, as often as there are some."""
    out.write(",".join(map(_cell, names)) + "\n")

    def write(rows: Iterable[Row]) -> None:
        each = iter(rows)
        while block := list(islice(each, BLOCK)):
            columns = map(_texts, zip(*block, strict=True))
            out.write("\n".join([*map(",".join, zip(*columns, strict=True)), ""]))

    return write


def write_json(names: list[str], rows: Iterable[Row], out: TextIO) -> None:
    """One list of objects."""
    json.dump(list(_objects(names, rows)), out, indent=1, ensure_ascii=False, allow_nan=False)
    out.write("\n")


def write_jsonl(names: list[str], rows: Iterable[Row], out: TextIO) -> None:
    """An object a line."""
    stream_jsonl(names, out)(rows)


def stream_jsonl(names: list[str], out: TextIO) -> Write:
    """What is returned writes rows, an object a line, as often as there are some."""
    write = functools.partial(json.dumps, ensure_ascii=False, allow_nan=False)
    return lambda rows: out.writelines(write(each) + "\n" for each in _objects(names, rows))


WRITERS = {"csv": write_csv, "json": write_json, "jsonl": write_jsonl}
STREAMED = {"csv": stream_csv, "jsonl": stream_jsonl}


def _objects(names: list[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    return (dict(zip(names, without_nan(row), strict=True)) for row in rows)


def without_nan(row: Row) -> Row:
    """A row with None for each number that is not finite."""
    return [None if cell != cell or cell in INFINITE else cell for cell in row]


def _texts(column: Row) -> Iterable[str]:
    """The cells of a column as CSV has them. Column by column, as a million rows take a while cell by cell."""
    kinds = set(map(type, column))
    if kinds == {float} and math.isfinite(sum(column)):
        return map(repr, column)
    return map(_text if kinds == {str} else _cell, column)


@functools.lru_cache(maxsize=BLOCK)  # ids and times come again and again
def _text(text: str) -> str:
    return _cell(text)


def _cell(value: Any) -> str:
    """A cell of a row of several, quoted where it must be."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([*without_nan([value]), ""])
    return text.getvalue().removesuffix(",\n")

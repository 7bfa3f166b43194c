"""Rows out: CSV, JSON or JSON Lines, numbers in their shortest form, NaN as nothing. No pandas."""

import csv
import functools
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple, TextIO

INFINITE = frozenset((math.inf, -math.inf))
BLOCK = 4096  # rows that are made text at a time

Row = Sequence[Any]
Write = Callable[[Iterable[Row]], None]


class Dialect(NamedTuple):
    """How separated values are written: what separates them, the decimal mark, and whether a mark of the byte order
    stands first."""

    separator: str = ","
    decimal: str = "."
    bom: bool = False


PLAIN = Dialect()


def write_csv(names: list[str], rows: Iterable[Row], out: TextIO, dialect: Dialect = PLAIN) -> None:
    """Separated values, always with a header."""
    stream_csv(names, out, dialect)(rows)


def stream_csv(names: list[str], out: TextIO, dialect: Dialect = PLAIN) -> Write:
    """Write the header; what is returned writes rows under it, as often as there are some."""
    mark = dialect.separator
    out.write(("\ufeff" if dialect.bom else "") + mark.join(_cell(name, dialect) for name in names) + "\n")

    def write(rows: Iterable[Row]) -> None:
        each = iter(rows)
        while block := list(islice(each, BLOCK)):
            columns = (_texts(column, dialect) for column in zip(*block, strict=True))
            out.write("\n".join([*map(mark.join, zip(*columns, strict=True)), ""]))

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


def _texts(column: Row, dialect: Dialect) -> Iterable[str]:
    """The cells of a column as CSV has them. Column by column, as a million rows take a while cell by cell."""
    kinds = set(map(type, column))
    if kinds == {float} and math.isfinite(sum(column)):
        if dialect.decimal == ".":
            return map(repr, column)
        if dialect.decimal != dialect.separator:
            return (repr(value).replace(".", dialect.decimal) for value in column)
    if kinds == {str}:
        return (_text(text, dialect) for text in column)
    return (_cell(value, dialect) for value in column)


@functools.lru_cache(maxsize=BLOCK)  # ids and times come again and again
def _text(text: str, dialect: Dialect) -> str:
    return _cell(text, dialect)


def _cell(value: Any, dialect: Dialect) -> str:
    """A cell of a row of several, quoted where it must be."""
    text = io.StringIO()
    shown = without_nan([value])[0]
    shown = repr(shown).replace(".", dialect.decimal) if isinstance(shown, float) else shown
    csv.writer(text, delimiter=dialect.separator, lineterminator="\n").writerow([shown, ""])
    return text.getvalue().removesuffix(dialect.separator + "\n")

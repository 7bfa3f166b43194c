"""Rows as CSV, JSON or JSON Lines, with numbers in their shortest form and NaN as an empty cell. No pandas."""

import csv
import functools
import io
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

if TYPE_CHECKING:
    from rnncast.series.panel import Columns

INFINITE = frozenset((math.inf, -math.inf))
BLOCK = 4096  # rows converted to text at a time

Row = Sequence[Any]
Write = Callable[[Iterable[Row]], None]


class Dialect(NamedTuple):
    """Dialect of separated values: the separator, the decimal mark, and whether a byte order mark comes first."""

    separator: str = ","
    decimal: str = "."
    bom: bool = False

    @classmethod
    def of(cls, columns: "Columns") -> "Dialect":
        """Return the dialect of a table with these columns, plain if it was not separated values."""
        return cls(columns.separator, columns.decimal, columns.bom) if columns.separator else PLAIN


PLAIN = Dialect()


def write_csv(names: list[str], rows: Iterable[Row], out: TextIO, dialect: Dialect = PLAIN) -> None:
    """Write separated values, always with a header."""
    stream_csv(names, out, dialect)(rows)


def stream_csv(names: list[str], out: TextIO, dialect: Dialect = PLAIN) -> Write:
    """Write the header and return a function that writes rows under it, as often as needed."""
    mark = dialect.separator
    out.write(("\ufeff" if dialect.bom else "") + mark.join(_cell(name, dialect) for name in names) + "\n")

    def write(rows: Iterable[Row]) -> None:
        each = iter(rows)
        while block := list(islice(each, BLOCK)):
            columns = (_texts(column, dialect) for column in zip(*block, strict=True))
            out.write("\n".join([*map(mark.join, zip(*columns, strict=True)), ""]))

    return write


def write_json(names: list[str], rows: Iterable[Row], out: TextIO) -> None:
    """Write one list of objects."""
    json.dump(list(_objects(names, rows)), out, indent=1, ensure_ascii=False, allow_nan=False)
    out.write("\n")


def write_jsonl(names: list[str], rows: Iterable[Row], out: TextIO) -> None:
    """Write one object per line."""
    stream_jsonl(names, out)(rows)


def stream_jsonl(names: list[str], out: TextIO) -> Write:
    """Return a function that writes rows as one object per line, as often as needed."""
    write = functools.partial(json.dumps, ensure_ascii=False, allow_nan=False)
    return lambda rows: out.writelines(write(each) + "\n" for each in _objects(names, rows))


WRITERS = {"csv": write_csv, "json": write_json, "jsonl": write_jsonl}
STREAMED = {"csv": stream_csv, "jsonl": stream_jsonl}


def _objects(names: list[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    return (dict(zip(names, without_nan(row), strict=True)) for row in rows)


def without_nan(row: Row) -> Row:
    """Return a row with None for each number that is not finite."""
    return [None if cell != cell or cell in INFINITE else cell for cell in row]


def _texts(column: Row, dialect: Dialect) -> Iterable[str]:
    """Return the cells of a column as CSV text. By column, because a million rows are slow cell by cell."""
    kinds = set(map(type, column))
    if kinds == {float} and math.isfinite(sum(column)):
        if dialect.decimal == ".":
            return map(repr, column)
        if dialect.decimal != dialect.separator:
            return (repr(value).replace(".", dialect.decimal) for value in column)
    if kinds == {str}:
        return (_text(text, dialect) for text in column)
    return (_cell(value, dialect) for value in column)


@functools.lru_cache(maxsize=BLOCK)  # ids and times repeat
def _text(text: str, dialect: Dialect) -> str:
    return _cell(text, dialect)


def _cell(value: Any, dialect: Dialect) -> str:
    """Return a cell as CSV text, quoted if necessary."""
    text = io.StringIO()
    shown = without_nan([value])[0]
    shown = repr(shown).replace(".", dialect.decimal) if isinstance(shown, float) else shown
    csv.writer(text, delimiter=dialect.separator, lineterminator="\n").writerow([shown, ""])
    return text.getvalue().removesuffix(dialect.separator + "\n")

"""Rows out: CSV, JSON or JSON Lines, numbers in their shortest form, NaN as nothing. No pandas."""

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TextIO

INFINITE = frozenset((math.inf, -math.inf))

Row = list[Any]
Write = Callable[[Iterable[Row]], None]


def write_csv(names: list[str], rows: Iterable[Row], out: TextIO) -> None:
    """Comma-separated, always with a header."""
    stream_csv(names, out)(rows)


def stream_csv(names: list[str], out: TextIO) -> Write:
    """Write the header; what is returned writes rows under it, as often as there are some."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    return lambda rows: writer.writerows(map(_without_nan, rows))


def write_json(names: list[str], rows: Iterable[Row], out: TextIO) -> None:
    """One list of objects."""
    json.dump(list(_objects(names, rows)), out, indent=1, ensure_ascii=False)
    out.write("\n")


def write_jsonl(names: list[str], rows: Iterable[Row], out: TextIO) -> None:
    """An object a line."""
    stream_jsonl(names, out)(rows)


def stream_jsonl(names: list[str], out: TextIO) -> Write:
    """What is returned writes rows, an object a line, as often as there are some."""
    return lambda rows: out.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in _objects(names, rows))


WRITERS = {"csv": write_csv, "json": write_json, "jsonl": write_jsonl}
STREAMED = {"csv": stream_csv, "jsonl": stream_jsonl}


def _objects(names: list[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    return (dict(zip(names, _without_nan(row), strict=True)) for row in rows)


def _without_nan(row: Row) -> Row:
    return [None if cell != cell or cell in INFINITE else cell for cell in row]

"""Rows out: CSV, JSON or JSON Lines, numbers in their shortest form, NaN as nothing. No pandas."""

import csv
import json
import math
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

Row = list[Any]


def write_csv(names: list[str], rows: Iterable[Row], out: TextIO) -> None:
    """Comma-separated, always with a header."""
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(map(_without_nan, rows))


def write_json(names: list[str], rows: Iterable[Row], out: TextIO) -> None:
    """One list of objects."""
    json.dump(list(_objects(names, rows)), out, indent=1, ensure_ascii=False)
    out.write("\n")


def write_jsonl(names: list[str], rows: Iterable[Row], out: TextIO) -> None:
    """An object a line."""
    out.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in _objects(names, rows))


WRITERS = {"csv": write_csv, "json": write_json, "jsonl": write_jsonl}


def _objects(names: list[str], rows: Iterable[Row]) -> Iterator[dict[str, Any]]:
    return (dict(zip(names, _without_nan(row), strict=True)) for row in rows)


def _without_nan(row: Row) -> Row:
    return [None if isinstance(cell, float) and not math.isfinite(cell) else cell for cell in row]

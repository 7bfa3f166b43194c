"""JSON: one object per line, or one list of objects. Keys are columns; a key that an object lacks is missing."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from rnncast.errors import DataError, EmptyTableError
from rnncast.files.formats.cells import SAMPLE, Coded, Column, Table
from rnncast.files.formats.lines import text_lines
from rnncast.files.formats.sources import ByteSource

MOST_KEYS = 100_000


def open_objects(source: ByteSource) -> Table:
    """Return the table in JSON Lines or in a JSON list. Raises DataError, with the line, for anything but an object."""
    listed = source.start.startswith(b"[")
    objects = _list(source) if listed else _lines(source)
    columns: dict[str, list[str]] = {}
    numbers = []
    for row, (number, each) in enumerate(objects):
        numbers.append(number)
        for key, value in each.items():
            cells = columns.setdefault(key, [])
            cells.extend([""] * (row - len(cells)))
            cells.append(_text(value))
        if len(columns) > MOST_KEYS:
            raise DataError(f"{source.name} is not a table: its objects have too many different keys")
    if not columns:
        raise EmptyTableError(f"{source.name} has no rows")
    for cells in columns.values():
        cells.extend([""] * (len(numbers) - len(cells)))

    def read(texts: Sequence[str], numbers: Sequence[str]) -> dict[str, Column]:
        return {name: Coded.of(pd.Series(columns[name], dtype=str)) for name in (*texts, *numbers)}

    head = {name: [cell.strip() for cell in cells[:SAMPLE]] for name, cells in columns.items()}
    return Table(source.name, head, read, numbers.__getitem__, unit="item" if listed else "line")


def _lines(source: ByteSource) -> Iterator[tuple[int, dict[str, Any]]]:
    done = 0
    for number, line in enumerate(text_lines(source), 1):
        done += len(line)
        if number % 10_000 == 0:
            source.progress(done, source.size)
        if line.strip():
            yield number, _object(line, f"{source.name}:{number}")


def _list(source: ByteSource) -> Iterator[tuple[int, dict[str, Any]]]:
    items = _parsed("".join(text_lines(source)), source.name)
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict):
            raise DataError(
                f"{source.name}: item {number} is not an object", hint='give [{"date": ..., "y": ...}, ...]'
            )
        yield number, item


def _object(text: str, place: str) -> dict[str, Any]:
    value = _parsed(text, place)
    if not isinstance(value, dict):
        raise DataError(f"{place}: this is not a JSON object", hint='give an object a line: {"date": ..., "y": ...}')
    return value


def _parsed(text: str, place: str) -> Any:
    try:
        value = json.loads(text)
        if "\\ud" in text or "\\uD" in text:  # JSON can express half a character, which UTF-8 cannot
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except UnicodeEncodeError:
        hint = r"a character beyond \uffff is two of these: \ud83d\ude00"
        raise DataError(f"{place}: a text holds half of a character", hint=hint) from None
    except (ValueError, RecursionError) as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else "a number or a nesting is too large"
        raise DataError(f"{place}: this is not JSON: {reason}", hint="give an object a line, or one list") from None


def _text(value: Any) -> str:
    """Return a value as it would stand in a cell."""
    if value is None or value != value:
        return ""
    return value if isinstance(value, str) else repr(value) if isinstance(value, float) else json.dumps(value)

"""Tables with times spread over several columns, read as if they were in one."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from rnncast.config import TableConfig
from rnncast.files.formats.cells import Coded, Column, Table
from rnncast.files.panels.columns import ColumnKind, kind_of
from rnncast.series.panel import Columns
from rnncast.times.joined import Joined, joined_cell, joined_format, joined_time


def joined_of(columns: Columns) -> Joined | None:
    """Return the time in several columns of a header; None if the time has its own column."""
    assert columns.time is not None or not columns.time_columns
    return Joined(columns.time or "", columns.time_columns, columns.time_formats) if columns.time_columns else None


def find_joined(table: Table, asked: TableConfig) -> Joined | None:
    """Return the time in several columns of a table, found or named by --time with commas; None if it has its own
    column."""
    if asked.time is not None:
        parts = [part.strip() for part in asked.time.split(",")]
        named = asked.time not in table.head and len(parts) > 1 and all(part in table.head for part in parts)
        return joined_time({part: table.head[part] for part in parts}) if named else None
    others = [name for name in (asked.target, *asked.covariates, *(asked.id or "").split(",")) if name]
    joined = joined_time(table.head, others)
    if joined is None:
        return None
    own = (kind_of(name, cells) for name, cells in table.head.items() if name not in joined.columns)
    return None if any(kind in (ColumnKind.TIME, ColumnKind.SERIAL) for kind in own) else joined


def with_time_of(table: Table, columns: Columns, asked: TableConfig) -> tuple[Table, TableConfig]:
    """Return a table with a header's columns of time joined, if it has them, and how to read it then."""
    joined = joined_of(columns)
    if joined is None or columns.time in table.head or not set(joined.columns) <= set(table.head):
        return table, asked
    return with_joined_time(table, joined), replace(asked, time=joined.name, time_format=joined_format(joined.formats))


def with_joined_time(table: Table, joined: Joined) -> Table:
    """Return the table with one more column, which holds the joined times."""

    def read(texts: Sequence[str], numbers: Sequence[str]) -> dict[str, Column]:
        if joined.name not in texts:
            return table.read(texts, numbers)
        asked = [name for name in texts if name != joined.name]
        found = table.read(list(dict.fromkeys((*asked, *joined.columns))), [n for n in numbers if n not in asked])
        parts = [found[name] for name in joined.columns]
        rows = [part.texts.iloc[part.codes].tolist() for part in parts if isinstance(part, Coded)]
        made = [joined_cell(joined, cells) for cells in zip(*rows, strict=True)]
        return {**{name: found[name] for name in asked}, joined.name: Coded.of(pd.Series(made, dtype=str))} | {
            name: found[name] for name in numbers
        }

    cells = [joined_cell(joined, row) for row in zip(*(table.head[name] for name in joined.columns), strict=True)]
    return replace(table, head={**table.head, joined.name: cells}, read=read)

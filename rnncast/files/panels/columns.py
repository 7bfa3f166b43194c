"""Roles of a table's columns: the time, the ids, the target. Pure decisions from names and kinds."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise

from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError
from rnncast.files.formats.cells import UNNAMED
from rnncast.files.formats.marks import MISSING, PLAIN, WHOLE, is_number
from rnncast.series.panel import Columns
from rnncast.times.formats import COMPACT_TIMES, YEAR, formats_of
from rnncast.times.numeric import RESTARTS, TIME_NAMES, numeric_format, says_time

STEP_NAMES = ("step", "t", "index")
ID_NAMES = ("unique_id", "item_id", "series_id", "series", "id")
COMPACT = (4, 6, 8, 10, 12, 14)  # digits of 2024, 202412, 20241231, and of the last with a time of day
TARGET_NAMES = ("y", "target", "value")


class ColumnKind(Enum):
    """Kinds of cells in a column."""

    TIME = "time"
    SERIAL = "times as numbers"  # but plain numbers, if there is nothing else to forecast
    WHOLE = "whole numbers"
    NUMBER = "numbers"
    TEXT = "text"
    COUNTER = "row numbers"  # never used unless asked for
    EMPTY = "nothing"


@dataclass(frozen=True)
class Roles:
    """Columns by role.

    time: None if rows are numbered. ids: those that together name a series; or, if not `sure`, candidates of which one
    will do. targets: several only if wide.
    """

    time: str | None
    ids: tuple[str, ...]
    targets: tuple[str, ...]
    wide: bool = False
    sure: bool = True

    @property
    def texts(self) -> list[str]:
        """Return the columns that are read as text."""
        return [*([self.time] if self.time else []), *self.ids]


def kind_of(name: str, cells: list[str]) -> ColumnKind:
    """Return the kind of a column, by its name and first cells."""
    present = [cell for cell in cells if cell not in MISSING]
    if not present:
        return ColumnKind.EMPTY
    numbers = sum(map(is_number, present))
    if (numbers < len(present) or _months_with_points(name, present)) and formats_of(present):
        return ColumnKind.TIME
    # A column of numbers with a few stray words is one of numbers with mistakes, which are reported later.
    if 2 * numbers <= len(present):
        return ColumnKind.TEXT
    whole = numbers == len(present) and all(map(WHOLE.fullmatch, present))
    if whole and name.startswith(UNNAMED) and _counts_up(present):
        return ColumnKind.COUNTER
    if whole and _compact_times(name, present):
        return ColumnKind.TIME
    if name.lower() not in TARGET_NAMES and numeric_format(present, name):
        return ColumnKind.SERIAL
    return ColumnKind.WHOLE if whole else ColumnKind.NUMBER


def recognise(kinds: dict[str, ColumnKind], asked: TableConfig, name: str) -> Roles:
    """Decide each column's role from its kind and from what was asked for.

    Raises DataError, with the columns and the flags that settle it, if two readings are possible or none is. name: of
    the table, for the message.
    """
    ids = _asked_ids(kinds, asked.id)
    for role in (asked.time, asked.target, *ids, *asked.covariates):
        if role is not None and role not in kinds:
            raise UsageError(f"{name} has no column {role!r}", hint=f"its columns: {_listed(kinds)}")
    kinds = {column: kind for column, kind in kinds.items() if column not in asked.covariates}
    taken = tuple(role for role in (asked.target, *ids) if role)
    time = asked.time or _time(kinds, taken, name)
    left = {column: kind for column, kind in kinds.items() if column != time and column not in ids}
    numeric = [column for column, kind in left.items() if kind in (ColumnKind.NUMBER, ColumnKind.WHOLE)]
    numeric = numeric or [column for column, kind in left.items() if kind is ColumnKind.SERIAL]
    if asked.layout == "wide":
        empty = [c for c, kind in kinds.items() if kind is ColumnKind.EMPTY and c != time and not c.startswith(UNNAMED)]
        wanted = {*numeric, *empty}
        targets = tuple(c for c in kinds if c in wanted)
        if not numeric:
            raise DataError(f"{name} has no numeric column", hint=f"its columns: {_listed(kinds)}")
        return Roles(time, (), targets, wide=True)
    sure = bool(ids)
    ids = ids or _ids(kinds, time, asked.target)
    target = asked.target or _target([c for c in numeric if c not in ids], kinds, name)
    return Roles(time, ids, (target,), sure=sure or len(ids) < 2)


def roles_in_header(kinds: dict[str, ColumnKind], asked: TableConfig, header: Columns, name: str) -> Roles:
    """Return the roles that columns had in an earlier table. Raises DataError if one is missing."""
    if asked.layout == "wide":
        return recognise(kinds, asked, name)
    needed = [*header.ids, *([header.time] if header.time else []), header.target, *asked.covariates]
    absent = [column for column in needed if column not in kinds]
    if absent:
        raise DataError(
            f"{name} has no column {absent[0]!r}, which the model was trained with",
            hint=f"its columns: {_listed(kinds)}",
        )
    return Roles(header.time, header.ids, (header.target,))


def _asked_ids(kinds: dict[str, ColumnKind], asked: str | None) -> tuple[str, ...]:
    if asked is None:
        return ()
    return (asked,) if asked in kinds else tuple(part.strip() for part in asked.split(","))


def _time(kinds: dict[str, ColumnKind], taken: tuple[str, ...], name: str) -> str | None:
    stamps = [c for c, kind in kinds.items() if kind is ColumnKind.TIME and c not in taken]
    if len(stamps) > 1:  # a year may stand beside the date it is part of
        stamps = [c for c in stamps if c.lower() != "year"]
    named = [c for c in stamps if c.lower() in TIME_NAMES]
    if len(stamps) == 1 or len(named) == 1:
        return (named or stamps)[0]
    if stamps:
        raise DataError(f"{name} has {len(stamps)} time columns: {_listed(stamps)}", hint="say which with --time")
    serial = [c for c, kind in kinds.items() if kind is ColumnKind.SERIAL and c not in taken]
    serial = [c for c in serial if c.lower() in TIME_NAMES] or list(filter(says_time, serial)) or serial
    if len(serial) > 1:
        raise DataError(
            f"{name} has {len(serial)} columns of times as numbers: {_listed(serial)}", hint="say which with --time"
        )
    if serial and len(kinds) > 1:
        return serial[0]
    steps = [
        c
        for c, kind in kinds.items()
        if kind is ColumnKind.WHOLE and c not in taken and c.lower() in TIME_NAMES + STEP_NAMES
    ]
    return steps[0] if len(steps) == 1 and len(kinds) > 1 else None


def _ids(kinds: dict[str, ColumnKind], time: str | None, target: str | None) -> tuple[str, ...]:
    named = [c for c in kinds if c.lower() in ID_NAMES and c not in (time, target)]
    if named:
        return (min(named, key=lambda c: ID_NAMES.index(c.lower())),)
    return tuple(c for c, kind in kinds.items() if kind is ColumnKind.TEXT and c not in (time, target))


def _target(numeric: list[str], kinds: dict[str, ColumnKind], name: str) -> str:
    named = [c for c in numeric if c.lower() in TARGET_NAMES]
    if len(numeric) == 1 or len(named) == 1:
        return (named or numeric)[0]
    empty = [c for c, kind in kinds.items() if kind is ColumnKind.EMPTY]
    if not numeric and empty:
        raise DataError(f"{name} has no value in column {empty[0]!r}", hint="say which to forecast with --target")
    if not numeric:
        raise DataError(f"{name} has no numeric column to forecast", hint=f"its columns: {_listed(kinds)}")
    raise DataError(
        f"{name} has {len(numeric)} numeric columns: {_listed(numeric)}",
        hint="say which to forecast with --target NAME, or --layout wide if each is a series",
    )


def time_passed_over(unused: Sequence[str], head: Mapping[str, list[str]], roles: Roles, name: str) -> str:
    """Return the first unused column that looks like a time: rising numbers with a suggestive name; empty if there is
    none.

    Raises DataError if its times repeat and nothing else distinguishes rows, so that several series would become one.
    """
    for column in unused:
        cells = [cell for cell in head[column] if cell not in MISSING]
        if not says_time(column) or not cells or not all(map(PLAIN.fullmatch, cells)):
            continue
        stamps = [float(cell) for cell in cells]
        falls = sum(after < before for before, after in pairwise(stamps))
        if falls > RESTARTS * len(stamps) or stamps[0] == max(stamps):
            continue
        if roles.time is None and not roles.ids and not roles.wide and len(set(stamps)) < len(stamps):
            raise DataError(
                f"{name}: {column!r} looks like a time that repeats but is not used, so several series would be read "
                "as one",
                hint=f"name it with --time {column}, and the column that names the series with --id NAME",
            )
        return column
    return ""


def _compact_times(name: str, cells: list[str]) -> bool:
    """Return whether whole numbers are dates: 20241231 always, 2024 and 202412 only if the column's name suggests
    it."""
    if 2 * sum(len(cell) in COMPACT for cell in cells) <= len(cells):
        return False  # the usual case, decided first because a wide table has many such columns
    formats = formats_of(cells)
    if not {"%Y%m%d", *COMPACT_TIMES}.isdisjoint(formats):
        return all(re.match("19|20", cell) for cell in cells)
    likely = name.lower() in TIME_NAMES and formats in ([YEAR], ["%Y%m"])
    return likely and (name.lower() == "year" or all(1500 <= int(cell[:4]) < 2200 for cell in cells))


def _months_with_points(name: str, cells: list[str]) -> bool:
    """Return whether cells are months, 01.2024, rather than numbers with decimals."""
    month = r"(?:0?[1-9]|1[0-2])" if says_time(name) else r"(?:0[1-9]|1[0-2])"
    return all(re.fullmatch(month + r"\.(?:19|20)\d\d", cell, re.ASCII) for cell in cells)


def _counts_up(cells: list[str]) -> bool:
    first = int(cells[0])
    return first in (0, 1) and all(int(cell) == first + i for i, cell in enumerate(cells))


def _listed(names: dict[str, ColumnKind] | list[str]) -> str:
    most = 8
    shown = list(names)[:most]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")

"""Which column of a table is the time, which the id, which the target. Pure decisions on names and kinds."""

from dataclasses import dataclass
from enum import Enum

from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError

TIME_NAMES = (
    "ds",
    "timestamp",
    "datetime",
    "date",
    "time",
    "period",
    "month",
    "quarter",
    "week",
    "day",
    "year",
    "hour",
)
STEP_NAMES = ("step", "t", "index")
ID_NAMES = ("unique_id", "item_id", "series_id", "series", "id")
TARGET_NAMES = ("y", "target", "value")


class Kind(Enum):
    """What the cells of a column are."""

    TIME = "time"
    WHOLE = "whole numbers"
    NUMBER = "numbers"
    TEXT = "text"


@dataclass(frozen=True)
class Roles:
    """The columns taken.

    time: None where rows are numbered. ids: candidates, of which one will do. targets: several only if wide.
    """

    time: str | None
    ids: tuple[str, ...]
    targets: tuple[str, ...]
    wide: bool

    @property
    def used(self) -> tuple[str, ...]:
        """All columns that must be read."""
        return (*((self.time,) if self.time else ()), *self.ids, *self.targets)


def recognise(kinds: dict[str, Kind], asked: TableConfig, name: str) -> Roles:
    """Decide each column's role from its kind and what was asked for.

    DataError, with the columns and the flags that settle it, where two readings are possible or none is; `name` is the
    table's own name, for the message.
    """
    for role in (asked.time, asked.id, asked.target):
        if role is not None and role not in kinds:
            raise UsageError(f"{name} has no column {role!r}", hint=f"its columns: {_listed(kinds)}")
    time = asked.time or _time(kinds, asked, name)
    numeric = [c for c, kind in kinds.items() if kind in (Kind.NUMBER, Kind.WHOLE) and c != time]
    if asked.layout == "wide":
        targets = tuple(c for c in numeric if c != asked.id)
        if not targets:
            raise DataError(f"{name} has no numeric column", hint=f"its columns: {_listed(kinds)}")
        return Roles(time, (), targets, wide=True)
    ids = (asked.id,) if asked.id else _ids(kinds, time, asked.target)
    target = asked.target or _target([c for c in numeric if c not in ids], kinds, name)
    return Roles(time, ids, (target,), wide=False)


def _time(kinds: dict[str, Kind], asked: TableConfig, name: str) -> str | None:
    taken = (asked.target, asked.id)
    stamps = [c for c, kind in kinds.items() if kind is Kind.TIME and c not in taken]
    named = [c for c in stamps if c.lower() in TIME_NAMES]
    if len(stamps) == 1 or len(named) == 1:
        return (named or stamps)[0]
    if stamps:
        raise DataError(f"{name} has {len(stamps)} time columns: {_listed(stamps)}", hint="say which with --time")
    steps = [
        c for c, kind in kinds.items() if kind is Kind.WHOLE and c not in taken and c.lower() in TIME_NAMES + STEP_NAMES
    ]
    return steps[0] if len(steps) == 1 and len(kinds) > 1 else None


def _ids(kinds: dict[str, Kind], time: str | None, target: str | None) -> tuple[str, ...]:
    named = [c for c in kinds if c.lower() in ID_NAMES and c not in (time, target)]
    if named:
        return (min(named, key=lambda c: ID_NAMES.index(c.lower())),)
    return tuple(c for c, kind in kinds.items() if kind is Kind.TEXT and c not in (time, target))


def _target(numeric: list[str], kinds: dict[str, Kind], name: str) -> str:
    named = [c for c in numeric if c.lower() in TARGET_NAMES]
    if len(numeric) == 1 or len(named) == 1:
        return (named or numeric)[0]
    if not numeric:
        raise DataError(f"{name} has no numeric column to forecast", hint=f"its columns: {_listed(kinds)}")
    raise DataError(
        f"{name} has {len(numeric)} numeric columns: {_listed(numeric)}",
        hint="say which to forecast with --target NAME, or --layout wide if each is a series",
    )


def _listed(names: dict[str, Kind] | list[str]) -> str:
    most = 8
    shown = [str(name) for name in list(names)[:most]]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")

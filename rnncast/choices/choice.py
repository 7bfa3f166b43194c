"""Choices: the value of a setting, and the evidence for it."""

from typing import Any, NamedTuple

from rnncast.settings import flag
from rnncast.spec import UNBOUNDED

GIVEN = "as given"
Made = tuple[Any, str]  # the value of a setting, and the reason


class Choice(NamedTuple):
    """A setting, its value, and the reason for it."""

    name: str
    value: str
    reason: str


def choice(name: str, value: Any, reason: str) -> Choice:
    """Put a decision into words."""
    items = value if isinstance(value, tuple) else (value,)
    items = tuple(item for item in items if not (isinstance(item, float) and abs(item) == UNBOUNDED))
    shown = ", ".join(f"{item:.2g}" if isinstance(item, float) else str(item) for item in items)
    return Choice(flag(name).removeprefix("--"), shown or "none", reason)

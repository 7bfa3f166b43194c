"""Plain values, as JSON gives and takes them; those read are held against what they are to become. No numpy.

Whoever reads a file believes none of it: what is unknown, missing, of another type or not finite is refused, by name.
"""

import json
import math
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

from rnncast.errors import UsageError


def from_plain(kind: Any, values: Any, what: str = "setting") -> Any:
    """The dataclass of a kind that `asdict` gave. what: a field of it is called in messages.

    UsageError, by name, for a field that is unknown, that is missing and has no default, or whose value is none of it.
    """
    hints = get_type_hints(kind)
    needed = [each.name for each in fields(kind) if each.default is MISSING and each.default_factory is MISSING]
    given = table(values, hints, needed, what)
    plain = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    for name, value in plain.items():
        if not fits(value, hints[name]):
            raise UsageError(f"the {what} {name!r} cannot be {shown(value)}")
    return kind(**plain)


def table(values: Any, known: Iterable[str], needed: Iterable[str], what: str) -> dict[str, Any]:
    """A table of names and values. UsageError, by name, for one that is not known, and one that is needed and missing.

    what: an entry of it is called in messages.
    """
    if not isinstance(values, Mapping):
        raise UsageError(f"{shown(values)} is not a table of each {what} and its value")
    known = list(known)
    if unknown := sorted(set(values) - set(known)):
        raise UsageError(f"unknown {what} {shown(unknown[0])}", hint=f"known: {', '.join(known)}")
    for name in needed:
        if name not in values:
            raise UsageError(f"the {what} {name!r} is missing")
    return dict(values)


def texts(values: Any, what: str) -> tuple[str, ...]:
    """A list of texts. UsageError if it is none; `what` begins the message."""
    if not isinstance(values, list | tuple):
        raise UsageError(f"{what}: {shown(values)} is not a list of texts")
    for value in values:
        if not isinstance(value, str):
            raise UsageError(f"{what}: {shown(value)} is not a text")
    return tuple(values)


def shown(value: Any) -> str:
    """A value for a message, cut short."""
    return _SHORT.repr(value)


def counted(number: int, one: str, several: str = "") -> str:
    """A number of things for a message: "1 epoch", "2,000 epochs". several: what more than one are called, unless that
    ends in an s alone."""
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type: a plain one, finite if it is a number; a tuple of such; or one of several."""
    options = getattr(hint, "__args__", ()) if "|" in str(hint) else (hint,)
    return any(_fits_one(value, option) for option in options)


def _fits_one(value: Any, option: Any) -> bool:
    if getattr(option, "__origin__", None) is tuple:
        items = option.__args__
        whole = items[-1] is Ellipsis or (isinstance(value, tuple) and len(value) == len(items))
        return whole and isinstance(value, tuple) and all(_fits_one(item, items[0]) for item in value)
    if option is float:
        return isinstance(value, float | int) and not isinstance(value, bool) and _finite(value)
    return isinstance(value, option) and not (option is int and isinstance(value, bool))


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def json_text(value: Any, indent: int | None = None) -> str:
    """A plain value as JSON that every reader takes: null for a number that is not finite."""
    return json.dumps(all_finite(value), ensure_ascii=False, allow_nan=False, indent=indent)


def all_finite(value: Any) -> Any:
    """A plain value with None for each number in it that is not finite, which JSON has no word for."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: all_finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [all_finite(each) for each in value]
    return value


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60

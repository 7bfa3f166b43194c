"""Plain values, as JSON reads and writes them, checked against the types that they are to become. No numpy.

Nothing in a file is trusted: a value that is unknown, missing, not finite or of the wrong type is refused by name.
"""

import json
import math
import reprlib
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from typing import Any, get_type_hints

from rnncast.errors import UsageError


def from_plain(kind: Any, values: Any, what: str = "setting") -> Any:
    """Return the dataclass that `asdict` turned into these values.

    what: the word for a field in messages. Raises UsageError, naming the field, if one is unknown, is missing without a
    default, or has a value of the wrong type.
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
    """Return a checked dict of names and values.

    what: the word for an entry in messages. Raises UsageError, naming the entry, if one is unknown or missing though
    needed.
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
    """Return a list of texts as a tuple. Raises UsageError if it is not one; `what` opens the message."""
    if not isinstance(values, list | tuple):
        raise UsageError(f"{what}: {shown(values)} is not a list of texts")
    for value in values:
        if not isinstance(value, str):
            raise UsageError(f"{what}: {shown(value)} is not a text")
    return tuple(values)


def shown(value: Any) -> str:
    """Return a value shortened for a message."""
    return _SHORT.repr(value)


def counted(number: int, one: str, several: str = "") -> str:
    """Return a number of things for a message: "1 epoch", "2,000 epochs".

    several: the plural, where it is not just `one` with an s.
    """
    return f"{number:,} {one if number == 1 else several or one + 's'}"


def fits(value: Any, hint: Any) -> bool:
    """Return whether a value has the type of an annotation: a plain type (finite, if a number), a tuple of them, or a
    union."""
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
    except OverflowError:  # an integer larger than any float
        return False


def json_text(value: Any, indent: int | None = None) -> str:
    """Return a plain value as strict JSON, with null for a number that is not finite."""
    return json.dumps(all_finite(value), ensure_ascii=False, allow_nan=False, indent=indent)


def all_finite(value: Any) -> Any:
    """Return a plain value with None for each number that is not finite, which JSON cannot express."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: all_finite(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [all_finite(each) for each in value]
    return value


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60

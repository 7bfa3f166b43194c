"""Fields of a ModelSpec, which carry their meaning, their unit and the values they may hold; and as plain values.

Standard library only.
"""

from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, field, fields
from typing import Any, get_type_hints

from rnncast.errors import UsageError
from rnncast.plain import fits, shown
from rnncast.settings import MOST_ITEMS, MOST_STEPS, in_range

UNLIMITED = float("inf")
_INFINITE = "inf"  # in JSON, which has no such number


def decided(
    meaning: str,
    *,
    at_least: float | None = None,
    at_most: float | None = None,
    words: tuple[str, ...] = (),
    filled: bool = False,
    unlimited: bool = False,
    otherwise: Any = MISSING,
) -> Any:
    """Return a field that carries its meaning (with the unit) and the values it may hold.

    at_least, at_most: override the bounds of the setting of that name. words: the only values allowed. filled: whether
    a tuple must not be empty. unlimited: whether it may be infinite. otherwise: the value meant by a model file that
    lacks the field; it is left out when written.
    """
    rules = {"at_least": at_least, "at_most": at_most, "words": words, "filled": filled, "unlimited": unlimited}
    return field(default=otherwise, metadata={"meaning": meaning, **rules})


def certain(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a setting without "auto", which leaves it open."""
    return tuple(word for word in words if word != "auto")


def check_fields(section: Any, settings: Any) -> None:
    """Check each field against its own rules and the range of the setting of that name.

    Raises UsageError, naming the field, for a value out of range.
    """
    hints, ranges = get_type_hints(type(section)), {each.name: each.metadata for each in fields(settings)}
    for each in fields(section):
        value, rules = getattr(section, each.name), each.metadata
        if rules["unlimited"] and value == UNLIMITED:
            continue
        if not fits(value, hints[each.name]):
            raise UsageError(f"{each.name} cannot be {shown(value)}")
        items = value if isinstance(value, tuple) else (value,)
        if rules["filled"] and not items:
            raise UsageError(f"{each.name} must not be empty")
        bounds = dict(ranges.get(each.name, {"at_most": MOST_STEPS, "most": MOST_ITEMS}))
        if len(items) > bounds["most"]:
            raise UsageError(f"{each.name} has {len(items)} items, but must have at most {bounds['most']}")
        bounds |= {bound: rules[bound] for bound in ("at_least", "at_most") if rules[bound] is not None}
        for item in items:
            if rules["words"] and item not in rules["words"]:
                raise UsageError(f"{each.name} is {shown(item)}, but must be one of {', '.join(rules['words'])}")
            if isinstance(item, float | int):
                in_range(each.name, item, bounds)


def is_needed(each: "Field[Any]") -> bool:
    """Return whether every model file must have a field."""
    return each.default is MISSING


def flat(of_sections: Any) -> dict[str, Any]:
    """Return all fields by name; no two sections share one."""
    return {name: value for part in asdict(of_sections).values() for name, value in part.items()}


def taken(kind: Any, given: Mapping[str, Any]) -> Any:
    """Return a section made of those of its fields that are given."""
    values = {each.name: _plain(given[each.name]) for each in fields(kind) if each.name in given}
    # The first model files with segments have one number for all members.
    return kind(
        **{name: (value,) if name == "segment" and type(value) is int else value for name, value in values.items()}
    )


def to_json(value: Any) -> Any:
    """Return a field's value as JSON holds it."""
    return _INFINITE if value == UNLIMITED else value


def _plain(value: Any) -> Any:
    """Return a value that `to_json` wrote, as it is or as JSON gave it back."""
    if value == _INFINITE:
        return UNLIMITED
    return tuple(value) if isinstance(value, list) else value

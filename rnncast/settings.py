"""What a setting is: a field of a frozen dataclass that carries its meaning, its unit and the range that is checked.
How values become settings: as text from a command line, or as values from Python. No numpy.
"""

from collections.abc import Collection, Mapping
from dataclasses import field, fields, replace
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from rnncast.errors import UsageError
from rnncast.plain import fits, shown

MOST_STEPS = 1_000_000  # of a season, a window, a horizon: a year of minutes has 525,600
AUTO, FULL = "auto", "full"  # digits of forecasts: as the data justify, or all
LARGEST_BOUND = 1e30  # of forecasts
BOUNDS = ("minimum", "maximum")  # the settings that bound them
MOST_ITEMS = 100  # of a setting that holds several
# Of fields whose flags are called otherwise.
FLAGS = {"seasons": "season", "levels": "level", "start": "from", "minimum": "min", "maximum": "max"}

Section = TypeVar("Section")


def setting(
    default: Any,
    meaning: str,
    *,
    at_least: float | None = None,
    below: float | None = None,
    at_most: float | None = None,
    most: int = MOST_ITEMS,
    words: Collection[str] = (),
    flags: tuple[str, ...] = ("own",),
) -> Any:
    """A dataclass field that carries its meaning (with the unit), the range that is checked, and its flags.

    Every number has a lower and an upper bound, the latter far beyond what is of use, so that no typing error becomes a
    program that never ends. most: items of a setting that holds several. words: the only ones that a text may be.

    flags: "own" is the field's own, or "rare", which --help leaves to --help-all; "no" is one that empties it; none
    where the data alone decide.
    """
    bounds = {"at_least": at_least, "below": below, "at_most": at_most, "most": most, "words": words}
    return field(default=default, metadata={"meaning": meaning, "flags": flags, **bounds})


def bound(meaning: str) -> Any:
    """A setting that bounds forecasts, in the unit of the data; None where nothing does."""
    return setting(None, meaning, at_least=-LARGEST_BOUND, at_most=LARGEST_BOUND, flags=("rare",))


def check(config: Any) -> None:
    """Refuse, by name, each value outside the range or the words that its field states, and those not finite."""
    for spec in fields(config):
        value = getattr(config, spec.name)
        if isinstance(value, tuple) and len(value) > spec.metadata["most"]:
            raise UsageError(f"{flag(spec.name)} has {len(value)} items, but must have at most {spec.metadata['most']}")
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, str):
                one_of(spec.name, item, spec.metadata["words"] or (item,))
            elif item is not None:
                in_range(flag(spec.name), item, spec.metadata)


def in_range(name: str, number: float, bounds: Mapping[str, Any]) -> None:
    """Refuse, by name, a number that is not finite or that lies outside its bounds (`at_least`, `below`, `at_most`)."""
    at_least, below, at_most = (bounds.get(each) for each in ("at_least", "below", "at_most"))
    said = f"{name} is {number:.15g}" if isinstance(number, float) else f"{name} is {number}"
    if not number == number or (at_least is not None and number < at_least):
        raise UsageError(f"{said}, but must be at least {_shown(at_least or 0)}")
    if below is not None and number >= below:
        raise UsageError(f"{said}, but must be below {_shown(below)}")
    if at_most is not None and number > at_most:
        raise UsageError(f"{said}, but must be at most {_shown(at_most)}")


def range_in_words(bounds: Mapping[str, Any]) -> str:
    """The range of a setting, for its help: "1 to 1,000"; nothing where the upper end is of no interest."""
    at_least, at_most = bounds["at_least"], bounds["at_most"]
    return "" if at_most is None or at_most >= MOST_STEPS else f"{_shown(at_least)} to {_shown(at_most)}"


def _shown(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:,g}" if bound < 1e6 else f"{bound:g}"


def one_of(name: str, value: str, allowed: Collection[str]) -> None:
    """Refuse, by name, a word that is not one of those allowed."""
    if value not in allowed:
        raise UsageError(f"{flag(name)} is {value!r}, but must be one of {', '.join(allowed)}")


def flag(name: str) -> str:
    """The command-line flag of a field: `bptt_steps` -> `--bptt-steps`."""
    return "--" + FLAGS.get(name, name).replace("_", "-")


def sorted_out(settings: Mapping[str, Any], *sections: Any) -> list[dict[str, Any]]:
    """Settings by the names of their fields or flags (without dashes), as the fields of each section that has them; one
    that is None was not given. UsageError, by name, for one that no section has."""
    known = [{FLAGS.get(spec.name, spec.name): spec.name for spec in fields(section)} for section in sections]
    names = {name: field for each in known for flag, field in each.items() for name in (flag, field)}
    for name in settings:
        if name not in names:
            raise UsageError(f"there is no setting called {name!r}", hint=nearest(name, [f for k in known for f in k]))
    given = {names[name]: value for name, value in settings.items() if value is not None}
    return [{name: value for name, value in given.items() if name in each.values()} for each in known]


def nearest(name: str, known: list[str]) -> str:
    """A hint for a name that is not among those known: the nearest of them, or all."""
    import difflib  # for those who mistype alone

    near = difflib.get_close_matches(name, known, 1)
    return f"the nearest is {near[0]}" if near else f"there are: {', '.join(known)}"


def updated(section: Section, given: Mapping[str, Any]) -> Section:
    """A section with the values given by the names of its fields. UsageError, by flag, for one that does not fit."""
    hints = get_type_hints(type(section))
    return replace(section, **{name: _fitting(name, value, hints[name]) for name, value in given.items()})  # type: ignore[type-var]


def several(name: str, value: Any, item: Any) -> tuple[Any, ...]:
    """The items of a setting that holds several: "12,24" as on the command line, a list or the like, or a single one.
    UsageError, by flag, if they are not of their type."""
    items = [part.strip() for part in value.split(",")] if isinstance(value, str) else [value]
    items = list(value) if not isinstance(value, str) and hasattr(value, "__iter__") else items
    try:
        if item is str and not all(isinstance(each, str) for each in items):
            raise ValueError
        found = tuple(item(each) for each in items)
        if any(not isinstance(each, str) and one != each for one, each in zip(found, items, strict=True)):
            raise ValueError  # 12.5 is no whole number
        return found
    except (ValueError, TypeError):
        words = {int: "whole numbers", float: "numbers"}.get(item, "names")
        raise UsageError(f"{flag(name)} is {shown(value)}, but must be {words} with commas between them") from None


def item_of(kind: Any) -> Any:
    """The type of each item of a setting that holds several; None if it holds one."""
    found = [option for option in (kind, *get_args(kind)) if get_origin(option) is tuple]
    return get_args(found[0])[0] if found else None


def _fitting(name: str, value: Any, kind: Any) -> Any:
    if (item := item_of(kind)) is not None:
        return several(name, value, item)
    if isinstance(value, list | tuple) and str in (kind, *get_args(kind)) and all(isinstance(v, str) for v in value):
        value = ",".join(value)  # of id columns
    value = getattr(value, "item", lambda: value)()  # a number of NumPy's
    infinite = isinstance(value, float) and value - value != 0  # which the range of the setting refuses
    if not infinite and not fits(value, kind):
        raise UsageError(f"{flag(name)} cannot be {shown(value)}")
    return value

"""Settings: fields of frozen dataclasses that carry their meaning, their unit and the range that is checked.

Values arrive as text from a command line or as values from Python, and are converted here. No numpy.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import field, fields, replace
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from rnncast.errors import UsageError
from rnncast.plain import fits, shown

MOST_STEPS = 1_000_000  # in a season, window or horizon: a year of minutes has 525,600
AUTO, FULL = "auto", "full"  # digits of forecasts: as many as the data justify, or all
LARGEST_BOUND = 1e30  # of forecasts
BOUNDS = ("minimum", "maximum")  # the settings that bound forecasts
SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600}  # in each unit of time
LONGEST_TIME = 10**9  # seconds
TIME = re.compile(r"(\d{1,12}(?:\.\d{1,9})?) ?([smh]?)")
MOST_ITEMS = 100  # in a setting that holds several values
# Flags whose names differ from their fields'.
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
    """Return a dataclass field that carries its meaning (with the unit), the range that is checked, and its flags.

    Every number has a lower and an upper bound, the upper one far beyond any use, so that a typing error cannot start a
    program that never ends. most: the largest number of items, where a setting holds several. words: the texts allowed.

    flags: "own" for the field's own flag, or "rare" if only --help-all shows it; "no" for a flag that empties it;
    "lower" if its case is folded; none if the data alone decide.
    """
    bounds = {"at_least": at_least, "below": below, "at_most": at_most, "most": most, "words": words}
    return field(default=default, metadata={"meaning": meaning, "flags": flags, **bounds})


def bound(meaning: str) -> Any:
    """Return a setting that bounds forecasts, in the unit of the data; None means no bound."""
    return setting(None, meaning, at_least=-LARGEST_BOUND, at_most=LARGEST_BOUND, flags=("rare",))


def check(config: Any) -> None:
    """Refuse, naming the flag, each value outside its field's range or words, and each that is not finite."""
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
    """Refuse, by name, a number that is not finite or lies outside its bounds (`at_least`, `below`, `at_most`)."""
    at_least, below, at_most = (bounds.get(each) for each in ("at_least", "below", "at_most"))
    said = f"{name} is {number:.15g}" if isinstance(number, float) else f"{name} is {number}"
    if not number == number or (at_least is not None and number < at_least):
        raise UsageError(f"{said}, but must be at least {_shown(at_least or 0)}")
    if below is not None and number >= below:
        raise UsageError(f"{said}, but must be below {_shown(below)}")
    if at_most is not None and number > at_most:
        raise UsageError(f"{said}, but must be at most {_shown(at_most)}")


def range_in_words(bounds: Mapping[str, Any]) -> str:
    """Return the range of a setting for its help, such as "1 to 1,000"; empty if the upper end is of no interest."""
    at_least, at_most = bounds["at_least"], bounds["at_most"]
    return "" if at_most is None or at_most >= MOST_STEPS else f"{_shown(at_least)} to {_shown(at_most)}"


def _shown(bound: float) -> str:
    return f"{bound:,}" if isinstance(bound, int) else f"{bound:,g}" if bound < 1e6 else f"{bound:g}"


def one_of(name: str, value: str, allowed: Collection[str]) -> None:
    """Refuse, naming the flag, a word that is not one of those allowed."""
    if value not in allowed:
        raise UsageError(f"{flag(name)} is {value!r}, but must be one of {', '.join(allowed)}")


def flag(name: str) -> str:
    """Return the command-line flag of a field: `bptt_steps` -> `--bptt-steps`."""
    return "--" + FLAGS.get(name, name).replace("_", "-")


def sorted_out(settings: Mapping[str, Any], *sections: Any) -> list[dict[str, Any]]:
    """Return settings, named by field or by flag without its dashes, as a dict of fields for each section.

    A setting that is None counts as not given. Raises UsageError, naming the setting, if no section has it.
    """
    known = [{FLAGS.get(spec.name, spec.name): spec.name for spec in fields(section)} for section in sections]
    names = {name: field for each in known for flag, field in each.items() for name in (flag, field)}
    for name in settings:
        if name not in names:
            raise UsageError(f"there is no setting called {name!r}", hint=nearest(name, [f for k in known for f in k]))
    given = {names[name]: value for name, value in settings.items() if value is not None}
    return [{name: value for name, value in given.items() if name in each.values()} for each in known]


def seconds_of(name: str, text: str) -> float:
    """Return the seconds of a time: 60, 60s, 5m, 1h. Raises UsageError, by flag, if it is none."""
    found = TIME.fullmatch(text.strip())
    seconds = float(found[1]) * SECONDS[found[2]] if found else LONGEST_TIME + 1
    if seconds > LONGEST_TIME:
        raise UsageError(f"{flag(name)} is {text!r}, but must be a time", hint="60, 60s, 5m or 1h")
    return seconds


def is_time(text: str) -> bool:
    """Return whether a text is a time with its unit: 60s, 5m, 1h."""
    found = TIME.fullmatch(text.strip())
    return found is not None and bool(found[2])


def nearest(name: str, known: list[str]) -> str:
    """Return a hint for an unknown name: the nearest known one, or all of them."""
    import difflib  # loaded only for a mistyped name

    near = difflib.get_close_matches(name, known, 1)
    return f"the nearest is {near[0]}" if near else f"there are: {', '.join(known)}"


def updated(section: Section, given: Mapping[str, Any]) -> Section:
    """Return a section with some fields replaced. Raises UsageError, naming the flag, for a value that does not fit."""
    hints = get_type_hints(type(section))
    known = {spec.name: spec.metadata for spec in fields(section)}  # type: ignore[arg-type]
    words = {name: _folded(value, known[name]) for name, value in given.items()}
    return replace(
        section, **{name: _fitting(name, value, hints[name], known[name]["words"]) for name, value in words.items()}
    )  # type: ignore[type-var]


def folded(word: str, words: Collection[str]) -> str:
    """Return the word among those known that differs in case alone; otherwise the word as it is."""
    return word.lower() if word.lower() in words else word


def _folded(value: Any, metadata: Mapping[str, Any]) -> Any:
    """Return a value in the case of the words that its setting may be, alone or with commas between them."""
    words = metadata["words"]
    if isinstance(value, list | tuple):
        return type(value)(_folded(each, metadata) for each in value)
    if not isinstance(value, str) or not (words or "lower" in metadata["flags"]):
        return value
    return ",".join(folded(part.strip(), words or (part.strip().lower(),)) for part in value.split(","))


def several(name: str, value: Any, item: Any) -> tuple[Any, ...]:
    """Return the items of a setting that holds several: from "12,24" as on the command line, from a list, or from one
    value.

    Raises UsageError, naming the flag, if they are not of the type asked for.
    """
    items = [part.strip() for part in value.split(",")] if isinstance(value, str) else [value]
    items = list(value) if not isinstance(value, str) and hasattr(value, "__iter__") else items
    try:
        if item is str and not all(isinstance(each, str) for each in items):
            raise ValueError
        found = tuple(item(each) for each in items)
        if any(not isinstance(each, str) and one != each for one, each in zip(found, items, strict=True)):
            raise ValueError  # 12.5 is not a whole number
        return found
    except (ValueError, TypeError):
        words = {int: "whole numbers", float: "numbers"}.get(item, "names")
        raise UsageError(f"{flag(name)} is {shown(value)}, but must be {words} with commas between them") from None


def item_of(kind: Any) -> Any:
    """Return the type of each item of a setting that holds several; None if it holds one."""
    found = [option for option in (kind, *get_args(kind)) if get_origin(option) is tuple]
    return get_args(found[0])[0] if found else None


def _fitting(name: str, value: Any, kind: Any, words: Collection[str]) -> Any:
    if (item := item_of(kind)) is not None:
        return value if str in get_args(kind) and value in words else several(name, value, item)
    if isinstance(value, list | tuple) and str in (kind, *get_args(kind)) and all(isinstance(v, str) for v in value):
        value = ",".join(value)  # id columns
    value = getattr(value, "item", lambda: value)()  # a NumPy scalar
    infinite = isinstance(value, float) and value - value != 0  # refused later, by the setting's range
    if not infinite and not fits(value, kind):
        raise UsageError(f"{flag(name)} cannot be {shown(value)}")
    return value

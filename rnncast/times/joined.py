"""Times spread over several columns, which are read as one column and written as they came.

Supported are year and month, quarter or week, with a day or an hour, and a date with a time of day or an hour.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from rnncast.times.formats import formats_of, refined

_WORDS = {
    "year": ("year", "yr", "jahr", "année", "annee", "año", "ano"),
    "quarter": ("quarter", "qtr", "quartal", "trimestre"),
    "month": ("month", "mon", "monat", "mois", "mes"),
    "week": ("week", "isoweek", "woche", "kw", "kalenderwoche", "semaine", "semana"),
    "day": ("day", "tag", "jour", "dia", "día"),
    "hour": ("hour", "hr", "stunde", "heure", "hora"),
    "date": ("date", "datum", "fecha"),
    "clock": ("time", "uhrzeit", "zeit", "clock"),
}
_MONTH_NAMES = ("%b", "%B")
_CLOCK = re.compile(r"\d{1,2}:\d\d(?::\d\d)?", re.ASCII)
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)
# Parts that may stand together, the most specific first.
_TOGETHER = (
    ("year", "month", "day", "hour"),
    ("year", "month", "day"),
    ("year", "month"),
    ("year", "quarter"),
    ("year", "week"),
    ("date", "clock"),
    ("date", "hour"),
)
_RANGES = {"month": (1, 12), "quarter": (1, 4), "week": (1, 53), "day": (1, 31), "hour": (0, 23), "year": (1500, 2199)}


class Joined(NamedTuple):
    """A time in several columns.

    name: of the whole; columns: their names, in the order of the time; formats: one for each.
    """

    name: str
    columns: tuple[str, ...]
    formats: tuple[str, ...]


def joined_time(head: Mapping[str, Sequence[str]], others: Sequence[str] = ()) -> Joined | None:
    """Return the columns that form one time together; None if there are none. others: columns with another role."""
    named: dict[str, str] = {}
    for column in head:
        for part, words in _WORDS.items():
            if column.lower() in words and column not in others:
                named.setdefault(part, column)
    for parts in _TOGETHER:
        if all(part in named for part in parts):
            columns = tuple(named[part] for part in parts)
            formats = [_format(part, head[named[part]]) for part in parts]
            if all(formats) and (parts != ("date", "hour") or _goes_on(head[columns[1]])):
                return Joined("-".join(columns), columns, tuple(formats))
    return None


def joined_cell(joined: Joined, cells: Sequence[str]) -> str:
    """Return the cells of a row joined into one time, as times are read; empty if all cells are."""
    if not any(cells):
        return ""
    out = cells[0]
    for form, cell in zip(joined.formats[1:], cells[1:], strict=True):
        out += _between(form) + (_plain(cell, form) if cell else "?")
    return out


def joined_format(formats: Sequence[str]) -> str:
    """Return the format of the text that `joined_cell` returns."""
    out = formats[0].replace("%Y", "%G") if formats[-1].endswith("V") else formats[0]
    for form in formats[1:]:
        out += _between(form) + form.replace("%-V", "%V").replace("%-H", "%H")
    return out


def _between(form: str) -> str:
    if "%H" in form or "%-H" in form:
        return " "
    return "-W" if "V" in form else "-Q" if form == "%q" else "-"


def _plain(cell: str, form: str) -> str:
    return cell.zfill(2) if form in ("%-V", "%-H", "%V") and cell.isdecimal() else cell


def _format(part: str, cells: Sequence[str]) -> str:
    """Return how the cells of a part are written; empty if they are not such a part."""
    present = [cell for cell in cells if cell]
    if not present:
        return ""
    if part == "date":
        formats = formats_of(present)
        alone = len(formats) == 1 and "%d" in formats[0] and " " not in formats[0] and "T" not in formats[0]
        return refined(formats[0], present) if alone else ""
    if part == "clock":
        seconds = max(cell.count(":") for cell in present) == 2
        return ("%H:%M:%S" if seconds else "%H:%M") if all(map(_CLOCK.fullmatch, present)) else ""
    if not all(map(_NUMBER.fullmatch, present)):
        names = [form for form in _MONTH_NAMES if part == "month" and _all_months(present, form)]
        return names[0] if names else "Q%q" if part == "quarter" and _quarters(present) else ""
    low, high = _RANGES[part]
    if not all(low <= int(cell) <= high for cell in present):
        return ""
    letter = {"year": "%Y", "quarter": "%q"}.get(part) or {"month": "m", "week": "V", "day": "d", "hour": "H"}[part]
    return letter if "%" in letter else f"%{'-' if any(len(cell) == 1 for cell in present) else ''}{letter}"


def _goes_on(hours: Sequence[str]) -> bool:
    """Return whether hours follow one another from row to row, as they do in times."""
    steps = [int(after) - int(before) for before, after in pairwise(hour for hour in hours if hour)]
    moves = [step for step in steps if step]
    return 5 * sum(step in (1, -23) for step in moves) > 4 * len(moves) > 0


def _all_months(cells: Sequence[str], form: str) -> bool:
    return all(f"{form} %Y" in formats_of([f"{cell} 2024"]) for cell in cells)


def _quarters(cells: Sequence[str]) -> bool:
    return all(re.fullmatch("Q[1-4]", cell) for cell in cells)

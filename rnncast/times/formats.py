"""Times as text: recognised formats, reading and writing. No pandas.

A format is written as in strptime, with extensions after GNU date: %-d is not padded, %^b is in capitals, %P is am or
pm, %3f is milliseconds, %q the quarter, %:z is +01:00 and %:::z is +01. A name from `times.numeric`, such as "unix",
stands for a format of numbers.
"""

import functools
import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.times.frequency import SECOND, Times
from rnncast.times.numeric import NUMERIC, numbers_of_times, times_of_numbers
from rnncast.times.zones import offset_of, utc_offsets, wall_offsets

WHOLE_NUMBER = ""  # the format of times that are whole numbers
YEAR = "%Y"
LONGEST = 60  # characters of a time
LONGEST_FORMAT = 200  # characters
EXAMPLE = np.array([np.datetime64("2024-12-31T23:59:59", "us")])

COMPACT_TIMES = ("%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S")  # 2024123123, 202412312359, 20241231235959

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_PLACE = {name[:3].lower(): place for place, name in enumerate(_MONTHS, 1)}
_DATES = (
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d.%m.%Y",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%Y%m%d",
    "%d %b %Y",
    "%d-%b-%Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%B %d, %Y",
    "%d.%m.%y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d-%b-%y",
)
_CLOCKS = (
    "%H:%M",
    "%H:%M:%S",
    "%H:%M:%S.%f",
    "%H:%M:%S,%f",
    "%I:%M %p",
    "%I:%M:%S %p",
    "%I:%M%p",
    "%I:%M:%S%p",
    "%H%M",
    "%H%M%S",
    "%H",
)
_ZONES = ("", "Z", " UTC", "%:z", "%z", "%:::z", " %:z", " %z")
_PERIODS = (
    "%Y-%m",
    "%Y/%m",
    "%m/%Y",
    "%m-%Y",
    "%m.%Y",
    "%b %Y",
    "%B %Y",
    "%b-%Y",
    "%b-%y",
    "%b %y",
    "%Y %b",
    "%YM%m",
    "%YQ%q",
    "%Y-Q%q",
    "%Y Q%q",
    "Q%q %Y",
    "Q%q-%Y",
    "Q%q/%Y",
    "%G-W%V",
    "%GW%V",
    "%Y%m",
    *COMPACT_TIMES,
    YEAR,
)
DIRECTIVE = re.compile(r"%(-|\^|:::|:|\d)?([A-Za-z])")
_FIELDS: dict[str, Any] = {
    "Y": r"\d{4}",
    "G": r"\d{4}",
    "y": r"\d{2}",
    "m": r"(?:1[0-2]|0?[1-9])",
    "d": r"(?:[12]\d|3[01]|0?[1-9])",
    "V": r"(?:0[1-9]|[1-4]\d|5[0-3])",
    "H": r"(?:[01]\d|2[0-3]|\d)",
    "I": r"(?:1[0-2]|0?[1-9])",
    "M": r"[0-5]\d",
    "S": r"[0-5]\d",
    "f": r"\d{1,6}",
    "p": r"(?:[AaPp][Mm])",
    "P": r"(?:[AaPp][Mm])",
    "q": r"[1-4]",
    "b": f"(?i:{'|'.join(month[:3] for month in _MONTHS)})",
    "B": f"(?i:{'|'.join(_MONTHS)})",
    "z": {"": r"[+-]\d{4}", ":": r"[+-]\d\d:\d\d", ":::": r"[+-]\d\d"},
}


def formats_of(samples: list[str]) -> list[str]:
    """Return the formats that fit the most samples, if they fit most of them; several where day and month are
    ambiguous."""
    tried = list(dict.fromkeys(form for text in samples[:3] for form in _formats_of_one(text)))
    fits = {form: sum(map(bool, map(pattern(form).fullmatch, samples))) for form in tried}
    most = max(fits.values(), default=0)
    return [form for form in tried if fits[form] == most and 2 * most > len(samples)]


def refined(form: str, samples: list[str]) -> str:
    """Return a format with the padding, capitals and decimals of the samples, so that writing gives them back."""

    def field(match: re.Match[str]) -> str:
        flag, name = match[1] or "", match[2]
        found = [each[1] for each in map(_field_at(form, match.start()).fullmatch, samples) if each]
        if name in "mdHI" and any(len(text) == 1 for text in found):
            return f"%-{name}"
        if name in "bB" and found and all(text.isupper() for text in found):
            return f"%^{name}"
        if name == "p" and found and all(text.islower() for text in found):
            return "%P"
        if name == "f" and found and len({len(text) for text in found}) == 1:
            return f"%{len(found[0])}f"
        return f"%{flag}{name}"

    return DIRECTIVE.sub(field, form)


def format_fault(form: str) -> str:
    """Return what is wrong with a format; empty if nothing is.

    A format must hold a time, and no directive that is unknown or used twice.
    """
    if form in NUMERIC:
        return ""
    if len(form) > LONGEST_FORMAT:
        return f"it has more than {LONGEST_FORMAT} characters"
    directives = [match.groups("") for match in DIRECTIVE.finditer(form)]
    if not directives:
        return "it holds no time"
    for i, (flag, name) in enumerate(directives):
        if flag not in _flags_of(name):
            return f"%{flag}{name} is not known"
        if name in (each for _, each in directives[:i]):
            return f"%{name} occurs twice"
    return ""


def _flags_of(name: str) -> Collection[str]:
    """Return the flags that a directive may have, "" for none; empty for an unknown directive."""
    if name not in _FIELDS:
        return ()
    if name == "z":
        return tuple(_FIELDS["z"])
    return {"f": ("", *"123456"), "b": ("", "^"), "B": ("", "^")}.get(name, ("", "-"))


@functools.cache
def pattern(form: str) -> re.Pattern[str]:
    """Return the pattern of text in a format. Raises KeyError for an unknown directive."""
    return re.compile("".join(_pieces(form)), re.ASCII)


def read_time(text: str, form: str) -> tuple[datetime, int] | None:
    """Return the local time that a text in a format shows, and its offset from UTC in microseconds (0 if it has none).

    Returns None if the text is not such a time. For rows that arrive one by one; a whole column is read by pandas.
    """
    if form in NUMERIC:
        moment = times_of_numbers([text], form)[0]
        return None if np.isnat(moment) else (moment.item(), 0)
    found = _in_groups(form).fullmatch(text)
    if not found:
        return None
    part = found.groupdict()
    offset = offset_of(part["z"]) if "z" in part else 0
    hour = int(part.get("H") or part.get("I") or 0)
    if half := part.get("p") or part.get("P"):
        hour = hour % 12 + (12 if half.lower() == "pm" else 0)
    try:
        if "V" in part:
            day = date.fromisocalendar(int(part["G"]), int(part["V"]), 1)
        else:
            day = date(_year(part), _month(part), int(part.get("d") or 1))
        second, fraction = int(part.get("S") or 0), int((part.get("f") or "0").ljust(6, "0"))
        return datetime(day.year, day.month, day.day, hour, int(part.get("M") or 0), second, fraction), offset
    except ValueError:  # such as the 30th of February
        return None


def format_times(times: Times, form: str, zone: str = "", in_utc: bool = False) -> NDArray[np.object_]:
    """Write times in a format, each distinct time once; whole numbers stay numbers.

    zone: the zone whose offsets from UTC the format shows. in_utc: whether the times are UTC, not the zone's local
    time.
    """
    if form == WHOLE_NUMBER:
        return times.astype(object)
    if form in NUMERIC:
        local = bool(zone) and not in_utc
        return numbers_of_times(times - wall_offsets(times, zone).astype("timedelta64[us]") if local else times, form)
    distinct, back = np.unique(times, return_inverse=True)
    distinct = distinct.astype("datetime64[us]")
    offsets = np.zeros(len(distinct), np.int64)  # microseconds
    if zone and in_utc:
        offsets = utc_offsets(distinct, zone)
        distinct = distinct + offsets.astype("timedelta64[us]")
    elif zone:
        offsets = wall_offsets(distinct, zone)
    moments = zip(distinct.tolist(), offsets.tolist(), strict=True)
    texts = np.array([_text(moment, offset, form) for moment, offset in moments], object)
    shaped: NDArray[np.object_] = texts[back].reshape(times.shape)
    return shaped


def _formats_of_one(text: str) -> list[str]:
    if len(text) > LONGEST:
        return []
    found = [form for form in (*_PERIODS, *_DATES) if pattern(form).fullmatch(text)]
    found.sort(key=lambda form: form == YEAR)
    for day in _DATES:
        start = pattern(day).match(text)
        between = text[start.end() : start.end() + 1] if start else ""
        if start and between in (" ", "T"):
            rest = text[start.end() + 1 :]
            clocks = (clock + zone for clock in _CLOCKS for zone in _ZONES)
            found += [day + between + clock for clock in clocks if pattern(clock).fullmatch(rest)]
    return found


def _pieces(form: str) -> list[str]:
    """Return a regular expression for each directive of a format and for the text between them."""
    pieces, end = [], 0
    for match in DIRECTIVE.finditer(form):
        field = _FIELDS[match[2]]
        compact = match[2] in "mdHI" and _compact(form, match)
        plain = r"\d\d" if compact else field[match[1] or ""] if isinstance(field, dict) else field
        pieces += [re.escape(form[end : match.start()]), plain]
        end = match.end()
    return [*pieces, re.escape(form[end:])]


def _compact(form: str, match: re.Match[str]) -> bool:
    """Return whether a field touches another one, and so must have two digits."""
    before, after = form[: match.start()], form[match.end() :]
    return bool(re.search(r"%[A-Za-z]$", before)) or after.startswith("%")


def _field_at(form: str, start: int) -> re.Pattern[str]:
    """Return the pattern of a format with a group around the directive at `start`."""
    index = 2 * sum(match.start() < start for match in DIRECTIVE.finditer(form)) + 1
    pieces = _pieces(form)
    pieces[index] = f"({pieces[index]})"
    return re.compile("".join(pieces), re.ASCII)


@functools.lru_cache(maxsize=1024)  # successive forecasts of a stream share most of their times
def _text(moment: datetime, offset: int, form: str) -> str:
    week = moment.isocalendar()
    month = _MONTHS[moment.month - 1]
    numbers = {
        "Y": f"{moment.year:04d}",
        "G": f"{week.year:04d}",
        "y": f"{moment.year % 100:02d}",
        "m": f"{moment.month:02d}",
        "d": f"{moment.day:02d}",
        "V": f"{week.week:02d}",
        "H": f"{moment.hour:02d}",
        "I": f"{(moment.hour - 1) % 12 + 1:02d}",
        "M": f"{moment.minute:02d}",
        "S": f"{moment.second:02d}",
        "f": f"{moment.microsecond:06d}",
        "p": "PM" if moment.hour >= 12 else "AM",
        "P": "pm" if moment.hour >= 12 else "am",
        "q": str((moment.month + 2) // 3),
        "b": month[:3],
        "B": month,
    }

    def field(match: re.Match[str]) -> str:
        flag, name = match[1] or "", match[2]
        if name == "z":
            return _offset_text(offset, flag)
        text = numbers[name]
        if flag == "-":
            return text.lstrip("0") or "0"
        if flag == "^":
            return text.upper()
        return text[: int(flag)] if flag else text

    return DIRECTIVE.sub(field, form)


@functools.cache
def _in_groups(form: str) -> re.Pattern[str]:
    """Return the pattern of a format, with each directive as a group named by its letter."""
    pieces = _pieces(form)
    for i, match in enumerate(DIRECTIVE.finditer(form)):
        pieces[2 * i + 1] = f"(?P<{match[2]}>{pieces[2 * i + 1]})"
    return re.compile("".join(pieces), re.ASCII)


def _year(part: dict[str, str]) -> int:
    if "y" not in part:
        return int(part["Y"])
    short = int(part["y"])
    return short + (1900 if short >= 69 else 2000)  # as in POSIX strptime


def _month(part: dict[str, str]) -> int:
    if "q" in part:
        return 3 * int(part["q"]) - 2
    name = part.get("b") or part.get("B")
    return _PLACE[name[:3].lower()] if name else int(part.get("m") or 1)


def _offset_text(offset: int, flag: str) -> str:
    minutes = abs(offset) // (60 * SECOND)
    sign = "-" if offset < 0 else "+"
    if flag == ":::" and minutes % 60 == 0:
        return f"{sign}{minutes // 60:02d}"
    return f"{sign}{minutes // 60:02d}{'' if flag == '' else ':'}{minutes % 60:02d}"

"""Inference from times: the regular grid that they lie on, and the zone whose clocks show them."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
from numpy.typing import NDArray

from rnncast.errors import DataError, UsageError
from rnncast.times.frequency import DAY, HOUR, LAST_DAY, MINUTE, SECOND, Frequency, Positions, Times
from rnncast.times.zones import Offsets, fixed_zone, offset_at

MISFIT = 5  # empty grid points that count as much as one time off the grid
MOST_CANDIDATES = 12  # grids, the commonest first, that are compared on every series

_SPANS = {"D": DAY, "h": HOUR, "H": HOUR, "min": MINUTE, "T": MINUTE, "s": SECOND, "S": SECOND}
_WEEKDAYS = ("THU", "FRI", "SAT", "SUN", "MON", "TUE", "WED")  # counted from 1970-01-01
_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_MONTH_COUNTS = {"M": 1, "Q": 3, "Y": 12, "A": 12}
_MONTH_DAYS = {"": None, "S": 1, "E": LAST_DAY}
# Tried first, in this order, because several zones may fit the offsets of a table equally well.
_USUAL = (
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Australia/Sydney",
)


@dataclass(frozen=True)
class FrequencyAlias:
    """A grid as --freq names it, by the frequency aliases of pandas.

    A field that is None is inferred from the times. anchor: months or days since 1970, modulo count.
    """

    unit: str
    count: int
    anchor: int | None = None
    day: int | None = None


def parse_frequency(word: str) -> FrequencyAlias:
    """Return the grid meant by a word like D, 15min, W-MON, QS-OCT or 7 (steps). Raises UsageError for any other."""
    found = re.fullmatch(r"(\d{0,6})([A-Za-z]*)(?:-([A-Z]{3}))?", word)
    count, name, anchor = (int(found[1] or 1), found[2], found[3]) if found else (0, "", None)
    if count and not name and not anchor and found and found[1]:
        return FrequencyAlias("step", count)
    if count and not anchor and name in _SPANS:
        return FrequencyAlias("span", count * _SPANS[name])
    if count and not anchor and name == "B":
        return FrequencyAlias("business day", count)
    if count and name == "W" and (anchor is None or anchor in _WEEKDAYS):
        return FrequencyAlias("span", 7 * count * DAY, _WEEKDAYS.index(anchor) if anchor else None)
    if count and name[:1] in _MONTH_COUNTS and name[1:] in _MONTH_DAYS and (anchor is None or anchor in _MONTHS):
        months = count * _MONTH_COUNTS[name[0]]
        return FrequencyAlias("month", months, _MONTHS.index(anchor) if anchor else None, _MONTH_DAYS[name[1:]])
    raise UsageError(
        f"--freq {word!r} is not a frequency",
        hint="use D, B, W, W-MON, MS, ME, QS, QE, YS, h, min or s, with a number in front if needed: 15min, 4h, 2W",
    )


def infer_frequency(series: Iterable[Times], alias: FrequencyAlias | None = None) -> Frequency:
    """Return the grid that suits the series best, each given as its times, rising and distinct.

    It leaves the fewest times off the grid and the fewest points empty, so that a few mistaken times do not change it.
    See `Frequency.positions` for times off the grid. Raises DataError if no series has two times and no alias is given.
    """
    telling = [times for times in series if len(times) > (0 if alias else 1)]
    if not telling:
        raise DataError(
            "cannot tell the frequency: no series has two different times",
            hint="give at least two rows of one series, or --freq; if every row became a series of its own, check --id",
        )
    votes: Counter[Frequency] = Counter()
    for times in telling:
        votes[best_grid(times, alias)] += len(times)
    candidates = [grid for grid, _ in votes.most_common(MOST_CANDIDATES)]
    if len(candidates) == 1:
        return candidates[0]
    return min(candidates, key=lambda grid: misfit(grid, telling))


def best_grid(times: Times, alias: FrequencyAlias | None = None) -> Frequency:
    """Return the grid that suits one series best, given as its times, rising and distinct."""
    numbered = times.dtype.kind == "i"
    if alias and numbered != (alias.unit == "step"):
        what = "whole numbers" if numbered else "dates"
        raise DataError(f"--freq does not suit this table: its times are {what}", hint="leave out --freq")
    candidates = list(_alias_grids(times, alias) if alias else _grids(times))
    return min(candidates, key=lambda grid: _cost(grid, times))  # the first of equals


def distinct(times: Times) -> Times:
    """Return times in order, each once."""
    if bool((times[1:] > times[:-1]).all()):
        return times
    ordered = np.sort(times)  # several times as fast as np.unique, which hashes before it sorts
    once: Times = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
    return once


def off_grid(grid: Frequency, times: Times) -> NDArray[np.bool_]:
    """Return which times do not lie on a grid."""
    wrong: NDArray[np.bool_] = grid.times(grid.positions(times)) != times
    return wrong


def misfit(grid: Frequency, series: Iterable[Times]) -> int:
    """Return how badly a grid suits series, each given as its times, rising and distinct: 0 is a perfect fit."""
    return sum(_cost(grid, times) for times in series)


def zone_of(utc: Times, offsets: Offsets) -> str | None:
    """Return a zone whose clocks had these offsets at these moments; None if there is none."""
    distinct = np.unique(offsets)
    if len(distinct) == 1:
        return fixed_zone(int(distinct[0]))
    order = np.argsort(utc)
    utc, offsets = utc[order], offsets[order]
    # A zone that is right on both sides of each change is right everywhere between.
    ends = np.flatnonzero(np.diff(offsets))
    chosen = np.unique(np.concatenate([[0], ends, ends + 1, [len(utc) - 1]]))
    moments = [moment.replace(tzinfo=UTC) for moment in utc[chosen].astype("datetime64[us]").tolist()]
    seen = list(zip(moments, offsets[chosen].tolist(), strict=True))
    others = sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
    for name in dict.fromkeys((*_USUAL, *others)):
        info = ZoneInfo(name)  # asked moment by moment: up to a mistyped year, clocks change thousands of times
        if all(offset_at(info, moment) == offset for moment, offset in seen):
            return name
    return None


def _cost(grid: Frequency, times: Times) -> int:
    gaps = np.maximum(np.diff(grid.positions(times)) - 1, 0)
    # A single distant time says nothing about the grid, however many points lie between.
    empty = int(np.minimum(gaps, len(times)).sum())
    return empty + MISFIT * int(off_grid(grid, times).sum())


def _grids(times: Times) -> Iterator[Frequency]:
    """Yield the grids to consider, the likelier of equals first."""
    if times.dtype.kind == "i":
        yield from (_stepped("step", times, count) for count in _counts(_gaps(times)))
        return
    stamps = times.astype("datetime64[us]")
    gaps = _gaps(stamps)
    if np.median(gaps) >= 28 * DAY:
        yield from _months(stamps)
    yield from (_stepped("span", stamps.astype(np.int64), count) for count in _counts(gaps))
    if np.median(gaps) >= DAY:
        yield _business_days(stamps, 1)


def _alias_grids(times: Times, alias: FrequencyAlias) -> Iterator[Frequency]:
    if alias.unit == "step":
        yield _stepped("step", times, alias.count)
        return
    stamps = times.astype("datetime64[us]")
    if alias.unit == "business day":
        yield _business_days(stamps, alias.count)
    elif alias.unit == "month":
        for grid in _months(stamps, alias.count, (alias.day,) if alias.day else (None, LAST_DAY)):
            yield grid if alias.anchor is None else _anchored(grid, alias.anchor % alias.count)
    else:
        grid = _stepped("span", stamps.astype(np.int64), alias.count)
        clock = _clock(stamps)
        yield grid if alias.anchor is None else _anchored(grid, (alias.anchor * DAY + clock) % alias.count)


def _gaps(times: Times) -> Positions:
    numbers = times.astype(np.int64)
    gaps: Positions = numbers[1:] - numbers[:-1]
    return gaps


def _counts(gaps: Positions) -> list[int]:
    """Return the steps that gaps suggest: the usual one, the smallest, and the largest that divides all of them."""
    return list(dict.fromkeys((_usual(gaps), int(gaps.min()), int(np.gcd.reduce(gaps)))))


def _stepped(unit: str, numbers: Positions, count: int) -> Frequency:
    return Frequency(unit, count, phase=_usual(numbers % count))


def _months(
    stamps: Times, count: int | None = None, days: tuple[int | None, ...] = (None, LAST_DAY)
) -> Iterator[Frequency]:
    dates = stamps.astype("datetime64[D]")
    months = dates.astype("datetime64[M]")
    numbers = np.unique(months.astype(np.int64))
    usual_day = _usual((dates - months.astype("datetime64[D]")).astype(np.int64)) + 1
    if ((dates + 1).astype("datetime64[M]") > months).all():
        usual_day = LAST_DAY  # 30 June and 30 September are month ends rather than thirtieths
    counts = [count] if count else _counts(_gaps(numbers)) if len(numbers) > 1 else [1]
    for day in days:
        for each in counts:
            yield Frequency("month", each, _usual(numbers % each), day or usual_day, _clock(stamps))


def _business_days(stamps: Times, count: int) -> Frequency:
    numbers = np.busday_count("1970-01-01", stamps.astype("datetime64[D]")).astype(np.int64)
    return Frequency("business day", count, phase=_usual(numbers % count), clock=_clock(stamps))


def _anchored(grid: Frequency, phase: int) -> Frequency:
    return Frequency(grid.unit, grid.count, phase, grid.day, grid.clock)


def _clock(stamps: Times) -> int:
    return _usual((stamps - stamps.astype("datetime64[D]")).astype(np.int64))


def _usual(numbers: Positions) -> int:
    values, counts = np.unique(numbers, return_counts=True)
    return int(values[counts.argmax()])

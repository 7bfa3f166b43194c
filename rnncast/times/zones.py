"""Time zones: local time and UTC. NumPy and the standard library only; times in microseconds.

A zone is a name, "Europe/Berlin", or a fixed offset, "+01:00"; "UTC" is a name too.
"""

import functools
import re
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from rnncast.errors import UsageError
from rnncast.times.frequency import DAY, SECOND, Times

Offsets = NDArray[np.int64]  # microseconds east of UTC

_FIXED = re.compile(r"([+-])(\d\d):?(\d\d)?")


class Changes(NamedTuple):
    """Changes of a zone's clocks.

    instants [C]: in UTC, rising. offsets [C+1]: before, between and after them.
    """

    instants: NDArray[np.int64]
    offsets: Offsets


def check_zone(zone: str) -> None:
    """Raise UsageError if there is no such zone."""
    if _FIXED.fullmatch(zone) and abs(offset_of(zone)) < DAY:
        return
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(
            f"there is no time zone {zone!r}", hint="zones are like Europe/Berlin, UTC or +01:00"
        ) from None


def utc_offsets(utc: Times, zone: str) -> Offsets:
    """Return the zone's offset from UTC at each moment of UTC."""
    stamps = utc.astype("datetime64[us]").astype(np.int64)
    if not stamps.size:
        return stamps
    changes = _changes(zone, int(stamps.min()), int(stamps.max()))
    offsets: Offsets = changes.offsets[np.searchsorted(changes.instants, stamps, side="right")]
    return offsets


def wall_offsets(wall: Times, zone: str) -> Offsets:
    """Return the zone's offset from UTC at each local time; the first of two if that hour repeats.

    For a time that the clocks skip, the offset before the jump.
    """
    stamps = wall.astype("datetime64[us]").astype(np.int64)
    before, after = (utc_offsets((stamps + shift).astype("datetime64[us]"), zone) for shift in (-DAY, DAY))
    first = utc_offsets((stamps - before).astype("datetime64[us]"), zone) == before
    second = utc_offsets((stamps - after).astype("datetime64[us]"), zone) == after
    return np.where(first | ~second, before, after)


def wall_to_utc(wall: Times, zone: str, second: NDArray[np.bool_]) -> tuple[Times, NDArray[np.bool_]]:
    """Return the moments of UTC at which clocks show each local time, and which of the times they skip.

    second: which times to take for the second of two where an hour repeats.
    """
    stamps = wall.astype("datetime64[us]")
    early = wall_offsets(stamps, zone)
    utc = stamps - early.astype("timedelta64[us]")
    skipped = utc_offsets(utc, zone) != early
    later = utc_offsets(stamps + np.timedelta64(DAY, "us"), zone)
    late = stamps - later.astype("timedelta64[us]")
    repeats = (later < early) & (utc_offsets(late, zone) == later)
    return np.where(second & repeats, late, utc), skipped


def offset_of(text: str) -> int:
    """Return the microseconds of "+01:00", "-0330", "+01", "Z" or "UTC"."""
    found = _FIXED.fullmatch(text.strip())
    if not found:
        return 0
    size = (int(found[2]) * 60 + int(found[3] or 0)) * 60 * SECOND
    return -size if found[1] == "-" else size


def fixed_zone(offset: int) -> str:
    """Return the zone of a fixed offset in microseconds, such as "+01:00"."""
    minutes = abs(offset) // (60 * SECOND)
    return f"{'-' if offset < 0 else '+'}{minutes // 60:02d}:{minutes % 60:02d}"


def offset_at(info: ZoneInfo, moment: datetime) -> int:
    """Return a zone's offset from UTC at a moment, in microseconds."""
    offset = moment.astimezone(info).utcoffset()
    assert offset is not None
    return round(offset.total_seconds()) * SECOND


def _changes(zone: str, first: int, last: int) -> Changes:
    """Return the changes of a zone's clocks between two moments of UTC."""
    if _FIXED.fullmatch(zone):
        return Changes(np.empty(0, np.int64), np.array([offset_of(zone)]))
    years = [np.datetime64(stamp, "us").astype("datetime64[Y]").astype(int) + 1970 for stamp in (first, last)]
    return _changes_of_years(zone, max(int(years[0]), 2), min(int(years[1]), 9997))


@functools.cache
def _changes_of_years(zone: str, first: int, last: int) -> Changes:
    info = ZoneInfo(zone)
    # Clocks keep an offset for at least a week, except in wartime curiosities that hourly tables hardly contain.
    start, stop = datetime(first - 1, 12, 1, tzinfo=UTC), datetime(last + 1, 2, 1, tzinfo=UTC)
    weeks = [start + timedelta(weeks=n) for n in range((stop - start).days // 7 + 1)]
    instants, offsets = [], [offset_at(info, start)]
    for early, late in pairwise(weeks):
        if offset_at(info, early) != offset_at(info, late):
            instants.append(_bisected(info, early, late))
            offsets.append(offset_at(info, late))
    return Changes(np.array(instants, np.int64), np.array(offsets, np.int64))


def _bisected(info: ZoneInfo, early: datetime, late: datetime) -> int:
    """Return the first second of UTC at which the offset is that of `late`."""
    target = offset_at(info, late)
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) // 2
        middle = middle.replace(microsecond=0)
        early, late = (early, middle) if offset_at(info, middle) == target else (middle, late)
    return int(late.timestamp()) * SECOND

"""Grids of times: a whole number for each time, and a time for each whole number.

All rooms above work with grid positions: a gap is a jump of more than one, and the future is the next whole numbers.
"""

import functools
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.config import CYCLES
from rnncast.errors import UsageError
from rnncast.plain import from_plain

Times = NDArray[Any]  # datetime64[us], or int64 where the user's time is a whole number
Positions = NDArray[np.int64]

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
LAST_DAY = 31
UNITS = ("step", "span", "month", "business day")
MOST_UNITS = 2_000_000_000_000_000_000  # a quarter of NumPy's range, so that sums cannot overflow
FIRST_DATE, LAST_DATE = np.datetime64("0001-01-02"), np.datetime64("9999-12-30")

_SPANS = {"day": DAY, "hour": HOUR, "minute": MINUTE, "second": SECOND}
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


@dataclass(frozen=True)
class Frequency:
    """A regular grid of times.

    unit: "step" (whole numbers), "span" (a fixed number of microseconds), "month" or "business day".
    count: units from one grid point to the next. phase: where the grid starts, 0 <= phase < count, in units since 1970
    (since 0 for steps). day: day of the month, 31 meaning the last (months only). clock: microseconds since midnight
    (months and business days).
    """

    unit: str
    count: int = 1
    phase: int = 0
    day: int = 1
    clock: int = 0

    def __post_init__(self) -> None:
        """Raise ValueError, naming the field, for one outside its range."""
        if self.unit not in UNITS:
            raise ValueError(f"the unit of a frequency is {self.unit!r}, but must be one of {', '.join(UNITS)}")
        ranges = {"count": (1, MOST_UNITS), "phase": (0, self.count - 1), "day": (1, LAST_DAY), "clock": (0, DAY - 1)}
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            if not least <= value <= most:
                raise ValueError(f"the {name} of a frequency is {value}, but must be from {least} to {most}")

    @property
    def reach(self) -> tuple[int, int]:
        """First and last grid position whose time lies in the calendar.

        That is the years 1 to 9999 without their outermost days, which fall in another year by the clocks of some
        zones.
        """
        first, last = _calendar(self.unit)
        return -((self.phase - first) // self.count), (last - self.phase) // self.count

    def holds(self, positions: Positions) -> NDArray[np.bool_]:
        """Return which grid positions have a time in the calendar."""
        first, last = self.reach
        inside: NDArray[np.bool_] = (positions >= first) & (positions <= last)
        return inside

    def times_after(self, cutoff: Positions, steps: int) -> Times:
        """Return the times [S, steps] of the steps after each cutoff [S]."""
        return self.times(cutoff[:, None] + np.arange(1, steps + 1))

    def times(self, positions: Positions) -> Times:
        """Return the time at each grid position: datetime64[us], or int64 for steps."""
        units = self.phase + self.count * np.asarray(positions, np.int64)
        if self.unit == "step":
            return units
        if self.unit == "span":
            return units.astype("datetime64[us]")
        if self.unit == "business day":
            dates: Times = np.busday_offset("1970-01-01", units, roll="forward")
            return dates.astype("datetime64[us]") + np.timedelta64(self.clock, "us")
        first = units.astype("datetime64[M]").astype("datetime64[D]")
        length = ((units + 1).astype("datetime64[M]").astype("datetime64[D]") - first).astype(np.int64)
        dates = first + np.minimum(self.day, length) - 1
        return dates.astype("datetime64[us]") + np.timedelta64(self.clock, "us")

    def positions(self, times: Times) -> Positions:
        """Return the grid position at or just before each time; `times(positions(t)) == t` only if t is on the grid."""
        if self.unit == "step":
            units = np.asarray(times, np.int64)
        elif self.unit == "span":
            units = times.astype("datetime64[us]").astype(np.int64)
        elif self.unit == "month":
            units = times.astype("datetime64[M]").astype(np.int64)
        else:
            units = np.busday_count("1970-01-01", times.astype("datetime64[D]")).astype(np.int64)
        return (units - self.phase) // self.count

    @property
    def name(self) -> str:
        """Grid in words: "monthly", "every 15 minutes", "weekly (Monday)"."""
        if self.unit == "step":
            return "numbered steps" if self.count == 1 else f"every {self.count} steps"
        if self.unit == "business day":
            return "business days"
        if self.unit == "month":
            names = {1: "monthly", 3: "quarterly", 12: "yearly"}
            return names.get(self.count, f"every {self.count} months")
        if self.count == 7 * DAY:
            # 1970-01-01 was a Thursday, the third day counted from Monday.
            return f"weekly ({_WEEKDAYS[(self.phase // DAY + 3) % 7]})"
        for unit, span in _SPANS.items():
            if self.count % span == 0:
                number = self.count // span
                single = {"day": "daily", "hour": "hourly"}.get(unit, f"every {unit}")
                return single if number == 1 else f"every {number} {unit}s"
        return f"every {self.count / SECOND:g} seconds"

    @property
    def data(self) -> str:
        """Data on this grid in words: "monthly data", "data every 15 minutes"."""
        nouns = {"step": "with", "business day": "of"}
        if self.name.startswith("every "):
            return f"data {self.name}"
        return f"data {nouns[self.unit]} {self.name}" if self.unit in nouns else f"{self.name} data"

    @property
    def seasons(self) -> tuple[int, ...]:
        """Season lengths of the calendar in steps, the main one first; empty if the calendar suggests none."""
        if self.unit == "month":
            return (12 // self.count,) if 12 % self.count == 0 and self.count < 12 else ()
        if self.unit == "business day":
            return (5,)
        if self.unit == "step":
            return ()
        if self.count == 7 * DAY:
            return (52,)
        cycles = (DAY, 7 * DAY) if self.count >= MINUTE else (HOUR, DAY)
        return tuple(cycle // self.count for cycle in cycles if cycle % self.count == 0 and cycle > self.count)

    @property
    def cycles(self) -> tuple[str, ...]:
        """Cycles of the calendar that are longer than a step: "day", "week", "year"."""
        if self.unit == "step":
            return ()
        if self.unit == "month":
            return ("year",) if self.count < 12 else ()
        if self.unit == "business day":
            return ("week", "year")
        return tuple(name for name, days in CYCLES.items() if days * DAY > self.count)

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as plain values, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Any) -> "Frequency":
        """Return the Frequency that `to_dict` wrote. Raises UsageError or ValueError, naming the field, if a value is
        invalid."""
        frequency: Frequency = from_plain(cls, values, "frequency's field")
        return frequency


@functools.cache
def _calendar(unit: str) -> tuple[int, int]:
    """Return the first and last unit of a grid that lie in the calendar, as in `Frequency.reach`."""
    if unit == "step":
        return -MOST_UNITS, MOST_UNITS
    if unit == "month":
        return 12 * (1 - 1970) + 1, 12 * (9999 - 1970) + 10  # February and November
    if unit == "business day":
        return int(np.busday_count("1970-01-01", FIRST_DATE)), int(np.busday_count("1970-01-01", LAST_DATE))
    ends = np.array([FIRST_DATE, LAST_DATE]).astype("datetime64[us]").astype(np.int64)
    return int(ends[0]), int(ends[1])


def check_cycles(cycles: tuple[str, ...], frequency: Frequency) -> None:
    """Refuse a calendar cycle that the frequency does not have, with a UsageError that names it."""
    wrong = [cycle for cycle in cycles if cycle not in frequency.cycles]
    if wrong:
        there = ", ".join(frequency.cycles) or "none"
        raise UsageError(
            f"--calendar {wrong[0]}: these data are {frequency.name} and have no such cycle",
            hint=f"leave out --calendar; their cycles are: {there}",
        )

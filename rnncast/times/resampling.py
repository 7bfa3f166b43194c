"""Grids for resampling: what a period is called, which grid its starts make, and which suits irregular times."""

import re
from typing import NamedTuple

from rnncast.errors import UsageError
from rnncast.times.frequency import DAY, HOUR, MINUTE, SECOND, Frequency
from rnncast.times.inference import FrequencyAlias, parse_frequency

WORDS = {
    "second": "s",
    "minute": "min",
    "hour": "h",
    "day": "D",
    "week": "W",
    "month": "MS",
    "quarter": "QS",
    "year": "YS",
}
MONDAY = 4  # counted from Thursday 1970-01-01
MONTH = 30 * DAY  # about, to compare with
# Steps that are suggested where times are irregular, by their length.
SUGGESTED = {
    SECOND: "second",
    MINUTE: "minute",
    5 * MINUTE: "5min",
    10 * MINUTE: "10min",
    15 * MINUTE: "15min",
    30 * MINUTE: "30min",
    HOUR: "hour",
    DAY: "day",
    7 * DAY: "week",
    MONTH: "month",
}


class Period(NamedTuple):
    """Grid of the starts of periods, and how long one is, about, in microseconds."""

    frequency: Frequency
    length: int


def period_of(word: str, offset: int = 0) -> Period:
    """Return the grid that --resample names: hour, day, week, month, quarter, year, 15min, 6h, 2W, W-SUN, QS-OCT.

    Periods start on the hour, at midnight, on Monday, on the first, in January, unless the word says otherwise. offset:
    microseconds by which local clocks are ahead of the times. Raises UsageError for any other word.
    """
    found = re.fullmatch(r"(\d{0,6})([a-z]+?)s?", word)
    name = f"{found[1]}{WORDS[found[2]]}" if found and found[2] in WORDS else word
    try:
        alias = parse_frequency(name)
    except UsageError:
        raise _no_period(word) from None
    if alias.unit not in ("span", "month"):
        raise _no_period(word)
    if alias.unit == "month":
        return Period(
            Frequency("month", alias.count, (alias.anchor or 0) % alias.count, alias.day or 1), alias.count * MONTH
        )
    return Period(Frequency("span", alias.count, _phase(alias, offset)), alias.count)


def suggested(step: int) -> str:
    """Return the word for --resample that is nearest to a step in microseconds."""
    return SUGGESTED[min(SUGGESTED, key=lambda each: max(each, step) / max(1, min(each, step)))]


def _phase(alias: FrequencyAlias, offset: int) -> int:
    if alias.count % (7 * DAY) == 0:
        return (MONDAY if alias.anchor is None else alias.anchor) * DAY % alias.count
    return -offset % alias.count


def _no_period(word: str) -> UsageError:
    return UsageError(
        f"--resample {word!r} is not a period", hint="use hour, day, week, month, quarter, year, 15min, 6h or the like"
    )

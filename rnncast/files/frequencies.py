"""Which regular grid the times of a table lie on."""

import numpy as np

from rnncast.errors import DataError
from rnncast.series.frequency import DAY, LAST_DAY, Frequency, Positions, Times


def infer_frequency(times: Times, series: Positions) -> Frequency:
    """The grid of times [N], sorted within each series [N].

    DataError if no series has two times. The grid may not hold every time: see `Frequency.positions`.
    """
    same = series[1:] == series[:-1]
    if not same.any():
        raise DataError(
            "cannot tell the frequency: no series has two different times",
            hint="give at least two rows of one series; if each row is a series of its own, check --id",
        )
    if times.dtype.kind == "i":
        count = int(np.gcd.reduce(np.diff(times)[same]))
        return Frequency("step", count, phase=int(times[0]) % count)
    stamps = times.astype("datetime64[us]")
    gaps = np.diff(stamps.astype(np.int64))[same]
    return _months(stamps, gaps, same) or _business_days(stamps, gaps) or _span(stamps, gaps)


def _months(stamps: Times, gaps: Positions, same: Positions) -> Frequency | None:
    if gaps.min() < 28 * DAY:
        return None
    dates = stamps.astype("datetime64[D]")
    clocks = (stamps - dates).astype(np.int64)
    months = dates.astype("datetime64[M]")
    days = (dates - months.astype("datetime64[D]")).astype(np.int64) + 1
    lengths = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.int64)
    if (clocks != clocks[0]).any():
        return None
    if (days == lengths).all():
        day = LAST_DAY
    elif (days == np.minimum(days.max(), lengths)).all():
        day = int(days.max())
    else:
        return None
    numbers = months.astype(np.int64)
    count = int(np.gcd.reduce(np.diff(numbers)[same]))
    return Frequency("month", count, phase=int(numbers[0]) % count, day=day, clock=int(clocks[0]))


def _business_days(stamps: Times, gaps: Positions) -> Frequency | None:
    dates = stamps.astype("datetime64[D]")
    clocks = (stamps - dates).astype(np.int64)
    weekend_gaps = (gaps == 3 * DAY).sum()
    # A week of working days has one gap over a weekend in five; daily data with gaps have Saturdays somewhere.
    if _usual(gaps) != DAY or weekend_gaps < len(gaps) / 10 or not np.is_busday(dates).all():
        return None
    return Frequency("business day", clock=int(clocks[0])) if (clocks == clocks[0]).all() else None


def _span(stamps: Times, gaps: Positions) -> Frequency:
    usual = _usual(gaps)
    count = usual if (gaps % usual == 0).all() else int(gaps.min())
    count = count if (gaps % count == 0).all() else usual
    return Frequency("span", count, phase=int(stamps[0].astype(np.int64)) % count)


def _usual(gaps: Positions) -> int:
    values, counts = np.unique(gaps, return_counts=True)
    return int(values[counts.argmax()])

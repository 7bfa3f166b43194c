"""Times written as numbers. NumPy only.

They are seconds, or fractions of them, since 1970 in UTC (Unix), or days since 1899-12-30 (spreadsheet serial dates).
"""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rnncast.times.frequency import DAY, HOUR, MINUTE, SECOND, Times

EXCEL = "excel"
# Formats by name, with the microseconds in one of their units.
NUMERIC = {"unix": SECOND, "unix-ms": SECOND // 1000, "unix-us": 1, "unix-ns": 0.001, EXCEL: DAY}
UNIX = tuple(form for form in NUMERIC if form != EXCEL)
TIME_NAMES = (
    "ds",
    "timestamp",
    "datetime",
    "date",
    "time",
    "period",
    "month",
    "quarter",
    "week",
    "day",
    "year",
    "hour",
)
# Words in column names that suggest times, as in event_ts, orderDate or Buchungsdatum.
TIME_WORDS = frozenset(TIME_NAMES) | frozenset(
    re.findall(
        r"\w+",
        "dates ts epoch unix unixtime stamp datum zeit uhrzeit zeitpunkt zeitstempel monat quartal woche jahr fecha "
        "mes dia tag jour mois horodatage",
    )
)
DATE_WORDS = TIME_WORDS - {"ds", "ts", "time", "period", "hour", "epoch", "unix", "unixtime", "stamp", "zeit", "tag"}
_ENDINGS = ("datum", "zeitpunkt", "zeitstempel")  # of German compounds

_NUMBER = re.compile(r"\d{1,19}(?:[.,]\d{1,16})?(?:[eE]\+?\d{1,2})?", re.ASCII)
_ORIGINS = {EXCEL: np.datetime64("1899-12-30", "us")}
_UNIX = np.datetime64("1970-01-01", "us")
# Range taken for times: from 1973, or 2001 if only the values suggest times, to 2099; for serial dates 1950 or 2000.
_NAMED, _UNNAMED, _LAST = 1e8, 1e9, 4.1e9
_DAYS_NAMED, _DAYS_UNNAMED, _DAYS_LAST = 18_264, 36_526, 73_050
_WHOLE_SECOND = 2e-3  # seconds: a serial date closer than this to a whole second means that second
RESTARTS = 0.1  # largest share of rows at which times may start again, as at the next series
_FEWEST = 4  # distinct values needed to recognise times in a column whose name does not suggest them


def says_time(name: str, words: frozenset[str] = TIME_WORDS) -> bool:
    """Return whether a column's name suggests that it holds times."""
    parts = re.findall(r"[a-zäöüé]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower())
    return any(part in words or part.endswith(_ENDINGS) for part in parts)


def numeric_format(texts: Sequence[str], name: str) -> str:
    """Return the numeric time format of most texts, judged by the column's name or by the values; empty if there is
    none."""
    numbers = np.array([_value(text) for text in texts if _NUMBER.fullmatch(text)], np.float64)
    if 2 * len(numbers) <= len(texts) or not np.isfinite(numbers).all():
        return ""
    named = says_time(name)
    if named or (len(np.unique(numbers)) >= _FEWEST and _rises(numbers)):
        for form in UNIX:
            seconds = numbers * (NUMERIC[form] / SECOND)
            inside = (seconds >= (_NAMED if named else _UNNAMED)) & (seconds < _LAST)
            if inside.mean() > 0.5 and (named or _regular(np.rint(seconds[inside]).astype(np.int64))):
                return form
    dated = says_time(name, DATE_WORDS)
    days = numbers[(numbers >= (_DAYS_NAMED if dated else _DAYS_UNNAMED)) & (numbers < _DAYS_LAST)]
    if 2 * len(days) <= len(numbers):
        return ""
    return EXCEL if dated or _calendar(days, named) else ""


def times_of_numbers(texts: Sequence[str], form: str) -> Times:
    """Return the times that texts stand for: in UTC to the microsecond, or local for serial dates.

    NaT for text that is not a number, or a number outside the calendar.
    """
    numbers = np.array([_value(text) if _NUMBER.fullmatch(text.lstrip("-")) else np.nan for text in texts], np.float64)
    micros = numbers * NUMERIC[form]
    if form == EXCEL:
        digits = np.array([len(re.split("[.,]", text)[-1]) if re.search("[.,]", text) else 0 for text in texts])
        micros = _rounded(micros, digits)
    good = np.isfinite(micros) & (np.abs(micros) < 3e17)  # about ten thousand years
    offsets = np.where(good, np.rint(np.where(good, micros, 0)), 0).astype(np.int64).astype("timedelta64[us]")
    times: Times = np.where(good, _ORIGINS.get(form, _UNIX) + offsets, np.datetime64("NaT", "us"))
    return times


def numbers_of_times(times: Times, form: str) -> NDArray[np.object_]:
    """Return the numbers that stand for times, whole ones as int."""
    micros = (times.astype("datetime64[us]") - _ORIGINS.get(form, _UNIX)).astype(np.int64)
    unit = NUMERIC[form]
    found = [_number(each, unit) for each in micros.ravel().tolist()]
    out = np.empty(len(found), object)
    out[:] = found
    shaped: NDArray[np.object_] = out.reshape(times.shape)
    return shaped


def _number(micros: int, unit: float) -> int | float:
    if unit < 1:
        return micros * round(1 / unit)
    whole, rest = divmod(micros, int(unit))
    # Ten decimals of a day resolve a hundredth of a millisecond, which is as spreadsheets write them.
    return whole if rest == 0 else round(micros / unit, 10 if unit == DAY else 6)


def _value(text: str) -> float:
    return float(text.replace(",", "."))


def _rounded(micros: NDArray[np.float64], digits: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return microseconds of serial dates rounded to what their decimals resolve: a millisecond, second or minute."""
    seconds = micros / SECOND
    whole = np.abs(seconds - np.rint(seconds)) < _WHOLE_SECOND
    grain = np.where(whole, SECOND, np.where(digits > 7, 1000, np.where(digits > 4, SECOND, MINUTE)))
    rounded: NDArray[np.float64] = np.rint(micros / grain) * grain
    return rounded


def _rises(numbers: NDArray[np.float64]) -> bool:
    """Return whether numbers rise from row to row, except where another series begins."""
    return bool((np.diff(numbers) < 0).mean() <= RESTARTS) and numbers[0] < numbers.max()


def _gaps(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    distinct = np.unique(numbers)
    gaps: NDArray[np.int64] = distinct[1:] - distinct[:-1]
    return gaps


def _regular(seconds: NDArray[np.int64]) -> bool:
    """Return whether times in seconds rise by whole minutes, mostly by the same amount."""
    gaps = _gaps(seconds)
    if len(gaps) < _FEWEST - 1:
        return False
    _, counts = np.unique(gaps, return_counts=True)
    return bool((gaps % 60 == 0).all()) and 2 * counts.max() > len(gaps)


def _calendar(days: NDArray[np.float64], named: bool) -> bool:
    """Return whether numbers of days follow a calendar.

    They do if they go by months, by days or weeks if a name says that they are times, or by quarters of an hour.
    """
    if len(np.unique(days)) < _FEWEST or not _rises(days):
        return False
    if (days % 1 == 0).all():
        dates = _ORIGINS[EXCEL].astype("datetime64[D]") + np.unique(days).astype(np.int64)
        months = dates.astype("datetime64[M]")
        gaps = _gaps(days.astype(np.int64))
        if gaps.min() >= 28:
            first, last = (dates == months).all(), ((dates + 1).astype("datetime64[M]") > months).all()
            return bool(first or last)
        return named and bool(np.isin(gaps, (1, 3, 7)).mean() > 0.8)
    micros = _rounded(days * DAY, np.full(len(days), 5))
    gaps = _gaps(micros.astype(np.int64))
    _, counts = np.unique(gaps, return_counts=True)
    return bool((micros % (HOUR // 4) == 0).all()) and bool(counts.max() > 0.8 * len(gaps))

"""Times as text: the formats that are recognised, and the way back out. No pandas."""

import re
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from rnncast.series.frequency import Times

WHOLE_NUMBER = ""  # the format of times that are whole numbers
YEAR = "%Y"

_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d")
_CLOCKS = ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f")
FORMATS = (
    *_DATES,
    *(f"{date}{between}{clock}" for date in _DATES for between in (" ", "T") for clock in _CLOCKS),
    "%Y-%m",
    "%Y/%m",
    "%m/%Y",
    "%b %Y",
    "%B %Y",
    "%b-%Y",
    YEAR,
)
_DIGITS = {"Y": r"\d{4}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "M": r"\d{2}", "S": r"\d{2}"}
_OTHERS = {"f": r"\d{1,6}", "b": r"[A-Za-z]{3}", "B": r"[A-Za-z]{3,9}"}


def formats_of(samples: list[str]) -> list[str]:
    """The formats that fit every sample; more than one where day and month cannot be told apart."""
    fitting = [form for form in FORMATS if all(_fits(text.strip(), form) for text in samples)]
    return fitting if samples else []


def parse_time(text: str, form: str) -> np.datetime64:
    """One time in a known format. ValueError if it does not fit."""
    return np.datetime64(datetime.strptime(text.strip(), form), "us")


def format_times(times: Times, form: str) -> NDArray[np.object_]:
    """Times as the user writes them; whole numbers stay numbers. Each distinct time is formatted once."""
    if form == WHOLE_NUMBER:
        return times.astype(object)
    distinct, back = np.unique(times, return_inverse=True)
    moments = distinct.astype("datetime64[us]").tolist()
    texts = np.array([_text(moment, form) for moment in moments], object)
    shaped: NDArray[np.object_] = texts[back].reshape(times.shape)
    return shaped


def _fits(text: str, form: str) -> bool:
    if not re.fullmatch(_pattern(form), text):
        return False
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def _pattern(form: str) -> str:
    known = _DIGITS | _OTHERS
    if form == "%Y%m%d":
        return r"\d{8}"
    if form.startswith("%Y%m%d"):
        return r"\d{8}" + _pattern(form.removeprefix("%Y%m%d"))
    return re.sub(r"%(\w)", lambda match: known[match[1]], form.replace(".", r"\."))


def _text(moment: datetime, form: str) -> str:
    # strftime pads a year before 1000 with nothing on some systems.
    return moment.strftime(form.replace("%Y", f"{moment.year:04d}"))

"""Fuzz what a single cell or word of the user's may be: numbers, times, formats of times, frequencies, zones."""

from contextlib import suppress
from datetime import datetime

import numpy as np

from rnncast.config import TableConfig
from rnncast.errors import UsageError
from rnncast.files.formats.marks import is_number
from rnncast.files.panels.stream import BadRow, stream_rows
from rnncast.series.panel import Columns
from rnncast.times.formats import EXAMPLE, format_fault, format_times, formats_of, read_time, refined
from rnncast.times.frequency import DAY, Frequency
from rnncast.times.inference import parse_frequency
from rnncast.times.numeric import NUMERIC, numeric_format
from rnncast.times.zones import check_zone, offset_of

BARE, STEPS = Columns(), Frequency("step")
DECIMALS = (TableConfig(decimal="point"), TableConfig(decimal="comma"))


def _number(text: str) -> None:
    is_number(text)
    for table in DECIMALS:
        for row in stream_rows(["0", text], BARE, STEPS, table):
            assert isinstance(row, BadRow) or not np.isinf(row.value)


def _time(text: str) -> None:
    for form in formats_of([text]):
        exact = refined(form, [text])
        assert not format_fault(exact), (text, exact)
        found = read_time(text, exact)
        assert found is None or (isinstance(found[0], datetime) and abs(found[1]) < 100 * DAY)
    for form in NUMERIC:
        moment = read_time(text, form)
        assert moment is None or isinstance(moment[0], datetime)
    numeric_format([text], "date")


def _format(text: str) -> None:
    if format_fault(text):
        return
    shown = str(format_times(EXAMPLE, text)[0])
    with suppress(KeyError):  # a format without a year
        read_time(shown, text)


def _frequency(text: str) -> None:
    with suppress(UsageError):
        asked = parse_frequency(text)
        assert asked.count >= 1


def _zone(text: str) -> None:
    offset_of(text)
    if len(text) < 40:
        with suppress(UsageError):
            check_zone(text)


KINDS = (_number, _number, _time, _time, _time, _format, _frequency, _zone)


def try_input(data: bytes) -> None:
    """The first byte says what the rest is."""
    if data:
        KINDS[data[0] % len(KINDS)](data[1:].decode("utf-8", "replace"))


if __name__ == "__main__":
    from harness import fuzz

    fuzz("cells")

"""Fuzz the rows of a stream: any header, any lines, for models of all kinds of columns and grids."""

from contextlib import suppress

import numpy as np

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.files.panels.stream import StreamRow, stream_rows
from rnncast.series.panel import Columns
from rnncast.times.frequency import DAY, HOUR, Frequency

BERLIN = Columns(("shop",), "time", "sold", "%Y-%m-%dT%H:%M:%S%:z", "Europe/Berlin", in_utc=True)
MODELS = (
    (Columns(), Frequency("step")),
    (Columns(("id",), "step", "y"), Frequency("step", 3, 1)),
    (Columns((), "month", "sales", "%Y-%m"), Frequency("month")),
    (Columns(("a", "b"), "day", "y", "%-d.%-m.%Y"), Frequency("span", DAY)),
    (Columns((), "date", "price", "%Y-%m-%d"), Frequency("business day")),
    (BERLIN, Frequency("span", HOUR)),
    (Columns((), "quarter", "y", "%YQ%q"), Frequency("month", 3)),
    (Columns((), "week", "y", "%G-W%V"), Frequency("span", 7 * DAY, 4 * DAY)),
)
TABLES = (TableConfig(), TableConfig(decimal="comma"))


def try_input(data: bytes) -> None:
    """The first byte says which model, the rest is the stream."""
    if not data:
        return
    columns, frequency = MODELS[data[0] % len(MODELS)]
    lines = [line.decode("utf-8", "replace") for line in data[1:].split(b"\n")]
    with suppress(DataError):
        for row in stream_rows(lines, columns, frequency, TABLES[data[0] // len(MODELS) % 2]):
            if isinstance(row, StreamRow):
                assert not np.isinf(row.value)
                assert all(isinstance(place, int) for place in row.positions)


if __name__ == "__main__":
    from harness import fuzz

    fuzz("rows")

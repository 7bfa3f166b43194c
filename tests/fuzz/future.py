"""Fuzz the reader of a file of known covariates in the steps to come."""

from contextlib import suppress

import numpy as np

from rnncast.config import TableConfig
from rnncast.errors import RnncastError
from rnncast.files.panels.future import read_future
from rnncast.series.panel import Columns
from rnncast.times.frequency import DAY, HOUR, Frequency
from tests.fuzz.tables import scratch

ASKED = TableConfig(known=("price",))
BERLIN = Columns(("shop",), "time", "sold", "%Y-%m-%dT%H:%M:%S%:z", "Europe/Berlin", in_utc=True)
MODELS = (
    (Columns((), "day", "y", "%Y-%m-%d"), Frequency("span", DAY)),
    (Columns(), Frequency("step")),
    (Columns(("id",), "step", "y"), Frequency("step")),
    (BERLIN, Frequency("span", HOUR)),
    (Columns(("series",), "month", "value", "%Y-%m"), Frequency("month")),
)


def try_input(data: bytes) -> None:
    """The first byte says for which data, the rest is the file."""
    if not data:
        return
    columns, frequency = MODELS[data[0] % len(MODELS)]
    scratch().write_bytes(data[1:])
    with suppress(RnncastError):
        future = read_future(str(scratch()), ASKED, columns, frequency)
        assert not np.isinf(future.known.values).any()
        future.placed(("a", "b"), np.array([19_000, 0]))


if __name__ == "__main__":
    from harness import fuzz

    fuzz("future")

"""Fuzz a stream of rows that a model follows: each forecast is finite and in order, or the row is refused."""

from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from rnncast.config import TableConfig
from rnncast.errors import DataError, ForecastError
from rnncast.files.panels.stream import StreamRow, stream_rows
from rnncast.forecaster.following import Follower
from rnncast.forecaster.forecaster import Forecaster
from tests.tiny_models import kinds, train

MODELS = ("steps", "months", "days")


@cache
def _follower(name: str) -> Follower:
    return Follower(Forecaster.load(str(train(kinds()[name], Path(mkdtemp(prefix="fuzz-"))))))


def try_input(data: bytes) -> None:
    """The first byte says which model, and whether gaps are stepped over; the rest is the stream."""
    if not data:
        return
    follower, gaps = _follower(MODELS[data[0] % len(MODELS)]), data[0] >= 128
    model, followed = follower.forecaster, {}
    lines = [line.decode("utf-8", "replace") for line in data[1:].split(b"\n")[:8]]
    with suppress(DataError, ForecastError):
        for row in stream_rows(lines, model.columns, model.frequency, TableConfig()):
            if not isinstance(row, StreamRow) or (gaps and any(p > 200 + model.cutoff[0] for p in row.positions)):
                continue
            with suppress(DataError):
                series = followed.get(row.series) or follower.begin(row.series)
                followed[row.series] = follower.after(series, row.value, row.positions, gaps=gaps)
        for series in followed.values():
            quantiles = follower.forecast(series, None).quantiles
            assert np.isfinite(quantiles).all()
            assert (np.diff(quantiles, axis=-1) >= 0).all()


if __name__ == "__main__":
    from harness import fuzz

    fuzz("follow")

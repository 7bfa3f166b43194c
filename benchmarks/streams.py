"""Cost of a row of a stream, for several models in turn in one process.

    python benchmarks/streams.py FOLDER [NAME ...] [--blocks N]

FOLDER holds NAME.safetensors and NAME-6000.csv, as `forecasting.py --folder FOLDER` leaves them. Blocks of rows of the
models are taken in turn, so that what else the machine does falls on all alike: streams that differ by 1 % in this way
differ by 20 % from process to process on a busy machine. Seconds of the processor, from reading a line to the text of
its forecasts.
"""

import argparse
import io
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from rnncast.config import TableConfig
from rnncast.files.output.forecasts import header_of, rows_of
from rnncast.files.output.rows import STREAMED
from rnncast.files.panels.stream import BadRow, stream_rows
from rnncast.forecaster.following import Follower
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.blocks import in_blocks

NAMES = ("one", "air", "short", "long")
ROWS = 50  # of a block
WARM_UP = 5  # blocks, which do not count
SHARES = (0.05, 0.25, 0.5)


def blocks(folder: Path, name: str) -> Iterator[None]:
    """Follow the rows of a model, a block after another."""
    model = Forecaster.load(str(folder / f"{name}.safetensors"))
    follower = Follower(model)
    series, out = follower.begin(model.ids[0]), io.StringIO()
    texts = in_blocks(lambda positions: model.columns.written(model.frequency.times(positions)), model.frequency)
    write = STREAMED["csv"](header_of(follower.forecast(series, None)), out)
    lines = (folder / f"{name}-6000.csv").read_text().splitlines()
    for number, row in enumerate(stream_rows(lines, model.columns, model.frequency, TableConfig()), 1):
        assert not isinstance(row, BadRow), row.reason
        series = follower.after(series, row.value, row.positions, gaps=False)
        write(rows_of(follower.forecast(series, None), texts))
        if number % ROWS == 0:
            yield


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--blocks", type=int, default=100)
    given = parser.parse_args()
    streams = {name: blocks(given.folder, name) for name in given.names}
    spent: dict[str, list[float]] = {name: [] for name in streams}
    for _ in range(given.blocks):
        for name, stream in streams.items():
            began = time.process_time()
            next(stream)
            spent[name].append((time.process_time() - began) / ROWS)
    for name, found in spent.items():
        seconds = np.quantile(found[WARM_UP:], SHARES)
        said = ", ".join(f"{share:.0%}: {1e6 * each:.0f} us" for share, each in zip(SHARES, seconds, strict=True))
        print(f"{name}: a row in {said} or less; {1 / seconds[-1]:,.0f} rows/s by the median")


if __name__ == "__main__":
    main()

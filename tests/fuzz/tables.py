"""Fuzz the table reader: any bytes are a table or are refused, and what is read of them is finite."""

from contextlib import suppress
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

import numpy as np

from rnncast.config import TableConfig
from rnncast.errors import RnncastError
from rnncast.files.panels.tables import study_table

ASKED = (
    TableConfig(),
    TableConfig(layout="wide"),
    TableConfig(layout="rows"),
    TableConfig(gaps="error", duplicates="mean"),
    TableConfig(gaps="fill", duplicates="last", zone="Europe/Berlin"),
    TableConfig(freq="h", decimal="comma", strict=True),
)


@cache
def scratch() -> Path:
    """A file to read, in a folder of its own."""
    return Path(mkdtemp(prefix="fuzz-")) / "input"


def try_input(data: bytes) -> None:
    """The first byte says how it is to be read, the rest is the file."""
    if not data:
        return
    scratch().write_bytes(data[1:])
    with suppress(RnncastError):
        panel = study_table(str(scratch()), ASKED[data[0] % len(ASKED)]).panel
        assert np.isfinite(panel.y[~np.isnan(panel.y)]).all()


if __name__ == "__main__":
    from harness import fuzz

    fuzz("tables")

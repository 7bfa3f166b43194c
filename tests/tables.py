"""Writers of tables in every form that the reader knows, for its tests: plain Python, so that nothing is shared."""

import csv
import gzip
import io
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rnncast.config import TableConfig
from rnncast.files.panels.tables import read_table
from rnncast.series.panel import Panel

Cell = str | float | int | None
Row = list[Cell]


@dataclass(frozen=True)
class Form:
    """How separated values are written."""

    separator: str = ","
    decimal: str = "."
    newline: str = "\n"
    quoting: int = csv.QUOTE_MINIMAL
    mark: bytes = b""  # of the byte order
    missing: str = ""
    pack: Callable[[bytes], bytes] = bytes


def as_csv(names: list[str] | None, rows: Iterable[Row], form: Form | None = None) -> bytes:
    form = form or Form()
    out = io.StringIO()
    writer = csv.writer(out, delimiter=form.separator, lineterminator=form.newline, quoting=form.quoting)
    if names is not None:
        writer.writerow(names)
    writer.writerows([[_written(cell, form) for cell in row] for row in rows])
    return form.pack(form.mark + out.getvalue().encode())


def _written(cell: Cell, form: Form) -> str:
    if cell is None:
        return form.missing
    return repr(cell).replace(".", form.decimal) if isinstance(cell, float) else str(cell)


def as_jsonl(names: list[str], rows: Iterable[Row]) -> bytes:
    return "".join(json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in rows).encode()


def as_json(names: list[str], rows: Iterable[Row]) -> bytes:
    return json.dumps([dict(zip(names, row, strict=True)) for row in rows]).encode()


def as_parquet(names: list[str], rows: Iterable[Row]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    sink = pyarrow.BufferOutputStream()
    table = pyarrow.table(dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))
    parquet.write_table(table, sink)
    return bytes(sink.getvalue())


def as_zst(data: bytes) -> bytes:
    import pyarrow

    sink = pyarrow.BufferOutputStream()
    with pyarrow.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue())


def as_gz(data: bytes) -> bytes:
    return gzip.compress(data, mtime=0)


def long_rows(panel: Panel, *, holes: bool = True) -> list[Row]:
    """A row per value: the ids, the time, the value; without `holes`, rows of missing values are left out."""
    rows: list[Row] = []
    times = panel.columns.written(panel.time)
    for s, name in enumerate(panel.ids):
        for i in range(panel.indptr[s], panel.indptr[s + 1]):
            value = None if np.isnan(panel.y[i]) else float(panel.y[i])
            if value is not None or holes:
                rows.append([*panel.columns.parts(name), times[i], value])
    return rows


def header(panel: Panel) -> list[str]:
    return [*panel.columns.ids, panel.columns.time_name, panel.columns.target]


def read(folder: Path, data: bytes | str, name: str = "data.csv", **asked: object) -> Panel:
    """What the reader makes of a file that holds `data`."""
    path = folder / name
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_table(str(path), TableConfig(**asked))  # type: ignore[arg-type]


def same(panel: Panel, expected: Panel) -> None:
    """Every series the same to the last bit, on the same times, under the same columns."""
    assert panel.columns == expected.columns
    assert panel.frequency == expected.frequency
    order = [panel.ids.index(name) for name in expected.ids]
    assert len(panel) == len(expected)
    assert panel.start[order].tolist() == expected.start.tolist()
    for s, name in zip(order, expected.ids, strict=True):
        np.testing.assert_array_equal(panel[s].y, expected[expected.ids.index(name)].y)

"""Which form a table has, by its first bytes: Parquet, JSON or separated values; or it is in memory already. A new form
is opened here."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rnncast.files.formats.cells import Table
from rnncast.files.formats.delimited import open_delimited
from rnncast.files.formats.frames import is_frame, open_frame
from rnncast.files.formats.objects import open_objects
from rnncast.files.formats.parquet import MAGIC, open_parquet
from rnncast.files.formats.sources import ByteSource, Progress, open_source


@contextmanager
def open_table(data: Any, progress: Progress = lambda done, total: None) -> Iterator[Table]:
    """The table in a path ("-": standard input), an open file, a DataFrame or an Arrow table. Errors as `open_source`
    and `open_frame`."""
    if is_frame(data):
        yield open_frame(data)
        return
    with open_source(data, progress) as source:
        yield opened(source)


def opened(source: ByteSource) -> Table:
    """The table, whatever its form, which its first bytes tell."""
    if source.start.startswith(MAGIC):
        return open_parquet(source)
    if source.start.startswith((b"{", b"[{", b"[ ", b"[\n", b"[\r", b"[]", b"[[")):
        return open_objects(source)
    return open_delimited(source)

"""Which form a table has: Parquet, JSON or separated values, by its first bytes. A new form is opened here."""

from rnncast.files.formats.cells import Table
from rnncast.files.formats.delimited import open_delimited
from rnncast.files.formats.objects import open_objects
from rnncast.files.formats.parquet import MAGIC, open_parquet
from rnncast.files.formats.sources import ByteSource


def opened(source: ByteSource) -> Table:
    """The table, whatever its form, which its first bytes tell."""
    if source.start.startswith(MAGIC):
        return open_parquet(source)
    if source.start.startswith((b"{", b"[{", b"[ ", b"[\n", b"[\r", b"[]", b"[[")):
        return open_objects(source)
    return open_delimited(source)

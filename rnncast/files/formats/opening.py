"""Recognition of a table's form by its first bytes: Parquet, a spreadsheet, JSON or separated values; or in memory.

A new form is added here.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from rnncast.config import TableConfig
from rnncast.errors import UsageError
from rnncast.files.formats.cells import Column, Table, without_words
from rnncast.files.formats.delimited import open_delimited
from rnncast.files.formats.folders import find_files, named
from rnncast.files.formats.frames import is_frame, open_frame
from rnncast.files.formats.objects import open_objects
from rnncast.files.formats.parquet import MAGIC, open_parquet
from rnncast.files.formats.several import open_several
from rnncast.files.formats.sources import ByteSource, Progress, open_source
from rnncast.files.formats.spreadsheets import COMPOUND, ZIP, open_spreadsheet

OBJECTS = (b"{", b"[{", b"[ ", b"[\n", b"[\r", b"[]", b"[[")  # first bytes of JSON


def is_delimited(source: ByteSource) -> bool:
    """Return whether a source is text with separators: neither Parquet, a spreadsheet nor JSON."""
    return not source.start.startswith((MAGIC, ZIP, COMPOUND, *OBJECTS))


@contextmanager
def open_table(data: Any, asked: TableConfig, progress: Progress = lambda done, total: None) -> Iterator[Table]:
    """Open the table in a path ("-": standard input), in several files, an open file, a DataFrame or an Arrow table.

    Errors as `open_source`, `find_files`, `open_several` and `open_frame`.
    """
    if is_frame(data):
        yield _without(open_frame(data), asked.missing)
        return
    if (found := find_files(data)) is not None:
        yield open_several(found, named(found), lambda path, told: open_table(path, asked, told), progress)
        return
    with open_source(data, progress, asked.encoding) as source:
        yield table_in(source, asked)


def table_in(source: ByteSource, asked: TableConfig) -> Table:
    """Return the table in the bytes of a source, with the words for a missing value made empty."""
    table = _opened(source, asked.sheet)
    return _without(replace(table, notes=(*source.notes, *table.notes)), asked.missing)


def _without(table: Table, words: tuple[str, ...]) -> Table:
    """Return the table with the words for a missing value made empty."""
    if not words:
        return table
    head = {name: ["" if cell in words else cell for cell in cells] for name, cells in table.head.items()}

    def read(texts: Sequence[str], numbers: Sequence[str]) -> dict[str, Column]:
        return {name: without_words(column, words) for name, column in table.read(texts, numbers).items()}

    return replace(table, head=head, read=read)


def _opened(source: ByteSource, sheet: str | None) -> Table:
    """Return the table in any form, recognised by its first bytes. sheet: of a spreadsheet, by name."""
    if source.start.startswith((ZIP, COMPOUND)):
        return open_spreadsheet(source, sheet)
    if sheet is not None:
        raise UsageError(f"{source.name} is not a spreadsheet, so it has no sheet {sheet!r}", hint="leave out --sheet")
    if source.start.startswith(MAGIC):
        return open_parquet(source)
    if source.start.startswith(OBJECTS):
        return open_objects(source)
    return open_delimited(source)

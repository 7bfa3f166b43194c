"""Tables in several files: the same columns in each, one file open at a time, rows one below the other."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import numpy as np
import pandas as pd

from rnncast.errors import DataError, EmptyTableError
from rnncast.files.formats.cells import SAMPLE, Coded, Column, Place, Table, joined
from rnncast.files.formats.folders import Found, Keys, Part
from rnncast.files.formats.sources import Progress
from rnncast.plain import counted

MOST_NAMED = 5  # empty files

Opened = Callable[[str, Progress], AbstractContextManager[Table]]


def open_several(found: Found, name: str, opened: Opened, progress: Progress) -> Table:
    """Open the table in several files, passing over empty ones if not all are. opened: opens one of them.

    A file is opened anew whenever cells of it are needed, so any number of files can be read; the notes of each are in
    `notes` once it has been read. Raises DataError, with both files, if columns differ.
    """
    files = _Files(found, name, opened, progress)
    head: dict[str, list[str]] = {}
    first: Table | None = None
    fault: EmptyTableError | None = None
    for part in found.parts:
        try:
            with files.open(part) as table:
                first = first or table
                for column, cells in table.head.items():
                    head.setdefault(column, []).extend(cells)
        except EmptyTableError as error:
            fault = fault or error
            files.pass_over(part)
            continue
        if len(next(iter(head.values()))) >= SAMPLE:
            break
    if first is None:
        assert fault is not None
        raise fault
    return replace(
        first,
        name=name,
        head={column: cells[:SAMPLE] for column, cells in head.items()},
        read=files.read,
        located=files.located,
        notes=files.notes,
        keys=tuple(key for key, _ in files.parts[0].keys),
        files=lambda: [(part.path, rows) for part, rows in zip(files.parts, files.rows, strict=False)],
    )


class _Files:
    """Files of a table, and what reading them has shown: the number of rows in each, and its notes."""

    def __init__(self, found: Found, name: str, opened: Opened, progress: Progress) -> None:
        parts = found.parts
        self.parts, self.name, self.opened, self.progress = parts, name, opened, progress
        self.passed_over, self.empty = found.passed_over, list[str]()
        self.notes: list[str] = []
        self.noted: dict[str, Sequence[str]] = {}  # the notes of each file that has been opened
        self.rows: list[int] = []
        self.columns: tuple[str, ...] = ()
        sizes = [os.stat(part.path).st_size if os.path.exists(part.path) else 0 for part in parts]
        places = zip(parts, np.cumsum([0, *sizes]).tolist(), sizes, strict=False)
        self.sizes = {part.path: (before, size) for part, before, size in places}  # bytes before each file, and in it
        self.size = sum(sizes)

    @contextmanager
    def open(self, part: Part) -> Iterator[Table]:
        """Open a file as a table with its keys as columns, and check its columns against those of the first."""
        before, size = self.sizes[part.path]

        def progress(done: int, total: int) -> None:
            self.progress(before + size * done // max(total, 1), self.size)

        with self.opened(part.path, progress) as table:
            yield self._checked(table, part)

    def _checked(self, table: Table, part: Part) -> Table:
        """Return the table in a file with its keys, if its columns are those of the others."""
        table = _with_keys(table, part.keys)
        self.columns = self.columns or tuple(table.head)
        if differing := sorted({*self.columns} ^ {*table.head}):
            first = self.parts[0].path
            here = [f"{each!r} is only in {part.path if each in table.head else first}" for each in differing[:3]]
            more = f" and {len(differing) - 3} more" if len(differing) > 3 else ""
            raise DataError(
                f"{first} and {part.path} have different columns: {', '.join(here)}{more}",
                hint="one table has the same columns in each file; name the files that belong together",
            )
        if part.path not in self.noted:
            self.noted[part.path] = table.notes
            self._renew()
        return table

    def pass_over(self, part: Part) -> None:
        """Drop an empty file from the table, with a note."""
        self.parts = tuple(each for each in self.parts if each is not part)
        self.empty.append(part.path)
        self._renew()

    def _renew(self) -> None:
        """Write the notes anew, in place, because the table holds them."""
        parts, notes = self.parts, [note for each in self.noted.values() for note in each]
        if parts and not all(part.path in self.name for part in parts):
            notes.insert(0, f"{self.name}: {counted(len(parts), 'file')}, {parts[0].path} to {parts[-1].path}")
        if self.passed_over:
            others = counted(len(self.passed_over), "file is", "files are")
            notes.append(f"{self.name}: {others} not named like a table and not read: {self.passed_over[0]}")
        if self.empty:
            others = counted(len(self.empty), "file is", "files are")
            notes.append(f"{self.name}: {others} empty and not read: {', '.join(self.empty[:MOST_NAMED])}")
        self.notes[:] = notes

    def read(self, texts: Sequence[str], numbers: Sequence[str]) -> dict[str, Column]:
        """Read the columns of all files; numbers as texts if any file holds something else there."""
        if not texts and not numbers:
            return {}
        found: list[dict[str, Column]] = []
        for part in self.parts:
            try:
                with self.open(part) as table:
                    found.append(table.read(texts, numbers))
            except EmptyTableError:
                self.pass_over(part)
        self.rows = [len(next(iter(columns.values()))) for columns in found]
        mixed = [name for name in numbers if any(isinstance(columns[name], Coded) for columns in found)]
        if mixed and not all(isinstance(columns[name], Coded) for name in mixed for columns in found):
            return self.read([*texts, *mixed], [name for name in numbers if name not in mixed])
        return {name: joined([columns[name] for columns in found]) for name in (*texts, *numbers)}

    def located(self, row: int) -> Place:
        """Return the file of a row, and its place there."""
        ends = np.cumsum(self.rows)
        index = int(np.searchsorted(ends, row, side="right"))
        with self.open(self.parts[index]) as table:
            return table.locate(row - int(ends[index - 1] if index else 0))


def _with_keys(table: Table, keys: Keys) -> Table:
    """Return the table with a column for each key that is not already one."""
    added = {key: value for key, value in keys if key not in table.head}
    if not added:
        return table
    rows = len(next(iter(table.head.values())))
    some = next(iter(table.head))  # a column that tells how many rows there are

    def read(texts: Sequence[str], numbers: Sequence[str]) -> dict[str, Column]:
        own = [name for name in texts if name not in added], [name for name in numbers if name not in added]
        found = table.read(*own) if any(own) else table.read([some], [])
        length = len(next(iter(found.values())))
        wanted = [name for name in (*texts, *numbers) if name in added]
        keyed = {name: Coded(np.zeros(length, np.int8), pd.Series([added[name]], dtype=str)) for name in wanted}
        return {name: column for name, column in found.items() if name in texts or name in numbers} | keyed

    return replace(table, head=table.head | {key: [value] * rows for key, value in added.items()}, read=read)

"""A live line while something long runs. Drawn on a terminal only; elsewhere nothing is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column


class Advance(Protocol):
    """Say how far the work is: done of total, and a few words on it."""

    def __call__(self, done: int, total: int, words: str) -> None: ...


@contextmanager
def progress(console: Console, shown: bool) -> Iterator[Advance]:
    """A progress bar while the block runs, gone afterwards."""
    # What does not fit in a narrow terminal is cut from the right end of the words.
    words = TextColumn("{task.description}", table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"))
    columns = (BarColumn(bar_width=12), TimeRemainingColumn(), words)
    with Progress(*columns, console=console, transient=True, expand=True, disable=not shown) as bar:
        task = bar.add_task("", total=None)

        def advance(done: int, total: int, words: str) -> None:
            bar.update(task, completed=done, total=total, description=words)

        yield advance

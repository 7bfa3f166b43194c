"""A live line while something long runs. Drawn on a terminal only; elsewhere nothing is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


class Advance(Protocol):
    """Say how far the work is: done of total, and a few words on it."""

    def __call__(self, done: int, total: int, words: str) -> None: ...


@contextmanager
def progress(console: Console, shown: bool) -> Iterator[Advance]:
    """A progress bar while the block runs, gone afterwards."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not shown) as bar:
        task = bar.add_task("", total=None)

        def advance(done: int, total: int, words: str) -> None:
            bar.update(task, completed=done, total=total, description=words)

        yield advance

"""Live progress lines while something long runs. Drawn on a terminal only; elsewhere nothing is written."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from time import perf_counter
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Column

from rnncast.report.harmless import harmless

PATIENCE = 1.0  # seconds that reading may take before a line is drawn
AN_HOUR = 3600.0  # over which the speed is averaged, because an epoch may take minutes
MEGABYTE = 1_000_000


class Advance(Protocol):
    """Report progress: done of total, and a few words. If several jobs run at once, each has its own line."""

    def __call__(self, done: int, total: int, words: str, work: str = "") -> None: ...


@contextmanager
def progress(console: Console, shown: bool) -> Iterator[Advance]:
    """Show progress bars while the block runs, each removed when its job is done."""
    # In a narrow terminal, the words are cut at their right end.
    words = TextColumn(
        "{task.description}", markup=False, table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis")
    )
    columns = (BarColumn(bar_width=6), TimeRemainingColumn(), words)
    with Progress(
        *columns, console=console, transient=True, expand=True, disable=not shown, speed_estimate_period=AN_HOUR
    ) as bar:
        waiting = bar.add_task("", total=None)
        tasks: dict[str, TaskID] = {}

        def advance(done: int, total: int, words: str, work: str = "") -> None:
            if work not in tasks:
                tasks[work] = bar.add_task("", total=None) if tasks else waiting
            bar.update(tasks[work], completed=done, total=total, description=harmless(words), visible=done < total)

        yield advance


@contextmanager
def reading_progress(console: Console, shown: bool) -> Iterator[Callable[[int, int], None]]:
    """Show a progress bar for bytes read, once reading has taken longer than a moment."""
    began = perf_counter()
    with ExitStack() as stack:
        bar: list[Advance] = []

        def told(done: int, total: int) -> None:
            if not bar and shown and perf_counter() - began > PATIENCE:
                bar.append(stack.enter_context(progress(console, shown)))
            if bar:
                bar[0](done, total, f"reading {done / MEGABYTE:.0f} of {total / MEGABYTE:.0f} MB")

        yield told

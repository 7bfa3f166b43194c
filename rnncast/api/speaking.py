"""Remarks while something is done: those of the command line, on stderr, unless `quiet`."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rnncast.config import TableConfig
from rnncast.report.harmless import harmless

if TYPE_CHECKING:
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.report.progress import Advance
    from rnncast.series.panel import Panel
    from rnncast.values import Values

Say = Callable[[str], None]


def speaker(quiet: bool) -> Say:
    """Return a function that prints a line on stderr, or nothing if `quiet`."""

    def say(text: str) -> None:
        print(harmless(text), file=sys.stderr, flush=True)

    return (lambda text: None) if quiet else say


@contextmanager
def drawn_progress(quiet: bool) -> "Iterator[Advance]":
    """Draw a line of progress if stderr is a terminal."""
    from rnncast.report.progress import progress
    from rnncast.report.screen import screen

    with progress(screen(sys.stderr), not quiet and sys.stderr.isatty()) as advance:
        yield advance


def panel_of(data: Any, table: TableConfig, say: Say) -> "Panel":
    """Return the panel in a table of any form; data that are a Panel are returned as they are."""
    from rnncast.files.panels.tables import read_table
    from rnncast.series.panel import Panel

    return data if isinstance(data, Panel) else read_table(data, table, note=say)


def seen_by(past: "Panel | Forecaster") -> "list[Values]":
    """Return the values of each series before a forecast, as far as they are kept."""
    from rnncast.series.panel import Panel

    return [each.y for each in past] if isinstance(past, Panel) else list(past.recent)

"""HTML reports of commands: checked before the work, written after it."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rnncast.cli.environment import Environment
from rnncast.errors import UsageError
from rnncast.files.output.writing import written_text

if TYPE_CHECKING:
    from rnncast.report.page.blocks import Page

SUFFIXES = (".html", ".htm")


def check_page(path: str | None) -> None:
    """Raise UsageError for a report that is not an HTML file; `check_outputs` checks whether it can be written."""
    if path is not None and Path(path).suffix.lower() not in SUFFIXES:
        raise UsageError(f"--report writes HTML, but {path} does not end in .html", hint="name it report.html")


def write_report(path: str | None, environment: Environment, make: "Callable[[str], Page]") -> None:
    """Write the report, if asked for; `make` gets the command line. Raises OutputError if it cannot be written."""
    if path is None:
        return
    from rnncast.report.page.markup import page_html

    text = page_html(make(environment.command_line))
    with written_text(path) as file:
        file.write(text)
    environment.say(f"wrote the report: {path}")

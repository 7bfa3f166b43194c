"""Where data go out, and in which form: a table for a person, CSV for a pipe, or what was asked for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rnncast.cli.environment import Environment
from rnncast.errors import UsageError
from rnncast.files.output.writing import STDOUT, check_writable, place, written_text
from rnncast.plain import json_text

if TYPE_CHECKING:
    from rich.console import RenderableType


class Format(StrEnum):
    """The forms of output."""

    auto = "auto"
    table = "table"
    csv = "csv"
    json = "json"
    jsonl = "jsonl"


def chosen_format(asked: Format, output: str, environment: Environment) -> Format:
    """The form asked for; else that of the output file's name; else a table on a terminal, CSV elsewhere."""
    if asked is not Format.auto:
        return asked
    if output != "-":
        ending = Path(output).suffix.removeprefix(".")
        return Format(ending) if ending in ("json", "jsonl") else Format.csv
    return Format.table if environment.shows_tables else Format.csv


def check_outputs(outputs: Iterable[str | None], inputs: Iterable[str | None], figure: str | None = None) -> None:
    """Refuse, before any work is done, to write where it can be seen not to go, or where it would do harm.

    figure: a further output, to be drawn. OutputError if a file cannot be written; UsageError if it is also read, or is
    to be written twice, or names no form of figure; RnncastError if nothing is installed to draw one.
    """
    if figure is not None:
        from rnncast.report.figures.file import check_figure

        check_figure(figure)
    taken = {place(path, reading=True): "is read, and would be replaced" for path in inputs if path is not None}
    for path in (*outputs, figure):
        if path is None:
            continue
        check_writable(path)
        # Where standard output leads is the shell's to decide; but two things there would be mixed.
        there = STDOUT if path == STDOUT else place(path)
        if there is not None and there in taken:
            raise UsageError(f"{path} {taken[there]}", hint="write to another file")
        taken[there] = "would be written twice"


def write(
    kind: Format,
    output: str,
    environment: Environment,
    rows: tuple[list[str], Iterable[Sequence[Any]]],
    table: "Callable[[], RenderableType] | None" = None,
) -> None:
    """Write named rows, or the table that shows them, to stdout ("-") or a file."""
    with _opened(output, environment) as out:
        if kind is Format.table:
            assert table is not None
            from rnncast.report.tables import print_table

            print_table(table(), out)
        else:
            from rnncast.files.output.rows import WRITERS

            WRITERS[kind.value](*rows, out)


def write_object(output: str, environment: Environment, value: dict[str, Any]) -> None:
    """Write one JSON object to stdout ("-") or a file."""
    with _opened(output, environment) as out:
        out.write(json_text(value, indent=1) + "\n")


@contextmanager
def _opened(output: str, environment: Environment) -> Iterator[TextIO]:
    if output == "-":
        yield environment.stdout
        environment.stdout.flush()
        return
    with written_text(output) as file:
        yield file

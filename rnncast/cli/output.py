"""Output of data: a table for people, CSV for a pipe, or the form asked for."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from io import BytesIO, StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from rnncast.cli.environment import Environment
from rnncast.cli.reporting import check_page
from rnncast.errors import UsageError
from rnncast.files.formats.folders import Tables, files_of, named, would_be_read
from rnncast.files.output.writing import STDOUT, check_writable, place, written, written_text
from rnncast.plain import json_text

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rnncast.files.output.rows import Dialect


class Format(StrEnum):
    """Forms of output."""

    auto = "auto"
    table = "table"
    csv = "csv"
    json = "json"
    jsonl = "jsonl"
    parquet = "parquet"
    xlsx = "xlsx"


BINARY = (Format.parquet, Format.xlsx)
PACKED = (".gz", ".zst")
ENDINGS = {
    "": Format.csv,
    ".csv": Format.csv,
    ".tsv": Format.csv,
    ".txt": Format.csv,
    ".json": Format.json,
    ".jsonl": Format.jsonl,
    ".ndjson": Format.jsonl,
    ".parquet": Format.parquet,
    ".pq": Format.parquet,
    ".xlsx": Format.xlsx,
}
# Endings of forms that cannot be written; any other unknown ending gets CSV.
OTHERS = tuple(
    f".{name}"
    for name in re.findall(
        r"\w+",
        "xls xlsm xlsb ods feather arrow ipc orc avro h5 hdf5 db sqlite zip bz2 xz 7z tar html htm md pdf xml yaml yml",
    )
)


def chosen_format(asked: Format, output: str, environment: Environment) -> Format:
    """Return the form asked for; else that of the output file's name; else a table on a terminal, CSV elsewhere."""
    if output == STDOUT:
        if asked in BINARY and environment.stdout.isatty():
            raise UsageError(f"--format {asked} cannot go to a terminal", hint=f"write to a file: -o forecast.{asked}")
        return asked if asked is not Format.auto else Format.table if environment.shows_tables else Format.csv
    path, packed = _unpacked_name(output)
    ending = path.suffix.lower()
    named = ENDINGS.get(ending)
    if asked is Format.auto and (ending in OTHERS or (packed and named in BINARY)):
        known = ", ".join(filter(None, ENDINGS))
        raise UsageError(
            f"{output}: {''.join(Path(output).suffixes[-2:]) if packed else ending} is not a form that can be written",
            hint=f"use one of {known}; text forms also with {' or '.join(PACKED)} at the end; or give --format",
        )
    kind = asked if asked is not Format.auto else named or Format.csv
    if named is not None and ending and (kind in BINARY or named in BINARY) and kind is not named:
        raise UsageError(
            f"--format {kind} does not suit the name {output}", hint="leave out --format, or rename the file"
        )
    return kind


def _unpacked_name(output: str) -> tuple[Path, str]:
    """Return the name of a file without the ending of its compression, and that ending."""
    path = Path(output)
    packed = path.suffix.lower()
    return (path.with_suffix(""), packed) if packed in PACKED else (path, "")


def check_outputs(
    outputs: Iterable[str | None], inputs: Iterable[Tables | None], figure: str | None = None, page: str | None = None
) -> None:
    """Refuse outputs before any work is done, if they cannot be written or would do harm.

    figure: another output, to be drawn; page: one in HTML. Raises OutputError if a file cannot be written; UsageError
    if it is also read, would be written twice, or is not a form of figure or page; RnncastError if the library that
    draws figures is not installed.
    """
    if figure is not None:
        from rnncast.report.figures.file import check_figure

        check_figure(figure)
    check_page(page)
    read = [data for data in inputs if data is not None]
    files = (path for data in read for path in files_of(data))
    taken = {place(path, reading=True): "is read, and would be replaced" for path in files}
    for path in (*outputs, figure, page):
        if path is None:
            continue
        check_writable(path)
        # The shell decides where standard output leads, but two outputs there would be mixed up.
        there = STDOUT if path == STDOUT else place(path)
        if there is not None and there in taken:
            raise UsageError(f"{path} {taken[there]}", hint="write to another file")
        if beside := next((named(data) for data in read if path != STDOUT and would_be_read(path, data)), None):
            raise UsageError(f"{path} would be one of the tables in {beside}", hint="write to another folder")
        taken[there] = "would be written twice"


def write(
    kind: Format,
    output: str,
    environment: Environment,
    rows: tuple[list[str], Iterable[Sequence[Any]]],
    table: "Callable[[], RenderableType] | None" = None,
    times: Mapping[str, str] | None = None,
    dialect: "Dialect | None" = None,
) -> None:
    """Write named rows, or the table that shows them, to stdout ("-") or a file.

    times: formats of the columns that hold times, by name. dialect: of CSV; the ending .tsv means tabs.
    """
    if kind in BINARY:
        from rnncast.files.output.binary import write_parquet, write_xlsx

        made = BytesIO()  # Parquet and workbooks need a file with random access
        (write_parquet if kind is Format.parquet else write_xlsx)(*rows, made, times or {})
        environment.stdout.flush()
        with written(output) as file:
            file.write(made.getbuffer())
        return
    with _opened(output, environment) as out:
        if kind is Format.table:
            assert table is not None
            from rnncast.report.tables import print_table

            print_table(table(), out)
        else:
            from rnncast.files.output.rows import PLAIN, WRITERS, write_csv

            if kind is Format.csv:
                dialect = dialect or PLAIN
                tabs = _unpacked_name(output)[0].suffix.lower() == ".tsv"
                write_csv(*rows, out, dialect._replace(separator="\t") if tabs else dialect)
            else:
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
    _, packed = _unpacked_name(output)
    if not packed:
        with written_text(output) as file:
            yield file
        return
    from rnncast.files.output.binary import packed_bytes

    text = StringIO(newline="")
    yield text
    with written(output) as raw:
        raw.write(packed_bytes(text.getvalue().encode("utf-8", "backslashreplace"), packed))

"""Tables for a terminal."""

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table

from rnncast.choices.choice import Choice
from rnncast.files.output.forecasts import header_of, path_header_of, path_rows_of, rows_of
from rnncast.files.output.sums import sums_header, sums_rows
from rnncast.report.fitting import FittingTable
from rnncast.report.numbers import column_format
from rnncast.report.screen import screen
from rnncast.series.forecast import POINT, Forecast, Paths
from rnncast.series.sums import Sums
from rnncast.settings import AUTO

if TYPE_CHECKING:  # imports pandas, which a forecast does not need
    from rnncast.evaluate.check import Check
    from rnncast.evaluate.scoring import Scores

WIDEST = 10_000  # characters of a table in a file
MOST_SERIES = 40  # of a long list, on a screen
QUIET = ("missing", "duplicates", "zeros", "constant", "season", "strength", "left out")  # omitted if empty throughout
MOST_ASKED = ("values", "mae", "smape", "mase", "bias")
COUNTED = ("length", "missing", "duplicates", "zeros", "season", "strength")


def print_table(table: RenderableType, out: TextIO) -> None:
    """Draw a table, in colour on a terminal, elsewhere at its natural width."""
    console = screen(out, None if out.isatty() else WIDEST)
    console.print(table, width=None if out.isatty() else console.measure(table).maximum, crop=False)


def forecast_table(forecast: Forecast) -> Table:
    """Return every row of the forecast, under the names that a file would have without their common prefix."""
    return _rows_table(header_of(forecast), rows_of(forecast))


def paths_table(paths: Paths) -> Table:
    """Return every row of the paths."""
    return _rows_table(path_header_of(paths), path_rows_of(paths))


def sums_table(sums: Sums) -> Table:
    """Return every row of the sums."""
    return _rows_table(sums_header(sums), sums_rows(sums))


def _rows_table(names: list[str], rows: Iterable[Sequence[Any]]) -> Table:
    """Return a table with keys left of the forecast and numbers right of it, in one format; only ids are folded."""
    table = FittingTable(box=box.SIMPLE_HEAD, pad_edge=False)
    keys, rows = names.index(POINT), list(rows)
    table.folded, table.needed, table.at_once = keys - 1, keys + 1, 2 if f"{POINT}-lo-" in "".join(names) else 1
    written = column_format(value for row in rows for value in row[keys:])
    for i, name in enumerate(names):
        short = name.removeprefix(f"{POINT}-") if i > keys else name
        table.add_column(
            short, justify="left" if i < keys else "right", style="bold" if i == keys else "", no_wrap=True
        )
    for row in rows:
        table.add_row(*(str(key) for key in row[:keys]), *(written(value) for value in row[keys:]))
    return table


def scores_table(scores: "Scores", digits: str = AUTO) -> Table:
    """Return metrics down and models across; or a row for each series or lead time of each model, with the metrics that
    fit."""
    table = FittingTable(box=box.SIMPLE_HEAD, pad_edge=False)
    table.needed = 2
    known = [i for i in range(1, len(scores.names)) if any(row[i] == row[i] for row in scores.rows)]
    if len({row[0] for row in scores.rows}) == len(scores.rows):
        table.add_column("", style="bold", no_wrap=True)
        for row in scores.rows:
            table.add_column(row[0], justify="right", no_wrap=True)
        for i in known:
            table.add_row(scores.names[i], *_column([row[i] for row in scores.rows], digits, scores.names[i]))
        return table
    keys = scores.names.index("values")
    shown = [i for i in known if i < keys or scores.names[i] in MOST_ASKED or scores.names[i].startswith("coverage")]
    table.needed = 2 + len([i for i in shown if i < keys])
    for i in (0, *shown):
        table.add_column(scores.names[i], justify="left" if i < keys else "right", style="bold" if i == 0 else "")
    columns = [_column([row[i] for row in scores.rows], digits) for i in (0, *shown)]
    for cells in zip(*columns, strict=True):
        table.add_row(*cells)
    return table


def _column(values: Sequence[Any], digits: str, name: str = "") -> list[str]:
    """Return the cells of a column, or of a row of one metric, its numbers in one format."""
    if name == "p" and digits == AUTO:
        return [p_in_words(None if value != value else value) for value in values]
    written = column_format((value for value in values if isinstance(value, float)), digits)
    return [
        written(value) if isinstance(value, float) else f"{value:,}" if isinstance(value, int) else str(value)
        for value in values
    ]


def p_in_words(p: float | None) -> str:
    """Return a p-value to three decimals; empty where there is none."""
    return "" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def choices_table(choices: tuple[Choice, ...]) -> Table:
    """Return a row for each setting: its flag, its value, and the reason."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("setting", style="bold", no_wrap=True)
    table.add_column("value", no_wrap=True)
    table.add_column("why")
    for choice in choices:
        table.add_row(f"--{choice.name}", choice.value, choice.reason)
    return table


def findings_table(check: "Check") -> Group:
    """Return a row for each series; of many, those left out and the first others."""
    shown = notable(check)[:MOST_SERIES]
    said = [i for i, name in enumerate(check.names) if name not in QUIET or any(check.rows[row][i] for row in shown)]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for i in said:
        table.add_column(check.names[i], justify="right" if check.names[i] in COUNTED else "left", no_wrap=True)
    for row in sorted(shown):
        table.add_row(*(_finding(check.names[i], check.rows[row][i]) for i in said))
    more = len(check.rows) - len(shown)
    return Group(table, *([f"and {more} more series; --json lists all of them"] if more else []))


def notable(check: "Check") -> list[int]:
    """Return the places of all series, those left out first."""
    return sorted(range(len(check.rows)), key=lambda row: check.rows[row][-1] is None)  # a stable sort keeps the order


def _finding(name: str, value: object) -> str:
    if name in ("constant", "left out"):
        return "yes" if value else ""
    return "" if value is None else str(value)


def number(value: float) -> str:
    """Return a number with four significant digits, and whole numbers whole. NaN is empty; inf is written as such."""
    if not math.isfinite(value):
        return "" if math.isnan(value) else f"{value:g}"
    if abs(value) >= 1e7 or 0 < abs(value) < 1e-3:
        return f"{value:.3e}"
    whole_digits = len(str(int(abs(value))))
    return f"{value:,.{max(0, 4 - whole_digits)}f}"

"""Beginning a stream without a model: its first rows are the history from which the pretrained net starts."""

import io
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, NamedTuple

from rnncast.cli.environment import Environment
from rnncast.config import PRETRAINED, Config, TableConfig, TaskConfig, TrainConfig

if TYPE_CHECKING:
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.series.panel import Panel

FEWEST = 24  # rows needed to recognise the form of a table and its frequency
SEASONS = 2  # full seasons of each series that the net needs to warm up


class Begun(NamedTuple):
    """Pretrained net with the state after a history, and the remaining lines, with the header before them."""

    forecaster: "Forecaster"
    lines: Iterator[str]


def after_history(panel: "Panel", asked: TaskConfig) -> "Forecaster":
    """Return the pretrained net with the state of each series of a panel, which is their whole history."""
    from rnncast.forecaster.forecaster import Forecaster

    return Forecaster.fit(panel, Config(task=asked, train=TrainConfig(start=PRETRAINED, validate=False)))


def begun(lines: Iterator[str], table: TableConfig, asked: TaskConfig, environment: Environment) -> Begun:
    """Take the history off the front of a stream: 24 rows, or two seasons of each series if that is more, or all.

    Raises DataError if they are not a table.
    """
    from rnncast.files.panels.tables import read_table

    head = list[str]()
    _extend(head, lines, 1 + FEWEST)
    panel = read_table(_table_of(head), table)
    season = next(iter(asked.seasons or panel.frequency.seasons), 1)
    _extend(head, lines, 1 + SEASONS * season * len(panel))
    panel = read_table(_table_of(head), table, note=environment.say)
    passed = [head[0] if _is_header(head[0], table) else "", *[""] * (len(head) - 1)]  # blanks keep line numbers
    return Begun(after_history(panel, asked).from_source("-", table), chain(passed, lines))


def _extend(head: list[str], lines: Iterator[str], rows: int) -> None:
    """Read lines until there are `rows` of them, or no more."""
    while len(head) < rows and (line := next(lines, None)) is not None:
        if line.strip() or head:
            head.append(line)


def _table_of(head: list[str]) -> io.BytesIO:
    table = io.BytesIO("\n".join(head).encode())
    table.name = "the beginning of the stream"
    return table


def _is_header(line: str, table: TableConfig) -> bool:
    """Return whether a first line names columns, as JSON objects and bare numbers do not."""
    from rnncast.files.formats.marks import PLAIN, is_missing

    text = line.strip().removeprefix("\ufeff")
    return not (text.startswith("{") or is_missing(text, table.missing) or PLAIN.fullmatch(text))

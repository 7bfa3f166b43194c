"""Reading the data for a command, with a progress line if it takes long."""

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from rnncast.cli.environment import Environment
from rnncast.config import TableConfig
from rnncast.files.formats.folders import STDIN, Tables, as_given

if TYPE_CHECKING:
    from rnncast.files.panels.grid import Schema
    from rnncast.series.panel import Panel


def typed(path: Tables) -> str:
    """Return the data as in a command to type."""
    given = as_given(path)
    return "DATA" if given == STDIN else shlex.join([given] if isinstance(given, str) else given)


def read_data(
    path: Tables,
    table: TableConfig,
    environment: Environment,
    note: Callable[[str], None],
    schema: "Schema | None" = None,
) -> "Panel":
    """Return the panel in a file, in several, or in standard input ("-"); `note` is called with what was recognised,
    without a schema."""
    from rnncast.files.panels.tables import read_table

    if not environment.shows_progress:
        return read_table(path, table, schema=schema, note=note)
    from rnncast.report.progress import reading_progress

    with reading_progress(environment.side_screen, environment.shows_progress) as progress:
        return read_table(path, table, schema=schema, note=note, progress=progress)

"""Tables given to a forecaster, for commands and notebooks alike."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from rnncast.config import TableConfig
from rnncast.errors import UsageError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.forecaster.given import ignored
from rnncast.series.covariates import Future
from rnncast.series.encoding import Encoding
from rnncast.series.panel import Panel

Note = Callable[[str], None]


def extended(panel: Panel, future: Any, table: TableConfig, note: Note) -> Panel:
    """Return the panel with the covariates in a table of the future; `note` is called about parts that are not used."""
    from rnncast.files.panels.future import read_future  # imports pandas

    ahead = read_future(future, table, panel.columns, panel.frequency, note)
    for text in ignored(ahead, Encoding.of(panel), panel.ids, panel.ends, None, panel.columns):
        note(text)
    return panel.extended(ahead)


def future_of(
    forecaster: Forecaster, panel: Panel | None, future: Any, table: TableConfig, horizon: int | None, note: Note
) -> Future:
    """Return the covariates in a table of the future for a forecast of the panel, or of the trained series.

    note: called about parts that are not used.
    """
    from rnncast.files.panels.future import read_future

    of, cutoff = panel or forecaster, forecaster.cutoff if panel is None else panel.ends
    ahead = read_future(future, table, of.columns, forecaster.frequency, note)
    for text in ignored(ahead, forecaster.encoding, of.ids, cutoff, forecaster.horizon(horizon), of.columns):
        note(text)
    return ahead


def continued(
    forecaster: Forecaster, read: Callable[..., Panel], data: Any, table: TableConfig, *, gaps: bool
) -> Forecaster:
    """Return the forecaster after the new rows of its series in a table.

    read: as `read_table`; it gets the data, the table and the schema they follow. gaps: whether steps may be missing.
    Raises UsageError for a table that cannot hold new rows.
    """
    if table.layout == "rows":
        raise UsageError("--continue cannot read --layout rows", hint="give the new rows as a long table")
    from rnncast.files.panels.grid import Schema

    table = table if gaps else replace(table, gaps="error")
    panel = read(data, table, schema=Schema(forecaster.columns, forecaster.frequency))
    return forecaster.update(panel, gaps=table.gaps == "mask")

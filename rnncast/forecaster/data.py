"""The data that a forecaster is given as tables, for whoever asks: commands and notebooks alike."""

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
    """The panel with what a table of the future holds; `note` is told what of that is of no use."""
    from rnncast.files.panels.future import read_future  # with pandas, as all that reads

    ahead = read_future(future, table, panel.columns, panel.frequency, note)
    for text in ignored(ahead, Encoding.of(panel), panel.ids, panel.ends, None, panel.columns):
        note(text)
    return panel.extended(ahead)


def future_of(
    forecaster: Forecaster, panel: Panel | None, future: Any, table: TableConfig, horizon: int | None, note: Note
) -> Future:
    """What a table of the future holds for a forecast of the panel, or of the trained series; `note` is told what of
    that is of no use."""
    from rnncast.files.panels.future import read_future

    of, cutoff = panel or forecaster, forecaster.cutoff if panel is None else panel.ends
    ahead = read_future(future, table, of.columns, forecaster.frequency, note)
    for text in ignored(ahead, forecaster.encoding, of.ids, cutoff, forecaster.horizon(horizon), of.columns):
        note(text)
    return ahead


def continued(
    forecaster: Forecaster, read: Callable[..., Panel], data: Any, table: TableConfig, *, gaps: bool
) -> Forecaster:
    """The forecaster after the new rows of its series in a table. read: as `read_table`, which gets data, table and the
    schema that they follow. gaps: whether steps may be missing. UsageError for a table that cannot hold new rows."""
    if table.layout == "rows":
        raise UsageError("--continue cannot read --layout rows", hint="give the new rows as a long table")
    from rnncast.files.panels.grid import Schema

    table = table if gaps else replace(table, gaps="error")
    panel = read(data, table, schema=Schema(forecaster.columns, forecaster.frequency))
    return forecaster.update(panel, gaps=table.gaps == "mask")

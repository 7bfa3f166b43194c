"""Weights of series in a mean over series: a column of a table, matched by the ids of the series."""

from typing import Any

import numpy as np

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.files.formats.cells import Coded
from rnncast.files.formats.numbers import finite_numbers
from rnncast.files.formats.opening import open_table
from rnncast.files.panels.columns import ID_NAMES, ColumnKind, kind_of
from rnncast.files.panels.tables import series_of
from rnncast.series.panel import Panel
from rnncast.values import Values

SHOWN = 3  # series that are named


def read_weights(data: Any, asked: TableConfig, panel: Panel) -> Values:
    """Read the weight of each series of a panel [S] from a table with its id columns and one of numbers.

    Raises DataError, naming the series, for one without a weight or with two, or with one below 0; also if all are 0.
    """
    with open_table(data, asked) as table:
        ids = _ids(tuple(table.head), panel, table.name)
        kinds = {name: kind_of(name, cells) for name, cells in table.head.items() if name not in ids}
        numeric = [name for name, kind in kinds.items() if kind in (ColumnKind.NUMBER, ColumnKind.WHOLE)]
        named = [name for name in numeric if name.lower() in ("weight", "weights")] or numeric
        if len(named) != 1:
            raise DataError(
                f"{table.name} must have the ids of series and one column of weights, but has {', '.join(table.head)}",
                hint="call the column weight",
            )
        texts = table.read([*ids, named[0]], [])
        columns = {name: cells for name, cells in texts.items() if isinstance(cells, Coded)}
        values = finite_numbers(columns[named[0]], named[0], table, asked.decimal, "nowhere")
        codes, names = series_of([columns[name] for name in ids], len(values))
        name = table.name
    if len(names) < len(values):
        twice = names[int(np.bincount(codes).argmax())]
        raise DataError(f"{name} has two weights{panel.columns.of_series(twice)}", hint="leave one of them")
    return checked(dict(zip(np.array(names, object)[codes], values, strict=True)), name, panel)


def static_weights(panel: Panel, column: str) -> Values:
    """Return the weight of each series of a panel [S] in a column of its own table that is the same throughout a
    series. DataError as `read_weights`; for words too."""
    assert panel.covariates is not None
    block = panel.covariates.static
    if block.columns[0].levels:
        raise DataError(f"the column {column!r} holds words, and weights are numbers", hint="name another column")
    return checked(dict(zip(panel.ids, block.values[:, 0], strict=True)), f"the column {column!r}", panel)


def checked(weights: dict[str, Any], name: str, panel: Panel) -> Values:
    """Return the weight of each series of a panel [S]. Raises DataError, by name, as `read_weights`."""
    found = np.array([weights.get(series, np.nan) for series in panel.ids], np.float64)
    for wrong, message in ((np.isnan(found), "has no weight"), (found < 0, "has a weight below 0")):
        if wrong.any():
            places = np.flatnonzero(wrong)
            named = ", ".join(repr(panel.columns.label(panel.ids[s])) for s in places[:SHOWN])
            more = f" and {len(places) - SHOWN} more" if len(places) > SHOWN else ""
            raise DataError(f"{name} {message} for {named}{more}", hint="give each series a weight of 0 or more")
    if not found.any():
        raise DataError(f"all weights of {name} are 0", hint="give some series a weight above 0")
    return found


def _ids(names: tuple[str, ...], panel: Panel, table: str) -> tuple[str, ...]:
    wanted = panel.columns.ids
    if not wanted:
        raise DataError("weights are of several series, and these data are one", hint="leave out --weights")
    if all(name in names for name in wanted):
        return wanted
    found = [name for name in names if name.lower() in ID_NAMES]
    if len(wanted) == 1 and len(found) == 1:
        return (found[0],)
    missing = next(name for name in wanted if name not in names)
    raise DataError(f"{table} has no column {missing!r}, the id of the series", hint=f"its columns: {', '.join(names)}")

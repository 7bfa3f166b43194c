"""Several tables of forecasts as one: the rows that any of them has, and the models of all, each under its own name."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.config import TableConfig
from rnncast.errors import UsageError
from rnncast.files.panels.forecast_table import POINT_OF_BARE, Forecasts, ModelColumns, read_forecasts
from rnncast.series.forecast import POINT
from rnncast.series.panel import Panel

UNNAMED = (POINT, "yhat", "quantiles", *POINT_OF_BARE)  # column names that do not identify a model
STANDARD_INPUT = "stdin"  # name of forecasts read from standard input

Read = Callable[[Any, TableConfig, Panel], Forecasts]  # as `read_forecasts`


@dataclass(frozen=True)
class ForecastSource:
    """A table of forecasts, as `read_forecasts` takes it, and the name of its models; "" for none."""

    data: Any
    name: str = ""

    @classmethod
    def of(cls, text: str) -> "ForecastSource":
        """Make one from an argument: a file, or `name=file` unless a file of that whole name exists."""
        name, equals, path = text.partition("=")
        return cls(path, name) if equals and name and path and not Path(text).exists() else cls(text)

    @property
    def called(self) -> str:
        """Name given, else that of the file without its ending."""
        if self.name or not isinstance(self.data, str | Path):
            return self.name
        return STANDARD_INPUT if str(self.data) == "-" else Path(self.data).name.partition(".")[0]


def read_sources(
    sources: Sequence[ForecastSource], asked: TableConfig, actual: Panel, read: Read = read_forecasts
) -> Forecasts:
    """Read one table as it is, its models by the names of their columns, unless it has a name; several as
    `read_several`. read: reads a table."""
    if len(sources) == 1 and not sources[0].name:
        return read(sources[0].data, asked, actual)
    return read_several(sources, asked, actual, read=read)


def read_several(
    sources: Sequence[ForecastSource],
    asked: TableConfig,
    actual: Panel,
    taken: Iterable[str] = (),
    read: Read = read_forecasts,
) -> Forecasts:
    """Read tables of forecasts of the series of `actual`.

    The model of a table with only one is named after its source; other models by their columns, after the name of the
    source if that is given or their own is `taken`. Errors as `read_forecasts`; UsageError for two models with one
    name.
    """
    tables = [read(source.data, asked, actual) for source in sources]
    names: list[dict[str, str]] = []
    used = set(taken)
    for source, table in zip(sources, tables, strict=True):
        named = {model: _named(source, model, table, used) for model in table.models}
        if twice := used.intersection(named.values()):
            raise UsageError(
                f"two forecasts are called {sorted(twice)[0]!r}", hint="give them names: mine=forecasts.csv"
            )
        used.update(named.values())
        names.append(named)
    return _merged(tables, names)


def _named(source: ForecastSource, model: str, table: Forecasts, used: set[str]) -> str:
    if len(table.models) == 1:
        return source.called or model
    return f"{source.called}-{model}" if source.name or model in used or model in UNNAMED else model


def _merged(tables: Sequence[Forecasts], names: Sequence[dict[str, str]]) -> Forecasts:
    """Return a row for each series, cutoff and time that any of the tables has; rows of unknown series are kept as they
    are."""
    keys = [_keys(table, row) for row, table in enumerate(tables)]
    _, first, places = np.unique(np.concatenate(keys), axis=0, return_index=True, return_inverse=True)
    places = places.reshape(-1)
    ends = np.cumsum([0, *map(len, keys)])
    models = {}
    for table, named, begin, end in zip(tables, names, ends[:-1], ends[1:], strict=True):
        for model, columns in table.models.items():
            models[named[model]] = _spread(columns, places[begin:end], len(first))
    series, cutoff, positions, *_ = np.concatenate(keys)[first].T
    called = " and ".join(dict.fromkeys(table.name for table in tables))
    known = next((table for table in tables if (table.series >= 0).any()), tables[0])
    notes = tuple(dict.fromkeys(note for table in tables for note in table.notes))
    return Forecasts(called, series, positions, cutoff, models, known.first_id, known.id, known.of_sums, notes)


def _keys(table: Forecasts, which: int) -> NDArray[np.int64]:
    """Return the values that identify rows [N, 5]: series, cutoff, time; for an unknown series or a repeated time, the
    row."""
    cutoff = table.cutoffs
    keys = np.stack([table.series, cutoff, table.positions], axis=1)
    _, first = np.unique(keys, axis=0, return_index=True)
    own = np.ones(len(keys), bool)
    own[first] = False  # a row that repeats another is refused later, and must not vanish here
    own |= table.series < 0
    beside = np.where(own, np.arange(len(keys)) + 1, 0)
    return np.column_stack([keys, beside, np.where(own, which, 0)])


def _spread(columns: ModelColumns, places: NDArray[np.int64], rows: int) -> ModelColumns:
    point = np.full(rows, np.nan)
    quantiles = np.full((rows, len(columns.probabilities)), np.nan)
    point[places], quantiles[places] = columns.point, columns.quantiles
    return ModelColumns(point, quantiles, columns.probabilities)

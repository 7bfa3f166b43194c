"""Tables of forecasts from any source: the model of each column is found by the names that libraries use.

    <model>, <model>-lo-80, <model>-hi-80, <model>-ql0.9     Nixtla's, and rnncast's own
    mean, predictions, 0.1, 0.5, 0.9                         AutoGluon's and Chronos'
    yhat, yhat_lower, yhat_upper                             Prophet's, at 80 %
    id, F1, F2, F3                                           the M competitions': a series a row, by lead time

A column `cutoff` gives the origin of each row; without one, each series has a single origin.
"""

import re
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.files.formats.cells import Coded, Table
from rnncast.files.formats.numbers import finite_numbers
from rnncast.files.formats.opening import open_table
from rnncast.files.panels.columns import ID_NAMES, ColumnKind, kind_of
from rnncast.files.panels.future import positions_on_grid
from rnncast.files.panels.joined import with_time_of
from rnncast.files.panels.tables import series_of
from rnncast.series.forecast import CUTOFF, PATH
from rnncast.series.panel import Panel
from rnncast.times.frequency import Positions
from rnncast.times.numeric import TIME_NAMES
from rnncast.values import Values

PROPHET = {"yhat_lower": 0.1, "yhat_upper": 0.9}
INTERVAL = re.compile(r"(.+)-(lo|hi)-(\d+(?:\.\d+)?)")
QUANTILE = re.compile(r"(.+)-q[l]?(0?\.\d+)")
BARE_QUANTILE = re.compile(r"0?\.\d+")
LEAD = re.compile(r"[FVfv](\d+)")
POINT_OF_BARE = ("mean", "predictions")  # names of the point forecast beside quantiles named by number


class ModelColumns(NamedTuple):
    """Forecasts of one model in N rows: point [N], quantiles [N, Q] at rising `probabilities` [Q]; NaN where it gave
    none.

    Quantiles that cross are kept: they are scored as they were given.
    """

    point: Values
    quantiles: Values
    probabilities: tuple[float, ...]


class Forecasts(NamedTuple):
    """N rows of forecasts.

    series [N]: number of the series among the actual values, -1 if it is not there. positions [N] and cutoff [N]: on
    the grid of the actual values; cutoff is None without such a column. id: a column that looks like an id although the
    actual values have none, or "". of_sums: whether the series are those of the panel of sums. notes: remarks for the
    user.
    """

    name: str
    series: NDArray[np.int64]
    positions: Positions
    cutoff: Positions | None
    models: dict[str, ModelColumns]
    first_id: str
    id: str
    of_sums: bool = False
    notes: tuple[str, ...] = ()

    @property
    def cutoffs(self) -> Positions:
        """Cutoff of each row [N]; where there is no such column, the step before the first time of its series."""
        if self.cutoff is not None:
            return self.cutoff
        first = np.full(int(self.series.max(initial=-1)) + 2, np.iinfo(np.int64).max)
        np.minimum.at(first, self.series, self.positions)  # -1, of the unknown, is the last
        return first[self.series] - 1


def read_forecasts(data: Any, asked: TableConfig, actual: Panel, sums: Panel | None = None) -> Forecasts:
    """Read a table of forecasts of the series of `actual`. Raises DataError, with the place, if it is not such a table.

    sums: with the same times, whose series are looked for if the table has none of `actual`.
    """
    with open_table(data, asked) as opened:
        if is_submission(tuple(opened.head)):
            return _submission(opened, asked, actual)
        table, joined = with_time_of(opened, actual.columns, asked)
        parts = () if joined is asked else actual.columns.time_columns
        kinds = {name: kind_of(name, cells) for name, cells in table.head.items() if name not in parts}
        if PATH in kinds:
            raise DataError(f"{table.name} holds sampled paths", hint="score forecasts with --level or --quantiles")
        time, panels = _time(kinds, actual, table), [each for each in (actual, sums) if each is not None]
        named = {place: ids for place, each in enumerate(panels) if (ids := _ids(kinds, each)) is not None}
        if not named:
            raise _no_ids(kinds, actual, table)
        cutoff = CUTOFF if CUTOFF in kinds else None
        ids_of_all = dict.fromkeys(name for ids in named.values() for name in ids)
        keys = [time, *ids_of_all, *([cutoff] if cutoff else [])]
        places = _places(kinds, keys, actual.columns.target, table)
        texts = table.read([*keys, *places], [])
        columns: dict[str, Coded] = {name: cells for name, cells in texts.items() if isinstance(cells, Coded)}
        if asked.decimal == "auto" and actual.columns.decimal == "," and table.separator == actual.columns.separator:
            asked = replace(asked, decimal="comma")
        asked = replace(asked, time=time, time_format=joined.time_format if parts else None)

        def positions(name: str) -> Positions:
            return positions_on_grid(columns[name], name, table, asked, actual.columns, actual.frequency)

        place = next(iter(named))
        for place, ids in named.items():  # the first panel that has any of the series, else the last
            codes, names = series_of([columns[name] for name in ids], len(columns[time]))
            numbered = {name: s for s, name in enumerate(panels[place].ids)}
            series = np.array([numbered.get(name, -1) for name in names], np.int64)[codes]
            if (series >= 0).any():
                break
        numbers = {
            name: finite_numbers(columns[name], name, table, asked.decimal, "where there is no forecast")
            for name in places
        }
        models = _models(places, numbers)
        first = panels[place].columns.label(names[0])
        origin = positions(cutoff) if cutoff else None
        unused = next((name for name in kinds if name.lower() in ID_NAMES and not named[place]), "")
        return Forecasts(table.name, series, positions(time), origin, models, first, unused, place == 1)


def is_submission(names: tuple[str, ...]) -> bool:
    """Return whether columns are those of a submission: an id, then F1, F2, and so on, or V2, V3 after V1."""
    leads = [int(found[1]) if (found := LEAD.fullmatch(name)) else 0 for name in names[1:]]
    return bool(leads) and leads[0] in (1, 2) and leads == list(range(leads[0], leads[0] + len(leads)))


def _submission(table: Table, asked: TableConfig, actual: Panel) -> Forecasts:
    """Return the forecasts in a submission, whose first lead time is the first step of each series of the actual
    values."""
    first, *leads = table.head
    cells = {name: coded for name, coded in table.read([first, *leads], []).items() if isinstance(coded, Coded)}
    codes, names = series_of([cells[first]], len(cells[first]))
    numbered = {name: s for s, name in enumerate(actual.ids)}
    rows = np.array([numbered.get(name, -1) for name in names], np.int64)[codes]
    points = [finite_numbers(cells[name], name, table, asked.decimal, "where there is no forecast") for name in leads]
    series = np.repeat(rows, len(leads))
    starts = np.where(rows >= 0, actual.start[rows], 0)
    positions = (starts[:, None] + np.arange(len(leads))).reshape(-1)
    point = np.stack(points, axis=1).reshape(-1)
    models = {"forecast": ModelColumns(point, np.empty((len(point), 0)), ())}
    return Forecasts(table.name, series, positions, None, models, names[0], "")


def _time(kinds: dict[str, ColumnKind], actual: Panel, table: Table) -> str:
    if actual.columns.time_name in kinds:
        return actual.columns.time_name
    times = [n for n, kind in kinds.items() if kind in (ColumnKind.TIME, ColumnKind.SERIAL) and n != CUTOFF]
    named = [name for name in kinds if name.lower() in TIME_NAMES]
    if len(times) == 1 or len(named) == 1:
        return (times if len(times) == 1 else named)[0]
    raise DataError(
        f"{table.name} has no column {actual.columns.time_name!r}, which the actual values have",
        hint=f"its columns: {', '.join(kinds)}",
    )


def _ids(kinds: dict[str, ColumnKind], actual: Panel) -> tuple[str, ...] | None:
    """Return the columns with the ids of the series of a panel; None if there are none."""
    wanted = actual.columns.ids
    if all(name in kinds for name in wanted):
        return wanted
    found = [name for name in kinds if name.lower() in ID_NAMES]
    return (found[0],) if len(wanted) == 1 and len(found) == 1 else None


def _no_ids(kinds: dict[str, ColumnKind], actual: Panel, table: Table) -> DataError:
    missing = next(name for name in actual.columns.ids if name not in kinds)
    return DataError(
        f"{table.name} has no column {missing!r}, which names the series in the actual values",
        hint=f"its columns: {', '.join(kinds)}",
    )


def _places(
    kinds: dict[str, ColumnKind], keys: list[str], target: str, table: Table
) -> dict[str, tuple[str, float | None]]:
    """Return the model of each column and the probability of its quantile, None for a point forecast."""
    numeric = [n for n, kind in kinds.items() if kind in (ColumnKind.NUMBER, ColumnKind.WHOLE) and n not in keys]
    if "yhat" in numeric:
        return {n: ("yhat", PROPHET.get(n)) for n in numeric if n in ("yhat", *PROPHET)}
    others = [name for name in numeric if name not in (target, "y")]
    numeric = others or numeric
    bare = next((name for name in POINT_OF_BARE if name in numeric), "quantiles")
    places: dict[str, tuple[str, float | None]] = {}
    for name in numeric:
        if interval := INTERVAL.fullmatch(name):
            tail = round((50 - float(interval[3]) / 2) / 100, 10)
            places[name] = (interval[1], tail if interval[2] == "lo" else round(1 - tail, 10))
        elif quantile := QUANTILE.fullmatch(name):
            places[name] = (quantile[1], float(quantile[2]))
        elif BARE_QUANTILE.fullmatch(name):
            places[name] = (bare, float(name))
        else:
            places[name] = (name, None)
    for name, (_, probability) in places.items():
        if probability is not None and not 0 < probability < 1:
            raise DataError(
                f"{table.name}: column {name!r} is a quantile at {probability:g}, but must be between 0 and 1",
                hint="leave that column out",
            )
    if not places:
        raise DataError(f"{table.name} has no column of forecasts", hint=f"its columns: {', '.join(kinds)}")
    return places


def _models(places: dict[str, tuple[str, float | None]], numbers: dict[str, Values]) -> dict[str, ModelColumns]:
    models = {}
    for model in dict.fromkeys(model for model, _ in places.values()):
        own = {p: numbers[name] for name, (each, p) in places.items() if each == model}
        probabilities = tuple(sorted(p for p in own if p is not None))
        rows = len(next(iter(own.values())))
        point = own.get(None, own.get(0.5, np.full(rows, np.nan)))
        quantiles = np.array([own[p] for p in probabilities]).T.reshape(rows, -1)
        models[model] = ModelColumns(point, quantiles, probabilities)
    return models

"""Forecasts as pandas DataFrames: a row for each series and step, under the user's own names, with times as times."""

from typing import TYPE_CHECKING, Any

import numpy as np

from rnncast.files.output.forecasts import header_of, path_header_of
from rnncast.series.forecast import Forecast, Paths
from rnncast.series.panel import Columns
from rnncast.times.frequency import Times

if TYPE_CHECKING:  # loaded only when a DataFrame is made
    import pandas as pd


def forecast_frame(forecast: Forecast) -> "pd.DataFrame":
    """Return the rows of `output.forecasts` with times as times: local and naive, or aware if the data's were."""
    if forecast.by_level:
        beside = [end for level in forecast.levels for end in forecast.interval(level)]
    else:
        beside = list(np.moveaxis(forecast.quantiles, 2, 0))
    columns = forecast.columns
    names = [*columns.ids, columns.time_name, *header_of(forecast)[len(columns.ids) + len(columns.time_names) :]]
    values = [np.ravel(each) for each in (forecast.point, *beside)]
    return _frame(names, _ids(forecast), columns, forecast.time.ravel(), values)


def paths_frame(paths: Paths) -> "pd.DataFrame":
    """Return a row for each series, path and step."""
    series, steps, number = paths.values.shape
    columns, header = paths.columns, path_header_of(paths)
    names = [*columns.ids, columns.time_name, header[len(columns.ids)], header[-1]]
    ids = [np.repeat(each, number) for each in _ids(paths)]
    times = np.broadcast_to(paths.time[:, None, :], (series, number, steps)).ravel()
    which = np.broadcast_to(np.arange(1, number + 1)[:, None], (series, number, steps)).ravel()
    return _frame(names, ids, columns, times, [which, np.swapaxes(paths.values, 1, 2).ravel()])


def _ids(found: Forecast | Paths) -> list[Any]:
    """Return the values of each id column, once for each step of each series."""
    parts = zip(*(found.columns.parts(name) for name in found.ids), strict=True)
    return [np.repeat(np.array(part, object), found.horizon) for part in parts] if found.columns.ids else []


def _frame(names: list[str], ids: list[Any], columns: Columns, times: Times, values: list[Any]) -> "pd.DataFrame":
    import pandas as pd

    cells = [*(pd.Series(each, dtype=str) for each in ids), moments(columns, times), *values]
    return pd.DataFrame(dict(zip(names, cells, strict=True)))


def moments(columns: Columns, times: Times) -> "pd.Series[Any]":
    """Return times as pandas has them; whole numbers stay numbers."""
    import pandas as pd

    if not columns.time_zone or times.dtype.kind != "M":
        return pd.Series(times)
    found: Any = pd.Series(times)
    zone = f"UTC{columns.time_zone}" if columns.time_zone[0] in "+-" else columns.time_zone
    if columns.in_utc:
        found = found.dt.tz_localize("UTC").dt.tz_convert(zone)
    else:
        found = found.dt.tz_localize(zone, ambiguous=np.ones(len(found), bool), nonexistent="shift_forward")
    moments: pd.Series[Any] = found
    return moments

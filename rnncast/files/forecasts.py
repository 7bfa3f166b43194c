"""A Forecast as rows: one per series and step, under the user's own column names."""

from collections.abc import Iterator
from typing import Any

from rnncast.files.times import format_times
from rnncast.series.forecast import Forecast

POINT = "forecast"


def header_of(forecast: Forecast) -> list[str]:
    """Column names: the ids (if the data had any), the time, the point forecast, and its intervals' ends."""
    columns = forecast.columns
    ends = [f"{POINT}-{side}-{level:g}" for level in forecast.levels for side in ("lo", "hi")]
    return [*columns.ids, columns.time_name, POINT, *ends]


def rows_of(forecast: Forecast) -> Iterator[list[Any]]:
    """The rows: series in the order of the data, each over its horizon."""
    times = format_times(forecast.time, forecast.columns)
    ends = [end for level in forecast.levels for end in forecast.interval(level)]
    for s, name in enumerate(forecast.ids):
        numbers = zip(forecast.point[s].tolist(), *(end[s].tolist() for end in ends), strict=True)
        ids = forecast.columns.parts(name)
        yield from ([*ids, time, *values] for time, values in zip(times[s], numbers, strict=True))

"""A Forecast as rows: one per series and step, under the user's own column names; Paths: one per path besides."""

from collections.abc import Iterator
from typing import Any

from rnncast.files.times import format_times
from rnncast.series.forecast import Forecast, Paths

POINT = "forecast"
PATH = "path"


def header_of(forecast: Forecast) -> list[str]:
    """Column names: the ids (if the data had any), the time, the point forecast, and the ends of its intervals, or
    its quantiles."""
    columns = forecast.columns
    if forecast.by_level:
        beside = [f"{POINT}-{side}-{level:g}" for level in forecast.levels for side in ("lo", "hi")]
    else:
        beside = [f"{POINT}-ql{probability:g}" for probability in forecast.probabilities]
    return [*columns.ids, columns.time_name, POINT, *beside]


def rows_of(forecast: Forecast) -> Iterator[list[Any]]:
    """The rows: series in the order of the data, each over its horizon."""
    times = format_times(forecast.time, forecast.columns)
    if forecast.by_level:
        beside = [end for level in forecast.levels for end in forecast.interval(level)]
    else:
        beside = [forecast.quantiles[:, :, q] for q in range(len(forecast.probabilities))]
    for s, name in enumerate(forecast.ids):
        numbers = zip(forecast.point[s].tolist(), *(each[s].tolist() for each in beside), strict=True)
        ids = forecast.columns.parts(name)
        yield from ([*ids, time, *values] for time, values in zip(times[s], numbers, strict=True))


def path_header_of(paths: Paths) -> list[str]:
    """Column names: the ids (if the data had any), the path's number, the time, and the value."""
    columns = paths.columns
    return [*columns.ids, PATH, columns.time_name, POINT]


def path_rows_of(paths: Paths) -> Iterator[list[Any]]:
    """The rows: series in the order of the data, path after path, each over its horizon."""
    times = format_times(paths.time, paths.columns)
    for s, name in enumerate(paths.ids):
        ids = paths.columns.parts(name)
        for number, values in enumerate(paths.values[s].T.tolist(), 1):
            yield from ([*ids, number, time, value] for time, value in zip(times[s], values, strict=True))

"""A Forecast as rows: one per series and step, under the user's own column names."""

from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any

from rnncast.files.times import format_times
from rnncast.series.forecast import Forecast

POINT = "forecast"


def header_of(forecast: Forecast) -> list[str]:
    """Column names: the ids (if the data had any), the time, the point forecast, and its intervals' ends."""
    columns = forecast.columns
    ends = [f"{POINT}-{side}-{level:g}" for level in forecast.levels for side in ("lo", "hi")]
    return [*columns.ids, columns.time_name, POINT, *ends]


def rows_of(forecast: Forecast) -> Iterator[tuple[Any, ...]]:
    """The rows: series in the order of the data, each over its horizon."""
    times = format_times(forecast.time, forecast.columns)
    ends = [end for level in forecast.levels for end in forecast.interval(level)]

    def of_series(s: int) -> Iterator[tuple[Any, ...]]:
        ids = (repeat(part, len(times[s])) for part in forecast.columns.parts(forecast.ids[s]))
        return zip(*ids, times[s], forecast.point[s].tolist(), *(end[s].tolist() for end in ends), strict=True)

    return chain.from_iterable(map(of_series, range(len(forecast.ids))))

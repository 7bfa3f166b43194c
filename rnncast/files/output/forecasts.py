"""Forecasts as rows, one for each series and step, under the user's own column names; and Paths, one for each path
too."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.series.digits import rounded
from rnncast.series.forecast import CUTOFF, PATH, POINT, Forecast, Paths


def header_of(forecast: Forecast) -> list[str]:
    """Return the column names: ids (if any), time, point forecast, and the ends of its intervals or its quantiles."""
    columns = forecast.columns
    if forecast.by_level:
        beside = [f"{POINT}-{side}-{level:g}" for level in forecast.levels for side in ("lo", "hi")]
    else:
        beside = [f"{POINT}-ql{probability:g}" for probability in forecast.probabilities]
    return [*columns.ids, *columns.time_names, POINT, *beside]


TimeTexts = Callable[[int, int], NDArray[Any]]  # from the first position and their number to the cells of their times


Decimals = NDArray[np.int64] | None  # [S]: decimals of each series' numbers; None for all


def rows_of(forecast: Forecast, texts: TimeTexts | None = None, decimals: Decimals = None) -> Iterator[tuple[Any, ...]]:
    """Yield the rows: series in the order of the data, each over its horizon. texts: cells of times, if they are
    cached."""
    if texts is None:
        times = forecast.columns.cells(forecast.time)  # [S, H, columns of the time]
    else:
        times = np.array([texts(cutoff + 1, forecast.horizon) for cutoff in forecast.cutoff.tolist()])
    if forecast.by_level:
        beside = [end for level in forecast.levels for end in forecast.interval(level)]
    else:
        beside = [forecast.quantiles[:, :, q] for q in range(len(forecast.probabilities))]

    def of_series(s: int) -> Iterator[tuple[Any, ...]]:
        ids = (repeat(part, len(times[s])) for part in forecast.columns.parts(forecast.ids[s]))
        numbers = (_numbers(each[s], decimals, s) for each in (forecast.point, *beside))
        return zip(*ids, *times[s].T, *numbers, strict=True)

    return chain.from_iterable(map(of_series, range(len(forecast.ids))))


def path_header_of(paths: Paths) -> list[str]:
    """Return the column names: ids (if any), path number, time, and value."""
    columns = paths.columns
    return [*columns.ids, PATH, *columns.time_names, POINT]


def _numbers(values: NDArray[np.float64], decimals: Decimals, s: int) -> list[Any]:
    return values.tolist() if decimals is None else rounded(values, int(decimals[s]))


def path_rows_of(paths: Paths, decimals: Decimals = None) -> Iterator[list[Any]]:
    """Yield the rows: series in the order of the data, path after path, each over its horizon."""
    times = paths.columns.cells(paths.time)
    for s, name in enumerate(paths.ids):
        ids = paths.columns.parts(name)
        for number, path in enumerate(paths.values[s].T, 1):
            values = _numbers(path, decimals, s)
            yield from ([*ids, number, *time, value] for time, value in zip(times[s], values, strict=True))


def side_by_side(origins: list[Mapping[str, Forecast]]) -> tuple[list[str], Iterator[list[Any]]]:
    """Return column names and rows of forecasts by model, made of the same series at each of some origins.

    A row for each origin, series and step: ids, time, cutoff (the time of the last value seen), then each model's
    forecast and the ends of its intervals. A model without a forecast at an origin is NaN there.
    """
    models = list(dict.fromkeys(name for forecasts in origins for name in forecasts))
    some = next((forecast for forecasts in origins for forecast in forecasts.values()), None)
    if some is None:
        return [], iter(())
    columns, levels = some.columns, some.levels
    ends = [f"-{side}-{level:g}" for level in levels for side in ("lo", "hi")]
    names = [*columns.ids, *columns.time_names, CUTOFF, *(f"{name}{end}" for name in models for end in ("", *ends))]
    return names, (row for forecasts in origins for row in _rows_at_origin(forecasts, models))


def _rows_at_origin(forecasts: Mapping[str, Forecast], models: list[str]) -> Iterator[list[Any]]:
    some = next(iter(forecasts.values()))
    empty = np.full(some.point.shape, np.nan)
    numbers: list[NDArray[np.float64]] = []
    for name in models:
        forecast = forecasts.get(name)
        ends = [] if forecast is None else [end for level in forecast.levels for end in forecast.interval(level)]
        numbers += [empty] * (1 + 2 * len(some.levels)) if forecast is None else [forecast.point, *ends]
    values = np.stack(numbers, axis=-1)  # [S, H, models and ends]
    times = some.columns.cells(some.time)
    cutoffs = some.columns.written(some.frequency.times(some.cutoff))
    for s, series in enumerate(some.ids):
        ids = some.columns.parts(series)
        for time, row in zip(times[s], values[s].tolist(), strict=True):
            yield [*ids, *time, cutoffs[s], *row]

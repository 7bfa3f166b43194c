"""Rows of the accuracy benchmark: each forecasts its data through the same door as `rnncast train`, and scores."""

import time
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from accuracy_data import (
    ETT_VALIDATION,
    Single,
    Task,
    etth1,
    etth1_whole,
    every,
    m4_hourly,
    m4_weekly,
    sample_data,
    single_series,
)
from accuracy_scores import crps, score, seasonal_quantiles

from rnncast import Config, Forecaster, Panel
from rnncast.config import TaskConfig
from rnncast.frame.exogenous import Ahead, Exogenous, exogenous_of
from rnncast.runtime.runtime import Runtime
from rnncast.runtime.states import SeriesState
from rnncast.series.forecast import Forecast
from rnncast.series.metrics import coverage, mase, msis, pinball, seasonal_error
from rnncast.series.naive import naive2, repeat_season
from rnncast.series.splits import Split, rolling_origins
from rnncast.settings import updated

ORIGINS = 4  # of each single series
LEVELS = (80, 95)
ETT_HORIZONS = (96, 192, 336, 720)


class Result(NamedTuple):
    """A figure: of a row, for a model, beside what is to be reached; seconds of training and forecasting."""

    row: str
    model: str
    metric: str
    value: float
    seconds: float
    reach: float | None = None
    stretch: float | None = None


@dataclass(frozen=True)
class Bench:
    """Settings of a run: the data, whether to score inside the training data, every nth series only, and settings
    changed.

    settings: {"net": {"hidden_size": 64}}; empty for the defaults, which are what is to be measured.
    """

    folder: Path
    inside: bool = False
    nth: int = 1
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)

    def with_seed(self, seed: int) -> "Bench":
        """Return the same with another seed of the nets."""
        train = {**self.settings.get("train", {}), "seed": seed}
        return replace(self, settings={**self.settings, "train": train})

    def fit(self, panel: Panel, horizon: int, season: int, model: str) -> tuple[Forecaster, float]:
        """Return a forecaster, and the seconds it took: what `rnncast train FILE -H horizon [--season season]` does."""
        began = time.perf_counter()
        task = TaskConfig(horizon=horizon, seasons=(season,) if season > 1 else None)
        config = Config(task=task).with_model(model)
        for section, values in self.settings.items():
            config = replace(config, **{section: updated(getattr(config, section), values)})
        forecaster = Forecaster.fit(panel, config)
        return forecaster, time.perf_counter() - began


def hourly(bench: Bench, model: str) -> Iterator[Result]:
    """Yield M4 hourly: OWA and, for the 95 % interval, MSIS."""
    task = every(m4_hourly(bench.folder, inside=bench.inside), bench.nth)
    second = naive2(task.split.seen, 48, 24)
    unit = score(task, second, 24, (1.0, 1.0))
    forecaster, seconds = bench.fit(task.split.seen, 48, 24, model)
    forecast = forecaster.predict()
    got = score(task, forecast.point, 24, (unit.smape, unit.mase))
    spread = _spread(task, forecast, 24)
    yield Result("m4-hourly", model, "OWA", got.owa, seconds, 0.395, 0.38)
    yield Result("m4-hourly", model, "sMAPE", got.smape, seconds)
    yield Result("m4-hourly", model, "MASE", got.mase, seconds, 0.74, 0.72)
    yield Result("m4-hourly", model, "CRPS", crps(task.split.actual, forecast), seconds, 0.0215, 0.0202)
    yield Result("m4-hourly", model, "MSIS", spread, seconds, 6.2, 5.5)
    yield from _coverage("m4-hourly", model, [task.split], [forecast], seconds)


def weekly(bench: Bench, model: str) -> Iterator[Result]:
    """Yield M4 weekly: MASE (m = 1) relative to the naive forecast on the same points."""
    task = every(m4_weekly(bench.folder, inside=bench.inside), bench.nth)
    forecaster, seconds = bench.fit(task.split.seen, 13, task.season, model)
    forecast = forecaster.predict()
    one = (1.0, 1.0)
    naive = score(task, repeat_season(task.split.seen, 13, 1), 1, one)
    got = score(task, forecast.point, 1, (naive.smape, naive.mase))
    yield Result("m4-weekly", model, "MASE / naive", got.mase / naive.mase, seconds, 0.72, 0.70)
    yield Result("m4-weekly", model, "OWA", got.owa, seconds)
    yield Result("m4-weekly", model, "MSIS", _spread(task, forecast, 1), seconds)
    yield from _coverage("m4-weekly", model, [task.split], [forecast], seconds)


def _spread(task: Task, forecast: Forecast, season: int) -> float:
    """Return MSIS of the 95 % interval, the mean over series."""
    scale = seasonal_error(task.split.seen, season)
    return float(np.mean(msis(task.split.actual, *forecast.interval(95), 95, scale)))


def samples(bench: Bench, model: str) -> Iterator[Result]:
    """Yield the sample data: the share of values within the intervals, at origins after those trained on."""
    for sample in sample_data():
        splits = list(rolling_origins(sample.panel, sample.horizon, sample.origins, 1))
        forecasts, seconds = [], 0.0
        for number, split in enumerate(splits):
            if number % sample.refit == 0:
                forecaster, took = bench.fit(split.seen, sample.horizon, sample.season, model)
                seconds += took
            forecasts.append(forecaster.predict(split.seen))
        yield from _coverage(sample.name, model, splits, forecasts, seconds)


def _coverage(
    row: str, model: str, splits: Sequence[Split], forecasts: Sequence[Forecast], seconds: float
) -> Iterator[Result]:
    """Yield the share of values within each interval, in percent."""
    actual = np.concatenate([split.actual for split in splits])
    for level in LEVELS:
        low, high = (np.concatenate(ends) for ends in zip(*(f.interval(level) for f in forecasts), strict=True))
        share = coverage(*(part.reshape(1, -1) for part in (actual, low, high)))[0]  # of all values together
        yield Result(row, model, f"covered by {level} %", float(share), seconds)


def ett(bench: Bench, model: str) -> Iterator[Result]:
    """Yield ETTh1: MSE and MAE of every window, standardised, all channels."""
    reach = dict(zip(ETT_HORIZONS, ((0.353, 0.345), (0.392, 0.385), (0.415, 0.405), (0.435, 0.419)), strict=True))
    for horizon in ETT_HORIZONS:
        train, after = etth1(bench.folder, inside=bench.inside)
        forecaster, seconds = bench.fit(train, horizon, 1, model)
        mse, mae = _every_window(forecaster, after, horizon, first=0 if bench.inside else ETT_VALIDATION)
        yield Result(f"etth1-{horizon}", model, "MSE", mse, seconds, *reach[horizon])
        yield Result(f"etth1-{horizon}", model, "MAE", mae, seconds)


def _every_window(forecaster: Forecaster, after: Panel, horizon: int, first: int) -> tuple[float, float]:
    """Return MSE and MAE of the forecasts at each step from `first` on of what follows the trained rows."""
    runtime, state = Runtime(forecaster.spec, forecaster.weights), forecaster.state
    series = np.arange(len(after))
    y, exogenous = (
        after.padded(series, align="start"),
        exogenous_of(after, series, runtime.frame.cycles, 0, align="start"),
    )

    def consumed(state: SeriesState, start: int, stop: int) -> SeriesState:
        seen = Exogenous(exogenous.covariates[:, start:stop], exogenous.now[:, start:stop], exogenous.ahead)
        return runtime.advance(y[:, start:stop], seen, state)

    if first:
        state = consumed(state, 0, first)
    squares, sizes = [], []
    for step in range(first, y.shape[1] - horizon + 1):
        ahead = Ahead(exogenous.covariates[:, step : step + horizon], exogenous.now[:, step : step + horizon])
        error = runtime.forecast(state, ahead)[:, :, runtime.head.middle] - y[:, step : step + horizon]
        squares.append(float((error**2).mean()))
        sizes.append(float(np.abs(error).mean()))
        state = consumed(state, step, step + 1)
    return float(np.mean(squares)), float(np.mean(sizes))


def fev(bench: Bench, model: str) -> Iterator[Result]:
    """Yield ETTh1 as fev-bench has it: 20 windows of 168 hours from 3,360 before the end, in the units of the data;
    MASE and scaled quantile loss, m = 24. The net is trained once, before the first window. Beside them those of
    seasonal naive."""
    panel = etth1_whole(bench.folder)
    horizon, windows = 168, 20
    first = int(panel.lengths[0]) - windows * horizon
    rows = np.arange(len(panel))
    forecaster, seconds = bench.fit(panel.select(rows, np.full(len(rows), first)), horizon, 24, model)
    quantiles = tuple(round(q / 10, 1) for q in range(1, 10))
    errors: dict[str, list[float]] = {}
    for window in range(windows):
        stop = first + window * horizon
        seen = panel.select(rows, np.full(len(rows), stop))
        actual = np.stack([y[stop : stop + horizon] for _, _, y in panel])
        scale = seasonal_error(seen, 24)
        ours = forecaster.predict(seen).at(quantiles, by_level=False)
        naive, spread = seasonal_quantiles(seen, horizon, 24, quantiles)
        for name, point, given in (("", ours.point, ours.quantiles), ("seasonal naive ", naive, spread)):
            errors.setdefault(f"{name}MASE", []).append(float(np.mean(mase(actual, point, scale))))
            loss = pinball(actual, given, quantiles).mean((1, 2))
            errors.setdefault(f"{name}SQL", []).append(float(np.mean(2 * loss / scale)))
    for metric, each in errors.items():
        yield Result("etth1-fev-168", model, metric, float(np.mean(each)), seconds)


def singles(
    bench: Bench, model: str, only: Container[str] | None = None
) -> Iterator[tuple[Single, float, float, float, list[Result]]]:
    """Yield, for each single series, its MASE over rolling origins, seasonal naive's, mean seconds a fit, and the
    coverage."""
    for number, single in enumerate(single_series(bench.folder)):
        if (number % bench.nth and number > 2) or (only is not None and single.name not in only):
            continue
        splits = single_origins(single, inside=bench.inside)
        errors, naive, forecasts, seconds = [], [], [], 0.0
        for split in splits:
            forecaster, took = bench.fit(split.seen, single.horizon, single.season, model)
            scale = seasonal_error(split.seen, single.season)
            forecasts.append(forecaster.predict())
            errors.append(mase(split.actual, forecasts[-1].point, scale)[0])
            naive.append(mase(split.actual, repeat_season(split.seen, single.horizon, single.season), scale)[0])
            seconds += took
        seconds /= len(splits)
        coverage = list(_coverage(single.name, model, splits, forecasts, seconds))
        yield single, float(np.mean(errors)), float(np.mean(naive)), seconds, coverage


def single_origins(single: Single, *, inside: bool) -> list[Split]:
    """Return the last four origins, a horizon apart; `inside`: the four before them, or as many as fit."""
    panel, shortest = single.panel, max(2 * single.season, single.horizon) + 2
    if inside:
        kept = panel.lengths - ORIGINS * single.horizon
        if kept[0] < shortest + 2 * single.horizon:
            return list(rolling_origins(panel, single.horizon, 1, 1))  # too short to spare any
        panel = panel.select(np.array([0]), kept)
    return list(rolling_origins(panel, single.horizon, ORIGINS, shortest))

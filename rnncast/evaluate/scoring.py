"""Forecasts that exist, beside what came: aligned by series, origin and lead time, and scored.

G origins of series, H lead times, Q quantiles.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.choices.seasonality import find_season
from rnncast.errors import DataError
from rnncast.evaluate.given import known_rows, nothing_came
from rnncast.evaluate.laid import Laid
from rnncast.files.panels.forecast_table import Forecasts, ModelColumns
from rnncast.series import metrics
from rnncast.series.naive import naive2
from rnncast.series.panel import Panel
from rnncast.times.frequency import Positions
from rnncast.values import Values

BY = ("overall", "series", "lead")
LEAST = 1e-12  # of OWA's reference


class Origins(NamedTuple):
    """Each origin of each series: its place in the actual values, its cutoff, what came [G, H], and the scales [G] that
    the values up to it give, NaN where there are none; and whether there are two such values [G]."""

    series: NDArray[np.int64]
    cutoff: Positions
    actual: Values
    scale: Values
    root_scale: Values
    naive: Values
    before: NDArray[np.bool_]


class ScoredModel(NamedTuple):
    """What a model forecast from each origin: point [G, H], quantiles [G, H, Q] at rising `probabilities` [Q], NaN
    where it gave none; its MASE and its sMAPE there [G]."""

    point: Values
    quantiles: Values
    probabilities: tuple[float, ...]
    mase: Values
    smape: Values


@dataclass(frozen=True)
class Scores:
    """Scores as rows under names, and what a person should be told; and what was scored, by model."""

    names: list[str]
    rows: list[list[Any]]
    notes: list[str]
    origins: Origins
    models: dict[str, ScoredModel]


def score_forecasts(forecasts: Forecasts, actual: Panel, history: Panel | None, season: int | None, by: str) -> Scores:
    """Score each model's forecasts: overall, by series, or by lead time.

    history: what came before the forecasts; what the actual values hold of it, unless given. season: the m of MASE; the
    calendar's, or one that the data show, unless given. DataError if nothing can be scored.
    """
    found = season is None and not (history or actual).frequency.seasons
    season = season or season_of(history or actual)
    if history is not None and history.frequency != actual.frequency:
        raise DataError(
            f"the history is {history.frequency.name}, but the actual values are {actual.frequency.name}",
            hint="give the values that came before the forecasts, at the same times of the calendar",
        )
    known = known_rows(forecasts, actual)
    laid = Laid.of(forecasts, known, actual)
    origins = _origins(laid, actual, history, season)
    came = origins.actual[laid.group, laid.lead]  # of each known row
    notes = _notes(forecasts, known, actual, origins, came)
    if found and season > 1:
        notes.append(f"MASE with m = {season}, a season that the data show; --season N for another")
    rows: list[dict[str, Any]] = []
    models = {name: _laid(columns, known, laid, origins) for name, columns in forecasts.models.items()}
    for name, model in models.items():
        for row in _measured(origins, model.point, model.quantiles, model.probabilities, by, actual):
            rows.append({"model": name, **row})
    names = list(dict.fromkeys(key for row in rows for key in row))
    table = [[*(row.get(key, float("nan")) for key in names), season] for row in rows]
    return Scores([*names, "season"], table, notes, origins, models)


def placed_after(actual: Panel, history: Panel | None) -> Panel:
    """What came, after its history where neither table has times, as of the M competitions: steps go on from there.

    Actual values that begin with the history hold it, and stay where they are.
    """
    if history is None or actual.columns.time or history.columns.time:
        return actual
    later = actual.after(history)
    if not len(later):
        return actual
    came, before = actual[actual.ids.index(later.ids[0])].y, history[history.ids.index(later.ids[0])].y
    return actual if np.array_equal(came[: len(before)], before, equal_nan=True) else later


def season_of(panel: Panel) -> int:
    """The calendar's main season, else the one that the data show, as training finds it; 1 for none."""
    return next(iter(panel.frequency.seasons), None) or find_season(panel) or 1


def _origins(laid: Laid, actual: Panel, history: Panel | None, season: int) -> Origins:
    """What came after each origin, and the scales that the values up to it give."""
    came = laid.actual_of(actual)
    scale, root_scale, naive, before = _scales(laid, actual, history or actual, season)
    return Origins(laid.series, laid.cutoff, came, scale, root_scale, naive, before)


def _scales(laid: Laid, actual: Panel, history: Panel, season: int) -> tuple[Values, Values, Values, NDArray[np.bool_]]:
    """The scales of MASE and RMSSE [G], and Naive2's forecast [G, H], from the values up to each cutoff; and where
    there are at least two of those [G]."""
    of, cutoff, horizon = laid.series, laid.cutoff, laid.horizon
    places = {name: s for s, name in enumerate(history.ids)}
    there = np.array([places.get(actual.ids[s], -1) for s in of])
    lengths = np.clip(cutoff - history.start[there] + 1, 0, history.lengths[there])
    usable = np.flatnonzero((there >= 0) & (lengths > 1))
    scale, root_scale = np.full(len(of), np.nan), np.full(len(of), np.nan)
    naive = np.full((len(of), horizon), np.nan)
    if len(usable):
        past = history.select(there[usable], lengths[usable])
        scale[usable] = metrics.seasonal_error(past, season)
        root_scale[usable] = metrics.seasonal_root_square(past, season)
        naive[usable] = naive2(past, horizon, season)
    return scale, root_scale, naive, np.isin(np.arange(len(of)), usable)


def _laid(columns: ModelColumns, known: NDArray[np.bool_], laid: Laid, origins: Origins) -> ScoredModel:
    """A model's rows by origin and lead time, which are their places."""
    point, quantiles = laid.spread(columns.point[known]), laid.spread(columns.quantiles[known])
    mase, smape = metrics.mase(origins.actual, point, origins.scale), metrics.smape(origins.actual, point)
    return ScoredModel(point, quantiles, columns.probabilities, mase, smape)


def _measured(
    origins: Origins, point: Values, quantiles: Values, probabilities: tuple[float, ...], by: str, actual: Panel
) -> Iterator[dict[str, Any]]:
    """A row of metrics for each series, for each lead time, or for all."""
    scale, root_scale = origins.scale[:, None], origins.root_scale[:, None]
    if by == "lead":  # each lead time is scored over the origins
        leads = origins.actual.T, point.T, quantiles.swapaxes(0, 1)
        every = _metrics(*leads, probabilities, scale.T, root_scale.T)
        for h in range(point.shape[1]):
            yield {"lead": h + 1, **_averaged({name: values[h : h + 1] for name, values in every.items()})}
        return
    every = _metrics(origins.actual, point, quantiles, probabilities, scale, root_scale)
    if by == "series":
        for s in dict.fromkeys(origins.series.tolist()):
            own = origins.series == s
            ids = dict(zip(actual.columns.ids, actual.columns.parts(actual.ids[s]), strict=True))
            yield {**ids, **_averaged({name: values[own] for name, values in every.items()})}
        return
    row = _averaged(every)
    naive = _metrics(origins.actual, np.where(np.isnan(point), np.nan, origins.naive), None, (), scale, root_scale)
    reference = _averaged(naive)
    row["owa"] = float("nan")
    if min(reference["smape"], reference["mase"]) > LEAST:
        row["owa"] = metrics.owa(row["smape"], row["mase"], reference["smape"], reference["mase"])
    if probabilities:  # of all values together
        flat = quantiles.reshape(1, -1, len(probabilities))
        row["wql"] = float(metrics.wql(origins.actual.reshape(1, -1), flat, probabilities)[0])
    yield row


def _metrics(
    actual: Values,
    point: Values,
    quantiles: Values | None,
    probabilities: tuple[float, ...],
    scale: Values,
    root_scale: Values,
) -> dict[str, Values]:
    """Each metric of each row of actual values and points [R, C], with scales that broadcast over them."""
    scored = ~np.isnan(actual) & ~np.isnan(point if quantiles is None or not probabilities else quantiles[..., 0])
    found = {
        "values": scored.sum(axis=1).astype(np.float64),
        "mae": metrics.mae(actual, point),
        "rmse": metrics.rmse(actual, point),
        "mape": metrics.mape(actual, point),
        "smape": metrics.smape(actual, point),
        "mase": metrics.mae(actual / scale, point / scale),
        "rmsse": metrics.rmse(actual / root_scale, point / root_scale),
        "bias": metrics.bias(actual, point),
    }
    if quantiles is None or not probabilities:
        return found
    found["wql"] = metrics.wql(actual, quantiles, probabilities)
    found["crps"] = metrics.crps(actual, quantiles, probabilities)
    levels = [(round(100 - 200 * p, 8), p) for p in probabilities if p < 0.5 and round(1 - p, 10) in probabilities]
    for level, p in sorted(levels):
        low, high = (quantiles[..., probabilities.index(round(each, 10))] for each in (p, 1 - p))
        found[f"coverage-{level:g}"] = metrics.coverage(actual, low, high)
        found[f"msis-{level:g}"] = metrics.interval_score(actual / scale, low / scale, high / scale, level)
    return found


def _averaged(every: dict[str, Values]) -> dict[str, Any]:
    """Each metric's mean over the series and origins that can be scored; how many values were, in all."""
    return {
        name: int(values.sum()) if name == "values" else metrics.mean_over_series(values)
        for name, values in every.items()
    }


def _notes(forecasts: Forecasts, known: NDArray[np.bool_], actual: Panel, origins: Origins, came: Values) -> list[str]:
    notes = []
    scored = int((~np.isnan(came)).sum())
    if not scored:
        raise nothing_came(forecasts, known, actual)
    if not known.all():
        notes.append(f"left out {_counted(len(known) - len(came))} of series that have no actual values")
    if scored < len(came):
        notes.append(f"left out {_counted(len(came) - scored)} of times that have no actual value")
    constant = int((origins.before & np.isnan(origins.scale)).sum())
    if constant:
        several = f"{constant} of {len(origins.scale)} pasts are" if len(origins.scale) > 1 else "the past is"
        notes.append(f"{several} constant: {metrics.NO_MASE}; MASE, RMSSE, MSIS and OWA leave it out")
    if not origins.before.any():
        notes.append(
            "MASE, RMSSE, MSIS and OWA are empty: they need the values before the forecasts; give them with --history"
        )
    return notes


def _counted(number: int) -> str:
    return f"{number} forecast{'s' if number > 1 else ''}"

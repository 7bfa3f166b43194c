"""Figures of forecasts after their history, and of forecasts beside the observed values."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

from rnncast.plain import counted
from rnncast.report.excerpts import forecast_excerpt, scored_excerpt
from rnncast.report.figures.axes import Timeline
from rnncast.report.figures.choosing import chosen, in_words
from rnncast.report.figures.grids import Small, said, several, single
from rnncast.series.forecast import Forecast
from rnncast.series.metrics import seasonal_error
from rnncast.series.panel import Panel
from rnncast.values import Values

if TYPE_CHECKING:  # imports the readers of tables, which a forecast does not need
    from rnncast.evaluate.measured import Origins, ScoredModel
    from rnncast.evaluate.scoring import Scores

SURENESS = ("widest", "median", "narrowest")
MODELS = 6  # the best, of a single series


def forecast_figure(forecast: Forecast, seen: Sequence[Values], seasons: tuple[int, ...], s: int | None) -> Figure:
    """Draw forecasts with all their intervals, after the last seasons of the values of each series up to its cutoff.

    s: the series to draw; None: of several, those with the widest, the median and the narrowest intervals, relative to
    how much the series change over a season.
    """
    timeline, title = Timeline(forecast.frequency, forecast.columns), forecast.columns.target
    note = f"{counted(forecast.horizon, 'step')} ahead, {forecast.frequency.name}"
    if s is not None or len(forecast.ids) == 1:
        s = s or 0
        name = title + forecast.columns.of_series(forecast.ids[s])
        return single(name, note, forecast_excerpt(forecast, s, seen[s], seasons), timeline)
    widths = _widths(forecast, seen, max(seasons, default=1))
    places = chosen(widths, SURENESS)
    pictures = [
        Small(
            forecast.columns.label(forecast.ids[s]),
            said(which, "", widths[s]),
            forecast_excerpt(forecast, s, seen[s], seasons),
        )
        for s, which in places
    ]
    by = "the width of their widest interval, in mean changes over a season"
    return several(title, f"{note}\n{in_words(places, widths, by, SURENESS)}", pictures, timeline)


def score_figure(actual: Panel, history: Panel | None, scores: "Scores") -> Figure:
    """Draw forecasts beside the observed values.

    history: the values before the actual ones, unless these include them. Of a single series, a picture for each model,
    the best first; of several, the worst, the median and the best of the best model.
    """
    panel, origins, models = _with_history(actual, history), scores.origins, scores.models
    seasons = panel.frequency.seasons
    timeline, title = Timeline(panel.frequency, panel.columns), panel.columns.target
    metric, errors = _errors(origins, models)
    there, best = np.unique(origins.series), next(iter(errors))
    if len(there) == 1:
        s = int(there[0])
        pictures = [
            Small(name, said("", metric, values[0]), scored_excerpt(panel, s, origins, models[name], seasons))
            for name, values in list(errors.items())[:MODELS]
        ]
        few = f"{len(pictures)} of {len(errors)} models, the best first" if len(pictures) < len(errors) else ""
        return several(title + panel.columns.of_series(panel.ids[s]), few, pictures, timeline)
    places = chosen(errors[best])
    pictures = [
        Small(
            panel.columns.label(panel.ids[there[place]]),
            said(which, metric, errors[best][place]),
            scored_excerpt(panel, int(there[place]), origins, models[best], seasons),
        )
        for place, which in places
    ]
    few = f"{best}, the best of {len(errors)} models\n" if len(errors) > 1 else ""
    return several(title, f"{few}{in_words(places, errors[best], metric)}", pictures, timeline, best)


def _with_history(actual: Panel, history: Panel | None) -> Panel:
    """Return the actual values of each series, after those before them if these are known."""
    if history is None:
        return actual
    places = {name: s for s, name in enumerate(history.ids)}
    series, start = {}, actual.start.copy()
    for s, (name, first, y) in enumerate(actual):
        before = history[places[name]] if name in places else None
        if before is not None and before.start < first:
            gap = max(first - before.start - len(before.y), 0)
            y = np.concatenate([before.y[: first - before.start], np.full(gap, np.nan), y])
            start[s] = before.start
        series[name] = y
    return Panel.from_series(series, start=start, frequency=actual.frequency, columns=actual.columns)


def _widths(forecast: Forecast, seen: Sequence[Values], season: int) -> Values:
    """Return the mean width of each forecast's widest interval [S], relative to the mean change over a season."""
    if len(forecast.probabilities) < 2:
        return np.full(len(forecast.ids), np.nan)
    past = Panel.from_series({str(s): y for s, y in enumerate(seen)})
    spread = forecast.quantiles[..., -1] - forecast.quantiles[..., 0]
    widths = spread.mean(axis=1) / seasonal_error(past, season)
    return np.where(np.isfinite(widths), widths, np.nan)


def _errors(origins: "Origins", models: "Mapping[str, ScoredModel]") -> tuple[str, dict[str, Values]]:
    """Return a metric, and each model's mean of it over the origins of each series, the best model first.

    The metric is MASE if any series has one; else sMAPE.
    """
    scaled = any(np.isfinite(model.mase).any() for model in models.values())
    metric = "MASE" if scaled else "sMAPE"
    there = np.unique(origins.series)
    errors = {}
    for name, model in models.items():
        values = model.mase if scaled else model.smape
        sums = [values[(origins.series == s) & ~np.isnan(values)] for s in there]
        errors[name] = np.array([each.mean() if len(each) else np.nan for each in sums])
    means = {name: float(np.nanmean(each)) if np.isfinite(each).any() else np.inf for name, each in errors.items()}
    return metric, {name: errors[name] for name in sorted(errors, key=lambda name: means[name])}

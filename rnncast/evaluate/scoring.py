"""Scoring of existing forecasts against actual values, aligned by series, origin and lead time.

G origins of series, H lead times, Q quantiles.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.choices.seasonality import find_season
from rnncast.errors import DataError
from rnncast.evaluate.given import known_rows, nothing_came
from rnncast.evaluate.laid import Laid
from rnncast.evaluate.measured import Origins, ScoredModel, measured
from rnncast.evaluate.tested import tested_best
from rnncast.files.panels.forecast_table import Forecasts, ModelColumns
from rnncast.series import metrics
from rnncast.series.naive import naive2
from rnncast.series.panel import Panel
from rnncast.values import Values

BY = ("overall", "series", "lead")


@dataclass(frozen=True)
class Scores:
    """Scores as named rows, remarks for the user, and what was scored, by model."""

    names: list[str]
    rows: list[list[Any]]
    notes: list[str]
    origins: Origins
    models: dict[str, ScoredModel]


def score_forecasts(
    forecasts: Forecasts,
    actual: Panel,
    history: Panel | None,
    season: int | None,
    by: str,
    weights: Values | None = None,
    *,
    tested: bool = False,
) -> Scores:
    """Score each model's forecasts: overall, by series, or by lead time.

    history: the values before the forecasts; None for those in the actual values. season: the m of MASE; None for the
    calendar's, or one found in the data. Raises DataError if nothing can be scored.
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
    if found:
        notes += season_in_words(season)
    models = {name: _laid(columns, known, laid, origins) for name, columns in forecasts.models.items()}
    shared = _shared_quantiles(models, notes)
    of_origins = None if weights is None else weights[laid.series]
    rows: list[dict[str, Any]] = []
    for name, model in models.items():
        over = shared if model.probabilities else ()
        rows += [{"model": name, **row} for row in measured(origins, model, by, actual, over, of_origins)]
    if tested:
        result = tested_best(origins, models, laid.numbered(actual), len(actual))
        notes.append(result.sentence)
        if by == "overall":
            rows = [{**row, "p": result.p.get(row["model"], float("nan"))} for row in rows]
    names = list(dict.fromkeys(key for row in rows for key in row))
    table = [[*(row.get(key, float("nan")) for key in names), season] for row in rows]
    return Scores([*names, "season"], table, notes, origins, models)


def _shared_quantiles(models: dict[str, ScoredModel], notes: list[str]) -> tuple[float, ...]:
    """Return the probabilities that all models with quantiles have, over which WQL and CRPS can be compared; () where
    all have the same, or nothing in common. A note says which they are."""
    each = [model.probabilities for model in models.values() if model.probabilities]
    if len(set(each)) < 2:
        return ()
    shared = tuple(p for p in each[0] if all(p in others for others in each))
    if shared:
        notes.append(f"wql and crps rest on the quantiles that all have: {', '.join(f'{p:g}' for p in shared)}")
    else:
        notes.append("wql and crps cannot be compared: the models have no quantile in common")
    return shared


def placed_after(actual: Panel, history: Panel | None) -> Panel:
    """Return the actual values moved after their history if neither table has times, as in the M competitions.

    Actual values that begin with the history stay where they are.
    """
    if history is None or actual.columns.time or history.columns.time:
        return actual
    later = actual.after(history)
    if not len(later):
        return actual
    came, before = actual[actual.ids.index(later.ids[0])].y, history[history.ids.index(later.ids[0])].y
    return actual if np.array_equal(came[: len(before)], before, equal_nan=True) else later


def season_in_words(season: int) -> list[str]:
    """Return the note on a season that was found in the data, if there is one."""
    return [f"MASE with m = {season}, a season found in the data; --season N sets another"] if season > 1 else []


def season_of(panel: Panel) -> int:
    """Return the calendar's main season, else one found in the data as in training; 1 for none."""
    return next(iter(panel.frequency.seasons), None) or find_season(panel) or 1


def _origins(laid: Laid, actual: Panel, history: Panel | None, season: int) -> Origins:
    """Return the actual values after each origin, and the scales from the values up to it."""
    came = laid.actual_of(actual)
    scale, root_scale, naive, before = _scales(laid, actual, history or actual, season)
    return Origins(laid.series, laid.cutoff, came, scale, root_scale, naive, before)


def _scales(laid: Laid, actual: Panel, history: Panel, season: int) -> tuple[Values, Values, Values, NDArray[np.bool_]]:
    """Return the scales of MASE and RMSSE [G] and Naive2's forecast [G, H] from the values up to each cutoff.

    Also returns where there are at least two such values [G].
    """
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
    """Return a model's rows by origin and lead time, with its scores."""
    point, quantiles = laid.spread(columns.point[known]), laid.spread(columns.quantiles[known])
    mase, smape = metrics.mase(origins.actual, point, origins.scale), metrics.smape(origins.actual, point)
    return ScoredModel(point, quantiles, columns.probabilities, mase, smape)


def _notes(forecasts: Forecasts, known: NDArray[np.bool_], actual: Panel, origins: Origins, came: Values) -> list[str]:
    notes = []
    scored = int((~np.isnan(came)).sum())
    if not scored:
        raise nothing_came(forecasts, known, actual, "name the table of the observed values: --actual FILE")
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

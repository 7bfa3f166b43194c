"""Classical methods of statsforecast (extra `classical`), which is loaded only when one of them is asked for."""

import warnings
from typing import Any

import numpy as np

from rnncast.series.panel import Panel
from rnncast.spec import TaskSpec
from rnncast.values import Values

CLASSICAL = {"ets": "AutoETS", "arima": "AutoARIMA", "theta": "AutoTheta", "mstl": "MSTL"}
LONGEST_SEASON = 24  # for exponential smoothing, which has a state for each step of the season


def classical(name: str, panel: Panel, task: TaskSpec) -> Values:
    """Return the quantiles [S, H, Q] of a method fitted to each series; NaN if it cannot be fitted.

    The methods accept no missing values, so these are interpolated linearly.
    """
    return np.array([_quantiles(_model(name, task), _across_gaps(y), task) for _, _, y in panel])


def _model(name: str, task: TaskSpec) -> Any:
    import statsforecast.models as models

    seasons = list(task.seasons)
    if name == "mstl":
        return models.MSTL(season_length=seasons)
    season = seasons[0] if seasons and (name != "ets" or seasons[0] <= LONGEST_SEASON) else 1
    return getattr(models, CLASSICAL[name])(season_length=season)


def _quantiles(model: Any, y: Values, task: TaskSpec) -> Values:
    horizon, levels = task.horizon, sorted(task.levels)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = model.forecast(y=y, h=horizon, level=levels)
        except (ArithmeticError, LookupError, NotImplementedError, ValueError):
            # Methods raise various errors for a series that is too short or constant.
            return np.full((horizon, len(task.quantiles)), np.nan)
    low, high = [found[f"lo-{level}"] for level in reversed(levels)], [found[f"hi-{level}"] for level in levels]
    return np.stack([*low, found["mean"], *high], axis=-1)


def _across_gaps(y: Values) -> Values:
    known = np.flatnonzero(~np.isnan(y))
    return np.interp(np.arange(len(y)), known, y[known])

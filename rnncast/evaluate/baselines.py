"""Baselines that a net must beat to be worthwhile: four simple ones, and four classical ones.

S series, H steps.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from rnncast.errors import UsageError
from rnncast.evaluate.classical import CLASSICAL, classical
from rnncast.series.forecast import Forecast
from rnncast.series.naive import repeat_season
from rnncast.series.panel import Panel
from rnncast.spec import TaskSpec
from rnncast.values import Values


class Spread(NamedTuple):
    """Point forecasts [S, H] and their standard errors [S, H], in the user's units."""

    point: Values
    error: Values


@dataclass(frozen=True)
class BaselineCandidate:
    """A baseline by name. The task gives its horizon, seasons and intervals.

    Raises UsageError if the method is not installed, or the data have no season for it.
    """

    name: str
    task: TaskSpec

    def __post_init__(self) -> None:
        if self.name in CLASSICAL and find_spec("statsforecast") is None:
            raise UsageError(
                f"{self.name} is computed by statsforecast, which is not installed",
                hint="pip install 'rnncast[classical]'",
            )
        if self.name in SEASONAL and self.task.season == 1:
            raise UsageError(f"{self.name} needs a season, and these data show none", hint="name it with --season")

    def load(self) -> None:
        """Import statsforecast, if it is needed."""
        if self.name in CLASSICAL:
            import_module("statsforecast.models")

    def fit(self, seen: Panel) -> Callable[[Panel], Forecast]:
        """Return the forecasting function. Nothing is kept of the past: every forecast estimates anew from its own
        past."""
        return self.forecast

    def forecast(self, panel: Panel) -> Forecast:
        """Forecast the next values of each series; NaN for a series that the method cannot take."""
        probabilities, horizon = self.task.quantiles, self.task.horizon
        if self.name in CLASSICAL:
            quantiles = classical(self.name, panel, self.task)
        else:
            point, error = SIMPLE[self.name](panel, horizon, self.task.season)
            normal = np.array([NormalDist().inv_cdf(p) for p in probabilities])
            quantiles = point[:, :, None] + error[:, :, None] * normal  # [S, H, Q]
            quantiles[:, :, len(probabilities) // 2] = point  # known even if its error is not
        point = quantiles[:, :, len(probabilities) // 2]
        return Forecast(panel.ids, panel.ends, point, quantiles, probabilities, panel.frequency, panel.columns)


def naive(panel: Panel, horizon: int, season: int) -> Spread:
    """Repeat the last observed value."""
    return seasonal_naive(panel, horizon, 1)


def seasonal_naive(panel: Panel, horizon: int, season: int) -> Spread:
    """Repeat the last season: see `repeat_season`. Errors: Hyndman & Athanasopoulos (2021), section 5.5."""
    sigma = np.array([_deviation(y[season:] - y[:-season]) for _, _, y in panel])
    return Spread(repeat_season(panel, horizon, season), sigma[:, None] * np.sqrt(np.arange(horizon) // season + 1))


def drift(panel: Panel, horizon: int, season: int) -> Spread:
    """Extend the line from the first observed value to the last: Hyndman & Athanasopoulos (2021), section 5.5."""
    return _each(panel, _drift, horizon)


def mean(panel: Panel, horizon: int, season: int) -> Spread:
    """Repeat the mean of all observed values: Hyndman & Athanasopoulos (2021), section 5.5."""
    return _each(panel, _mean, horizon)


def _each(panel: Panel, method: Callable[[Values, Values], Spread], horizon: int) -> Spread:
    """Return a method of one series [T] and the steps ahead [H], applied to all series."""
    steps = np.arange(1.0, horizon + 1)
    spreads = [method(y, steps) for _, _, y in panel]
    return Spread(np.array([spread.point for spread in spreads]), np.array([spread.error for spread in spreads]))


def _drift(y: Values, steps: Values) -> Spread:
    known = np.flatnonzero(~np.isnan(y))
    first, last = known[0], known[-1]
    span = max(int(last - first), 1)
    slope = (y[last] - y[first]) / span
    ahead = steps + (len(y) - 1 - last)
    error = _deviation(np.diff(y) - slope) * np.sqrt(ahead * (1 + ahead / span))
    return Spread(y[last] + slope * ahead, error)


def _mean(y: Values, steps: Values) -> Spread:
    known = y[~np.isnan(y)]
    error = _deviation(known - known.mean()) * np.sqrt(1 + 1 / len(known))
    return Spread(np.full(len(steps), known.mean()), np.full(len(steps), error))


def _deviation(residuals: Values) -> float:
    """Return the root mean square of known residuals; NaN if there are none, so that no interval is given."""
    known = residuals[~np.isnan(residuals)]
    return float(np.sqrt(np.mean(known**2))) if known.size else float("nan")


SIMPLE = {"naive": naive, "seasonal-naive": seasonal_naive, "drift": drift, "mean": mean}
SEASONAL = ("seasonal-naive", "mstl")
BASELINES = (*SIMPLE, *CLASSICAL)

"""Forecasts made elsewhere as candidates: looked up at their own origins and never fitted.

G origins of series, H lead times, Q quantiles.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncast.errors import DataError, UsageError
from rnncast.evaluate.laid import Laid, Numbered
from rnncast.files.panels.forecast_table import Forecasts
from rnncast.plain import counted
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel
from rnncast.series.splits import Split
from rnncast.spec import TaskSpec
from rnncast.values import Values


@dataclass(frozen=True)
class GivenModel:
    """Forecasts of a model: point [G, H] and quantiles [G, H, Q] at rising probabilities [Q], NaN where there are
    none."""

    point: Values
    quantiles: Values
    probabilities: tuple[float, ...]

    def at(self, probabilities: tuple[float, ...]) -> Values:
        """Return its quantiles [G, H, P] at other probabilities: those it has, and NaN for the rest."""
        found = np.full((*self.point.shape, len(probabilities)), np.nan)
        for place, probability in enumerate(probabilities):
            if probability in self.probabilities:
                found[..., place] = self.quantiles[..., self.probabilities.index(probability)]
        return found


@dataclass(frozen=True)
class Given:
    """Forecasts by model, where all models have some, and actual values [G, H], NaN where a model has no forecast.

    numbered: the number of each origin that series share. name: of the tables; left_out: number of origins that not all
    models have.
    """

    name: str
    laid: Laid
    actual: Values
    numbered: Numbered
    models: Mapping[str, GivenModel]
    left_out: int = 0

    @classmethod
    def of(cls, forecasts: Forecasts, panel: Panel) -> "Given":
        """Collect the forecasts of a panel's series. Raises DataError if none can be compared with actual values."""
        known = known_rows(forecasts, panel)
        laid = Laid.of(forecasts, known, panel)
        models = {
            name: GivenModel(laid.spread(each.point[known]), laid.spread(each.quantiles[known]), each.probabilities)
            for name, each in forecasts.models.items()
        }
        everywhere = ~np.any([np.isnan(model.point) for model in models.values()], axis=0)  # [G, H]
        shared = everywhere.any(axis=1)
        if not shared.any():
            raise DataError(
                f"{forecasts.name} have no origin in common",
                hint="compare forecasts from the same cutoffs, or each with a command of its own",
            )
        actual = np.where(everywhere, laid.actual_of(panel), np.nan)
        if not (~np.isnan(actual)).any():
            raise nothing_came(forecasts, known, panel, "give data with the observed values after the cutoffs")
        kept = np.flatnonzero(shared)
        own = {n: GivenModel(m.point[kept], m.quantiles[kept], m.probabilities) for n, m in models.items()}
        laid = laid._replace(series=laid.series[kept], cutoff=laid.cutoff[kept])
        return cls(forecasts.name, laid, actual[kept], laid.numbered(panel), own, len(shared) - len(kept))

    def horizon(self, asked: int | None) -> int:
        """Return the number of steps to compare: as asked for, else all. Raises UsageError if there are not as many."""
        there = self.laid.horizon
        if asked is not None and asked > there:
            raise UsageError(
                f"{self.name} goes {counted(there, 'step')} ahead, but the horizon is {asked}",
                hint=f"compare over the steps that they have: -H {there}",
            )
        return asked or there

    def splits(self, panel: Panel, horizon: int, folds: int | None, shortest: int) -> list[Split]:
        """Return the splits at the last `folds` origins, the earliest first, of series with at least `shortest` values
        before.

        Raises DataError if there are not as many origins.
        """
        lengths = self.laid.cutoff - panel.start[self.laid.series] + 1
        usable = (lengths >= shortest) & (lengths < panel.lengths[self.laid.series])
        numbers = self.numbered.numbers
        there = np.unique(numbers[usable])
        if not len(there) or (folds or 0) > len(there):
            needs = f"{counted(shortest, 'value')} before it, and one after"
            later = "give forecasts from later cutoffs, in a column cutoff: without it, each series has one forecast"
            raise DataError(
                f"{self.name} has {counted(len(there), 'origin')} that can be compared: a series needs {needs}",
                hint="ask for fewer --folds" if len(there) else later,
            )
        return [self._split(panel, np.flatnonzero(usable & (numbers == n)), horizon) for n in there[-(folds or 0) :]]

    def _split(self, panel: Panel, rows: NDArray[np.int64], horizon: int) -> Split:
        keep = self.laid.series[rows]
        return Split(panel.select(keep, self.laid.cutoff[rows] - panel.start[keep] + 1), self.actual[rows, :horizon])

    def candidate(self, name: str, task: TaskSpec, ids: tuple[str, ...]) -> "GivenCandidate":
        """Return a model as a candidate. ids: of the panel's series."""
        model = self.models[name]
        cutoffs = self.laid.cutoff.tolist()
        places = {(ids[s], cutoff): row for row, (s, cutoff) in enumerate(zip(self.laid.series, cutoffs, strict=True))}
        quantiles = model.at(task.quantiles)
        return GivenCandidate(
            name, places, model.point[:, : task.horizon], quantiles[:, : task.horizon], task.quantiles
        )


@dataclass(frozen=True)
class GivenCandidate:
    """A model with existing forecasts. places: the row of each series' id and cutoff."""

    name: str
    places: Mapping[tuple[str, int], int]
    point: Values
    quantiles: Values
    probabilities: tuple[float, ...]

    def load(self) -> None:
        """Do nothing: there is nothing to compute."""

    def fit(self, seen: Panel) -> Callable[[Panel], Forecast]:
        """Return the function that looks the forecasts up."""
        return self.forecast

    def forecast(self, panel: Panel) -> Forecast:
        """Return the forecasts from the end of each series."""
        ends = panel.ends.tolist()
        rows = [self.places[series, cutoff] for series, cutoff in zip(panel.ids, ends, strict=True)]
        point, quantiles = self.point[rows], self.quantiles[rows]
        return Forecast(panel.ids, panel.ends, point, quantiles, self.probabilities, panel.frequency, panel.columns)


def known_rows(forecasts: Forecasts, actual: Panel) -> NDArray[np.bool_]:
    """Return which rows belong to series that have actual values [N]. Raises DataError if none do."""
    known = forecasts.series >= 0
    if not known.any():
        raise DataError(
            f"no series of {forecasts.name} has actual values: its first is {forecasts.first_id!r}, that of the actual "
            f"values is {actual.columns.label(actual.ids[0])!r}",
            hint="give the series the same names in both tables",
        )
    return known


def nothing_came(forecasts: Forecasts, known: NDArray[np.bool_], actual: Panel, hint: str) -> DataError:
    """Return the error for forecasts of times that have no actual value."""
    ends = np.array([forecasts.positions[known].min(), actual.ends.max()])
    times = actual.columns.written(actual.frequency.times(ends))
    return DataError(
        f"no time of {forecasts.name} has an actual value: the forecasts begin at {times[0]}, and the actual values "
        f"end at {times[1]}",
        hint=hint,
    )

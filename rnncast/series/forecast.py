"""Forecast and Paths: the results of every forecaster, and the input of all that writes, draws or scores."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnncast.intervals.quantiles import requantiled
from rnncast.plain import counted
from rnncast.series.panel import Columns
from rnncast.series.sizes import from_logs
from rnncast.settings import in_range
from rnncast.spec import UNBOUNDED
from rnncast.times.frequency import Frequency, Positions, Times

POINT, PATH, CUTOFF = "forecast", "path", "cutoff"  # the columns of a table of forecasts


Bounds = tuple[float, float]  # lowest and highest possible value
ANYTHING: Bounds = (-UNBOUNDED, UNBOUNDED)


def within(values: NDArray[np.float64], bounds: Bounds) -> NDArray[np.float64]:
    """Return values clipped to bounds; one that is not finite stays so, to be refused later.

    Quantiles still rise, and remain the quantiles of paths clipped in the same way.
    """
    return np.where(np.isfinite(values), np.clip(values, *bounds), values)


@dataclass(frozen=True, repr=False)
class Forecast:
    """Forecasts of S series over H steps.

    ids [S]; cutoff [S], the grid position of the last value seen; point [S, H]; quantiles [S, H, Q] at rising
    `probabilities` [Q]; all in the user's units. log: whether values between quantiles are interpolated in logs.
    by_level: whether quantiles are shown as the ends of central intervals. bounds: limits of all values.
    """

    ids: tuple[str, ...]
    cutoff: Positions
    point: NDArray[np.float64]
    quantiles: NDArray[np.float64]
    probabilities: tuple[float, ...]
    frequency: Frequency
    columns: Columns
    log: bool = False
    by_level: bool = True
    bounds: Bounds = ANYTHING

    def __post_init__(self) -> None:
        series, horizon = self.point.shape
        assert len(self.ids) == len(self.cutoff) == series
        assert self.quantiles.shape == (series, horizon, len(self.probabilities))

    def __repr__(self) -> str:
        levels = ", ".join(f"{level:g}" for level in self.levels)
        return f"Forecast({_extent(self)}{f', levels {levels}' if levels else ''})"

    def at(self, probabilities: tuple[float, ...], *, by_level: bool) -> "Forecast":
        """Return the same forecast with quantiles at other probabilities, interpolated between and beyond its own."""
        known = np.log(self.quantiles) if self.log else self.quantiles
        wanted = requantiled(known, self.probabilities, probabilities)
        quantiles = within(from_logs(wanted) if self.log else wanted, self.bounds)
        return replace(self, quantiles=quantiles, probabilities=probabilities, by_level=by_level)

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return int(self.point.shape[1])

    @property
    def time(self) -> Times:
        """Times of the steps [S, H]."""
        return self.frequency.times_after(self.cutoff, self.horizon)

    def interval(self, level: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the lower and upper ends [S, H] of the central interval that should hold `level` percent of the
        values.

        Raises UsageError if there is no such interval.
        """
        in_range("--level", level, {"at_least": 1, "at_most": 99.999})
        tail = round((50 - level / 2) / 100, 10)
        ends = (tail, round(1 - tail, 10))
        there = self if set(ends) <= set(self.probabilities) else self.at(ends, by_level=True)
        low, high = (there.probabilities.index(p) for p in ends)
        return there.quantiles[:, :, low], there.quantiles[:, :, high]

    @property
    def levels(self) -> tuple[float, ...]:
        """Central intervals that the probabilities contain, in percent, the narrowest first."""
        return tuple(round(100 - 200 * p, 8) for p in reversed(self.probabilities) if p < 0.5)


@dataclass(frozen=True, repr=False)
class Paths:
    """Sample paths of S series: P equally likely futures over H steps.

    ids [S]; cutoff [S], the grid position of the last value seen; values [S, H, P], in the user's units. probabilities:
    of the quantiles asked of the model, if any.
    """

    ids: tuple[str, ...]
    cutoff: Positions
    values: NDArray[np.float64]
    frequency: Frequency
    columns: Columns
    probabilities: tuple[float, ...] = ()

    def __repr__(self) -> str:
        return f"Paths({_extent(self)}, {self.values.shape[2]:,} paths)"

    @property
    def horizon(self) -> int:
        """Steps ahead."""
        return int(self.values.shape[1])

    @property
    def time(self) -> Times:
        """Times of the steps [S, H]."""
        return self.frequency.times_after(self.cutoff, self.horizon)


def _extent(found: Forecast | Paths) -> str:
    """Return the number of series and steps, and their times, in words."""
    if not len(found.ids):
        return "0 series"
    ends = np.array([found.cutoff.min() + 1, found.cutoff.max() + found.horizon])
    first, last = found.columns.written(found.frequency.times(ends))
    return f"{len(found.ids)} series, {counted(found.horizon, 'step')}, {found.frequency.name}, {first} to {last}"

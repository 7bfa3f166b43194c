"""Following series row by row: one step of the net for each row, which also gives its forecast.

Without covariates known ahead, a net's inputs at a step do not depend on the steps after it. So the step that gives a
row's forecast is the one from which the next row continues.
"""

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnncast.config import ROLES
from rnncast.errors import DataError
from rnncast.forecaster.forecaster import LARGE, Forecaster
from rnncast.forecaster.given import check_finite, check_reach, widths_of
from rnncast.forecaster.new_rows import Kept
from rnncast.frame.exogenous import Ahead, calendar, columns_now
from rnncast.frame.past import FrameState
from rnncast.runtime.nets import State
from rnncast.runtime.runtime import Runtime
from rnncast.runtime.states import SeriesState, concatenated, replaced, rows_of
from rnncast.series.blocks import in_blocks
from rnncast.series.forecast import Forecast
from rnncast.series.sizes import LARGEST, too_large
from rnncast.values import Values


class Live(NamedTuple):
    """A series that is followed.

    s: its place in the model; cutoff: the grid position of its last row; state: before the pending value; frame, net
    and quantiles [1, h, Q], transformed: after that value.
    """

    s: int
    cutoff: int
    state: SeriesState
    frame: FrameState
    net: State
    quantiles: Values


@dataclass(frozen=True)
class Follower:
    """A Forecaster prepared for rows one by one. Raises DataError if it was trained with covariates that change by
    step."""

    forecaster: Forecaster

    def __post_init__(self) -> None:
        encoding = self.forecaster.encoding
        for role, codes in encoding.codes.items():
            if (used := [code for code in codes if code.used]) and ROLES[role].by_step:
                raise DataError(
                    f"the model was trained with --{role} {used[0].name}, which a stream of values does not contain",
                    hint="use --continue with rows that contain it",
                )

    @cached_property
    def runtime(self) -> Runtime:
        """Runtime of the nets, prepared for many single steps."""
        return Runtime(self.forecaster.spec, self.forecaster.weights, many=True)

    def begin(self, name: str) -> Live:
        """Return a series as it stands in the model's state. Raises DataError if the model has no such series."""
        s = self._kept.place(name)
        return self._step(s, int(self.forecaster.cutoff[s]), rows_of(self.forecaster.state, np.array([s])))

    def after(
        self, series: Live, value: float, positions: tuple[int, ...], *, gaps: bool, passed: Set[int] = frozenset()
    ) -> Live:
        """Return a series after a row: its value (NaN = missing), at the first of the positions ahead, or at the next
        one.

        gaps: whether missing steps are stepped over; those `passed` always are, because their rows arrived but were
        bad. Raises DataError if the row does not follow.
        """
        next_one = series.cutoff + 1
        position = next((p for p in positions if p >= next_one), max(positions, default=next_one))
        if position <= next_one or not all(p in passed for p in range(next_one, position)):
            self._kept.check(self.forecaster.ids[series.s], position, series.cutoff, gaps=gaps, single=True)
        if abs(value) > LARGEST:
            raise DataError(too_large(value))
        if value <= 0 and self.runtime.frame.log:
            raise DataError(f"{value:g} has no logarithm, but the model was trained in logs, on positive values only")
        for p in range(next_one, position):
            series = self._next(series, np.nan, p)
        return self._next(series, value, position)

    @LARGE
    def forecast(self, series: Live, horizon: int | None) -> Forecast:
        """Forecast the values after the last row of a series.

        Raises DataError if the horizon is longer than the trained one or leaves the calendar; ForecastError if
        the forecast is not finite.
        """
        model, steps = self.forecaster, self.forecaster.horizon(horizon)
        check_reach(model.frequency, (model.ids[series.s],), np.array([series.cutoff]), steps, model.columns)
        widths = None if self._widths is None else self._widths[series.s : series.s + 1]
        if model.spec.direct:
            quantiles = self.runtime.restored(series.quantiles[:, :steps], widths)
        else:
            known = np.zeros((1, steps, 0))
            ahead = Ahead(known, self._now(series, series.cutoff + 1, steps))
            quantiles = self.runtime.forecast(series.state, ahead, widths)
        probabilities = model.spec.task.quantiles
        point, cutoff = quantiles[:, :, len(probabilities) // 2], np.array([series.cutoff])
        ids = (model.ids[series.s],)
        check_finite(quantiles, model.spec.net.model, ids, model.columns)
        found = Forecast(ids, cutoff, point, quantiles, probabilities, model.frequency, model.columns)
        return replace(found, log=model.log, bounds=model.spec.task.bounds)

    def end(self, followed: Mapping[str, Live]) -> Forecaster:
        """Return the forecaster after all rows of the series followed."""
        model = self.forecaster
        if not followed:
            return model
        rows, cutoff = np.array([series.s for series in followed.values()]), model.cutoff.copy()
        cutoff[rows] = [series.cutoff for series in followed.values()]
        state = replaced(model.state, rows, concatenated([series.state for series in followed.values()]))
        return replace(model, state=state, cutoff=cutoff)

    def _next(self, series: Live, value: float, position: int) -> Live:
        pending = self.runtime.frame.transform(np.array([value]))
        now = self._now(series, position, 1)[:, 0]
        state = SeriesState(series.frame, series.net, pending, series.state.covariates, now)
        return self._step(series.s, position, state)

    @cached_property
    def _widths(self) -> Values | None:
        return widths_of(self.forecaster.ids, self.forecaster.ids, self.forecaster.weights)

    @cached_property
    def _kept(self) -> Kept:
        model = self.forecaster
        return Kept(model.ids, model.frequency, model.columns)

    @LARGE
    def _step(self, s: int, cutoff: int, state: SeriesState) -> Live:
        quantiles, frame, net = self.runtime.step_pending(state, np.zeros((1, 0, 0)))
        return Live(s, cutoff, state, frame, net, quantiles)

    def _now(self, series: Live, position: int, steps: int) -> Values:
        """Return the other columns [1, steps, N] of the steps from a position on."""
        return columns_now(self._calendar(position, steps)[None], series.state.other)

    @cached_property
    def _calendar(self) -> Callable[[int, int], Values]:
        """Cached calendar [steps, 2C] of the steps from a position on."""
        frequency, cycles = self.forecaster.frequency, self.forecaster.spec.frame.calendar
        return in_blocks(lambda positions: calendar(frequency, positions, cycles), frequency)

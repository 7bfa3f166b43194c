"""Rows of forecasts arranged by origin and lead time.

N rows, G origins of series, H lead times, S series.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.errors import DataError
from rnncast.files.panels.forecast_table import Forecasts
from rnncast.series.panel import Panel
from rnncast.settings import MOST_STEPS
from rnncast.times.frequency import Positions
from rnncast.values import Values


class Numbered(NamedTuple):
    """Origins that series share: the number of each [G], the earliest first.

    lags: number of later origins that a forecast reaches into, 0 if none overlap.
    """

    numbers: NDArray[np.int64]
    lags: int


class Laid(NamedTuple):
    """Origins of series, by place in the panel and cutoff [G]; and the origin and lead time (from 0) of each row
    [N]."""

    series: NDArray[np.int64]
    cutoff: Positions
    group: NDArray[np.int64]
    lead: NDArray[np.int64]

    @classmethod
    def of(cls, forecasts: Forecasts, known: NDArray[np.bool_], actual: Panel) -> "Laid":
        """Arrange the known rows. Raises DataError for a time before its cutoff, too far after it, or given twice."""
        series, positions, cutoff = forecasts.series[known], forecasts.positions[known], forecasts.cutoffs[known]
        keys, group = np.unique(np.stack([series, cutoff]), axis=1, return_inverse=True)
        group, lead = group.reshape(-1), positions - cutoff - 1
        name, several = forecasts.name, "forecasts from several origins need a column cutoff"
        if (lead < 0).any():
            raise DataError(f"{name} holds a time that is not after its cutoff", hint="correct the column cutoff")
        if int(lead.max()) >= MOST_STEPS:
            raise DataError(
                f"{name} holds a time {int(lead.max()) + 1:,} steps after its cutoff; the most is {MOST_STEPS:,}",
                hint="correct that time, or give a column cutoff",
            )
        places = group * (int(lead.max()) + 1) + lead
        if len(np.unique(places)) < len(places):
            repeated = actual.ids[int(series[_first_repeat(places)])]
            if forecasts.id:
                several += f"; those of several series, actual values with a column {forecasts.id!r}"
            raise DataError(f"{name} forecasts a time{actual.columns.of_series(repeated)} twice", hint=several)
        return cls(keys[0], keys[1], group, lead)

    @property
    def horizon(self) -> int:
        """Longest lead time, from 1."""
        return int(self.lead.max()) + 1

    def spread(self, rows: Values) -> Values:
        """Return rows [N, ...] by origin and lead time [G, H, ...], NaN where there is none."""
        values = np.full((len(self.series), self.horizon, *rows.shape[1:]), np.nan)
        values[self.group, self.lead] = rows
        return values

    def actual_of(self, panel: Panel) -> Values:
        """Return the values of a panel at each lead time of each origin [G, H]; NaN where it has none."""
        return panel.values_at(self.series[:, None], self.cutoff[:, None] + 1 + np.arange(self.horizon))

    def numbered(self, panel: Panel) -> Numbered:
        """Return the origins that series share: at the same time, or equally far from the end of their series.

        The latter is the arrangement of the M competitions; whichever gives fewer origins is used.
        """
        before_end = self.cutoff - panel.ends[self.series]
        places = min((self.cutoff, before_end), key=lambda each: len(np.unique(each)))
        steps, numbers = np.unique(places, return_inverse=True)
        apart = int(np.diff(steps).min(initial=self.horizon))
        return Numbered(numbers.reshape(-1), -(-self.horizon // apart) - 1)


def _first_repeat(places: NDArray[np.int64]) -> int:
    order = np.argsort(places, kind="stable")
    return int(order[1:][np.diff(places[order]) == 0].min())

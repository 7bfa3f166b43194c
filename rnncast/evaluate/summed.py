"""Sums of backtested forecasts over groups of series, scored as if they were series of their own.

S series, G sums, H steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from rnncast.errors import DataError
from rnncast.evaluate.backtest import FoldForecast
from rnncast.evaluate.levels import groups_of, members_of
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel
from rnncast.series.splits import Split
from rnncast.series.sums import panel_of_sums
from rnncast.values import Values


@dataclass(frozen=True)
class SummedOrigins:
    """Origins whose series are sums. ids: of all sums; members: the series of each; splits: of sums, one for each
    origin; by: the id columns."""

    ids: tuple[str, ...]
    members: dict[str, list[str]]
    splits: list[Split]
    by: tuple[str, ...]

    @classmethod
    def of(cls, panel: Panel, splits: Sequence[Split], by: str) -> "SummedOrigins":
        """Sum the series of a panel that have the same values in the columns `by`, or all for "total".

        A sum is left out at an origin that one of its series does not have. Raises UsageError for a column that is
        neither an id nor static; DataError if series end at different times, so that no origin is that of their sum.
        """
        names, keys = groups_of(panel, by)
        members = members_of(panel.ids, keys)
        for key, each in members.items():
            ends = panel.ends[[panel.ids.index(name) for name in each]]
            if len(set(ends.tolist())) > 1:
                times = panel.columns.written(panel.frequency.times(np.array([ends.min(), ends.max()])))
                raise DataError(
                    f"--by {by}: the series of {panel.columns.label(key)!r} end at different times, from {times[0]} to "
                    f"{times[1]}, and have no origin in common",
                    hint="compare series that end at the same time",
                )
        made = [_split(split, members, names) for split in splits]
        return cls(tuple(members), members, made, names)

    def forecasts(self, outcomes: Sequence[FoldForecast]) -> list[FoldForecast]:
        """Return the sums of forecasts, without intervals, which do not add up."""
        return [outcome._replace(forecast=self._summed(outcome)) for outcome in outcomes]

    def _summed(self, outcome: FoldForecast) -> Forecast:
        forecast, ids = outcome.forecast, self.splits[outcome.origin].seen.ids
        rows = _rows(forecast.ids, self.members, ids)
        point = np.array([forecast.point[own].sum(axis=0) for own in rows])
        columns = replace(forecast.columns, ids=self.by or ("series",))
        cutoff = forecast.cutoff[[own[0] for own in rows]]
        return Forecast(ids, cutoff, point, np.empty((*point.shape, 0)), (), forecast.frequency, columns)


def _split(split: Split, members: dict[str, list[str]], by: tuple[str, ...]) -> Split:
    seen = panel_of_sums(split.seen, members, by)
    actual: Values = np.array([split.actual[own].sum(axis=0) for own in _rows(split.seen.ids, members, seen.ids)])
    return Split(seen, actual)


def _rows(there: Sequence[str], members: dict[str, list[str]], keys: Sequence[str]) -> list[list[int]]:
    """Return the rows of the series of each sum."""
    places = {name: row for row, name in enumerate(there)}
    return [[places[name] for name in members[key]] for key in keys]

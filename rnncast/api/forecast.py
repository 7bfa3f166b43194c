"""Forecasts in a notebook: to look at, to turn into a DataFrame, to ask for other intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from rnncast.api.terms import in_python_terms
from rnncast.config import quantiles_from
from rnncast.errors import UsageError
from rnncast.series import forecast as of_series
from rnncast.series.sums import PATHS, forecast_of, history_of, sums_of, total_of
from rnncast.settings import in_range, several
from rnncast.times.frequency import Times
from rnncast.values import Values

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

ROWS = 10  # shown at most


@dataclass(frozen=True, repr=False)
class Forecast:
    """Forecasts of S series over H steps, in the user's units.

    values: as arrays. seen: returns the values before, of each series. seasons: of the data, the main one first. drawn:
    draws a number of sample paths.
    """

    values: of_series.Forecast
    seen: Callable[[], Sequence[Values]]
    seasons: tuple[int, ...]
    drawn: Callable[[int], of_series.Paths]

    @property
    def ids(self) -> tuple[str, ...]:
        """Ids of the series [S]."""
        return self.values.ids

    @property
    def horizon(self) -> int:
        """Number of steps ahead."""
        return self.values.horizon

    @property
    def time(self) -> Times:
        """Times of the steps [S, H]."""
        return self.values.time

    @property
    def point(self) -> Values:
        """Point forecasts [S, H]: medians, or means if the loss aims at the mean."""
        return self.values.point

    @in_python_terms
    def interval(self, level: float) -> tuple[Values, Values]:
        """Return the lower and upper ends [S, H] of the central interval that should hold `level` percent of the
        values."""
        return self.values.interval(level)

    @in_python_terms
    def at(self, level: Any = None, quantiles: Any = None) -> "Forecast":
        """Return the same forecast with other intervals, in percent, or with quantiles."""
        return replace(self, values=shown(self.values, level, quantiles))

    @in_python_terms
    def paths(self, number: int = 100) -> "pd.DataFrame":
        """Draw sample paths, all equally likely: a row for each series, path and step. Raises UsageError below 1."""
        from rnncast.files.output.frames import paths_frame

        return paths_frame(self._sampled("number", number))

    def _sampled(self, name: str, number: int) -> of_series.Paths:
        in_range(name, number, {"at_least": 1})
        return self.drawn(number)

    @in_python_terms
    def sum(self, by: str = "all", *, paths: int = PATHS) -> "pd.DataFrame":
        """Sum each series over each "month", "quarter" or "year", or over "all" steps, with intervals.

        A row for each series and period: from, to and steps say what is summed, which is only part of a period if the
        forecast covers only part of it. paths: number of sample paths from which the intervals are computed.
        """
        import pandas as pd

        from rnncast.files.output.frames import moments
        from rnncast.files.output.sums import sums_header, sums_rows

        sums = sums_of(self._sampled("paths", paths), by, self.values.probabilities, by_level=self.values.by_level)
        frame = pd.DataFrame(sums_rows(sums), columns=sums_header(sums))
        for place, name in enumerate(("from", "to")):
            frame[name] = moments(self.values.columns, sums.ends[:, place])
        return frame

    @in_python_terms
    def total(self, by: Any = (), *, paths: int = PATHS) -> "Forecast":
        """Forecast the sum of all series, or of those with equal values in some id columns, with intervals for that
        sum.

        Series that rise and fall together make the intervals wider. Raises UsageError for a column that is not an id.
        """
        columns, drawn, seen = several("by", by, str), partial(self._sampled, "paths"), self.seen

        def added(number: int) -> of_series.Paths:
            return total_of(drawn(number), columns)

        values = forecast_of(added(paths), self.values.probabilities, by_level=self.values.by_level)
        return Forecast(values, lambda: history_of(seen(), self.values, columns), self.seasons, added)

    def to_frame(self) -> "pd.DataFrame":
        """Return a row for each series and step: ids, time, forecast, and the ends of its intervals, or its
        quantiles."""
        from rnncast.files.output.frames import forecast_frame

        return forecast_frame(self.values)

    @in_python_terms
    def plot(self, series: str | None = None) -> "Figure":
        """Draw a series, or a few, as a matplotlib figure: the forecast with its intervals, after the observed values.

        Needs `pip install 'rnncast[plot]'`. Raises UsageError if there is no series of that id.
        """
        from rnncast.report.figures.file import check_figure

        check_figure("forecast.png")
        from rnncast.report.figures.forecasts import forecast_figure
        from rnncast.report.figures.style import styled

        labels = [self.values.columns.label(each) for each in self.ids]
        if series is not None and series not in labels:
            raise UsageError(f"there is no series {series!r}", hint=f"the first is {labels[0]!r}")
        chosen = None if series is None else labels.index(series)
        with styled():
            return forecast_figure(self.values, self.seen(), self.seasons, chosen)

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        """Export the same rows to polars, DuckDB and anything else that speaks Arrow: polars.DataFrame(forecast)."""
        return self.to_frame().__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        return len(self.values.ids)

    def __repr__(self) -> str:
        from rnncast.report.tables import number

        return f"{self.values!r}\n{self.to_frame().to_string(max_rows=ROWS, index=False, float_format=number)}"

    def _repr_html_(self) -> str:
        return html(self.to_frame(), repr(self.values))


def shown(values: of_series.Forecast, level: Any, quantiles: Any) -> of_series.Forecast:
    """Return a forecast with the intervals or quantiles asked for, or as it is. Raises UsageError if both are given."""
    wanted = quantiles_from(level, quantiles)
    return values if wanted is None else values.at(wanted, by_level=quantiles is None)


def html(frame: "pd.DataFrame", title: str) -> str:
    """Return a frame as HTML for a notebook, under a title."""
    from html import escape

    return f"<p>{escape(title)}</p>{frame.to_html(max_rows=2 * ROWS, index=False, border=0)}"

"""Excerpts of series to show, for any kind of picture: end of the history, forecasts, intervals. NumPy alone."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel
from rnncast.values import Values

if TYPE_CHECKING:  # imports the readers of tables, which a forecast does not need
    from rnncast.evaluate.measured import Origins, ScoredModel

SEASONS_BACK = 3  # of history beside a forecast
HORIZONS_BACK = 3, 8  # least and greatest number of horizons shown
FEWEST_BACK = 24  # steps
FAR = 1.0  # room for bands beyond the lines, in heights of the lines, however wide a band is


class Band(NamedTuple):
    """An interval of a forecast: its ends [H], and what it is called."""

    low: Values
    high: Values
    name: str


class Strand(NamedTuple):
    """A forecast from one origin: the grid position of its first step, its points [H], its bands, the widest first."""

    start: int
    point: Values
    bands: tuple[Band, ...]


class Excerpt(NamedTuple):
    """A stretch of one series: its id, the grid position of its first value, its values [n], NaN = missing, and
    forecasts of it from one or more origins, the earliest first."""

    id: str
    first: int
    y: Values
    strands: tuple[Strand, ...]

    def at(self, position: int) -> float:
        """Return the value at a grid position, NaN outside the stretch."""
        place = position - self.first
        return float(self.y[place]) if 0 <= place < len(self.y) else float("nan")


def forecast_excerpt(forecast: Forecast, s: int, seen: Values, seasons: tuple[int, ...]) -> Excerpt:
    """Return the forecast of one series s, after the last seasons of what was seen [n] up to its cutoff."""
    past = seen[-steps_back(forecast.horizon, seasons) :]
    known = np.flatnonzero(~np.isnan(past))
    past = past[known[0] :] if len(known) else past[:0]
    strand = _strand(forecast, s)
    return Excerpt(forecast.ids[s], strand.start - len(past), past, (strand,))


def backtest_excerpt(panel: Panel, s: int, forecasts: Sequence[Forecast], seasons: tuple[int, ...]) -> Excerpt:
    """Return series s of a panel with its forecasts from several origins, each a Forecast that may lack it."""
    places = ((forecast, forecast.ids.index(panel.ids[s])) for forecast in forecasts if panel.ids[s] in forecast.ids)
    return _around(panel, s, [_strand(forecast, place) for forecast, place in places], seasons)


def scored_excerpt(panel: Panel, s: int, origins: "Origins", model: "ScoredModel", seasons: tuple[int, ...]) -> Excerpt:
    """Return series s of the actual values with a model's forecasts of it; of overlapping forecasts, the last.

    panel: the actual values, and the time before them as far as it is known.
    """
    strands: list[Strand] = []
    for g in np.flatnonzero(origins.series == s)[::-1]:  # latest first
        known = np.flatnonzero(~np.isnan(model.point[g]))
        start = int(origins.cutoff[g]) + 1
        if len(known) and (not strands or start + known[-1] < strands[-1].start):
            steps = slice(0, known[-1] + 1)
            bands = bands_of(model.probabilities, model.quantiles[g, steps], by_level=True)
            strands.append(Strand(start, model.point[g, steps], bands))
    return _around(panel, s, strands[::-1], seasons)


def bands_of(probabilities: tuple[float, ...], quantiles: Values, *, by_level: bool) -> tuple[Band, ...]:
    """Return the intervals between quantiles [H, Q] at rising probabilities, from the outermost pair to the innermost.

    by_level: whether a central interval is named by its coverage, "80 %", rather than by its ends, "0.1 to 0.9".
    """
    return tuple(_bands(probabilities, quantiles, by_level))


def value_range(lines: Sequence[Values], bands: Sequence[tuple[Values, Values]]) -> tuple[float, float]:
    """Return the lowest and the highest value to draw: all of the lines, and the bands as far as they are close to
    them."""
    inner = np.concatenate([np.empty(0), *lines])
    inner = inner[np.isfinite(inner)]
    if not len(inner):
        return 0.0, 1.0
    low, high = float(inner.min()), float(inner.max())
    if bands:
        reach = FAR * (high / 2 - low / 2) * 2 or FAR * abs(high) or 1.0
        low = max(low - reach, min(low, *(float(np.nanmin(each, initial=low)) for each, _ in bands)))
        high = min(high + reach, max(high, *(float(np.nanmax(each, initial=high)) for _, each in bands)))
    if high / 2 - low / 2 <= 1e-9 * max(abs(low), abs(high)):
        around = abs(high) / 10 or 1.0
        return low - around, high + around
    return low, high


def steps_back(horizon: int, seasons: tuple[int, ...]) -> int:
    """Return the number of steps of history shown beside a forecast."""
    least, most = (times * horizon for times in HORIZONS_BACK)
    return max(min(SEASONS_BACK * max(seasons, default=1), most), least, FEWEST_BACK)


def _strand(forecast: Forecast, s: int) -> Strand:
    bands = bands_of(forecast.probabilities, forecast.quantiles[s], by_level=forecast.by_level)
    return Strand(int(forecast.cutoff[s]) + 1, forecast.point[s], bands)


def _bands(probabilities: tuple[float, ...], quantiles: Values, by_level: bool) -> Iterator[Band]:
    for i in range(len(probabilities) // 2):
        low, high = probabilities[i], probabilities[-1 - i]
        central = by_level and abs(low + high - 1) < 1e-9
        name = f"{100 * (high - low):g} %" if central else f"{low:g} to {high:g}"
        yield Band(quantiles[:, i], quantiles[:, -1 - i], name)


def _around(panel: Panel, s: int, strands: list[Strand], seasons: tuple[int, ...]) -> Excerpt:
    """Return the strands of a series, with the observed values under them and for some time before."""
    _, start, y = panel[s]
    if not strands:
        return Excerpt(panel.ids[s], start, y, ())
    back = max(*seasons, *(len(each.point) for each in strands), FEWEST_BACK // len(strands))
    first = max(start, strands[0].start - back)
    last = max(each.start + len(each.point) for each in strands)
    return Excerpt(panel.ids[s], first, y[first - start : max(last - start, 0)], tuple(strands))

"""Axes of time and of values, and a series with its forecasts drawn on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta, timezone, tzinfo
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import matplotlib.dates as dates
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import Formatter, MaxNLocator

from rnncast.report.excerpts import Excerpt, Strand, value_range
from rnncast.report.figures.style import COLOURS, DASHES, GREY, INK, tints
from rnncast.report.room import MISSING
from rnncast.series.panel import Columns
from rnncast.times.frequency import FIRST_DATE, LAST_DATE, Frequency, Positions
from rnncast.times.zones import offset_of
from rnncast.values import Values

MOST_POINTS = 2400  # of a line: more than a figure can resolve
LARGE, SMALL = 1e30, 1e-30  # values beyond these are rescaled by a power of ten, because matplotlib squares them
BESIDE = ["", "%Y", "%Y", "%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d %H:%M"]  # offset text beside years, months, ..., seconds
MOST_EXPONENT = 300  # of that power
UNITS = ((1e12, ""), (1e9, "B"), (1e6, "M"), (1e4, "k"))  # least value of each unit, and its suffix
HISTORY, OBSERVED, FORECAST, GAP = "history", "observed", "forecast", "missing"
DENSE = 40  # values between two ticks, above which a line is drawn thin

Entries = dict[str, Artist]  # of a legend


class Look(NamedTuple):
    """Look of a line; a higher order is drawn on top."""

    colour: str
    dashes: Any = "-"
    width: float = 1.2
    order: float = 3


@dataclass(frozen=True)
class Timeline:
    """Grid positions as places on an axis of time, by the clocks that the user reads."""

    frequency: Frequency
    columns: Columns

    def places(self, positions: Positions) -> Values:
        """Return the place of each position: days since 1970, or the user's own whole numbers."""
        times = self.frequency.times(positions)
        return np.asarray(times if self._numbered else dates.date2num(times), np.float64)

    def set_on(self, axes: Axes, first: int, last: int, ticks: int) -> None:
        """Make an axis of time from one grid position to another, with about `ticks` ticks."""
        low, high = self.places(np.array([first, last]))
        margin = 0.02 * (high - low) or 0.5
        low, high = low - margin, high + margin
        if self._numbered:
            axes.xaxis.set_major_locator(MaxNLocator(ticks, integer=True, min_n_ticks=1))
            axes.xaxis.set_major_formatter(Numbers())
        else:
            low, high = np.clip((low, high), *dates.date2num(np.array([FIRST_DATE, LAST_DATE])))
            fewest = (ticks - 1) // 2  # so that there is a stride for every span
            locator = dates.AutoDateLocator(tz=self._zone, minticks=fewest, maxticks=ticks)
            axes.xaxis.set_major_locator(locator)
            written = dates.ConciseDateFormatter(locator, tz=self._zone, offset_formats=BESIDE)
            axes.xaxis.set_major_formatter(written)
        axes.set_xlim(low, high)

    @property
    def _numbered(self) -> bool:
        return self.frequency.unit == "step"

    @property
    def _zone(self) -> tzinfo | None:
        zone = self.columns.time_zone
        if not self.columns.in_utc:
            return None  # local times, whatever the zone
        if zone[:1] in "+-":
            return timezone(timedelta(microseconds=offset_of(zone)))
        return ZoneInfo(zone)


class Numbers(Formatter):
    """Ticks with enough digits to tell them apart, in thousands, millions or billions if they are large.

    exponent: the power of ten by which values were scaled down before drawing.
    """

    def __init__(self, exponent: int = 0) -> None:
        self.exponent = exponent

    def __call__(self, x: float, pos: int | None = None) -> str:
        return self.format_ticks([x])[0]

    def format_ticks(self, values: Sequence[float]) -> list[str]:
        """Return the text of each tick."""
        largest = max((abs(each) for each in values), default=0.0)
        if self.exponent or largest >= UNITS[0][0] or 0 < largest < 1e-3:
            plain = [f"{value:g}" for value in values]
            return [f"{each}e{self.exponent}" if self.exponent and each != "0" else each for each in plain]
        size, unit = next(((size, unit) for size, unit in UNITS if largest >= size), (1.0, ""))
        size = 1e3 if unit == "k" else size
        step = min((abs(b - a) for a, b in pairwise(values) if a != b), default=largest or 1.0)
        scaled = [value / size for value in values]
        tolerance = step / size / 1000
        digits = next((n for n in range(7) if all(abs(round(v, n) - v) < tolerance for v in scaled)), 7)
        return [f"{value / size:.{digits}f}{unit if value else ''}" for value in values]


def set_values(axes: Axes, low: float, high: float, ticks: int = 5) -> float:
    """Make an axis of values from one to another, and return the factor by which values must be multiplied to be
    drawn."""
    largest = max(abs(low), abs(high))
    exponent = int(np.floor(np.log10(largest))) if largest > LARGE or 0 < largest < SMALL else 0
    exponent = max(min(exponent, MOST_EXPONENT), -MOST_EXPONENT)
    factor = 10.0**-exponent
    low, high = low * factor, high * factor
    margin = 0.05 * (high - low)
    axes.set_ylim(low - margin, high + margin)
    axes.yaxis.set_major_locator(MaxNLocator(ticks, steps=[1, 2, 2.5, 5, 10]))
    axes.yaxis.set_major_formatter(Numbers(exponent))
    return factor


def draw_excerpt(
    axes: Axes,
    excerpt: Excerpt,
    timeline: Timeline,
    ticks: tuple[int, int] = (12, 6),
    *,
    name: str = FORECAST,
    others: Mapping[str, Excerpt] = {},
) -> Entries:
    """Draw a series, its forecasts and their intervals, and return the legend. ticks: number for time and for values.

    name: of the source of the forecasts. others: forecasts of the same series by others, drawn as lines.
    """
    lines = {name: excerpt.strands, **{other: each.strands for other, each in others.items()}}
    strands = [strand for each in lines.values() for strand in each]
    steps = [excerpt.first, excerpt.first + len(excerpt.y) - 1, *(strand.start for strand in strands)]
    steps += [strand.start + len(strand.point) - 1 for strand in strands]
    timeline.set_on(axes, min(steps), max(steps), ticks[0])
    bands = [(band.low, band.high) for strand in excerpt.strands for band in strand.bands]
    ends = value_range([excerpt.y, *(strand.point for strand in strands)], bands)
    factor = set_values(axes, *ends, ticks[1])
    positions = excerpt.first + np.arange(len(excerpt.y))
    entries: Entries = {}
    past = bool(strands) and excerpt.first + len(excerpt.y) <= strands[0].start
    look = Look(INK, width=0.7 if len(excerpt.y) / ticks[0] > DENSE else 1.2)
    entries[HISTORY if past else OBSERVED] = draw_line(axes, timeline.places(positions), excerpt.y * factor, look)
    for i, (each, own) in enumerate(lines.items()):
        look = Look(COLOURS[i], DASHES[i], 1.0 if i else 1.3 if len(own) > 1 else 1.7, 4)
        for strand in own:
            x, y = _joined(strand, excerpt, timeline, strand.point)
            entries[each] = draw_line(axes, x, y * factor, look)
    for strand in excerpt.strands:
        entries |= _fans(axes, strand, excerpt, timeline, (factor, *ends))
    if excerpt.strands:
        cut = timeline.places(np.array([strands[0].start - 1, strands[0].start])).mean()
        axes.axvline(float(cut), color=GREY, linewidth=0.7, linestyle=(0, (2, 2)), zorder=1)
    return entries | mark_missing(axes, timeline.places(positions[np.isnan(excerpt.y)]))


def draw_line(axes: Axes, x: Values, y: Values, look: Look) -> Artist:
    """Draw a line through x, y [n], with a gap wherever y is NaN; a value between two gaps is a dot."""
    x, y = thinned(x, y)
    colour, dashes, width, order = look
    (line,) = axes.plot(x, y, color=colour, linestyle=dashes, linewidth=width, zorder=order)
    gap = np.isnan(np.concatenate([[np.nan], y, [np.nan]]))
    alone = ~gap[1:-1] & gap[:-2] & gap[2:]
    if alone.any():
        axes.plot(x[alone], y[alone], ".", color=colour, markersize=3, zorder=order)
    return line


def mark_missing(axes: Axes, x: Values) -> Entries:
    """Mark each place x [n] with a missing value on the axis of time."""
    if not len(x):
        return {}
    low, high = axes.get_xlim()
    columns, first = np.unique(np.rint((x - low) / (high - low) * MOST_POINTS), return_index=True)
    at = x[first], np.zeros(len(columns))
    (marks,) = axes.plot(*at, "x", color=MISSING, markersize=5, transform=axes.get_xaxis_transform(), clip_on=False)
    return {GAP: marks}


def thinned(x: Values, y: Values) -> tuple[Values, Values]:
    """Return at most `MOST_POINTS` points of a line: the least and the greatest of each stretch, so that outliers
    stay."""
    if len(y) <= MOST_POINTS:
        return x, y
    edges = np.linspace(0, len(y), MOST_POINTS // 2 + 1).astype(int)
    kept: set[int] = set()
    for start, stop in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        part = y[start:stop]
        known = not np.isnan(part).all()
        kept |= {start + int(np.nanargmin(part)), start + int(np.nanargmax(part))} if known else {start}
    places = np.array(sorted(kept))
    return x[places], y[places]


def _fans(
    axes: Axes, strand: Strand, excerpt: Excerpt, timeline: Timeline, scale: tuple[float, float, float]
) -> Entries:
    """Draw the intervals of forecasts. scale: the factor by which values are multiplied; least, most: their possible
    range."""
    factor, least, most = scale
    entries: Entries = {}
    for band, colour in zip(strand.bands, tints(COLOURS[0], len(strand.bands)), strict=True):
        x, low = _joined(strand, excerpt, timeline, band.low)
        _, high = _joined(strand, excerpt, timeline, band.high)
        low, high = (factor * np.clip(end, least, most) for end in (low, high))  # far values are not drawn
        axes.fill_between(x, low, high, color=colour, linewidth=0, zorder=2)
        entries[band.name] = Patch(color=colour, linewidth=0)
    return entries


def _joined(strand: Strand, excerpt: Excerpt, timeline: Timeline, y: Values) -> tuple[Values, Values]:
    """Return the values of a strand from the last value before it, if known, so that the lines connect."""
    last = excerpt.at(strand.start - 1)
    joined = [last] if np.isfinite(last) else []
    positions = strand.start + np.arange(-len(joined), len(y))
    return timeline.places(positions), np.append(joined, y)

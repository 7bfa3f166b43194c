"""Pictures of series for a terminal. Loaded only when one is drawn."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from rnncast.report.bars import sparkline
from rnncast.report.chart import Chart, Curve, Shade
from rnncast.report.dots import DENSE, SPARSE
from rnncast.report.excerpts import forecast_excerpt
from rnncast.report.harmless import harmless
from rnncast.report.room import AHEAD, FAINT, MISSING, Key, Room, heading
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel

MOST_STRIPS = 8  # series drawn below each other
WIDEST_NAME = 20
ROWS_AROUND = 5  # of a screen, besides those of a table: for its header and the next prompt


class _Look(NamedTuple):
    """Look of a band, also in a legend."""

    braille: str
    mark: str
    every: int


_LOOKS = (_Look("⠅⡂", ".", SPARSE), _Look("⢕⢕", ":", DENSE))  # a wide one and a narrow one
_MISSING = (Key("×", "x", "missing", f"bold {MISSING}"),)


def forecast_picture(
    forecast: Forecast, s: int, seen: NDArray[np.float64], seasons: tuple[int, ...], note: str = ""
) -> Chart:
    """Draw the forecast of series s with its intervals, after the last seasons of the values seen [n] up to its cutoff.

    note: shown beside its name.
    """
    excerpt = forecast_excerpt(forecast, s, seen, seasons)
    horizon, past, (strand,) = forecast.horizon, excerpt.y, excerpt.strands
    n, last = len(past), past[-1:]
    # The line begins at the last value, to connect with it, or at the first step if that value is missing.
    joined = last if len(last) and not np.isnan(last[0]) else last[:0]
    start = n - len(joined)
    bands = strand.bands[:: max(len(strand.bands) - 1, 1)]  # the widest and the narrowest
    looks = _LOOKS[-len(bands) :] if bands else ()
    shades = tuple(
        Shade(np.append(joined, band.low), np.append(joined, band.high), start, look.mark, look.every)
        for band, look in zip(bands, looks, strict=True)
    )

    def written(steps: NDArray[np.int64]) -> Sequence[object]:
        return list(forecast.columns.written(forecast.frequency.times(excerpt.first + steps)))

    keys = (
        Key("⠤⠤", "**", "history"),
        Key("⠤⠤", "oo", "forecast", f"bold {AHEAD}"),
        *(Key(look.braille, 2 * look.mark, band.name, AHEAD) for look, band in zip(looks, bands, strict=True)),
        *(_MISSING if np.isnan(past).any() else ()),
    )
    return Chart(
        f"{forecast.columns.target}{forecast.columns.of_series(forecast.ids[s])}{note}",
        keys,
        n + horizon,
        (Curve(past, 0, "", "*"), Curve(np.append(joined, strand.point), start, f"bold {AHEAD}", "o")),
        written,
        shades,
        marked=np.append(np.isnan(past), np.zeros(horizon, np.bool_)),
        anchor=n,
        seasons=tuple(m for m in seasons if m > 1),
        divider=n,
    )


def check_picture(panel: Panel, shown: Sequence[int]) -> RenderableType:
    """Draw the values of a single series; of several, those shown, each in a strip, along the same time."""
    return _overview(panel) if len(panel) == 1 else Strips(panel, tuple(shown[:MOST_STRIPS]), len(shown))


def _overview(panel: Panel) -> Chart:
    _, start, y = panel[0]
    missing = np.isnan(y)

    def written(steps: NDArray[np.int64]) -> Sequence[object]:
        return list(panel.columns.written(panel.frequency.times(start + steps)))

    keys = _MISSING if missing.any() else ()
    title = f"{panel.columns.target}{panel.columns.of_series(panel.ids[0])}"
    seasons = panel.frequency.seasons
    # In a calendar, positions are counted from the start of a year, a day or an hour.
    anchor = -start % min(seasons) if seasons else 0
    curve = Curve(y, 0, AHEAD, "*")
    return Chart(title, keys, len(y), (curve,), written, marked=missing, anchor=anchor, seasons=seasons)


@dataclass(frozen=True)
class OverTable:
    """A picture above its table, or below it if the table alone fills the screen."""

    picture: Chart
    table: Table

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        parts = (self.picture, self.table)
        yield from parts if self.table.row_count + ROWS_AROUND <= console.height else reversed(parts)


@dataclass(frozen=True)
class Strips:
    """A strip for each of the chosen series, each on its own scale, with its gaps marked below."""

    panel: Panel
    chosen: tuple[int, ...]
    of: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.lines(Room.of(console, options))

    def lines(self, room: Room) -> Iterator[Text]:
        """Yield the rows of the picture, none wider than the room."""
        panel = self.panel
        few = f", {len(self.chosen)} of {self.of} series" if len(self.chosen) < self.of else ""
        gaps = any(np.isnan(panel[s].y).any() for s in self.chosen)
        yield from heading(room, f"{panel.columns.target}{few}, each on its own scale", _MISSING if gaps else ())
        names = [harmless(panel.columns.label(panel.ids[s])) for s in self.chosen]
        margin = min(max(map(cell_len, names)), WIDEST_NAME, room.width // 3)
        first, last = int(panel.start[[*self.chosen]].min()), int(panel.ends[[*self.chosen]].max())
        columns = min(room.width - margin - 1, last - first + 1)
        for name, s in zip(names, self.chosen, strict=True):
            _, start, y = panel[s]
            yield from _strip(room, (set_cell_size(name, margin), columns), y, start - first, last - first)
        ends = panel.columns.written(panel.frequency.times(np.array([first, last])))
        left, right = (harmless(str(each)) for each in ends)
        yield room.cut(Text(" " * (margin + 1) + left + right.rjust(columns - cell_len(left)), FAINT, no_wrap=True))


def _strip(room: Room, shape: tuple[str, int], y: NDArray[np.float64], start: int, last: int) -> Iterator[Text]:
    """Yield the strip of values y [n] that begin at a step between 0 and last; shape: its name, and its columns."""
    name, columns = shape
    whole = np.full(last + 1, np.nan)
    whole[start : start + len(y)] = y
    yield Text.assemble((name, "bold"), " ", (sparkline(whole, columns, braille=room.braille), AHEAD), no_wrap=True)
    missing = start + np.flatnonzero(np.isnan(y))
    if len(missing):
        marks = [" "] * columns
        for column in missing * min(columns, last + 1) // (last + 1):
            marks[column] = "×" if room.braille else "x"
        yield Text(" " * (cell_len(name) + 1) + "".join(marks).rstrip(), f"bold {MISSING}", no_wrap=True)

"""Charts with axes for a terminal, as wide as there is room."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from rnncast.report.dots import Layer, band, composed, line
from rnncast.report.excerpts import value_range
from rnncast.report.harmless import harmless
from rnncast.report.room import AHEAD, FAINT, MISSING, Key, Room, heading
from rnncast.series.arrays import Array

NARROWEST, LOWEST, HIGHEST = 20, 8, 16  # columns, and rows, of a chart
ROWS_PER_TICK = 1.6
SMALLEST_TICK = 1e-300
APART = 2  # columns between labels
STEPS = (1, 2, 5)  # of a scale, times powers of ten


@dataclass(frozen=True)
class Curve:
    """Values y [n] from a step on, NaN = missing."""

    y: NDArray[np.float64]
    start: int
    style: str
    mark: str


@dataclass(frozen=True)
class Shade:
    """A band from low to high [n] from a step on."""

    low: NDArray[np.float64]
    high: NDArray[np.float64]
    start: int
    mark: str
    every: int


@dataclass(frozen=True)
class Chart:
    """Curves over bands along a number of steps, with marks on the axis at the `marked` ones [steps].

    written: returns the labels of steps. anchor: a step that has a label; others lie whole seasons from it. divider:
    the step before which the past ends; None if there is none.
    """

    title: str
    keys: tuple[Key, ...]
    steps: int
    curves: tuple[Curve, ...]
    written: Callable[[NDArray[np.int64]], Iterable[object]]
    shades: tuple[Shade, ...] = ()
    marked: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, np.bool_))
    anchor: int = 0
    seasons: tuple[int, ...] = ()
    divider: int | None = None

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield from self.lines(Room.of(console, options))

    def lines(self, room: Room) -> Iterator[Text]:
        """Yield the rows of the chart, none wider than the room."""
        yield from heading(room, self.title, self.keys)
        low, high = value_range([curve.y for curve in self.curves], [(each.low, each.high) for each in self.shades])
        rows = int(np.clip(room.width // 6, LOWEST, HIGHEST))
        rows = max(LOWEST, min(rows, room.height // 2))
        labels = _ticks(low, high, rows)
        margin = max(map(len, labels.values()), default=0) + 1
        columns = room.width - margin - 1
        if columns < NARROWEST:
            return
        drawn = composed([*self._layers((columns, rows), low, high)], braille=room.braille)
        if self.divider:  # nothing lies before a divider at 0
            _divide(drawn, _column(self.divider - 0.5, self.steps, columns), "┊" if room.braille else ":")
        for i, row in enumerate(drawn):
            edge = ("┤" if i in labels else "│") if room.braille else "+" if i in labels else "|"
            yield Text.assemble((f"{labels.get(i, ''):>{margin}}", ""), (edge, FAINT), row, no_wrap=True)
        yield from self._axis(room, margin, columns)

    def _layers(self, size: tuple[int, int], low: float, high: float) -> Iterator[Layer]:
        def up(y: Array) -> Array:  # halved, because the whole span may overflow
            return (np.clip(y, low, high) / 2 - low / 2) / (high / 2 - low / 2)

        def along(start: int, n: int) -> Array:
            return (start + np.arange(n)) / max(self.steps - 1, 1)

        for shade in self.shades:
            x = along(shade.start, len(shade.low))
            yield band(size, x, up(shade.low), up(shade.high), AHEAD, shade.mark, shade.every)
        for curve in filter(lambda each: len(each.y), self.curves):
            yield line(size, along(curve.start, len(curve.y)), up(curve.y), curve.style, curve.mark)

    def _axis(self, room: Room, margin: int, columns: int) -> Iterator[Text]:
        """Yield the axis with its marks, and the labels below it."""
        corner, dash, tick, mark = "└─┬×" if room.braille else "+-+x"
        places = [_column(step, self.steps, columns) for step in np.flatnonzero(self.marked).tolist()]
        labels = self._labels(columns)
        under, names = [dash] * columns, [" "] * columns
        for place, start, label in labels:
            under[place] = tick
            names[start : start + cell_len(label)] = [label, *[""] * (cell_len(label) - 1)]
        text = Text(" " * margin + corner, FAINT, no_wrap=True)
        for i, character in enumerate(under):
            text.append(mark if i in places else character, f"bold {MISSING}" if i in places else FAINT)
        yield text
        yield Text(" " * (margin + 1) + "".join(names).rstrip(), no_wrap=True)

    def _labels(self, columns: int) -> list[tuple[int, int, str]]:
        """Return labels of steps that lie whole seasons apart: the column of the step, that of the label, and its
        text."""
        widest = max(cell_len(label) for label in self._text(np.array([0, self.steps - 1])))
        per_step = columns / self.steps
        stride = next((n for n in _strides(self.seasons, self.steps) if n * per_step >= widest + APART + 1), self.steps)
        steps = np.arange(self.anchor % stride, self.steps, stride)
        found: list[tuple[int, int, str]] = []
        free = 0
        for step, label in zip(steps.tolist(), self._text(steps), strict=True):
            place = _column(step, self.steps, columns)
            start = min(place - cell_len(label) // 2, columns - cell_len(label))
            if (start := max(start, 0)) >= free and start + cell_len(label) <= columns:
                found.append((place, start, label))
                free = start + cell_len(label) + APART
        return found

    def _text(self, steps: NDArray[np.int64]) -> list[str]:
        return [harmless(str(each)) for each in self.written(steps)]


def _column(step: float, steps: int, columns: int) -> int:
    """Return the column of a step, as `line` draws it."""
    return round(step * (2 * columns - 1) / max(steps - 1, 1)) // 2


def _divide(rows: list[Text], column: int, mark: str) -> None:
    """Draw a thin vertical line where a column is blank."""
    for i, row in enumerate(rows):
        if row.plain[column] == " ":
            rows[i] = Text.assemble(row[:column], (mark, FAINT), row[column + 1 :], no_wrap=True)


def _strides(seasons: tuple[int, ...], steps: int) -> list[int]:
    """Return possible distances between labels, in steps: parts of a season, seasons; round numbers if there is
    none."""
    tens = [n * 10**k for k in range(len(str(steps))) for n in STEPS]
    if not seasons:
        return tens
    first = min(seasons)
    parts = {n for n in range(1, first) if first % n == 0}
    return sorted(parts | {n * season for season in seasons for n in tens})


def _ticks(low: float, high: float, rows: int) -> dict[int, str]:
    """Return round numbers by the row they lie in, counted from the top."""
    rough = (high / 2 - low / 2) * 2 / (rows / ROWS_PER_TICK)
    if not SMALLEST_TICK < rough < np.inf:
        return {}
    power = 10.0 ** np.floor(np.log10(rough))
    step = next(n * power for n in (*STEPS, 10) if n * power >= rough)
    values = np.arange(np.ceil(low / step), np.floor(high / step) + 1) * step
    digits = max(0, -int(np.floor(np.log10(step) + 1e-9)))
    large = max(abs(low), abs(high)) >= 1e7 or digits > 4
    places = [rows - 1 - int(np.rint((value - low) / (high - low) * (4 * rows - 1))) // 4 for value in values]
    return {
        place: f"{value:.3g}" if large else f"{value:.{digits}f}" for place, value in zip(places, values, strict=True)
    }

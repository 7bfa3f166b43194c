"""Lines and shaded bands made of dots, eight to a character; of plain characters if braille is not available.

Upper layers hide lower ones, character by character; lines that share a character are joined in it. W columns and R
rows of characters hold 2 W by 4 R dots.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

import numpy as np
from numpy.typing import NDArray
from plotille import Canvas
from rich.text import Text

from rnncast.series.arrays import Array

DOTS_ACROSS, DOTS_DOWN = 2, 4  # of a character
BLANK = 0x2800  # braille without a dot; the others follow it, a bit for each dot
SPARSE, DENSE = 4, 2  # a band has one dot in this many


@dataclass(frozen=True)
class Layer:
    """Dots of one colour.

    rows: a string of braille for each row, the highest first. mark: shown for them without braille. solid: whether they
    form a line.
    """

    rows: tuple[str, ...]
    style: str
    mark: str
    solid: bool = True


def line(size: tuple[int, int], x: NDArray[np.float64], y: NDArray[np.float64], style: str, mark: str) -> Layer:
    """Draw a line through points x, y [n], both from 0 to 1, with a gap wherever y is NaN. size: columns and rows."""
    canvas, across, down = _canvas(size)
    column = np.rint(x * (across - 1)).astype(int)
    height = np.where(np.isnan(y), -1, np.rint(np.nan_to_num(np.clip(y, 0, 1)) * (down - 1))).astype(int)
    if len(x) > across:
        column, low, high = _ranges(column, height)
        for c, bottom, top in zip(column.tolist(), low.tolist(), high.tolist(), strict=True):
            canvas.line(c, bottom, c, top)
        return Layer(_rows(canvas), style, mark)
    points = list(zip(column.tolist(), height.tolist(), strict=True))
    for here, after in zip(points, [*points[1:], (0, -1)], strict=True):
        if here[1] >= 0:
            canvas.line(*here, *(after if after[1] >= 0 else here))
    return Layer(_rows(canvas), style, mark)


def band(size: tuple[int, int], x: Array, low: Array, high: Array, style: str, mark: str, every: int = SPARSE) -> Layer:
    """Draw the area between low and high [n] along rising x [n], all from 0 to 1, with one dot in `every`."""
    canvas, across, down = _canvas(size)
    columns = np.arange(np.ceil(x[0] * (across - 1)), x[-1] * (across - 1) + 1e-9).astype(int)
    ends = (np.rint(np.interp(columns / (across - 1), x, end) * (down - 1)).astype(int) for end in (low, high))
    for column, bottom, top in zip(columns.tolist(), *(end.tolist() for end in ends), strict=True):
        for height in range(max(bottom, 0), min(top, down - 1) + 1):
            if (column + 2 * height if every == SPARSE else column + height) % every == 0:
                canvas.point(column, height)
    return Layer(_rows(canvas), style, mark, solid=False)


def composed(layers: Sequence[Layer], *, braille: bool) -> list[Text]:
    """Return the layers, the lowest first, as rows of characters, the highest first."""
    return [_row(layers, [layer.rows[r] for layer in layers], braille) for r in range(len(layers[0].rows))]


def _row(layers: Sequence[Layer], rows: list[str], braille: bool) -> Text:
    text = Text(no_wrap=True)
    for cell in zip(*rows, strict=True):
        dots = [ord(each) - BLANK for each in cell]
        there = [i for i, each in enumerate(dots) if each]
        if not there:
            text.append(" ")
            continue
        top = layers[there[-1]]
        joined = reduce(or_, (dots[i] for i in there if layers[i].solid), 0) if top.solid else dots[there[-1]]
        text.append(chr(BLANK + joined) if braille else top.mark, top.style)
    return text


def _canvas(size: tuple[int, int]) -> tuple[Canvas, int, int]:
    """Return a canvas with dots for coordinates, and the number of dots across and down."""
    across, down = size[0] * DOTS_ACROSS, size[1] * DOTS_DOWN
    return Canvas(*size, 0, 0, across, down), across, down


def _rows(canvas: Canvas) -> tuple[str, ...]:
    return tuple(canvas.plot(linesep="\n").split("\n"))


def _ranges(column: NDArray[np.int64], height: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Reduce many points in a column (-1 where missing) to the lowest and the highest, and make neighbours touch."""
    there = height >= 0
    column, height = column[there], height[there]
    starts = np.flatnonzero(np.diff(column, prepend=-1))
    if not len(starts):
        return column, height, height
    columns, low, high = column[starts], np.minimum.reduceat(height, starts), np.maximum.reduceat(height, starts)
    near = np.diff(columns) == 1
    bottom, top = low.copy(), high.copy()
    bottom[1:] = np.where(near, np.minimum(low[1:], high[:-1]), low[1:])
    top[1:] = np.where(near, np.maximum(high[1:], low[:-1]), high[1:])
    return columns, bottom, top

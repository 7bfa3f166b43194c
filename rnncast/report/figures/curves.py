"""Figures of curves over something other than time: lead times, lags, epochs."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

from rnncast.report.figures.axes import Entries, Look, Numbers, draw_line
from rnncast.report.figures.style import COLOURS, DASHES, GREY, WIDE, head, new_figure, panel_title, written_out
from rnncast.values import Values

TALL = 3.2  # inches, of a picture


class Curves(NamedTuple):
    """Curves [n] by name over x [n], rising, NaN = missing; labels of the axes; and named places on x.

    powers: whether the axis of values goes by powers of ten; values not above 0 are then not drawn.
    """

    title: str
    across: str
    up: str
    x: Values
    lines: Mapping[str, Values]
    marks: Mapping[str, float] = {}
    powers: bool = False


def curves_figure(title: str, note: str, pictures: Sequence[Curves]) -> Figure:
    """Draw pictures of curves one above the other."""
    figure = new_figure(WIDE, 0.9 + TALL * len(pictures))
    head(figure, title, note)
    for axes, each in zip(figure.subplots(len(pictures), squeeze=False)[:, 0], pictures, strict=True):
        entries = draw_curves(axes, each)
        axes.legend([*entries.values()], [written_out(name, 30) for name in entries], loc="upper right")
    return figure


def draw_curves(axes: Axes, curves: Curves) -> Entries:
    """Draw curves on axes and return the legend."""
    entries: Entries = {}
    if curves.powers:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(Numbers())
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, min_n_ticks=1))
    for i, (name, y) in enumerate(curves.lines.items()):
        look = Look(COLOURS[i % len(COLOURS)], DASHES[i % len(DASHES)], 1.5, 4)
        drawn = np.where(y > 0, y, np.nan) if curves.powers else y
        entries[name] = draw_line(axes, curves.x, drawn, look)
    for name, place in curves.marks.items():
        axes.axvline(place, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=2)
        beside = {"xytext": (3, -2), "textcoords": "offset points", "fontsize": 8, "color": GREY}
        axes.annotate(written_out(name, 40), (place, 1), xycoords=("data", "axes fraction"), va="top", **beside)  # type: ignore[arg-type]
    margin = 0.01 * (curves.x[-1] - curves.x[0]) or 0.5
    axes.set_xlim(curves.x[0] - margin, curves.x[-1] + margin)
    axes.set_xlabel(curves.across)
    axes.set_ylabel(curves.up)
    panel_title(axes, curves.title, width=WIDE)
    return entries

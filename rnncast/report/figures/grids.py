"""Figures of one picture, or of several small ones in rows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from rnncast.report.excerpts import Excerpt
from rnncast.report.figures.axes import FORECAST, Entries, Timeline, draw_excerpt
from rnncast.report.figures.style import WIDE, head, legend, new_figure, panel_title
from rnncast.report.tables import number

ACROSS = 3  # small pictures side by side
TALL, LOW = 3.4, 1.75  # inches, of a picture alone, and of one in a row


class Small(NamedTuple):
    """A small picture: its name, a remark, the series, and forecasts of it by others."""

    name: str
    note: str
    excerpt: Excerpt
    others: Mapping[str, Excerpt] = {}


def single(title: str, note: str, excerpt: Excerpt, timeline: Timeline) -> Figure:
    """Draw a series and its forecasts across the figure."""
    figure = new_figure(WIDE, TALL)
    head(figure, title, note)
    legend(figure, draw_excerpt(figure.add_subplot(), excerpt, timeline))
    return figure


def several(title: str, note: str, pictures: Sequence[Small], timeline: Timeline, name: str = FORECAST) -> Figure:
    """Draw small pictures in rows, each with its own axes; name: of the source of the forecasts."""
    across = min(ACROSS, len(pictures))
    figure = new_figure(WIDE + across - 1, 0.9 + (LOW * rows_of(len(pictures), across) if across > 1 else TALL - 0.7))
    head(figure, title, note)
    legend(figure, fill(figure, figure.add_gridspec(1, 1)[0, 0], pictures, timeline, name))
    return figure


def fill(
    figure: Figure,
    place: SubplotSpec,
    pictures: Sequence[Small],
    timeline: Timeline,
    name: str = FORECAST,
    most: int = ACROSS,
) -> Entries:
    """Draw small pictures into a part of a figure, at most `across` side by side, and return the legend."""
    across = min(most, len(pictures))
    grid = place.subgridspec(rows_of(len(pictures), across), across)
    width = float(figure.get_figwidth()) / across - 0.5
    entries: Entries = {}
    for i, each in enumerate(pictures):
        axes = figure.add_subplot(grid[i // across, i % across])
        ticks = 12 // across
        entries = draw_excerpt(axes, each.excerpt, timeline, (ticks, 4), name=name, others=each.others) | entries
        panel_title(axes, each.name, each.note, width)
    return entries


def said(which: str, metric: str, value: float) -> str:
    """Return the remark on a small picture: "worst, MASE 1.234"; without the name of a metric, "widest, 9.1"."""
    score = "" if not np.isfinite(value) else f"{metric} {number(value)}" if metric else f"{value:.1f}"
    return ", ".join(filter(None, (which, score)))


def rows_of(pictures: int, across: int) -> int:
    """Return the number of rows that a number of pictures take."""
    return -(-pictures // across)

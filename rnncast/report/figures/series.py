"""Figure of a table: its series from end to end, with the missing values."""

import numpy as np
from matplotlib.figure import Figure

from rnncast.evaluate.check import Check
from rnncast.plain import counted
from rnncast.report.excerpts import Excerpt
from rnncast.report.figures.axes import Timeline
from rnncast.report.figures.choosing import chosen, in_words
from rnncast.report.figures.grids import Small, several, single
from rnncast.series.panel import Panel
from rnncast.values import Values


def series_figure(check: Check, panel: Panel) -> Figure:
    """Draw each series of a table; of many, those with the most, the median and the least missing steps.

    Series left out of training come before others.
    """
    timeline, columns = Timeline(panel.frequency, panel.columns), panel.columns
    excerpts = [Excerpt(name, start, y, ()) for name, start, y in panel]
    gone = [int(np.isnan(y).sum()) for _, _, y in panel]
    if len(panel) == 1:
        missing = f"; {gone[0]} missing" if gone[0] else ""
        note = f"{counted(len(excerpts[0].y), 'step')}{missing}, {panel.frequency.name}"
        return single(columns.target + columns.of_series(panel.ids[0]), note, excerpts[0], timeline)
    left_out = [bool(check.rows[s][-1]) for s in range(len(panel))]
    shares = [number / len(y) for number, (_, _, y) in zip(gone, panel, strict=True)]
    scores: Values = np.array(shares) + np.array(left_out)
    places = chosen(scores)
    pictures = [
        Small(columns.label(panel.ids[s]), _said(which, shares[s], left_out[s]), excerpts[s]) for s, which in places
    ]
    by = "how much is missing" + (", those left out of training before others" if any(left_out) else "")
    return several(columns.target, f"{panel.frequency.name}\n{in_words(places, scores, by)}", pictures, timeline)


def _said(which: str, share: float, left_out: bool) -> str:
    missing = f"{100 * share:.2g} % missing" if share else ""
    return ", ".join(filter(None, (which, missing, "left out" if left_out else "")))

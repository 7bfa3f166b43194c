"""Figure of a comparison: the scores of all candidates, and the forecasts behind them."""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rnncast.evaluate.findings import Findings
from rnncast.evaluate.scores import Comparison, by_unit
from rnncast.report.comparison import title_of
from rnncast.report.excerpts import Excerpt, backtest_excerpt
from rnncast.report.figures.axes import FORECAST, Timeline
from rnncast.report.figures.choosing import chosen, in_words
from rnncast.report.figures.grids import ACROSS, LOW, Small, fill, rows_of, said
from rnncast.report.figures.style import GREY, INK, WIDE, head, legend, new_figure, panel_title, written_out
from rnncast.report.room import AHEAD
from rnncast.series.panel import Panel
from rnncast.values import Values

EACH, AROUND = 0.24, 0.75  # inches, of a candidate's row of scores, and around all rows
FARTHEST = 4  # longest axis of scores, in multiples of the best
MODELS = 6  # of a single series, whose forecasts are drawn


class _Pictures(NamedTuple):
    """Small pictures, the source of their forecasts, and a remark on how they were chosen."""

    pictures: list[Small]
    name: str
    words: str


def compare_figure(findings: Findings, panel: Panel) -> Figure:
    """Draw the MASE of each candidate, the mean and each unit's, with forecasts below.

    Of a single series, they are the forecasts of each candidate; of several, those of the judged model, beside the next
    best, for its worst, middle and best series.
    """
    found, verdict = findings.comparison, findings.verdict
    assert found is not None
    judged = verdict.model if verdict else found.scores[0].name
    drawn = _by_series(findings, found, panel, judged) if len(panel) > 1 else _by_candidate(findings, found, panel)
    across = min(ACROSS if len(panel) > 1 else ACROSS - 1, len(drawn.pictures))
    heights = [AROUND + EACH * len(found.scores), LOW * rows_of(len(drawn.pictures), across)]
    figure = new_figure(WIDE + ACROSS - 1, sum(heights) + 1.2)
    title = panel.columns.target + (panel.columns.of_series(panel.ids[0]) if len(panel) == 1 else "")
    sentence = verdict.sentence if verdict else ""
    head(figure, title, "\n".join(filter(None, (title_of(found, verdict), sentence, drawn.words))))
    grid = figure.add_gridspec(2, 1, height_ratios=heights)
    _draw_scores(figure.add_subplot(grid[0, 0]), found, judged)
    timeline = Timeline(panel.frequency, panel.columns)
    legend(figure, fill(figure, grid[1, 0], drawn.pictures, timeline, drawn.name, across))
    return figure


def _by_candidate(findings: Findings, found: Comparison, panel: Panel) -> _Pictures:
    drawn, of = found.scores[:MODELS], len(found.scores)
    few = f"the forecasts of the best {len(drawn)} of {of}" if len(drawn) < of else ""
    pictures = [
        Small(each.name, said("", "MASE", each.mean), _excerpt(findings, found, panel, 0, each.name)) for each in drawn
    ]
    return _Pictures(pictures, FORECAST, few)


def _by_series(findings: Findings, found: Comparison, panel: Panel, judged: str) -> _Pictures:
    rivals = [score.name for score in found.scores if score.name != judged][:1]
    errors = _of_series(found[judged].mase)
    places = chosen(errors)
    pictures = [
        Small(
            panel.columns.label(panel.ids[s]),
            said(which, "MASE", errors[s]),
            _excerpt(findings, found, panel, s, judged),
            {rival: _excerpt(findings, found, panel, s, rival) for rival in rivals},
        )
        for s, which in places
    ]
    return _Pictures(pictures, judged, f"{judged}, {in_words(places, errors, 'MASE')}")


def _excerpt(findings: Findings, found: Comparison, panel: Panel, s: int, name: str) -> Excerpt:
    forecasts = [outcome.forecast for outcome in findings.outcomes if outcome.candidate == name]
    return backtest_excerpt(panel, s, forecasts, (found.season,))


def _of_series(mase: Values) -> Values:
    """Return the mean over origins of a MASE [O, S] for each series [S], NaN if it was not scored."""
    means = np.full(mase.shape[1], np.nan)
    means[(~np.isnan(mase)).any(axis=0)] = by_unit(mase, "series")
    return means


def _draw_scores(axes: Axes, found: Comparison, judged: str) -> None:
    """Draw a row for each candidate, the best at the top: a mark for the mean MASE, a faint one for each unit's."""
    units = {score.name: found.losses(score.name) for score in found.scores}
    furthest = FARTHEST * found.scores[0].mean or 1.0
    highest = max(score.mean for score in found.scores), *(float(np.quantile(each, 0.9)) for each in units.values())
    most = 1.08 * min(max(highest), furthest)
    for row, score in enumerate(found.scores):
        colour, weight = (AHEAD, "bold") if score.name == judged else (INK, "normal")
        _draw_units(axes, row, units[score.name], most)
        mark = "D" if score.mean < most else ">"
        axes.plot(min(score.mean, most), row, mark, color=colour, markersize=6, zorder=4)
        look: dict[str, Any] = {"fontsize": 8.5, "color": colour, "fontweight": weight}
        axes.text(1.01, row, f"{score.mean:.3f}", transform=axes.get_yaxis_transform(), va="center", **look)
    axes.set_yticks(range(len(found.scores)), [written_out(score.name, 24) for score in found.scores])
    axes.tick_params(axis="y", labelsize=8.5, labelcolor=INK)
    axes.set_ylim(len(found.scores) - 0.5, -0.5)
    axes.set_xlim(0, most)
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.grid(visible=True, axis="x")
    panel_title(
        axes,
        "MASE (lower is better)",
        f"diamond: mean, dot: one {found.units if found.units == 'series' else 'origin'}",
        7.0,
    )


def _draw_units(axes: Axes, row: int, values: Values, most: float) -> None:
    """Draw marks of the scores up to the largest that fits, and an arrow at the edge if there are larger ones."""
    inside = values[values <= most]
    axes.plot(inside, np.full(len(inside), row), "o", color=GREY, alpha=0.35, markersize=4, markeredgewidth=0, zorder=3)
    if len(inside) < len(values):
        axes.plot([most], [row], ">", color=GREY, alpha=0.6, markersize=4, clip_on=False, zorder=3)

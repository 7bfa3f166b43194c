"""Figure of a model file: its scores, the width of its intervals by lead time, and its saved state."""

import math

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from rnncast.forecaster.forecaster import Forecaster
from rnncast.plain import counted
from rnncast.report.card import card
from rnncast.report.excerpts import bands_of
from rnncast.report.figures.curves import Curves, draw_curves
from rnncast.report.figures.style import GREY, INK, PAPER, WIDE, head, legend, new_figure, panel_title, written_out
from rnncast.report.room import AHEAD, MISSING
from rnncast.report.words import scores_in_words
from rnncast.series.forecast import Forecast
from rnncast.values import Values

HEIGHT, PER_SERIES = 4.3, 0.16  # inches, of the figure, and of each row of the state after the first ones
FIRST_ROWS, MOST_ROWS = 4, 24  # series whose state is drawn
NAMES = {"mase": "", "seasonal_naive_mase": "seasonal naive", "naive_mase": "naive"}


def model_figure(forecaster: Forecaster, path: str) -> Figure:
    """Draw the scores on held-out data, the width of the intervals by lead time, and the state after each series' last
    value.

    path: of the model file.
    """
    told, state = card(forecaster, None), _state(forecaster)
    rows = 0 if state is None else min(len(state), MOST_ROWS)
    figure = new_figure(WIDE, HEIGHT + PER_SERIES * max(rows - FIRST_ROWS, 0) if rows else HEIGHT / 1.5)
    net = told["net"]
    words = scores_in_words(net["model"], told["scores"]) if told["scores"] else "no data were held out"
    nets = f"{counted(net['members'], 'net')} of {counted(net['layers'], 'layer')} of {net['hidden size']} units"
    size = f"{nets}, {net['parameters']:,} parameters"
    data = f"{told['data']['frequency']}, up to {told['data']['last time']}"
    head(figure, f"{path}: {net['model']}", f"{size}; {data}\n{words}")
    heights = [1.5, 0.7 + PER_SERIES * max(rows, FIRST_ROWS)][: 2 if rows else 1]
    grid = figure.add_gridspec(len(heights), 2, height_ratios=heights)
    scores = _scores(forecaster)
    if scores:
        _draw_scores(figure.add_subplot(grid[0, 0]), scores)
    widths = figure.add_subplot(grid[0, 1] if scores else grid[0, :])
    legend(figure, draw_curves(widths, _widths(forecaster.predict(complete=False))))
    widths.set_ylim(bottom=0)
    if state is not None:
        _draw_state(figure.add_subplot(grid[1, :]), state[:rows], forecaster)
    return figure


def _scores(forecaster: Forecaster) -> dict[str, float]:
    """Return the MASE of the net and of the forecasts it was compared with, as far as they are known."""
    known = {name: forecaster.scores.get(key, math.nan) for key, name in NAMES.items()}
    return {name or forecaster.spec.net.model: score for name, score in known.items() if math.isfinite(score)}


def _draw_scores(axes: Axes, scores: dict[str, float]) -> None:
    """Draw a bar for each score, the net's in colour."""
    colours = [AHEAD, *[GREY] * (len(scores) - 1)]
    axes.barh(range(len(scores)), [*scores.values()], color=colours, height=0.6)
    for row, score in enumerate(scores.values()):
        axes.text(score, row, f" {score:.3f}", va="center", fontsize=8.5)
    axes.set_yticks(range(len(scores)), [*scores])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.set_ylim(len(scores) - 0.4, -0.6)
    axes.set_xlim(0, 1.2 * max(scores.values()) or 1.0)
    axes.grid(visible=False)
    panel_title(axes, "MASE on held-out data", "lower is better", WIDE / 2)


def _widths(forecast: Forecast) -> Curves:
    """Return the width of each interval at each lead time, the median over series, relative to the widest at the
    first."""
    bands = [
        bands_of(forecast.probabilities, quantiles, by_level=forecast.by_level) for quantiles in forecast.quantiles
    ]
    lines: dict[str, Values] = {}
    for i, band in enumerate(bands[0] if bands else ()):
        widest = np.array([each[0].high[0] - each[0].low[0] for each in bands])
        width = np.array([each[i].high - each[i].low for each in bands])
        shares = width[widest > 0] / widest[widest > 0, None]
        lines[band.name] = np.median(shares, axis=0) if len(shares) else np.full(forecast.horizon, np.nan)
    leads = np.arange(1.0, forecast.horizon + 1)
    return Curves("Width of the intervals", "lead time (width 1: that of the widest at lead 1)", "", leads, lines)


def _state(forecaster: Forecaster) -> Values | None:
    """Return the last layer of the first member for each series [S, D]; None if the net has no state."""
    return None if not forecaster.state.net else forecaster.state.net[0][-1].astype(np.float64)


def _draw_state(axes: Axes, state: Values, forecaster: Forecaster) -> None:
    """Draw a row for each series, a column for each unit; vermilion below 0, blue above."""
    colours = LinearSegmentedColormap.from_list("state", [MISSING, PAPER, AHEAD])
    most = float(np.abs(state).max(initial=0)) or 1.0
    image = axes.imshow(state, cmap=colours, vmin=-most, vmax=most, aspect="auto", interpolation="nearest")
    names = [written_out(forecaster.columns.label(name) or forecaster.columns.target, 16) for name in forecaster.ids]
    axes.set_yticks(range(len(state)), names[: len(state)])
    axes.tick_params(axis="y", labelcolor=INK)
    axes.xaxis.set_major_locator(MaxNLocator(10, integer=True))
    axes.set_xlabel("unit")
    axes.grid(visible=False)
    assert axes.figure is not None
    axes.figure.colorbar(image, ax=axes, fraction=0.03, pad=0.01)
    few = f"the first {len(state)} of {len(forecaster.ids)} series" if len(state) < len(forecaster.ids) else ""
    panel_title(axes, "Hidden state after the last value", few, WIDE)

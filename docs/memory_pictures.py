"""Pictures of docs/memory.md, from the files that the commands of the page leave in a folder. Needs matplotlib."""

import json
from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from rnncast.files.panels.tables import read_table
from rnncast.forecaster.forecaster import Forecaster
from rnncast.report.memory import MemoryCurve
from rnncast.series.panel import Panel

# Of the palette of Okabe and Ito, which the colour-blind can tell apart; on white, whatever the page's background.
BLUE, RED, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#666666"
STYLE = {
    "svg.hashsalt": "rnncast",  # the same picture is the same bytes
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
MONTHS = 12
ORIGINS = 24  # of free running
PULSES = 61  # steps of them that are drawn


def draw_all(folder: Path, pictures: Path) -> None:
    """Draw every picture into a folder of pictures."""
    pictures.mkdir(exist_ok=True)
    drawn: dict[str, Callable[[Path], Figure]] = {
        "unfolding": unfolding,
        "gradient_by_lag": gradient_by_lag,
        "memory_sunspots": memory_sunspots,
        "free_running": free_running,
        "pulse": pulse,
    }
    with mpl.rc_context(STYLE):
        for name, draw in drawn.items():
            draw(folder).savefig(pictures / f"{name}.svg", metadata={"Date": None}, facecolor="white")


def unfolding(folder: Path) -> Figure:
    """Draw the loop of a recurrent net, and the graph it becomes over the steps."""
    figure = Figure((8, 2.9), layout="tight")
    axes = figure.subplots()
    axes.set(xlim=(-0.8, 8.9), ylim=(-0.55, 2.6), aspect="equal")
    axes.axis("off")
    _step(axes, 0.2, "", loop=True)
    axes.annotate(
        "unfold", (1.95, 1), (0.75, 1), arrowprops={"arrowstyle": "-|>", "color": GREY}, va="center", color=GREY
    )
    steps = {3.1: "(t-1)", 5.0: "(t)", 6.9: "(t+1)"}
    for x, step in steps.items():
        _step(axes, x, step, loop=False)
    for left, right in ((2.2, 2.75), (3.45, 4.65), (5.35, 6.55), (7.25, 8.2)):
        _arrow(axes, (left, 1), (right, 1), RED)
    for x in (4.05, 5.95, 7.7):
        axes.text(x, 1.13, "U", color=RED, ha="center")
    axes.text(8.35, 1, "...", va="center", fontsize=14)
    return figure


def _step(axes: Axes, x: float, name: str, *, loop: bool) -> None:
    for y, letter, colour in ((0, "x", GREY), (1, "h", RED), (2, "o", BLUE)):
        axes.add_patch(mpl.patches.Circle((x, y), 0.33, fill=False, ec=colour, lw=1.6))
        axes.text(x, y, letter + name, ha="center", va="center", fontsize=8 if name else 11)
    for low, weight in ((0.35, "W"), (1.35, "V")):
        _arrow(axes, (x, low), (x, low + 0.3), GREY)
        axes.text(x + 0.1, low + 0.13, weight, color=GREY, va="center")
    if loop:
        bent = mpl.patches.FancyArrowPatch(
            (x - 0.2, 1.27),
            (x - 0.2, 0.73),
            connectionstyle="arc3,rad=1.6",
            arrowstyle="-|>",
            mutation_scale=11,
            color=RED,
        )
        axes.add_patch(bent)
        axes.text(x - 0.75, 1.35, "U", color=RED, ha="center")


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], colour: str) -> None:
    axes.annotate(
        "", end, start, arrowprops={"arrowstyle": "-|>", "color": colour, "lw": 1.3, "shrinkA": 0, "shrinkB": 0}
    )


def gradient_by_lag(folder: Path) -> Figure:
    """Draw the norm of the gradient of a loss in the state k steps before, for an Elman net and an LSTM, from the
    ledger."""
    figure = Figure((7, 3.6), layout="tight")
    axes = figure.subplots()
    for name, colour, words in (("rnn", RED, "Elman"), ("lstm", BLUE, "LSTM")):
        lines = (folder / f"{name}.jsonl").read_text().splitlines()
        epochs = [epoch["gradient_by_lag"] for epoch in map(json.loads, lines) if epoch["run"] == "training"]
        for style, which, epoch in ((":", "first epoch", epochs[0]), ("-", "last epoch", epochs[-1])):
            lags, norms = [int(lag) for lag in epoch], np.array([*epoch.values()])
            axes.plot(lags, norms / norms[0], style, color=colour, marker="o", ms=3, label=f"{words}, {which}")
    axes.set(
        xscale="log", yscale="log", ylim=(1e-20, 10), xlabel="k, months back", ylabel="gradient, of that one month back"
    )
    axes.set_xticks([1, 2, 4, 8, 16, 32, 64, 128], labels=["1", "2", "4", "8", "16", "32", "64", "128"])
    axes.minorticks_off()
    axes.legend(fontsize=9, loc="lower left")
    return figure


def memory_sunspots(folder: Path) -> Figure:
    """Draw how far back nets look on the sunspots: the influence of each lag through the state, and through the
    frame."""
    panel = read_table(str(folder / "sample_data" / "sunspots.csv"))
    figure = Figure((7.5, 3.8), layout="tight")
    axes = figure.subplots()
    first = None
    for name, colour, words in (("lstm", BLUE, "LSTM"), ("rnn", RED, "Elman")):
        found = MemoryCurve.of(Forecaster.load(str(folder / f"{name}.safetensors")), panel)
        axes.plot(smoothed(found.influence.state.mean(1)), color=colour, label=f"through the state, {words}")
        first = first or found
    assert first is not None
    axes.plot(smoothed(first.influence.frame.mean(1)), color=GREY, ls="--", label="through the frame, LSTM")
    axes.axvspan(0, first.window, color="#999999", alpha=0.15, lw=0)
    axes.text(first.window / 2, 0.42, "window", ha="center", color=GREY, fontsize=9)
    if first.cycle:
        axes.axvline(first.cycle, color=GREY, lw=0.8)
        axes.text(first.cycle + 2, 0.42, "the sunspot cycle", color=GREY, fontsize=9)
    axes.set(yscale="log", xlim=(0, 240), ylim=(1e-5, 1), xlabel="months back", ylabel="influence on the forecast")
    axes.legend(fontsize=9, loc="upper right", bbox_to_anchor=(1, 0.9))
    return figure


def smoothed(curve: NDArray[np.float64], over: int = 5) -> NDArray[np.float64]:
    """Return the moving mean of a curve about each lag."""
    mean: NDArray[np.float64] = np.convolve(np.pad(curve, over // 2, mode="edge"), np.ones(over) / over, "valid")
    return mean


def free_running(folder: Path) -> Figure:
    """Draw the error by lead time of Jordan nets fed their own forecasts, and of one fed the observed values."""
    panel = read_table(str(folder / "sample_data" / "air_passengers.csv"))
    figure = Figure((7, 3.6), layout="tight")
    axes = figure.subplots()
    leads = np.arange(1, MONTHS + 1)
    for name, colour in (("teacher-forcing", RED), ("scheduled", GREEN), ("bptt", BLUE)):
        errors = errors_by_lead(Forecaster.load(str(folder / f"{name}.safetensors")), panel)
        axes.plot(leads, errors, color=colour, marker="o", ms=3, label=f"trained by {name}, running free")
        if name == "teacher-forcing":
            axes.axhline(errors[0], color=colour, ls="--", lw=1, label="the same, given every observed value")
    axes.set(xlabel="lead time, months", ylabel="mean absolute error, thousands", ylim=(0, None), xticks=leads)
    axes.legend(fontsize=9)
    return figure


def errors_by_lead(forecaster: Forecaster, panel: Panel) -> NDArray[np.float64]:
    """Return the mean absolute error at each lead time [H] of forecasts from the last origins of a single series."""
    y = panel[0].y
    ends = len(y) - MONTHS - np.arange(ORIGINS)
    points = forecaster.predict(Panel.from_series({str(end): y[:end] for end in ends}, frequency=panel.frequency)).point
    errors: NDArray[np.float64] = np.abs(points - np.stack([y[end : end + MONTHS] for end in ends])).mean(0)
    return errors


def pulse(folder: Path) -> Figure:
    """Draw a pulse every 20 steps, forecast a step ahead by a window net in each frame and by an LSTM in the global
    one."""
    y = read_table(str(folder / "pulse.csv"))[0].y
    ends = np.arange(len(y) - PULSES, len(y))
    pasts = Panel.from_series({str(end): y[:end] for end in ends})
    figure = Figure((9, 3.2), layout="constrained")
    titles = {
        "window-local": "window of 8, local frame",
        "window-global": "window of 8, global frame, no base",
        "lstm-global": "LSTM, global frame, no base",
    }
    for axes, (name, title) in zip(figure.subplots(1, 3, sharey=True), titles.items(), strict=True):
        points = Forecaster.load(str(folder / f"{name}.safetensors")).predict(pasts).point[:, 0]
        axes.plot(ends, y[ends], color=GREY, lw=0.9, label="observed")
        axes.plot(ends, points, color=BLUE, lw=1.6, label="forecast a step ahead")
        axes.set_title(title, fontsize=10)
        axes.set_xlabel("step")
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9)
    return figure

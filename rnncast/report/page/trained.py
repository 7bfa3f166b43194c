"""Report of `train`: what was learnt, how training went, and what the model forecasts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from rnncast.choices.choice import Choice
from rnncast.forecaster.forecaster import Forecaster
from rnncast.report.memory import LEAST, MemoryCurve
from rnncast.report.page.blocks import Chart, Line, Page, Section, Table, Text
from rnncast.report.page.parts import data_section, forecasts_section, seen_of
from rnncast.report.words import name_of, scores_in_words, shares_in_words
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel
from rnncast.training.epoch import EpochReport

ROLES = 7  # colours of lines
MEASURED = 3  # epochs whose gradient by lag is drawn for each run; of many runs, only the last epoch
FEW_RUNS = 2
MEANINGS = {
    "mase": "MASE on held-out data, of the model",
    "seasonal_naive_mase": "MASE on held-out data, of seasonal naive",
    "naive_mase": "MASE on held-out data, of naive",
    "shrinkage": "shrinkage towards the base forecast",
    "origins": "origins held out",
    "pretrained_mase": "MASE on held-out data, of the pretrained net",
    "finetuned_mase": "MASE on held-out data, of the finetuned net",
    "scratch_mase": "MASE on held-out data, of nets from scratch",
    "base_mase": "MASE on held-out data, of the base forecast",
    "mean_mase": "MASE on held-out data, of the shares that were chosen",
    "pretrained": "share of the pretrained net",
    "finetuned": "how far it is finetuned, of the way",
}


class Trained(NamedTuple):
    """A training: what was trained, from what, and how.

    forecast: from the end of the data; missing: why there is none, if so.
    """

    panel: Panel
    path: str
    forecaster: Forecaster
    choices: tuple[Choice, ...]
    reports: Mapping[str, Sequence[EpochReport]]
    forecast: Forecast | None
    missing: str = ""
    memory: MemoryCurve | None = None


def trained_page(trained: Trained, command: str) -> Page:
    """Return the whole report."""
    lead = scores_in_words(name_of(trained.forecaster.spec), trained.forecaster.scores)
    sections = [section for make in SECTIONS if (section := make(trained)) is not None]
    return Page(f"rnncast train: {trained.path}", f"{lead[:1].upper()}{lead[1:]}.", command, "lead", tuple(sections))


def _scores(trained: Trained) -> Section | None:
    scores = trained.forecaster.scores
    if not scores:
        return None
    rows = [(MEANINGS.get(name, name), f"{score:.4g}") for name, score in scores.items()]
    spec = trained.forecaster.spec
    words = shares_in_words(spec, scores)
    shares = [Text(f"{words[:1].upper()}{words[1:]}.")] if spec.net.pretrained else []
    return Section(
        "scores",
        "Scores",
        (
            *shares,
            Table("On held-out data", ("", ""), rows),
        ),
    )


def _forecasts(trained: Trained) -> Section:
    if trained.forecast is None:
        return Section("forecasts", "Forecasts", (Text(f"No forecast is shown: {trained.missing}", "note"),))
    spec = trained.forecaster.spec
    return forecasts_section(trained.forecast, seen_of(trained.panel), spec.task.seasons, name_of(spec))


def _training(trained: Trained) -> Section | None:
    if not trained.reports:
        return None
    loss = _by_epoch("Loss by epoch (weighted pinball loss, in local units)", "loss", trained, lambda each: each.loss)
    norm = _by_epoch(
        "Norm of the gradient by epoch: median over its updates, before clipping",
        "norm",
        trained,
        lambda each: each.gradient_norm,
        log="y",
    )
    clipped = _by_epoch(
        "Share of updates whose gradient was clipped, by epoch",
        "clipped, %",
        trained,
        lambda each: 100 * each.clipped,
        unit=" %",
    )
    return Section("training", "Training", (loss, *_judged(trained), norm, clipped, _epochs(trained)))


def _by_epoch(
    title: str, y: str, trained: Trained, of: Callable[[EpochReport], float | None], log: str = "", unit: str = ""
) -> Chart:
    """Return a number for each epoch, as a line for each run that has any."""
    last = max(each.epoch for told in trained.reports.values() for each in told)
    lines: list[Line] = []
    for run, told in trained.reports.items():
        known = {each.epoch: value for each in told if (value := of(each)) is not None}
        if known:
            values = [known.get(epoch, float("nan")) for epoch in range(1, last + 1)]
            lines.append(Line(run, values, f"c{len(lines) % ROLES}"))
    return Chart(title, "epoch", y, list(range(1, last + 1)), tuple(lines), log=log, unit=unit, points=True)


def _judged(trained: Trained) -> list[Chart]:
    """Return the score on the validation origins of the runs that were validated, beside that of seasonal naive."""
    title = "MASE on the held-out data by epoch: lower is better"
    chart = _by_epoch(title, "MASE", trained, lambda each: each.valid_mase)
    if not chart.lines:
        return []
    naive = _by_epoch("", "", trained, lambda each: each.naive_mase).lines[:1]
    return [replace(chart, lines=(*chart.lines, *(Line("seasonal naive", line.y, "ideal") for line in naive)))]


def _epochs(trained: Trained) -> Table:
    rows = [
        (run, each.epoch, each.loss, each.gradient_norm, each.gradient_norm_95, 100 * each.clipped, each.lr)
        for run, told in trained.reports.items()
        for each in told
    ]
    names = ("run", "epoch", "loss", "gradient norm", "95th percentile", "clipped, %", "learning rate")
    return Table("Every epoch", names, rows, folded=True)


def _memory(trained: Trained) -> Section | None:
    """Return the influence of past values, through the state and through the frame, averaged over lead times."""
    if (curve := trained.memory) is None:
        return None
    found, lags = curve.influence, curve.shown
    parts = {"state": found.state, "frame": found.frame, "window": found.window}
    means = {name: part[:lags].mean(1) for name, part in parts.items()}
    floor = LEAST * max(float(mean.max(initial=0)) for mean in means.values())
    lines = tuple(
        Line(f"through the {name}", np.where(mean > floor, mean, np.nan).tolist(), f"c{i}")
        for i, (name, mean) in enumerate(means.items())
        if (mean > floor).any()
    )
    title = f"Influence of a value on the forecast, by how many {curve.noun} ago it came"
    chart = Chart(title, f"{curve.noun} ago", "influence", list(range(lags)), lines, log="y")
    words = f"{curve.sentence[:1].upper()}{curve.sentence[1:]}."
    return Section("memory", "Memory", (Text(words), *([chart] if lines else []), Text(f"Of {curve.basis}.", "note")))


def _ledger(trained: Trained) -> Section | None:
    """Return the gradient by lag of a few epochs of each run, if any was measured."""
    lines: list[Line] = []
    measured = {run: [each for each in told if each.gradient_by_lag] for run, told in trained.reports.items()}
    lags = sorted({lag for told in measured.values() for each in told for lag in each.gradient_by_lag if lag > 0})
    for run, told in measured.items():
        few = MEASURED if len(measured) <= FEW_RUNS else 1
        for place in dict.fromkeys(np.linspace(len(told) - 1, 0, min(few, len(told))).astype(int).tolist()):
            by_lag = told[place].gradient_by_lag
            values = [by_lag.get(lag, float("nan")) for lag in lags]
            lines.append(Line(f"{run}, epoch {told[place].epoch}", values, f"c{len(lines) % ROLES}"))
    if not lines:
        return None
    words = Text(
        "How much the loss at a step depends on the state k steps before: the norm of that gradient. Where it falls to "
        "nothing, training cannot learn from what lies further back (it vanishes); where it rises, it explodes."
    )
    chart = Chart("Norm of the gradient by lag", "steps back", "norm", lags, tuple(lines), log="xy", points=True)
    return Section("ledger", "Gradient ledger", (words, chart))


def _data(trained: Trained) -> Section:
    return data_section(trained.panel, trained.path)


def _settings(trained: Trained) -> Section:
    rows = [(f"--{choice.name}", choice.value, choice.reason) for choice in trained.choices]
    table = Table("What was decided, and why", ("setting", "value", "why"), rows)
    versions = Table("Versions", ("", ""), list(trained.forecaster.versions.items()))
    return Section("settings", "Settings", (table, versions))


SECTIONS = (_scores, _forecasts, _training, _memory, _ledger, _data, _settings)

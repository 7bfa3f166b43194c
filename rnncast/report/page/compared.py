"""Report of `compare`: is the net worth it here, and why?"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.config import Config
from rnncast.evaluate.findings import Findings
from rnncast.evaluate.scores import Comparison, overall
from rnncast.evaluate.significance import ALPHA
from rnncast.evaluate.verdict import TIE, Duel, Verdict
from rnncast.plain import counted
from rnncast.report.comparison import near_best, title_of
from rnncast.report.page.blocks import Block, Chart, Line, Page, Section, Table, Text
from rnncast.report.page.parts import MOST_TRACKS, asked_table, data_section, tracks_section
from rnncast.report.page.series import Drawn, Track, Tracks, drawn
from rnncast.report.tables import p_in_words
from rnncast.series.panel import Panel
from rnncast.values import Values

ROLES = 7  # colours of lines
TOLD = ("season", "horizon", "origins", "series")  # in the title of the table, since they are the same for all
RULE = (
    f"The rule: a win is a mean MASE lower by more than {100 * TIE:g} % than that of every baseline and of the better "
    f"naive forecast, with p < {ALPHA:g}. Differences are paired and tested over series and over origins; the larger p "
    "counts, times the number of models judged (Bonferroni). Every candidate saw the same past at each origin."
)
APART = "Origins lie a horizon apart, so that forecasts do not overlap."
OVERLAPPING = (
    "Forecasts overlap: one from an origin reaches the next {}, and the test over origins allows for as many "
    "autocovariances (Diebold and Mariano 1995; Harvey, Leybourne and Newbold 1997)."
)


class Compared(NamedTuple):
    """A comparison: what was compared, what was asked for, and what was found."""

    panel: Panel
    path: str
    config: Config
    findings: Findings

    @property
    def found(self) -> Comparison:
        """Scores of the comparison."""
        assert self.findings.comparison is not None
        return self.findings.comparison

    @property
    def names(self) -> list[str]:
        """Names of the candidates, the judged one first, then by rank."""
        ranked = [score.name for score in self.found.scores]
        first = self.findings.verdict.model if self.findings.verdict else ranked[0]
        return [first, *(name for name in ranked if name != first)]


def compared_page(compared: Compared, command: str) -> Page:
    """Return the whole report on everything finished."""
    verdict = compared.findings.verdict
    lead = verdict.sentence if verdict else "Nothing could be judged."
    if compared.findings.unfinished:
        to_come = counted(compared.findings.unfinished, "forecast was", "forecasts were")
        lead += f" Interrupted: {to_come} still to come."
    tone = "lead verdict win" if verdict and verdict.win else "lead verdict"
    whole = compared.findings.comparison is not None
    sections = [make(compared) for make in (SECTIONS if whole else (_data, _settings))]
    return Page(f"rnncast compare: {compared.path}", lead, command, tone, tuple(sections))


def _verdict(compared: Compared) -> Section:
    findings, found = compared.findings, compared.found
    verdict = findings.verdict
    kept = [i for i, name in enumerate(findings.names) if name not in TOLD]
    rows = [[row[i] for i in kept] for row in findings.rows]
    table = Table(title_of(found, verdict), [findings.names[i] for i in kept], rows, bar="mase")
    near = [Text(near_best(found))] if found.critical is not None else []
    origins = OVERLAPPING.format(counted(found.lags, "origin")) if found.lags else APART
    reasons: list[Block] = [_reasons(found, verdict), Text(f"{RULE} {origins}")] if verdict else []
    return Section("verdict", "Scores and reasons", (table, *near, *reasons))


def _reasons(found: Comparison, verdict: Verdict) -> Table:
    units = len(found.losses(verdict.model))
    rows = [
        (
            duel.rival,
            100 * duel.margin,
            p_in_words(duel.p),
            p_in_words(duel.by_step_p),
            f"{duel.ahead} of {units}",
            _outcome(duel),
        )
        for duel in verdict.duels
    ]
    names = ("against", "MASE lower by, %", "p", "p (Diebold-Mariano, by step)", f"ahead on {found.units}", "so")
    return Table(f"The reasons: {verdict.model} against each", names, rows)


def _outcome(duel: Duel) -> str:
    if duel.p is None:
        return "too few to tell"
    if duel.won or duel.lost:
        return "better" if duel.won else "worse"
    return "too little to matter" if duel.sure else "may be chance"


def _leads(compared: Compared) -> Section:
    found = compared.found
    lines = tuple(Line(name, found[name].by_lead.tolist(), f"c{i % ROLES}") for i, name in enumerate(compared.names))
    chart = Chart(
        "Mean scaled error (MASE) by lead time: lower is better",
        "lead time",
        "MASE",
        list(range(1, found.horizon + 1)),
        lines,
        points=True,
    )
    return Section("leads", "Error by lead time", (chart,))


def _coverage(compared: Compared) -> Section:
    found = compared.found
    levels = list(found.levels)
    covered = {name: [overall(each) for each in found[name].covered] for name in compared.names}
    lines = tuple(
        Line(name, shares, f"c{i % ROLES}")
        for i, (name, shares) in enumerate(covered.items())
        if np.isfinite(shares).any()
    )
    if not lines:
        return Section("coverage", "Coverage by level", (Text("None of the candidates gave intervals."),))
    chart = Chart(
        "Share of values within each interval, by its level: on the diagonal, coverage equals the level",
        "level, %",
        "covered, %",
        levels,
        (Line("as it should be", levels, "ideal"), *lines),
        unit=" %",
        points=True,
    )
    return Section("coverage", "Coverage by level", (chart,))


def _forecasts(compared: Compared) -> Section:
    panel, found, names = compared.panel, compared.found, compared.names
    scores = [found[name].by_series for name in names]
    chosen = _chosen(scores[0])
    ahead: dict[str, list[Drawn]] = {panel.ids[s]: [] for s in chosen}
    for outcome in compared.findings.outcomes:
        if outcome.candidate in names:
            for s, series in enumerate(outcome.forecast.ids):
                if series in ahead:
                    ahead[series].append(drawn(outcome.forecast, s, names.index(outcome.candidate)))
    tracks = tuple(
        Track(
            panel.columns.label(panel.ids[s]),
            *panel[s][1:],
            tuple(ahead[panel.ids[s]]),
            tuple(float(each[s]) for each in scores),
        )
        for s in chosen
    )

    def written(positions: NDArray[np.int64]) -> Iterable[object]:
        return list(panel.columns.written(panel.frequency.times(positions)))

    shown = Tracks(tracks, tuple(names), panel.columns, written, (found.season,), found.horizon, len(panel))
    title = f"{panel.columns.target}: observed values, and forecasts from each origin; intervals of {names[0]}"
    return tracks_section(title, shown)


def _chosen(scores: Values) -> list[int]:
    """Return the series to draw: all; of very many, some evenly spaced by score."""
    order = np.argsort(scores, kind="stable")
    places = np.linspace(0, len(order) - 1, min(len(order), MOST_TRACKS)).astype(int)
    return sorted(order[places].tolist())


def _data(compared: Compared) -> Section:
    found = compared.findings.comparison
    scores = None if found is None else (f"MASE of {compared.names[0]}", found[compared.names[0]].by_series)
    return data_section(compared.panel, compared.path, scores)


def _settings(compared: Compared) -> Section:
    blocks: list[Block] = []
    if (found := compared.findings.comparison) is not None:
        levels = ", ".join(f"{level:g}" for level in found.levels) or "none"
        facts = [
            ("horizon", f"{found.horizon}"),
            ("season (m of MASE)", f"{found.season}"),
            ("origins", f"{found.origins}"),
            ("levels, %", levels),
        ]
        blocks.append(Table("What was compared", ("", ""), facts))
    return Section("settings", "Settings", (*blocks, asked_table(compared.config)))


SECTIONS = (_verdict, _leads, _coverage, _forecasts, _data, _settings)

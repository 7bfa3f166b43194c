"""Table of a comparison."""

from rich import box
from rich.console import Group
from rich.table import Table

from rnncast.evaluate.findings import Findings
from rnncast.evaluate.scores import Comparison, Score, overall
from rnncast.evaluate.verdict import Verdict
from rnncast.report.bars import Bars
from rnncast.report.tables import number


def comparison_table(findings: Findings, bars: bool = False) -> Group:
    """Return a row for each candidate, the best first; the ranks not distinguishable from the best; and the verdict.

    bars: whether to show bars of MASE above the verdict.
    """
    found, verdict = findings.comparison, findings.verdict
    assert found is not None
    table = Table(
        box=box.SIMPLE_HEAD, pad_edge=False, title=title_of(found, verdict), title_justify="left", title_style="dim"
    )
    table.add_column("model", style="bold", no_wrap=True)
    level = found.levels[0] if found.levels else None
    within = [f"in {level:g} %"] if level else []
    tested = ["p"] if verdict else []
    for name in ("MASE", "rank", "skill %", "MAE", *within, *tested, "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    for score in found.scores:
        table.add_row(score.name, *_cells(found, score), *_tested(verdict, score), f"{score.seconds:.1f}")
    near = [near_best(found)] if found.critical is not None else []
    drawn: list[Bars | str] = [_bars(found, verdict), ""] if bars else []
    return Group(table, *near, *drawn, *([verdict.sentence] if verdict else []))


def title_of(found: Comparison, verdict: Verdict | None) -> str:
    """Return what was compared, over what, in a line."""
    across = f", {found.series} series" if found.series > 1 else ""
    tested = f", p against {verdict.model}" if verdict else ""
    origins = f"{found.origins} origins" if found.origins > 1 else "1 origin"
    return f"horizon {found.horizon}, {origins}{across}, MASE with m = {found.season}{tested}"


def _bars(found: Comparison, verdict: Verdict | None) -> Bars:
    scores = {score.name: score.mean for score in found.scores}
    return Bars("MASE (lower is better)", scores, verdict.model if verdict else None)


def _cells(found: Comparison, score: Score) -> list[str]:
    skill = f"{100 * found.skill(score, found.reference):.0f}" if found.reference else ""
    covered = overall(score.covered[0]) if found.levels else None
    within = [] if covered is None else ["" if covered != covered else f"{100 * covered:.0f} %"]
    return [f"{score.mean:.3f}", f"{score.rank:.2f}", skill, number(overall(score.mae)), *within]


def _tested(verdict: Verdict | None, score: Score) -> list[str]:
    if verdict is None:
        return []
    duel = verdict.duel(score.name)
    return ["" if duel is None else p_in_words(duel.p)]


def p_in_words(p: float | None) -> str:
    """Return a p-value with three decimals; empty if there is none."""
    return "" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def near_best(found: Comparison) -> str:
    """Return which candidates are not distinguishable from the best by their ranks."""
    names = ", ".join(found.near_best)
    return f"Ranks less than {found.critical:.2f} apart may be chance (MCB, 95 %): near the best are {names}."

"""Table of a comparison."""

from rich import box
from rich.console import Group

from rnncast.evaluate.findings import Findings
from rnncast.evaluate.scores import Comparison, Score, overall
from rnncast.evaluate.verdict import Verdict
from rnncast.report.bars import Bars
from rnncast.report.fitting import FittingTable
from rnncast.report.numbers import column_format
from rnncast.report.tables import p_in_words
from rnncast.settings import AUTO


def comparison_table(findings: Findings, bars: bool = False, digits: str = AUTO) -> Group:
    """Return a row for each candidate, the best first; the ranks not distinguishable from the best; and the verdict.

    bars: whether to show bars of MASE above the verdict.
    """
    found, verdict = findings.comparison, findings.verdict
    assert found is not None
    table = FittingTable(
        box=box.SIMPLE_HEAD, pad_edge=False, title=title_of(found, verdict), title_justify="left", title_style="dim"
    )
    table.add_column("model", style="bold", no_wrap=True)
    level = found.levels[0] if found.levels else None
    within = [f"in {level:g} %"] if level else []
    tested = ["p"] if verdict else []
    table.folded, table.needed = 1, 2 + len(tested)
    for name in ("MASE", *tested, "skill %", "MAE", *within, "rank", "seconds"):
        table.add_column(name, justify="right", no_wrap=True)
    mase = column_format((score.mean for score in found.scores), digits)
    mae = column_format((overall(score.mae) for score in found.scores), digits)
    for score in found.scores:
        errors = f"{score.mean:.3f}" if digits == AUTO else mase(score.mean), mae(overall(score.mae))
        cells = [*_tested(verdict, score), *_cells(found, score, errors[1])]
        table.add_row(score.name, errors[0], *cells, f"{score.rank:.2f}", f"{score.seconds:.1f}")
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


def _cells(found: Comparison, score: Score, mae: str) -> list[str]:
    skill = f"{100 * found.skill(score, found.reference):.0f}" if found.reference else ""
    covered = overall(score.covered[0]) if found.levels else None
    within = [] if covered is None else ["" if covered != covered else f"{covered:.0f} %"]
    return [skill, mae, *within]


def _tested(verdict: Verdict | None, score: Score) -> list[str]:
    if verdict is None:
        return []
    duel = verdict.duel(score.name)
    return ["" if duel is None else p_in_words(duel.p)]


def near_best(found: Comparison) -> str:
    """Return which candidates are not distinguishable from the best by their ranks."""
    names = ", ".join(found.near_best)
    return f"Ranks less than {found.critical:.2f} apart may be chance (MCB, 95 %): near the best are {names}."

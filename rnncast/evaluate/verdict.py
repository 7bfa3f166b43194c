"""One sentence that answers: is the net worth it here?"""

from typing import NamedTuple

from rnncast.evaluate.backtest import Comparison, Score

TIE = 0.01  # relative difference of mean MASE that is called a tie


class Verdict(NamedTuple):
    """win: the model is ahead of every rival, by more than a tie and on more than half of the origins."""

    win: bool
    sentence: str


def judge(comparison: Comparison, model: str, baseline: str) -> Verdict:
    """Compare the model with a baseline, and with the better of the naive forecasts."""
    naive = next(s.name for s in comparison.scores if s.name in ("naive", "seasonal-naive"))
    rivals = [name for name in dict.fromkeys((baseline, naive)) if name != model]
    ours = comparison[model]
    won = {rival: _beats(ours, comparison[rival]) for rival in rivals}
    win = all(won.values())
    if win:
        margins = " and ".join(f"{_words(r)} by {_margin(ours, comparison[r])}" for r in rivals)
        return Verdict(True, f"{model} beats {margins} (mean MASE; {_origins(ours, comparison, rivals)}).")
    best = comparison.scores[0].name
    if best in ("naive", "seasonal-naive"):
        return Verdict(False, f"The {_words(best)} forecast is the best of all here: no net is worth its training.")
    if not won[rivals[0]]:
        return Verdict(False, _no_evidence(ours, comparison[rivals[0]], comparison))
    return Verdict(
        False,
        f"{model} beats {_words(rivals[0])} by {_margin(ours, comparison[rivals[0]])}, "
        f"but is not clearly better than {_words(naive)}.",
    )


def _beats(ours: Score, theirs: Score) -> bool:
    return _skill(ours, theirs) > TIE and _wins(ours, theirs) > len(ours.mase) / 2


def _skill(ours: Score, theirs: Score) -> float:
    return float(1 - ours.mase.mean() / theirs.mase.mean())


def _wins(ours: Score, theirs: Score) -> int:
    return int((ours.mase < theirs.mase).sum())


def _margin(ours: Score, theirs: Score) -> str:
    return f"{_skill(ours, theirs):.0%}".replace("%", " %")


def _origins(ours: Score, comparison: Comparison, rivals: list[str]) -> str:
    counts = [_wins(ours, comparison[rival]) for rival in rivals]
    total = f"{comparison.origins} origins" if comparison.origins > 1 else "1 origin"
    each = " and ".join(str(count) for count in dict.fromkeys(counts))
    return f"ahead on {each} of {total}"


def _no_evidence(ours: Score, theirs: Score, comparison: Comparison) -> str:
    other = "memory" if theirs.name == "window" else ours.name
    ahead = ours if _skill(ours, theirs) > 0 else theirs
    behind = theirs if ahead is ours else ours
    margin = _margin(ahead, behind)
    where = _origins(ahead, comparison, [behind.name])
    return (
        f"No evidence that {other} helps here: {_words(ahead.name)} is {margin} ahead of {_words(behind.name)} "
        f"(mean MASE; {where})."
    )


def _words(name: str) -> str:
    return name.replace("-", " ")

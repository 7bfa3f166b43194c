"""Verdict of a comparison in a sentence: is the net worth it here?"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from rnncast.evaluate.scores import Comparison
from rnncast.evaluate.significance import ALPHA, FEWEST
from rnncast.runtime.registry import NETS

TIE = 0.01  # relative difference of mean MASE that is negligible
FEW = 6  # units, below which only a large and steady difference can be seen
MEMORYLESS = "window"  # the net without a state
NAIVE = ("naive", "seasonal-naive")


class Contrast(NamedTuple):
    """Difference between a net and the one without a state: its name, the thing that helps or does not, and the
    reason."""

    name: str
    helps: str
    reason: str


LEARNT_STATE = Contrast(
    "learnt state",
    "a learnt state",
    "{} and {} see the same frame, which looks back too: what differs is a learnt state.",
)
MEMORY = Contrast("memory", "memory", "{} and {} see nothing beyond their window: what differs is memory.")


class Sides(NamedTuple):
    """Names of the models that are judged and of the baselines they must beat, with what is known of those that are
    nets.

    nets: the kind of each net. frames: what distinguishes the frames of two. pure: nets whose frame says nothing about
    the time before the window. given: candidates whose forecasts were made elsewhere, at their own origins.
    """

    models: tuple[str, ...]
    baselines: tuple[str, ...]
    nets: Mapping[str, str]
    frames: Mapping[str, object] = MappingProxyType({})
    pure: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()

    @property
    def more(self) -> str:
        """Request that would give more evidence, if origins are few."""
        return "forecasts from more origins" if self.given else "more --folds"

    def contrast(self, model: str, rival: str) -> Contrast | None:
        """Return what differs between a model and a rival; None if that is more than a state, or less."""
        if model not in self.nets or self.nets.get(rival) != MEMORYLESS or self.nets[model] == MEMORYLESS:
            return None
        if self.frames.get(model) != self.frames.get(rival):
            return None
        return MEMORY if model in self.pure else LEARNT_STATE


@dataclass(frozen=True)
class Duel:
    """Judged model against another candidate.

    margin: relative reduction of mean MASE; p: of no difference, None if that cannot be tested; by_step_p: of the
    Diebold-Mariano test over all steps, for a single series only; ahead: number of units in which the model is ahead.
    """

    rival: str
    margin: float
    p: float | None
    by_step_p: float | None
    ahead: int

    @property
    def sure(self) -> bool:
        """True if the difference is more than chance."""
        return self.p is not None and self.p < ALPHA

    @property
    def won(self) -> bool:
        """True if the model is better by more than chance and more than a tie."""
        return self.sure and self.margin > TIE

    @property
    def lost(self) -> bool:
        """True if the rival is better by more than chance and more than a tie."""
        return self.sure and self.margin < -TIE


@dataclass(frozen=True)
class Verdict:
    """Outcome of a comparison. win: the model beats all its rivals.

    model: the one judged; duels: with every other candidate. contrast: the difference from a net without a state that
    it faces; None without one.
    """

    win: bool
    sentence: str
    model: str
    duels: tuple[Duel, ...]
    contrast: str | None = None

    def duel(self, rival: str) -> Duel | None:
        """Return the duel with a rival; None for the model itself."""
        return next((duel for duel in self.duels if duel.rival == rival), None)


def judge(comparison: Comparison, sides: Sides) -> Verdict:
    """Judge the best of the models against all baselines and the better of the naive forecasts.

    The rule: differences of MASE are paired, and tested by `paired_p` over series, each averaged over its origins, and
    over origins, each averaged over its series. The larger p counts, so that neither a few odd series nor luck shared
    by all series is taken for skill; fewer than three of a kind are not tested. It is multiplied by the number of
    models, because the best of several is judged (Bonferroni). A win over a rival needs a mean MASE smaller by more
    than 1 %, and p < 0.05; a win must be over every rival, so no correction for their number is needed. With fewer than
    three of both kinds there is no evidence, however large the difference.

    Origins lie a horizon apart, so that forecasts do not overlap: in origins they are one step ahead, and the
    Diebold-Mariano test has no lags. The same test over all steps of all origins, with horizon - 1 lags, calls equal
    candidates different two to three times too often with so few origins (tests/test_significance.py); it is reported
    (`by_step_p`) but decides nothing.
    """
    order = [score.name for score in comparison.scores]
    model = min(sides.models, key=order.index)
    duels = tuple(_duel(comparison, model, rival, len(sides.models)) for rival in order if rival != model)
    naive = [name for name in order if name in NAIVE and name != model][:1]
    rivals = [name for name in dict.fromkeys((*sides.baselines, *naive)) if name != model]
    faced = [duel for name in rivals for duel in duels if duel.rival == name]
    win = all(duel.won for duel in faced)
    sentence = _sentence(comparison, model, faced, sides)
    for rival in rivals:
        if contrast := sides.contrast(model, rival):
            return Verdict(win, f"{sentence} {contrast.reason.format(model, rival)}", model, duels, contrast.name)
    return Verdict(win, sentence, model, duels)


def _duel(comparison: Comparison, model: str, rival: str, models: int) -> Duel:
    p, by_step = comparison.p(model, rival), comparison.by_step_p(model, rival)
    ours, theirs = comparison.losses(model), comparison.losses(rival)
    return Duel(
        rival,
        comparison.skill(comparison[model], comparison[rival]),
        None if p is None else min(1.0, p * models),
        by_step,
        int((ours < theirs).sum()),
    )


def _sentence(comparison: Comparison, model: str, faced: list[Duel], sides: Sides) -> str:
    units = len(comparison.losses(model))
    counted = f"{units} {comparison.units}" if units > 1 else f"1 {comparison.units.removesuffix('s')}"
    if any(duel.p is None for duel in faced):
        nearest = faced[0]
        return (
            f"No verdict: {model} is {margin_in_words(nearest)} {_words(nearest.rival)}, but {counted} cannot tell "
            f"skill from chance; {'give' if sides.given else 'ask for'} {sides.more}."
        )
    shared = f" So few origins do not show what all series share: {sides.more}." if comparison.origins < FEWEST else ""
    won, lost = [duel for duel in faced if duel.won], [duel for duel in faced if duel.lost]
    beaten = " and ".join(f"{_words(duel.rival)} by {percent(duel.margin)} ({p_in_words(duel)})" for duel in won)
    if len(won) == len(faced):
        ahead = " and ".join(str(count) for count in dict.fromkeys(duel.ahead for duel in won))
        return f"{model} beats {beaten}; it is ahead on {ahead} of {counted}.{shared}"
    if lost:
        asked = [duel for duel in lost if duel.rival in sides.given]
        worst = min(asked or lost, key=lambda duel: duel.margin)
        margin = percent(1 - 1 / (1 - worst.margin))  # of the rival over the model
        moral = _moral(sides, model, worst.rival)
        beside = _beside(sides, model, [duel for duel in faced if duel is not worst])
        where = f"{p_in_words(worst)}, {counted}"
        return f"{_words(worst.rival)} beats {model} by {margin} ({where}): {moral}.{shared}{beside}"
    open_ = next(duel for duel in faced if not duel.won)
    contrast = sides.contrast(model, open_.rival)
    question = f"{contrast.helps} helps here" if contrast else f"{model} is better than {_words(open_.rival)}"
    start = f"{model} beats {beaten}, but there is no evidence" if won else "No evidence"
    found = f"{'it' if won else model} is {margin_in_words(open_)} {_words(open_.rival)}"
    reason = "too little to matter" if open_.sure else "which may be chance"
    simpler = f"; {_words(open_.rival)} is simpler" if _is_simpler(sides, open_.rival, model) else ""
    fewest = min((n, kind) for n, kind in _kinds(comparison) if n >= FEWEST)
    few = f" So few {fewest[1]} show only large, steady differences: {sides.more}." if fewest[0] < FEW else ""
    beside = _beside(sides, model, [duel for duel in faced if duel is not open_ and not duel.won])
    where = f"{p_in_words(open_)}, ahead on {open_.ahead} of {counted}"
    return f"{start} that {question}: {found} ({where}), {reason}{simpler}.{few}{beside}"


def _beside(sides: Sides, model: str, faced: list[Duel]) -> str:
    """Return how a model compares with rivals whose forecasts were made elsewhere, and are therefore of interest."""
    words = ""
    for duel in faced:
        if duel.rival in sides.given:
            chance = "" if duel.won or duel.lost else ", too little to matter" if duel.sure else ", which may be chance"
            words += f" {model} is {margin_in_words(duel)} {duel.rival} ({p_in_words(duel)}){chance}."
    return words


def _kinds(comparison: Comparison) -> list[tuple[int, str]]:
    return [(comparison.origins, "origins"), (comparison.series, "series")]


def _moral(sides: Sides, model: str, rival: str) -> str:
    """Return the conclusion if a rival is better."""
    if contrast := sides.contrast(model, rival):
        return f"{contrast.helps} does not help here"
    nets = sides.nets
    if rival in sides.given:
        return f"{rival} forecasts better here"
    return f"{model} does not help here" if model not in nets or rival in nets else "no net is worth its training here"


def _is_simpler(sides: Sides, rival: str, model: str) -> bool:
    """Return whether a rival is simpler than a net, by the order of the registry.

    Anything but a net is simpler than any net, except forecasts made elsewhere, whose source is unknown.
    """
    places, net = list(NETS), sides.nets.get(model)
    if net is None or rival in sides.given:
        return False
    return rival not in sides.nets or places.index(sides.nets[rival]) < places.index(net)


def margin_in_words(duel: Duel) -> str:
    """Return how far a model is ahead of another, or behind."""
    side = "ahead of" if duel.margin >= 0 else "behind"
    return f"{percent(abs(duel.margin))} {side}"


def percent(part: float) -> str:
    """Return a part of a whole."""
    return f"{100 * part:.0f} %" if abs(part) >= TIE or part == 0 else f"{100 * part:.1f} %"


def p_in_words(duel: Duel) -> str:
    """Return the p-value of a duel that has one."""
    assert duel.p is not None
    return small_p_in_words(duel.p) if duel.p < 0.1 else f"p = {duel.p:.2f}"


def small_p_in_words(p: float) -> str:
    """Return a p-value that matters to three decimals."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def _words(name: str) -> str:
    return name.replace("-", " ") if name in NAIVE else name

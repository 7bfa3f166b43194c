"""Choice of the net to train if that is left open (`--model auto`, `--segment auto`), by a comparison on held-out
origins."""

from dataclasses import replace
from typing import NamedTuple

from rnncast.choices.decide import resolve
from rnncast.choices.effort import FEW_SERIES
from rnncast.config import ANY_NET, BY_TRIAL, SCRATCH, Config
from rnncast.errors import DataError, InterruptedTrainingError
from rnncast.evaluate.compare import Entry, Plan, Told, compare_candidates
from rnncast.evaluate.verdict import MEMORYLESS, Duel
from rnncast.plain import counted
from rnncast.runtime.registry import NETS
from rnncast.series.panel import Panel

RECURRENT = "lstm"  # the net that must prove better than the one without a state
EACH_STEP = "at each step"


class Picked(NamedTuple):
    """Config with a net named, and the reasons."""

    config: Config
    reason: str


def picked(panel: Panel, config: Config, device: str = "auto", told: Told = lambda done, total, words: None) -> Picked:
    """Choose the net of a config, or its segments, or both.

    The net is the LSTM if it is clearly better than the window net, by the rule of `compare`, else the window net, as
    the simpler. Its segments are a season long if its mean error is not larger with them than without: they are faster.
    Each choice compares two nets at the last origins of the panel; with many series, or little time, both are trained
    at the first of these only. Half of `max_time` is spent on it. Raises InterruptedTrainingError if it is stopped,
    UsageError and DataError as `compare_candidates`; too few rows to compare choose the simpler.
    """
    reasons = []
    if config.net.model == ANY_NET:
        whole = replace(config, net=replace(config.net, segment=None))
        net, reason = _net(panel, whole, device, told)
        config = replace(config, net=replace(config.net, model=net), train=_half(config).train)
        reasons.append(f"net {net}: {reason}")
    if config.net.segment == BY_TRIAL:
        segment, reason = _segment(panel, config, device, told)
        config = replace(config, net=replace(config.net, segment=segment), train=_half(config).train)
        reasons.append(f"segment {segment}: {reason}")
    return Picked(config, "; ".join(reasons))


def _net(panel: Panel, config: Config, device: str, told: Told) -> tuple[str, str]:
    """Return the net, and why."""
    why = f"{MEMORYLESS} is the simplest net, and nothing"
    try:
        duel = _duel(panel, config.with_model(RECURRENT), Entry(RECURRENT), Entry(MEMORYLESS), device, told)
    except DataError as error:
        return MEMORYLESS, f"{why} can be compared: {error.message}"
    if duel is None:
        return MEMORYLESS, f"{why} could be scored"
    found = f"{RECURRENT} is {_margin(duel)} than {MEMORYLESS}{_sure(duel)}"
    if duel.won:
        return RECURRENT, found
    return MEMORYLESS, found if duel.lost else f"{found}, which is no evidence; {MEMORYLESS} is simpler"


def _segment(panel: Panel, config: Config, device: str, told: Told) -> tuple[int, str]:
    """Return the steps of a segment, and why."""
    # the nets alone, not mixed
    alone = replace(config.net, segment=None, linear="none")
    whole = replace(config, net=alone, train=replace(config.train, start=SCRATCH))
    spec = resolve(whole, panel)
    season = min(spec.task.season, spec.frame.window)
    if not NETS[spec.net.model].recurrent or season == 1:
        return 1, f"{spec.net.model} has no segments" if season > 1 else "there is no season"
    name = f"in segments of {counted(season, 'step')}"
    segmented = replace(whole, net=replace(alone, segment=season))
    try:
        duel = _duel(panel, whole, Entry(name, segmented), Entry(EACH_STEP, whole), device, told)
    except DataError as error:
        return 1, f"nothing can be compared: {error.message}"
    if duel is None:
        return 1, "nothing could be scored"
    return season if duel.margin >= 0 else 1, f"{name} it is {_margin(duel)} than {EACH_STEP}{_sure(duel)}"


def _duel(panel: Panel, config: Config, one: Entry, other: Entry, device: str, told: Told) -> Duel | None:
    """Compare one candidate with another; None if they could not be scored."""
    limit = config.train.max_time
    if limit is not None:
        config = _limited(config, limit / 4)
        one, other = (replace(each, config=each.config and _limited(each.config, limit / 4)) for each in (one, other))
    once = limit is not None or len(panel) >= FEW_SERIES
    findings = compare_candidates(panel, config, Plan((one,), (other,), refit=not once, device=device), told)
    if findings.unfinished:
        raise InterruptedTrainingError("interrupted before anything was learnt: nothing was written")
    return None if findings.verdict is None else findings.verdict.duel(other.name)


def _limited(config: Config, seconds: float) -> Config:
    return replace(config, train=replace(config.train, max_time=seconds))


def _half(config: Config) -> Config:
    """Return a config with half of its time, which the comparison has not used."""
    return config if config.train.max_time is None else _limited(config, config.train.max_time / 2)


def _margin(duel: Duel) -> str:
    return f"{abs(100 * duel.margin):.1f} % {'better' if duel.margin > 0 else 'worse'}"


def _sure(duel: Duel) -> str:
    return "" if duel.p is None else f", p = {duel.p:.2g}"

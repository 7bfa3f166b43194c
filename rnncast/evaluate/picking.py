"""Choice of the net to train if that is left open (`--model auto`), by the rule of evidence of `compare`."""

from dataclasses import replace
from typing import NamedTuple

from rnncast.choices.effort import FEW_SERIES
from rnncast.config import Config
from rnncast.errors import DataError, InterruptedTrainingError
from rnncast.evaluate.compare import Entry, Plan, Told, compare_candidates
from rnncast.evaluate.verdict import MEMORYLESS
from rnncast.series.panel import Panel

RECURRENT = "lstm"  # the net that must prove better than the one without a state


class Picked(NamedTuple):
    """Config with a net named, and the reason."""

    config: Config
    reason: str


def picked(panel: Panel, config: Config, device: str = "auto", told: Told = lambda done, total, words: None) -> Picked:
    """Choose the net of a config: the LSTM if it is clearly better than the window net, else the window net, as the
    simpler.

    Both forecast from the last origins of the panel, as in `compare`; with many series, or little time, they are
    trained at the first of these only. Half of `max_time` is spent on this. Raises InterruptedTrainingError if it is
    stopped, UsageError and DataError as `compare_candidates`; if there are too few rows to compare, it chooses the
    window net.
    """
    limit = config.train.max_time
    tried = config.with_model(RECURRENT)
    if limit is not None:
        tried = replace(tried, train=replace(tried.train, max_time=limit / 4))
        config = replace(config, train=replace(config.train, max_time=limit / 2))
    once = limit is not None or len(panel) >= FEW_SERIES
    plan = Plan((Entry(RECURRENT),), (Entry(MEMORYLESS),), refit=not once, device=device)
    simpler = config.with_model(MEMORYLESS)
    try:
        findings = compare_candidates(panel, tried, plan, told)
    except DataError as error:
        return Picked(simpler, f"{MEMORYLESS} is the simplest net, and nothing can be compared: {error.message}")
    if findings.unfinished:
        raise InterruptedTrainingError("interrupted before anything was learnt: nothing was written")
    duel = None if findings.verdict is None else findings.verdict.duel(MEMORYLESS)
    if duel is None:
        return Picked(simpler, f"{MEMORYLESS} is the simplest net, and nothing could be scored")
    sure = "" if duel.p is None else f", p = {duel.p:.2g}"
    side = "better" if duel.margin > 0 else "worse"
    found = f"{RECURRENT} is {abs(100 * duel.margin):.1f} % {side} than {MEMORYLESS}{sure}"
    if duel.won:
        return Picked(config.with_model(RECURRENT), found)
    return Picked(simpler, found if duel.lost else f"{found}, which is no evidence; {MEMORYLESS} is simpler")

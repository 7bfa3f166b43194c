"""Is the best of some forecasts better than the others by more than chance? As `judge` tests nets: paired, over series
and over origins.

G origins of series, O origins that series share, S series.
"""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from rnncast.errors import UsageError
from rnncast.evaluate.laid import Numbered
from rnncast.evaluate.measured import Origins, ScoredModel
from rnncast.evaluate.scores import by_unit, overall, panel_p
from rnncast.evaluate.verdict import Duel, margin_in_words, p_in_words, percent
from rnncast.plain import counted as in_words
from rnncast.series import metrics
from rnncast.values import Values


class Tested(NamedTuple):
    """Tests of models against the best.

    p: of no difference from the best, by model, for those that can be tested. sentence: the answer."""

    p: Mapping[str, float]
    sentence: str


def tested_best(origins: Origins, models: Mapping[str, ScoredModel], numbered: Numbered, series: int) -> Tested:
    """Test the best model against each other one, on the values that all of them forecast, in MASE, or in MAE without
    that.

    p is multiplied by the number of the others (Bonferroni). Raises UsageError if there is only one model.
    """
    if len(models) < 2:
        raise UsageError(
            f"--test compares forecasts, and there is one: {next(iter(models))}",
            hint="name another table, or one with a column for each model: mine.csv theirs.csv --test",
        )
    everywhere = ~np.any([np.isnan(model.point) for model in models.values()], axis=0)
    actual = np.where(everywhere, origins.actual, np.nan)
    scaled = {name: metrics.mase(actual, model.point, origins.scale) for name, model in models.items()}
    absolute = {name: metrics.mae(actual, model.point) for name, model in models.items()}
    of_each, metric = (absolute, "MAE") if any(np.isnan(each).all() for each in scaled.values()) else (scaled, "MASE")
    losses = {name: _by_origin(each, origins, numbered, series) for name, each in of_each.items()}
    means = {name: overall(each) for name, each in losses.items()}
    best, *others = sorted(means, key=lambda name: (np.isnan(means[name]), means[name]))
    scored = ~np.isnan(losses[best])
    counts = {"series": int(scored.any(axis=0).sum()), "origins": int(scored.any(axis=1).sum())}
    units = max(counts, key=lambda unit: counts[unit])
    duels = []
    for rival in others:
        p = panel_p(losses[best] - losses[rival], numbered.lags)
        ahead = int((by_unit(losses[best] - losses[rival], units) < 0).sum())
        margin = 1 - means[best] / means[rival] if means[rival] else 0.0
        duels.append(Duel(rival, margin, None if p is None else min(1.0, p * len(others)), None, ahead))
    known = {duel.rival: duel.p for duel in duels if duel.p is not None}
    return Tested(known, _sentence(best, duels, metric, counts))


def _by_origin(values: Values, origins: Origins, numbered: Numbered, series: int) -> Values:
    """Return values [G] by the origins that series share [O, S], NaN where there is none."""
    laid = np.full((int(numbered.numbers.max()) + 1, series), np.nan)
    laid[numbered.numbers, origins.series] = values
    return laid


def _sentence(best: str, duels: list[Duel], metric: str, counts: Mapping[str, int]) -> str:
    units = max(counts, key=lambda unit: counts[unit])
    counted = f"{counts['series']} series" if units == "series" else in_words(counts["origins"], "origin")
    near = duels[0]
    if not counts["origins"]:
        return "No verdict: none of these forecasts share an origin and a time; --test needs values that all forecast."
    if near.p is None:
        few = f"{in_words(counts['origins'], 'origin')} of {counts['series']} series"
        return (
            f"No verdict: {best} is {margin_in_words(near)} {near.rival} in {metric}, but {few} cannot tell skill from "
            "chance; give forecasts from more origins, with a column cutoff, or of more series."
        )
    won, open_ = [duel for duel in duels if duel.won], [duel for duel in duels if not duel.won]
    beaten = " and ".join(f"{duel.rival} by {percent(duel.margin)} ({p_in_words(duel)})" for duel in won)
    if not open_:
        ahead = " and ".join(str(count) for count in dict.fromkeys(duel.ahead for duel in won))
        return f"{best} beats {beaten} in {metric}; it is ahead on {ahead} of {counted}."
    others = "; ".join(
        f"{best} is {margin_in_words(duel)} {duel.rival} in {metric} ({p_in_words(duel)}, ahead on {duel.ahead} of "
        f"{counted}), {'too little to matter' if duel.sure else 'which may be chance'}"
        for duel in open_
    )
    if won:
        return f"{best} beats {beaten}, but is not clearly better than {_all(open_)}: {others}."
    return f"{'Neither' if len(duels) == 1 else 'None'} is clearly better: {others}."


def _all(duels: list[Duel]) -> str:
    return " and ".join(duel.rival for duel in duels)

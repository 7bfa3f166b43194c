"""Share of the pretrained net in the forecast, decided by the accuracy of all candidates at held-out origins.

Candidates are the pretrained net and the nets trained from scratch, or their base forecast. The weight of each is its
likelihood: if errors are Laplace, n horizons held out with mean errors a and b have a likelihood of a^-n under the one
and of b^-n under the other. One horizon hardly moves the weights; a hundred leave only the better. Those of several
series at one origin count as the root of their number, and the pretrained net starts from odds of 3 to 1
(docs/generality.md). A like rule decides how far the pretrained net is finetuned: its weights lie between those of the
package and those that it has learnt (Wortsman et al. 2022, Robust fine-tuning of zero-shot models).

S series, H steps, Q quantiles.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from rnncast.choices.effort import FEW, LONG, SMALL_PANEL
from rnncast.choices.start import ODDS
from rnncast.config import VALIDATION
from rnncast.decided import UNLIMITED
from rnncast.frame.frame import Frame
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Weights
from rnncast.training.validation import Validation
from rnncast.values import Values

ALONE, NONE = 1.0, 0.0  # shares of the pretrained net
LEAST = 0.1  # share that is worth stepping another net for
PRETRAINED, FINETUNED, MEAN = "pretrained_mase", "finetuned_mase", "mean_mase"  # scores
SCRATCH, BASE = "scratch_mase", "base_mase"


Pretrained = Mapping[float, Weights]  # the weights of the pretrained net, by how far it is finetuned: 0, 1 or both


@dataclass(frozen=True)
class Shares:
    """Forecasts [S, H, Q] of the pretrained net and of the trained ones at each held-out origin, and the choice.

    finetuned: how far the pretrained net is finetuned, from 0 to 1; named: the scores by their names in a model;
    chosen: the share of the pretrained net.
    """

    validation: Validation
    learnt: list[Values]
    trained: list[Values]
    finetuned: float
    named: Mapping[str, float]
    chosen: float

    @classmethod
    def of(cls, validation: Validation, trained: list[Values], pretrained: Pretrained, name: str = SCRATCH) -> "Shares":
        """Compare the candidates, from trained nets' forecasts at the origins of a validation and weights of the
        pretrained net. name: of the trained nets' score."""
        judge = validation.of_pretrained()
        each = {finetuned: judge.quantiles(weights) for finetuned, weights in pretrained.items()}
        scores = {finetuned: judge.score_of(quantiles) for finetuned, quantiles in each.items()}
        if len(each) == 1:
            (finetuned,) = each
        else:
            finetuned = chosen_share(scores[1.0], scores[0.0], validation.horizons)
        learnt = each[finetuned] if finetuned in each else judge.quantiles(blended(pretrained, finetuned))
        of_trained = validation.score_of(trained)
        chosen = chosen_share(validation.score_of(learnt), of_trained, validation.independent, ODDS)
        named = {name_of_score(finetuned=each > 0): score for each, score in scores.items()} | {name: of_trained}
        return cls(validation, learnt, trained, finetuned, named | {"finetuned": finetuned}, chosen)

    def quantiles(self, share: float) -> list[Values]:
        """Return the forecasts [S, H, Q] at each origin, given the share of the pretrained net."""
        if share in (ALONE, NONE):
            return self.learnt if share == ALONE else self.trained
        frame = Frame.of(self.validation.spec)
        return [
            frame.restore(share * frame.transform(ours) + (1 - share) * frame.transform(theirs))
            for ours, theirs in zip(self.learnt, self.trained, strict=True)
        ]

    def scores(self, share: float, quantiles: list[Values]) -> dict[str, float]:
        """Return the scores of a model, by their names in it, given the pretrained net's share and its forecasts."""
        score = self.validation.score_of(quantiles)
        mean = {MEAN: score} if NONE < share < ALONE else {}
        return {"mase": score, **self.named, **mean, "pretrained": share}


def blended(pretrained: Pretrained, finetuned: float) -> Weights:
    """Return the weights of the pretrained net, finetuned as far as given."""
    if finetuned in pretrained:
        return dict(pretrained[finetuned])
    return {
        name: weight + np.float32(finetuned) * (pretrained[1.0][name] - weight)
        for name, weight in pretrained[0.0].items()
    }


def name_of_score(*, finetuned: bool) -> str:
    """Return the name in a model of the pretrained net's own score."""
    return FINETUNED if finetuned else PRETRAINED


def finetuning_pays(panel: Panel, spec: ModelSpec) -> bool:
    """Return whether the finetuned net is a candidate: if there are enough values to learn from, few enough to be
    cheap, and no time limit."""
    return LONG <= len(panel.y) <= SMALL_PANEL and spec.train.max_time == UNLIMITED


def trains_none(panel: Panel, spec: ModelSpec) -> bool:
    """Return whether validation decides between the pretrained net and the base forecast, and no net is trained."""
    return spec.train.start == VALIDATION and len(panel.y) <= FEW


def chosen_share(learnt: float, trained: float, horizons: float, odds: float = 1.0) -> float:
    """Return the share of what was learnt before, by its error and that of what was trained, over n horizons, and its
    odds before these."""
    if learnt == trained or not (math.isfinite(learnt) or math.isfinite(trained)):
        return odds / (1 + odds)
    if min(learnt, trained) <= 0 or not (math.isfinite(learnt) and math.isfinite(trained)):
        return ALONE if learnt < trained else NONE
    logarithm = max(horizons, 1) * math.log(trained / learnt) + math.log(odds)
    share = 0.5 * (1 + math.tanh(0.5 * logarithm))  # o b^-n / (o a^-n + b^-n)
    return ALONE if share > 1 - LEAST else NONE if share < LEAST else share

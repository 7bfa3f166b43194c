"""Share of the pretrained net in the forecast, decided by the accuracy of all candidates at held-out origins.

Candidates are the pretrained net, as it is or finetuned, whichever has the lower score, the nets trained from scratch,
and the mean of both. The mean is taken unless one alone is clearly better: with n horizons held out over all series, an
error exp(1/n) times as large has a likelihood 1/e of the other's, under Laplace errors, and counts as not
distinguishable (as in `choices.best_base`).

S series, H steps, Q quantiles.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rnncast.choices.effort import DOUBT, SMALL_PANEL
from rnncast.decided import UNLIMITED
from rnncast.frame.frame import Frame
from rnncast.runtime.members import weight_shapes
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Weights
from rnncast.training.validation import Validation
from rnncast.values import Values

ALONE, BOTH, NONE = 1.0, 0.5, 0.0  # shares of the pretrained net
PRETRAINED, FINETUNED, MEAN, SCRATCH = "pretrained_mase", "finetuned_mase", "mean_mase", "scratch_mase"  # scores


@dataclass(frozen=True)
class Shares:
    """Forecasts [S, H, Q] at each held-out origin for each share of the pretrained net, with their scores and the
    choice.

    finetuned: whether the pretrained net is finetuned; named: the scores by their names in a model.
    """

    quantiles: Mapping[float, list[Values]]
    scores: Mapping[float, float]
    chosen: float
    finetuned: bool
    named: Mapping[str, float]

    @classmethod
    def of(cls, validation: Validation, trained: list[Values], pretrained: Mapping[bool, Weights]) -> "Shares":
        """Compare the candidates, from trained nets' forecasts at the origins of a validation and weights of the
        pretrained net.

        pretrained: its weights, by whether they are finetuned.
        """
        frame = Frame.of(validation.spec)
        each = {tuned: validation.of_pretrained().quantiles(weights) for tuned, weights in pretrained.items()}
        alone = {tuned: validation.score_of(quantiles) for tuned, quantiles in each.items()}
        finetuned = min(alone, key=lambda tuned: alone[tuned])
        learnt = each[finetuned]
        mean = [
            frame.restore(BOTH * frame.transform(ours) + (1 - BOTH) * frame.transform(theirs))
            for ours, theirs in zip(learnt, trained, strict=True)
        ]
        quantiles = {ALONE: learnt, BOTH: mean, NONE: trained}
        scores = {share: validation.score_of(found) for share, found in quantiles.items()}
        named = {name_of_score(finetuned=tuned): score for tuned, score in alone.items()}
        named |= {MEAN: scores[BOTH], SCRATCH: scores[NONE]}
        return cls(quantiles, scores, chosen_share(scores, validation.horizons), finetuned, named)


def name_of_score(*, finetuned: bool) -> str:
    """Return the name in a model of the pretrained net's own score."""
    return FINETUNED if finetuned else PRETRAINED


def finetuning_pays(panel: Panel, spec: ModelSpec) -> bool:
    """Return whether the finetuned net is a candidate: if few values make it cheap, and there is no time limit."""
    return len(panel.y) <= SMALL_PANEL and spec.train.max_time == UNLIMITED


def chosen_share(scores: Mapping[float, float], horizons: int) -> float:
    """Return the share of the best candidate alone if the mean is clearly worse, else that of the mean. horizons: n."""
    best = min((ALONE, NONE), key=lambda share: scores[share])
    if not math.isfinite(scores[BOTH]) or scores[BOTH] <= 0:
        return BOTH
    if scores[best] <= 0:
        return best
    return best if math.log(scores[BOTH] / scores[best]) > 1 / max(horizons, 1) else BOTH


def taken_early(validation: Validation | None, spec: ModelSpec) -> bool:
    """Return whether the pretrained net is chosen before any other is trained.

    It is if nothing can be held out, so that there is as little to learn from as to judge by; and if a trained net
    would be shrunk more than half-way to the naive forecast, and the mean with that is clearly worse.
    """
    if validation is None:
        return True
    if len(validation.seen.y) > DOUBT:
        return False
    judge = replace(validation, spec=spec.of_members(1))
    untrained = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(judge.spec).items()}
    return Shares.of(judge, judge.quantiles(untrained), {False: {}}).chosen == ALONE

"""How much of the forecast is to be the pretrained net's, by what it and the trained nets forecast at held-out origins.

Candidates are the pretrained net, as it is or finetuned, whichever has the lower score, the nets trained from scratch,
and the mean of both. The mean is taken unless one alone is clearly better: with n horizons held back, of all series
together, an error exp(1/n) times as large has a likelihood 1/e of the other's, under Laplace errors, and is not told
from it (as `choices.best_base` has it).

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
    """What each share of the pretrained net forecasts at each held-out origin [S, H, Q], its score, and the one that is
    chosen; whether the pretrained net is finetuned; and the scores by the names that they have in a model."""

    quantiles: Mapping[float, list[Values]]
    scores: Mapping[float, float]
    chosen: float
    finetuned: bool
    named: Mapping[str, float]

    @classmethod
    def of(cls, validation: Validation, trained: list[Values], pretrained: Mapping[bool, Weights]) -> "Shares":
        """The candidates, from what trained nets forecast at the origins of a validation, and weights of the pretrained
        net, by whether they are finetuned."""
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
    """The name that the score of the pretrained net alone has in a model."""
    return FINETUNED if finetuned else PRETRAINED


def finetuning_pays(panel: Panel, spec: ModelSpec) -> bool:
    """Whether the finetuned net is a candidate: where there are so few values that it costs little, and where time is
    not short."""
    return len(panel.y) <= SMALL_PANEL and spec.train.max_time == UNLIMITED


def chosen_share(scores: Mapping[float, float], horizons: int) -> float:
    """The share of the best candidate alone where the mean is clearly worse, else that of the mean. horizons: n."""
    best = min((ALONE, NONE), key=lambda share: scores[share])
    if not math.isfinite(scores[BOTH]) or scores[BOTH] <= 0:
        return BOTH
    if scores[best] <= 0:
        return best
    return best if math.log(scores[BOTH] / scores[best]) > 1 / max(horizons, 1) else BOTH


def taken_early(validation: Validation | None, spec: ModelSpec) -> bool:
    """Whether the pretrained net is taken before any other is trained.

    It is where nothing can be held back, so that there is as little to learn from as to judge by; and where a trained
    net would be shrunk more than half-way to the naive forecast, if the mean with that is clearly worse.
    """
    if validation is None:
        return True
    if len(validation.seen.y) > DOUBT:
        return False
    judge = replace(validation, spec=spec.of_members(1))
    untrained = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(judge.spec).items()}
    return Shares.of(judge, judge.quantiles(untrained), {False: {}}).chosen == ALONE

"""How much of the forecast is to be the pretrained net's, by what it and the trained nets forecast at held-out origins.

Candidates are the pretrained net, the trained nets and the mean of both. The mean is taken unless one alone is clearly
better: with n horizons held back, of all series together, an error exp(1/n) times as large has a likelihood 1/e of the
other's, under Laplace errors, and is not told from it (as `choices.best_base` has it).

S series, H steps, Q quantiles.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from rnncast.choices.effort import DOUBT
from rnncast.frame.frame import Frame
from rnncast.runtime.members import weight_shapes
from rnncast.spec import ModelSpec
from rnncast.training.validation import Validation
from rnncast.values import Values

ALONE, BOTH, NONE = 1.0, 0.5, 0.0  # shares of the pretrained net
NAMES = {ALONE: "pretrained_mase", BOTH: "mean_mase", NONE: "scratch_mase"}  # of their scores


@dataclass(frozen=True)
class Shares:
    """What each share of the pretrained net forecasts at each held-out origin [S, H, Q], its score, and the one that is
    chosen."""

    quantiles: Mapping[float, list[Values]]
    scores: Mapping[float, float]
    chosen: float

    @classmethod
    def of(cls, validation: Validation, trained: list[Values]) -> "Shares":
        """The candidates, from what trained nets forecast at the origins of a validation."""
        learnt, frame = validation.of_pretrained().quantiles({}), Frame.of(validation.spec)
        mean = [
            frame.restore(BOTH * frame.transform(ours) + (1 - BOTH) * frame.transform(theirs))
            for ours, theirs in zip(learnt, trained, strict=True)
        ]
        quantiles = {ALONE: learnt, BOTH: mean, NONE: trained}
        scores = {share: validation.score_of(each) for share, each in quantiles.items()}
        return cls(quantiles, scores, chosen_share(scores, validation.horizons))

    @property
    def named(self) -> dict[str, float]:
        """The scores by the names that they have in a model."""
        return {NAMES[share]: score for share, score in self.scores.items()}


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
    return Shares.of(judge, judge.quantiles(untrained)).chosen == ALONE

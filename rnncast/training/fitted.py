"""Result of training: weights, shrunk and calibrated on held-out origins, and the share of the pretrained net.

No torch, so that the pretrained net can be fitted without it. S series, H steps, Q quantiles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from rnncast.config import VALIDATION
from rnncast.errors import InterruptedTrainingError
from rnncast.interruption import Interruption
from rnncast.runtime.head import shrunk
from rnncast.runtime.members import member_prefix, weight_shapes
from rnncast.runtime.pretrained import named_weights, package_weights
from rnncast.runtime.runtime import CONFORMAL, WIDTHS
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Best, Weights
from rnncast.training.copula import learnt_copula
from rnncast.training.regression import LinearShare, linear_weights
from rnncast.training.shares import (
    ALONE,
    BASE,
    Pretrained,
    Shares,
    blended,
    finetuning_pays,
    name_of_score,
    trains_none,
)
from rnncast.training.validation import Validation
from rnncast.values import Values

Finetune = Callable[[Panel, ModelSpec], Weights]  # finetunes the pretrained net on a panel


@dataclass(frozen=True)
class Fitted:
    """Weights of all nets, their spec, and the scores of runs without the end of the data."""

    spec: ModelSpec
    weights: Weights
    scores: dict[str, float]
    interruption: Interruption | None = None


def fitted_early(panel: Panel, spec: ModelSpec, finetune: Finetune) -> Fitted | None:
    """Return the model of an encoded panel if no net is to be trained from scratch, else None.

    It is the pretrained net alone, as it is or finetuned, if that is asked for or nothing can be held out; or that and
    the base forecast, if validation decides and values are few.
    """
    validation = Validation.of(panel, spec) if spec.train.validate else None
    if spec.net.members and validation is not None:
        return _beside_base(panel, spec, validation) if trains_none(panel, spec) else None
    if spec.net.members and spec.train.start != VALIDATION:
        return None
    finetuned = float(spec.net.finetuned)
    alone = spec.with_share(0, 1.0, finetuned=spec.net.finetuned)
    weights = {**_learnt(panel, alone, finetuned, finetune)}
    if validation is None:
        return Fitted(alone, weights | learnt_copula(panel, alone, weights), {})
    try:
        quantiles = validation.of_pretrained().quantiles(_learnt(validation.seen, alone, finetuned, finetune))
    except InterruptedTrainingError as error:  # what is kept has learnt all, and is neither judged nor calibrated
        error.rescued = Fitted(alone, weights, {}, Interruption("training", 1, 1, 1, 1))
        raise
    scores = {**validation.facts, "mase": validation.score_of(quantiles), "shrinkage": 0.0}
    scores |= {name_of_score(finetuned=spec.net.finetuned): scores["mase"], "pretrained": 1.0}
    weights |= _factors(panel, validation, quantiles)
    return Fitted(alone, weights | learnt_copula(panel, alone, weights), scores)


def _beside_base(panel: Panel, spec: ModelSpec, validation: Validation) -> Fitted:
    """Return the pretrained net and the base forecast, which an untrained net gives, weighted."""
    one = replace(spec.of_members(1), train=replace(spec.train, epochs=0))
    untrained: Weights = {name: np.zeros(shape, np.float32) for name, shape in weight_shapes(one).items()}
    learnt = named_weights(package_weights())
    validation = replace(validation, spec=one)
    found = Shares.of(validation, validation.quantiles(untrained), {0.0: learnt}, BASE)
    quantiles = found.quantiles(found.chosen)
    scores = {**validation.facts, "shrinkage": 0.0, **found.scores(found.chosen, quantiles)}
    made = one.with_share(0 if found.chosen == ALONE else 1, found.chosen)
    weights = {**(untrained if made.net.members else {}), **(learnt if found.chosen else {})}
    weights |= _factors(panel, validation, quantiles)
    return Fitted(made, weights | learnt_copula(panel, made, weights), scores)


def fitted(
    panel: Panel,
    spec: ModelSpec,
    nets: Sequence[Best],
    judged: tuple[Validation | None, Sequence[Best]],
    finetune: Finetune | None = None,
) -> Fitted:
    """Return the trained nets, shrunk, mixed with the pretrained net and calibrated as the judged ones decide.

    finetune: finetunes the pretrained net, if that is a candidate.
    """
    weights, scores, factors = together(nets), dict[str, float](), dict[str, Any]()
    shrinkage, share, finetuned = spec.train.shrinkage, spec.net.pretrained, float(spec.net.finetuned)
    validation, seen_less = judged
    if validation is not None and seen_less:
        found = judgement(panel, spec, validation, seen_less, finetune)
        scores, shrinkage, share, finetuned = found.scores, found.shrinkage, found.share, found.finetuned
        spec = spec.with_linear(found.linear)
        factors = _factors(panel, validation, found.quantiles)
    if share == 1:
        weights, spec = dict[str, Any](), spec.with_linear(0.0)
    spec = spec.with_share(0 if share == 1 else spec.net.members, share, finetuned=share > 0 and finetuned > 0)
    learnt = _learnt(panel, spec, finetuned, finetune) if share else {}
    linear = linear_weights(panel, spec) if spec.net.linear else {}
    weights = {**shrunk(weights, shrinkage), **linear, **learnt, **factors}
    return Fitted(spec, weights | learnt_copula(panel, spec, weights), scores)


class Judgement(NamedTuple):
    """Conclusions from nets that have not seen the end of the data for those that have.

    They are the scores, the shrinkage, the share of the pretrained net and how far that is finetuned, the share of the
    linear forecast; and the resulting forecasts [S, H, Q] at each origin.
    """

    scores: dict[str, float]
    shrinkage: float
    share: float
    finetuned: float
    linear: float
    quantiles: list[Values]


def judgement(
    panel: Panel, spec: ModelSpec, validation: Validation, nets: Sequence[Best], finetune: Finetune | None
) -> Judgement:
    """Judge nets that were trained on the values before all origins of a panel; arguments as in `fitted`."""
    share, finetuned = spec.net.pretrained, float(spec.net.finetuned)
    validation = replace(validation, spec=validation.spec.of_members(len(nets)))
    unshrunk = together(nets)
    shrinkage, score = validation.shrinkage(unshrunk)
    quantiles = validation.quantiles(shrunk(unshrunk, shrinkage))
    scores = {**validation.facts, "mase": score, "shrinkage": shrinkage}
    linear = 0.0
    if spec.net.lags:
        mixed = LinearShare.of(validation, quantiles)
        quantiles, linear, scores = mixed.quantiles, mixed.share, scores | mixed.scores
    if share or spec.train.start == VALIDATION:
        found = Shares.of(validation, quantiles, _offered(panel, validation.seen, spec, finetune))
        share, finetuned = found.chosen if spec.train.start == VALIDATION else share, found.finetuned
        quantiles = found.quantiles(share)
        scores |= found.scores(share, quantiles)
    return Judgement(scores, shrinkage, share, finetuned, linear, quantiles)


def _offered(panel: Panel, seen: Panel, spec: ModelSpec, finetune: Finetune | None) -> Pretrained:
    """Return the weights of the pretrained net that are judged, finetuned on the values before all origins."""
    either = spec.train.start == VALIDATION and finetune is not None and finetuning_pays(panel, spec)
    kinds = (0.0, 1.0) if either else (float(spec.net.finetuned),)
    return {finetuned: _learnt(seen, spec, finetuned, finetune) for finetuned in kinds}


def _learnt(panel: Panel, spec: ModelSpec, finetuned: float, finetune: Finetune | None) -> Weights:
    """Return the weights of the pretrained net, finetuned as far as given, by their names in a model."""
    as_it_is = named_weights(package_weights())
    if finetune is None or not finetuned:
        return as_it_is
    return blended({0.0: as_it_is, 1.0: finetune(panel, spec.with_share(0, 1.0, finetuned=True))}, finetuned)


def together(members: Sequence[Best]) -> Weights:
    """Return the weights of all members by their names in a model."""
    named = enumerate(members)
    return {member_prefix(number) + name: weight for number, best in named for name, weight in best.weights.items()}


def _factors(panel: Panel, validation: Validation, quantiles: Sequence[Any]) -> dict[str, Any]:
    if not validation.spec.task.conformal:
        return {}
    factors, own = validation.factors_of(quantiles, panel.ids)
    return {CONFORMAL: factors} | ({WIDTHS: own} if (own != 1).any() else {})

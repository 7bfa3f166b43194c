"""Result of training: weights, shrunk and calibrated on held-out origins, and the share of the pretrained net.

No torch, so that the pretrained net can be fitted without it. S series, H steps, Q quantiles.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from rnncast.config import VALIDATION
from rnncast.runtime.head import shrunk
from rnncast.runtime.members import member_prefix
from rnncast.runtime.pretrained import named_weights, package_weights
from rnncast.runtime.runtime import CONFORMAL
from rnncast.series.panel import Panel
from rnncast.spec import Interruption, ModelSpec
from rnncast.training.checkpoint import Best, Weights
from rnncast.training.copula import learnt_copula
from rnncast.training.regression import LinearShare, linear_weights
from rnncast.training.shares import Shares, finetuning_pays, name_of_score, taken_early
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


def fitted_alone(panel: Panel, spec: ModelSpec, finetune: Finetune) -> Fitted | None:
    """Return the pretrained net alone, as it is or finetuned, calibrated on an encoded panel.

    None if nets are to be trained from scratch: unless it is all that is asked for, or validation takes it without
    looking at other nets.
    """
    if spec.net.members and spec.train.start != VALIDATION:
        return None
    finetuned = spec.net.finetuned
    alone = spec.with_share(0, 1.0, finetuned=finetuned)
    validation = Validation.of(panel, spec) if spec.train.validate else None
    if spec.net.members and not taken_early(validation, spec):
        return None
    weights = {**_learnt(panel, alone, finetune)}
    if validation is None:
        return Fitted(alone, weights | learnt_copula(panel, alone, weights), {})
    quantiles = validation.of_pretrained().quantiles(_learnt(validation.seen, alone, finetune))
    scores = {**validation.facts, "mase": validation.score_of(quantiles), "shrinkage": 0.0}
    scores |= {name_of_score(finetuned=finetuned): scores["mase"], "pretrained": 1.0}
    weights |= _factors(validation, quantiles)
    return Fitted(alone, weights | learnt_copula(panel, alone, weights), scores)


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
    shrinkage, share, finetuned = spec.train.shrinkage, spec.net.pretrained, spec.net.finetuned
    validation, seen_less = judged
    if validation is not None and seen_less:
        found = judgement(panel, spec, validation, seen_less, finetune)
        scores, shrinkage, share, finetuned = found.scores, found.shrinkage, found.share, found.finetuned
        spec = spec.with_linear(found.linear)
        factors = _factors(validation, found.quantiles)
    if share == 1:
        weights, spec = dict[str, Any](), spec.with_linear(0.0)
    spec = spec.with_share(0 if share == 1 else spec.net.members, share, finetuned=finetuned and share > 0)
    learnt = _learnt(panel, spec, finetune) if share else {}
    linear = linear_weights(panel, spec) if spec.net.linear else {}
    weights = {**shrunk(weights, shrinkage), **linear, **learnt, **factors}
    return Fitted(spec, weights | learnt_copula(panel, spec, weights), scores)


class Judgement(NamedTuple):
    """Conclusions from nets that have not seen the end of the data for those that have.

    They are the scores, the shrinkage, the share of the pretrained net and whether that is finetuned, the share of the
    linear forecast; and the resulting forecasts [S, H, Q] at each origin.
    """

    scores: dict[str, float]
    shrinkage: float
    share: float
    finetuned: bool
    linear: float
    quantiles: list[Values]


def judgement(
    panel: Panel, spec: ModelSpec, validation: Validation, nets: Sequence[Best], finetune: Finetune | None
) -> Judgement:
    """Judge nets that were trained on the values before all origins of a panel; arguments as in `fitted`."""
    share, finetuned = spec.net.pretrained, spec.net.finetuned
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
        quantiles = found.quantiles[share]
        scores |= {"mase": found.scores[share], **found.named, "pretrained": share}
    return Judgement(scores, shrinkage, share, finetuned, linear, quantiles)


def _offered(panel: Panel, seen: Panel, spec: ModelSpec, finetune: Finetune | None) -> dict[bool, Weights]:
    """Return the weights of the pretrained net that are judged, by whether they are finetuned on the values before all
    origins."""
    either = spec.train.start == VALIDATION and finetune is not None and finetuning_pays(panel, spec)
    kinds = (False, True) if either else (spec.net.finetuned,)
    return {tuned: _learnt(seen, spec.with_share(0, 1.0, finetuned=tuned), finetune) for tuned in kinds}


def _learnt(panel: Panel, spec: ModelSpec, finetune: Finetune | None) -> Weights:
    """Return the weights of the pretrained net, by their names in a model."""
    return finetune(panel, spec) if finetune is not None and spec.net.finetuned else named_weights(package_weights())


def together(members: Sequence[Best]) -> Weights:
    """Return the weights of all members by their names in a model."""
    named = enumerate(members)
    return {member_prefix(number) + name: weight for number, best in named for name, weight in best.weights.items()}


def _factors(validation: Validation, quantiles: Sequence[Any]) -> dict[str, Any]:
    if not validation.spec.task.conformal:
        return {}
    return {CONFORMAL: validation.factors_of(quantiles)}

"""Kinds of members: which segments the members of an ensemble have is decided on held-out origins.

The errors of nets that update their state at each step are not those of nets that update it once a season. On some
data the mean of both is better than either; on others one of them is worse by more than the mean gains
(docs/accuracy.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from rnncast.frame.frame import Frame
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Best
from rnncast.training.fitted import together
from rnncast.training.shares import chosen_share
from rnncast.training.validation import Validation

INPUT = "net.weight_ih_l0"  # weight of the inputs
LIKELY = 0.65  # of a choice that replaces another
SCORES = ("first_segment_mase", "second_segment_mase", "both_segments_mase")


class Chosen(NamedTuple):
    """Spec whose members have the chosen segments, the validation of its kinds of nets, judged nets of these, and the
    scores of all candidates by their names in a model."""

    spec: ModelSpec
    validation: Validation
    nets: list[Best]
    scores: Mapping[str, float]


def chosen_kinds(spec: ModelSpec, validation: Validation, nets: Sequence[Best]) -> Chosen:
    """Choose the first segment, the second, or both, by the error at the origins of a validation.

    Both must be about twice as likely as the first, and the second as these, if errors are Laplace as in `shares`.
    nets: judged, one for each span of the level and segment, in the order of members.
    """
    frame, each = Frame.of(spec), [spec.with_segments((segment,)) for segment in spec.net.segment]
    own = [nets_of(spec, one, nets) for one in each]
    first, second = (
        replace(validation, spec=one.of_members(len(kept))).quantiles(together(kept))
        for one, kept in zip(each, own, strict=True)
    )
    both = [frame.restore((frame.transform(a) + frame.transform(b)) / 2) for a, b in zip(first, second, strict=True)]
    scores = dict(zip(SCORES, map(validation.score_of, (first, second, both)), strict=True))
    best = SCORES[0]
    for other in (SCORES[2], SCORES[1]):
        if chosen_share(scores[other], scores[best], validation.independent) > LIKELY:
            best = other
    made = dict(zip(SCORES, (*each, spec), strict=True))[best]
    return Chosen(made, replace(validation, spec=made.of_members(made.kinds)), nets_of(spec, made, nets), scores)


def nets_of(spec: ModelSpec, chosen: ModelSpec, nets: Sequence[Best]) -> list[Best]:
    """Return those of the nets of all kinds of a spec that one with some of its segments has."""
    kinds = [spec.kind_of(member) for member in range(spec.pairs)]
    kept = [nets[kinds.index(chosen.kind_of(member))] for member in range(chosen.kinds)]
    if max(chosen.net.segment) > 1:
        return kept
    # Alone, nets that step everywhere have no place in a segment for an input, which is always 0.
    return [net._replace(weights={**net.weights, INPUT: net.weights[INPUT][:, :-1]}) for net in kept]

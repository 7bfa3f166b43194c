"""Model files of format 1, converted to the present format. No other module knows format 1.

Its header held one Config whose open settings had been filled in, with `trust`, from 0 for the naive forecast to 1 for
the net's, where format 2 has `shrinkage`. It did not record what had been asked for, nor name the base forecasts.

The state of the frame was stored once for each span of the level: `state.frame.level` [S] and `state.frame.sums` [S, 6]
for the first, `state.frame1.level` and so on for the others. With long spans, fewer values were stored than the base
forecasts look back.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.decided import UNLIMITED
from rnncast.errors import UsageError
from rnncast.frame.baselines import baselines_of
from rnncast.frame.frame import Frame
from rnncast.plain import fits, shown, table
from rnncast.spec import ModelSpec

FORMAT = 1
_SECTIONS = ("task", "net", "train")
# Settings missing in the first files of format 1.
_LATER = {"conformal": True, "loss": "pinball", "carry": True, "stride": 1, "calendar": [], "covariates": [0, 0, 0]}
_ALWAYS: dict[str, Any] = {"constants": []}  # fields of later formats: every frame was local before
_ROLES = ("known", "past", "static")  # of covariates, in the order of their widths
_GONE = ("preset", "trust", "covariates")
_FRAME = "state.frame"
_OF_SPANS = ("level", "sums")
_REMEMBERED = {"history": np.nan, "covariates": 0.0}  # with the padding before the start

Tensors = dict[str, NDArray[Any]]


def upgraded(header: Mapping[str, Any], tensors: Tensors) -> tuple[dict[str, Any], Tensors]:
    """Return header and tensors in the present format, and the number of this one.

    Raises UsageError or ValueError, naming the field, if they are invalid.
    """
    spec, scores = _spec(header), header.get("scores")
    if isinstance(scores, Mapping) and "trust" in scores:
        others = {name: score for name, score in scores.items() if name != "trust"}
        scores = others | {"shrinkage": _shrinkage(scores["trust"])}
    plain = {"config": spec.to_config().to_dict(), "spec": spec.to_dict()}
    new = {**header, **plain, "scores": scores, "format": FORMAT}
    return new, _tensors(tensors, Frame.of(spec).lookback)


def _spec(header: Mapping[str, Any]) -> ModelSpec:
    config = table(header.get("config"), _SECTIONS, _SECTIONS, "section")
    old: dict[str, Any] = dict(_LATER)
    for name in _SECTIONS:
        old |= table(config[name], config[name] if isinstance(config[name], Mapping) else (), (), "setting")
    kept = {name: value for name, value in old.items() if name not in _GONE}
    new: dict[str, Any] = {
        **dict(zip(_ROLES, _widths(old["covariates"]), strict=True)),
        **{name: _several(old[name]) for name in ("level_span", "base") if name in old},
        **{name: 1 for name in ("stride", "members") if old.get(name) is None},
        "max_time": UNLIMITED if old.get("max_time") is None else old["max_time"],
        "patience": 0 if old.get("patience") is None else old["patience"],
        "shrinkage": _shrinkage(old.get("trust")),
        **_ALWAYS,
    }
    provisional = ModelSpec.of_fields({**kept, **new, "baselines": ["last-1"]})
    frame = provisional.frame
    names = baselines_of(provisional.task.seasons, frame.level_span, known=frame.known > 0)
    return replace(provisional, frame=replace(frame, baselines=names))


def _tensors(tensors: Tensors, lookback: int) -> Tensors:
    """Return the tensors with `lookback` values stored. Raises ValueError if those of the spans do not match each
    other."""
    spans = [_FRAME]
    while f"{_FRAME}{len(spans)}.level" in tensors:
        spans.append(f"{_FRAME}{len(spans)}")
    old = {f"{span}.{name}" for span in spans for name in _OF_SPANS}
    if missing := sorted(old - tensors.keys()):
        raise ValueError(f"the tensor {missing[0]} is missing")
    new = {name: tensor for name, tensor in tensors.items() if name not in old}
    for name in _OF_SPANS:
        each = [tensors[f"{span}.{name}"] for span in spans]
        if min(part.ndim for part in each) < 1:
            raise ValueError(f"the tensor {_FRAME}.{name} has no axis for the series")
        new[f"{_FRAME}.{name}"] = np.stack(each, 1)
    for name, nothing in _REMEMBERED.items():
        kept = tensors.get(f"{_FRAME}.{name}")
        if kept is not None and kept.ndim > 1 and kept.shape[1] < lookback < 2 * kept.shape[1]:
            fresh = np.full((len(kept), lookback - kept.shape[1], *kept.shape[2:]), nothing, kept.dtype)
            new[f"{_FRAME}.{name}"] = np.concatenate((fresh, kept), 1)
    return new


def _widths(covariates: Any) -> list[Any]:
    if not isinstance(covariates, list) or len(covariates) != len(_ROLES):
        raise UsageError(f"the setting 'covariates' cannot be {shown(covariates)}")
    return covariates


def _several(value: Any) -> list[Any]:
    """Return a value as a list; older files held a single one."""
    return value if isinstance(value, list) else [value]


def _shrinkage(trust: Any) -> float:
    if not fits(trust, float):
        raise UsageError(f"the setting 'trust' cannot be {shown(trust)}")
    shrinkage: float = 1 - trust
    return shrinkage

"""Model files of format 1: their header, as format 2 has it. Nothing else knows of format 1.

It held one Config whose open settings had been filled in, with `trust`, how far forecasts go from the naive one (0) to
the net's (1), where format 2 has `shrinkage`; and it did not say what had been asked.
"""

from collections.abc import Mapping
from typing import Any

from rnncast.config import ROLES
from rnncast.errors import UsageError
from rnncast.plain import fits, shown, table
from rnncast.spec import UNLIMITED, ModelSpec

FORMAT = 1
_SECTIONS = ("task", "net", "train")
# Settings that the first files of format 1 lack.
_LATER = {"conformal": True, "loss": "pinball", "carry": True, "stride": 1, "calendar": [], "covariates": [0, 0, 0]}
_GONE = ("preset", "trust", "covariates")


def upgraded(header: Mapping[str, Any]) -> dict[str, Any]:
    """The header as format 2 has it, and the number of this format. UsageError, by name, if it makes no sense."""
    config = table(header.get("config"), _SECTIONS, _SECTIONS, "section")
    old: dict[str, Any] = dict(_LATER)
    for name in _SECTIONS:
        old |= table(config[name], config[name] if isinstance(config[name], Mapping) else (), (), "setting")
    kept = {name: value for name, value in old.items() if name not in _GONE}
    new: dict[str, Any] = {
        **dict(zip(ROLES, _widths(old["covariates"]), strict=True)),
        **{name: _several(old[name]) for name in ("level_span", "base") if name in old},
        **{name: 1 for name in ("stride", "members") if old.get(name) is None},
        "max_time": UNLIMITED if old.get("max_time") is None else old["max_time"],
        "patience": 0 if old.get("patience") is None else old["patience"],
        "shrinkage": _shrinkage(old.get("trust")),
    }
    spec = ModelSpec.of_fields({**kept, **new})
    scores = header.get("scores")
    if isinstance(scores, Mapping) and "trust" in scores:
        others = {name: score for name, score in scores.items() if name != "trust"}
        scores = others | {"shrinkage": _shrinkage(scores["trust"])}
    plain = {"config": spec.to_config().to_dict(), "spec": spec.to_dict()}
    return {**header, **plain, "scores": scores, "format": FORMAT}


def _widths(covariates: Any) -> list[Any]:
    if not isinstance(covariates, list) or len(covariates) != len(ROLES):
        raise UsageError(f"the setting 'covariates' cannot be {shown(covariates)}")
    return covariates


def _several(value: Any) -> list[Any]:
    """A list; one thing alone, before there were several."""
    return value if isinstance(value, list) else [value]


def _shrinkage(trust: Any) -> float:
    if not fits(trust, float):
        raise UsageError(f"the setting 'trust' cannot be {shown(trust)}")
    shrinkage: float = 1 - trust
    return shrinkage

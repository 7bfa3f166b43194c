"""Training further: from the nets of a model file, on other series or for another horizon."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.config import Config, TrainConfig
from rnncast.errors import UsageError
from rnncast.runtime.head import shrunk
from rnncast.runtime.members import head_of, member_prefix
from rnncast.settings import flag
from rnncast.spec import ModelSpec

GENTLE = 0.001  # highest learning rate, low enough to keep what was learnt
KEPT = ("loss", "training", "members", "carry")  # settings of training that belong to the nets
OF_HORIZON = ("weight", "bias", "highway")  # weights of a head that differ from lead to lead
FIXED = (  # settings that determine the place or meaning of weights
    *("model", "hidden_size", "layers", "seasons", "strategy", "levels", "window", "level_span", "base", "calendar"),
    *("loss", "frame", "baselines", "segment"),
)
OPEN = (None, "auto")

Weights = Mapping[str, NDArray[np.float32]]


def further_config(spec: ModelSpec, path: str = "") -> Config:
    """Return the Config to train the nets of a model file further: its task, its nets, and a low learning rate."""
    made = spec.to_config()
    kept: dict[str, Any] = {name: getattr(made.train, name) for name in KEPT}
    return replace(made, train=replace(TrainConfig(), **kept, learning_rate=GENTLE, start=path))


def check_further(old: ModelSpec, other: Config | ModelSpec) -> None:
    """Raise UsageError, naming the first setting, if nets of a model cannot be trained further as asked for or
    decided."""
    if not old.net.members:
        raise UsageError(
            "--from: the model file holds the pretrained net alone, and no net that could be trained further",
            hint="--from pretrained uses it as it is",
        )
    ours, theirs = _settings(old), _settings(other)
    for name in FIXED:
        if theirs.get(name) not in (*OPEN, ours[name]):
            raise UsageError(
                f"--from: the nets of the model file were trained with {flag(name)} {_said(ours[name])} and cannot "
                f"change to {_said(theirs[name])}",
                hint=f"leave out {flag(name)}, or train with --from scratch",
            )


def _settings(of_sections: Config | ModelSpec) -> dict[str, Any]:
    """Return all settings by name, with seasons without the 1 that means "no other"."""
    settings = {name: value for part in vars(of_sections).values() for name, value in vars(part).items()}
    if isinstance(of_sections, ModelSpec):
        settings["frame"] = "global" if of_sections.frame.is_global else "local"
    if settings["seasons"] is not None:
        settings["seasons"] = tuple(season for season in settings["seasons"] if season > 1)
    return settings


def further(
    old: ModelSpec, new: ModelSpec, weights: Weights, scores: Mapping[str, float]
) -> tuple[ModelSpec, dict[str, Any]]:
    """Return the spec by which nets of a model are trained further, and the weights they start from.

    scores: of the model. Raises UsageError as `check_further`.
    """
    check_further(old, new)
    new = replace(new, net=replace(new.net, lead_size=old.net.lead_size))
    spec = new.with_share(new.net.members, old.net.pretrained, finetuned=old.net.finetuned)
    return spec, further_weights(old, spec, weights, scores.get("shrinkage", 0.0))


def further_weights(old: ModelSpec, new: ModelSpec, weights: Weights, shrinkage: float) -> dict[str, Any]:
    """Return the weights that the members of a new spec start from, by name; members that the old model lacks start
    anew.

    A lead time beyond the old horizon starts as the naive forecast. shrinkage: of the weights, which is undone.
    """
    if shrinkage < 1:
        weights = shrunk(weights, 1 - 1 / (1 - shrinkage))
    started: dict[str, Any] = {}
    for member in range(min(old.net.members, new.net.members)):
        prefix = member_prefix(member)
        for name, weight in weights.items():
            if not name.startswith((f"{prefix}net.", f"{prefix}head.")):
                continue
            room, inner = name.removeprefix(prefix).split(".", 1)
            of_leads = room == "head" and inner in OF_HORIZON
            started[name] = _resized(weight, head_of(old).horizon, head_of(new).horizon) if of_leads else weight
    return started


def _resized(weight: NDArray[np.float32], old: int, new: int) -> NDArray[np.float32]:
    """Return a weight [N * H, ...] of a head, in N parts with a row for each lead time, resized to another horizon."""
    parts = weight.reshape(-1, old, *weight.shape[1:])
    resized = np.zeros((len(parts), new, *weight.shape[1:]), np.float32)
    resized[:, : min(old, new)] = parts[:, :new]
    return resized.reshape(-1, *weight.shape[1:])


def _said(value: Any) -> str:
    return (",".join(map(str, value)) or "none") if isinstance(value, tuple) else str(value)

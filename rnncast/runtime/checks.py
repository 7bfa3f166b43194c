"""Whether the parts of a spec suit each other; and what a model file holds, held against what its own spec asks for,
before anything is made of that size."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.config import NO_BASE
from rnncast.errors import UsageError
from rnncast.frame.frame import Frame
from rnncast.losses import LOSSES
from rnncast.plain import counted
from rnncast.runtime.members import weight_shapes
from rnncast.runtime.registry import find_net
from rnncast.runtime.runtime import CONFORMAL, SHARE, SHARED, TEMPLATES, Runtime
from rnncast.runtime.states import state_tensors
from rnncast.spec import ModelSpec

NEVER_NEGATIVE = ("sums", CONFORMAL, SHARE)
MAY_BE_MISSING = ("pending", "history", "level", "known")  # NaN, but never infinite


def check_tensors(spec: ModelSpec, tensors: Mapping[str, NDArray[Any]], series: int, known: int) -> None:
    """ValueError, by name, for a tensor that is not there, does not fit, or holds a number that is none.

    known: columns of covariates known ahead, before they are encoded.
    """
    if not series:
        raise ValueError("it holds no series")
    # Sizes are believed only as far as there are tensors, so that none makes a loop or an array of absurd length.
    if spec.net.members * spec.net.layers > len(tensors):
        raise ValueError("there are fewer tensors than nets and layers")
    fresh = Runtime(spec, {}).init_state(0)
    weights = weight_shapes(spec).items()
    expected: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {n: (s, np.dtype(np.float32)) for n, s in weights}
    for name, value in state_tensors(fresh).items():
        axis = 1 if name.startswith("state.net.") else 0  # of the series
        expected[name] = ((*value.shape[:axis], series, *value.shape[axis + 1 :]), value.dtype)
    if CONFORMAL in tensors:
        factors = (spec.task.horizon, len(spec.task.quantiles) // 2)
        expected[CONFORMAL] = (factors, np.dtype(np.float32))
    for name in (TEMPLATES, SHARED):
        if name in tensors:
            expected[name] = ((*tensors[name].shape[:1], spec.task.horizon), np.dtype(np.float32))
    if SHARE in tensors or SHARED in tensors:  # neither is of use without the other
        expected[SHARE] = ((spec.task.horizon,), np.dtype(np.float32))
        expected.setdefault(SHARED, ((0, spec.task.horizon), np.dtype(np.float32)))
    expected["series.cutoff"] = ((series,), np.dtype(np.int64))
    ahead = tensors["series.known"].shape[1:2] if "series.known" in tensors else (0,)
    if ahead > (spec.task.horizon,):
        raise ValueError(f"the tensor series.known goes on for {counted(ahead[0], 'step')}, beyond the horizon")
    expected["series.known"] = ((series, *ahead, known), np.dtype(np.float64))
    different = sorted(expected.keys() ^ tensors.keys())
    if different:
        raise ValueError(f"the tensor {different[0]} is {'missing' if different[0] in expected else 'not of this net'}")
    for name, (shape, kind) in expected.items():
        tensor = tensors[name]
        if (tensor.shape, tensor.dtype) != (shape, kind):
            raise ValueError(f"the tensor {name} does not fit the net: it is {_said(tensor)}")
        last = name.split(".")[-1]
        if np.isinf(tensor).any() or (last not in MAY_BE_MISSING and np.isnan(tensor).any()):
            raise ValueError(f"the tensor {name} holds a number that is not finite")
        if name == SHARE and (tensor > 1).any():
            raise ValueError(f"the tensor {name} holds a share above one")
        if last in NEVER_NEGATIVE and (tensor < 0).any():
            raise ValueError(f"the tensor {name} holds a number below zero")


def _said(tensor: NDArray[Any]) -> str:
    return f"{tensor.dtype} [{', '.join(map(str, tensor.shape))}]"


def check_strategy(model: str, strategy: str, training: str, loss: str) -> None:
    """Refuse a net, strategy, training method and loss that contradict each other (UsageError)."""
    if find_net(model).recursive_only and strategy == "direct":
        raise UsageError(
            f"{model} cannot be direct: what it remembers is its own output, one step ahead",
            hint="leave out --strategy, or choose another --model",
        )
    if strategy == "recursive" and LOSSES[loss].of_distribution:
        raise UsageError(
            f"--loss {loss} forecasts the whole horizon at once, and recursive is step by step",
            hint="leave out --strategy and --training, or choose another --model or --loss",
        )
    if strategy == "direct" and training in ("teacher-forcing", "scheduled"):
        raise UsageError(
            f"--training {training} says what is fed back, and with --strategy direct nothing is",
            hint="add --strategy recursive, or leave out --training",
        )


def check_bases(names: tuple[str, ...], frame: Frame) -> None:
    """Refuse, by name, a base forecast that does not exist (UsageError)."""
    if names == (NO_BASE,) and not frame.baselines:
        return
    for name in names or ("",):
        if name not in frame.base_names:
            raise UsageError(
                f"--base {name}: there is no such base forecast", hint=f"there are: {', '.join(frame.base_names)}"
            )

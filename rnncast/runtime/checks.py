"""Checks that the parts of a spec are consistent, and that a model file's tensors match its own spec.

Tensors are checked before anything of the claimed size is allocated.
"""

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
from rnncast.runtime.runtime import CONFORMAL, SHARE, SHARED, TEMPLATES, WIDTHS, Runtime
from rnncast.runtime.states import state_tensors
from rnncast.spec import ModelSpec

NEVER_NEGATIVE = ("sums", CONFORMAL, WIDTHS, SHARE)
MAY_BE_MISSING = ("pending", "history", "level", "known")  # NaN, but never infinite


def check_tensors(spec: ModelSpec, tensors: Mapping[str, NDArray[Any]], series: int, known: int) -> None:
    """Raise ValueError, naming the tensor, if one is missing, has the wrong shape, or holds an invalid number.

    known: number of columns of covariates known ahead, before encoding.
    """
    if not series:
        raise ValueError("it holds no series")
    # Claimed sizes are trusted only as far as there are tensors, so that none causes a huge loop or array.
    if spec.net.members * spec.net.layers > len(tensors):
        raise ValueError("there are fewer tensors than nets and layers")
    fresh = Runtime(spec, {}).init_state(0)
    weights = weight_shapes(spec).items()
    expected: dict[str, tuple[tuple[int, ...], np.dtype[Any]]] = {n: (s, np.dtype(np.float32)) for n, s in weights}
    for name, value in state_tensors(fresh).items():
        axis = 1 if name.startswith("state.net.") else 0  # axis of the series
        expected[name] = ((*value.shape[:axis], series, *value.shape[axis + 1 :]), value.dtype)
    if CONFORMAL in tensors:
        factors = (spec.task.horizon, len(spec.task.quantiles) // 2)
        expected[CONFORMAL] = (factors, np.dtype(np.float32))
    if WIDTHS in tensors:
        expected[WIDTHS] = ((series,), np.dtype(np.float32))
    for name in (TEMPLATES, SHARED):
        if name in tensors:
            expected[name] = ((*tensors[name].shape[:1], spec.task.horizon), np.dtype(np.float32))
    if SHARE in tensors or SHARED in tensors:  # neither is useful without the other
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
    """Raise UsageError if net, strategy, training method and loss contradict each other."""
    if find_net(model).recursive_only and strategy == "direct":
        raise UsageError(
            f"{model} cannot be direct: its state is its own output, one step ahead",
            hint="leave out --strategy, or choose another --model",
        )
    if strategy == "recursive" and LOSSES[loss].of_distribution:
        raise UsageError(
            f"--loss {loss} forecasts the whole horizon at once, but the recursive strategy goes step by step",
            hint="leave out --strategy and --training, or choose another --model or --loss",
        )
    if strategy == "direct" and training in ("teacher-forcing", "scheduled"):
        raise UsageError(
            f"--training {training} says what is fed back, but --strategy direct feeds nothing back",
            hint="add --strategy recursive, or leave out --training",
        )


def check_bases(names: tuple[str, ...], frame: Frame) -> None:
    """Raise UsageError, naming it, for a base forecast that does not exist."""
    if names == (NO_BASE,) and not frame.baselines:
        return
    for name in names or ("",):
        if name not in frame.base_names:
            raise UsageError(
                f"--base {name}: there is no such base forecast", hint=f"there are: {', '.join(frame.base_names)}"
            )

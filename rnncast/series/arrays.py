"""The little that NumPy and torch spell differently, so that arithmetic above is written once for both.

`namespace(x)` is numpy or torch, whichever x belongs to; torch is never imported here, only met.
"""

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or torch.Tensor
Namespace = Any


def namespace(array: Array) -> Namespace:
    """The module that array belongs to."""
    return _home(type(array).__module__)


@functools.cache
def _home(module: str) -> Namespace:
    return sys.modules[module.partition(".")[0]]


def whole_numbers(first: int, last: int, like: Array) -> Array:
    """first, first+1, ..., last, where `like` lives."""
    xp = namespace(like)
    place = {"device": like.device} if xp.__name__ == "torch" else {}
    return xp.arange(first, last + 1, **place)


def running_max(array: Array) -> Array:
    """The largest value so far along the last axis."""
    xp = namespace(array)
    return xp.cummax(array, -1).values if xp.__name__ == "torch" else xp.maximum.accumulate(array, axis=-1)


def running_total(array: Array) -> Array:
    """0, then the sums so far along axis 1: [B, N] to [B, 1+N]."""
    return joined(full((array.shape[0], 1), 0.0, array), namespace(array).cumsum(array, 1))


def joined(*arrays: Array) -> Array:
    """The arrays one after another along axis 1, the axis of time."""
    return namespace(arrays[0]).concatenate(arrays, axis=1)


def full(shape: tuple[int, ...], value: float, like: Array) -> Array:
    """A new array of one value, of the kind and where `like` lives."""
    xp = namespace(like)
    place = {"device": like.device} if xp.__name__ == "torch" else {}
    return xp.full(shape, value, dtype=like.dtype, **place)


def constants(values: Sequence[float], like: Array) -> Array:
    """Numbers as a new array, of the kind and where `like` lives."""
    xp = namespace(like)
    place = {"device": like.device} if xp.__name__ == "torch" else {}
    return xp.asarray(values, dtype=like.dtype, **place)


def take_along(array: Array, index: Array) -> Array:
    """array[b, index[b, t]] for arrays [B, T]."""
    xp = namespace(array)
    return (xp.take_along_dim if xp.__name__ == "torch" else xp.take_along_axis)(array, index, 1)


def windows(array: Array, size: int) -> Array:
    """Every stretch of so many places along axis 1, without a copy: [B, N, ...] to [B, N-size+1, ..., size]."""
    if namespace(array).__name__ == "torch":
        return array.unfold(1, size, 1)
    return np.lib.stride_tricks.sliding_window_view(array, size, axis=1)


def stacked(*arrays: Array) -> Array:
    """The arrays side by side along a new last axis."""
    return namespace(arrays[0]).stack(arrays, -1)


def where_missing(array: Array, others: Callable[[], Array]) -> Array:
    """The array with others in the place of NaN; they are made only if there are any."""
    xp = namespace(array)
    missing = xp.isnan(array)
    return xp.where(missing, others(), array) if missing.any() else array

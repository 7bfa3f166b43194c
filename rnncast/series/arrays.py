"""Operations that NumPy and torch spell differently, so that the arithmetic of other modules is written once for both.

`namespace(x)` is numpy or torch, whichever x belongs to; torch is never imported here.
"""

import functools
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

Array = Any  # numpy.ndarray or torch.Tensor
Namespace = Any


def namespace(array: Array) -> Namespace:
    """Return the module that an array belongs to."""
    return _home(type(array).__module__)


@functools.cache
def _home(module: str) -> Namespace:
    return sys.modules[module.partition(".")[0]]


def whole_numbers(first: int, last: int, like: Array) -> Array:
    """Return first, first+1, ..., last, on the device of `like`."""
    xp = namespace(like)
    place = {"device": like.device} if xp.__name__ == "torch" else {}
    return xp.arange(first, last + 1, **place)


def running_max(array: Array) -> Array:
    """Return the running maximum along the last axis."""
    xp = namespace(array)
    return xp.cummax(array, -1).values if xp.__name__ == "torch" else xp.maximum.accumulate(array, axis=-1)


def running_total(array: Array) -> Array:
    """Return the running sums along axis 1, from 0: [B, N] to [B, 1+N]."""
    return joined(full((array.shape[0], 1), 0.0, array), namespace(array).cumsum(array, 1))


def joined(*arrays: Array) -> Array:
    """Join arrays along axis 1, the axis of time."""
    return namespace(arrays[0]).concatenate(arrays, axis=1)


def full(shape: tuple[int, ...], value: float, like: Array) -> Array:
    """Return a new array filled with one value, with the type and device of `like`."""
    xp = namespace(like)
    place = {"device": like.device} if xp.__name__ == "torch" else {}
    return xp.full(shape, value, dtype=like.dtype, **place)


def constants(values: Sequence[float], like: Array) -> Array:
    """Return numbers as a new array, with the type and device of `like`."""
    xp = namespace(like)
    place = {"device": like.device} if xp.__name__ == "torch" else {}
    return xp.asarray(values, dtype=like.dtype, **place)


def take_along(array: Array, index: Array) -> Array:
    """Return array[b, index[b, t]] for arrays [B, T]."""
    xp = namespace(array)
    return (xp.take_along_dim if xp.__name__ == "torch" else xp.take_along_axis)(array, index, 1)


def windows(array: Array, size: int) -> Array:
    """Return every stretch of `size` places along axis 1, without a copy: [B, N, ...] to [B, N-size+1, ..., size]."""
    if namespace(array).__name__ == "torch":
        return array.unfold(1, size, 1)
    return np.lib.stride_tricks.sliding_window_view(array, size, axis=1)


def cast(array: Array, kind: Any) -> Array:
    """Return the array in another dtype; None leaves it as it is."""
    if kind is None:
        return array
    return array.to(kind) if namespace(array).__name__ == "torch" else array.astype(kind, copy=False)


def at(array: Array, places: range) -> Array:
    """Return the values at some places along axis 1 without a copy: [B, N, ...] to [B, T, ...]."""
    return array[:, places.start : places.stop : places.step]


def windows_at(array: Array, last: range, size: int) -> Array:
    """Return the windows along axis 1 that end at some places, without a copy: [B, N, ...] to [B, T, ..., size]."""
    first = last.start + 1 - size
    if len(last) == 1:
        found = array[:, None, first : last.start + 1]
        return found if found.ndim == 3 else found.swapaxes(2, 3)
    return windows(array[:, first : last.stop], size)[:, :: last.step]


def any_missing(array: Array) -> bool:
    """Return whether there is a NaN, by the minimum, which is several times faster than isnan on each value."""
    xp = namespace(array)
    return 0 not in array.shape and bool(xp.isnan(xp.amin(array)))


def stacked(*arrays: Array) -> Array:
    """Stack arrays along a new last axis."""
    return namespace(arrays[0]).stack(arrays, -1)


def where_missing(array: Array, others: Callable[[], Array]) -> Array:
    """Return the array with others in place of NaN; they are computed only if there are any."""
    if not any_missing(array):
        return array
    xp = namespace(array)
    return xp.where(xp.isnan(array), others(), array)

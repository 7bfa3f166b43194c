"""State of many series at once, as a value: selected, replaced, joined, and named for the model file."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.frame.past import FrameState
from rnncast.runtime.nets import State


class SeriesState(NamedTuple):
    """State of B series: everything before the last observation, plus that observation, pending.

    pending [B]: its value, transformed; covariates [B, C] and other columns [B, N]: its exogenous inputs.
    """

    frame: FrameState
    net: State
    pending: NDArray[np.float64]
    covariates: NDArray[np.float64]
    other: NDArray[np.float64]


_LAST = ("pending", "covariates", "other")


def state_tensors(state: SeriesState) -> dict[str, NDArray[Any]]:
    """Return the state's arrays by their names in a model file."""
    frame = {f"state.frame.{name}": value for name, value in state.frame._asdict().items()}
    net = {f"state.net.{part}": value for part, value in enumerate(state.net)}
    last = {f"state.{name}": getattr(state, name) for name in _LAST}
    return {**frame, **net, **last}


def state_from_tensors(tensors: Mapping[str, NDArray[Any]]) -> SeriesState:
    """Return the state that `state_tensors` was given. Raises KeyError if a part is missing."""
    frame = FrameState(*(tensors[f"state.frame.{name}"] for name in FrameState._fields))
    parts = sorted((name for name in tensors if name.startswith("state.net.")), key=lambda name: (len(name), name))
    net = tuple(tensors[name] for name in parts)
    return SeriesState(frame, net, *(tensors[f"state.{name}"] for name in _LAST))


def last_values(state: SeriesState) -> NDArray[np.float64]:
    """Return the values remembered [B, L+1], transformed, the latest last; NaN = missing or before the start."""
    return np.concatenate((state.frame.history, state.pending[:, None]), axis=1)


def repeated(state: SeriesState, times: int) -> SeriesState:
    """Return the state with each series `times` over, side by side."""
    return rows_of(state, np.repeat(np.arange(len(state.pending)), times))


def net_rows(state: State, rows: NDArray[np.int64]) -> State:
    """Return a net's state of the chosen series."""
    return tuple(part[:, rows] for part in state)


def net_replaced(state: State, rows: NDArray[np.int64], values: State) -> State:
    """Return a net's state with new values for the chosen series."""
    if len(state) == 0 or state[0].shape[1] == len(rows):
        return values
    replaced = tuple(part.copy() for part in state)
    for part, value in zip(replaced, values, strict=True):
        part[:, rows] = value
    return replaced


def replaced(state: SeriesState, rows: NDArray[np.int64], values: SeriesState) -> SeriesState:
    """Return the state with new values for the chosen series."""
    if len(rows) == len(state.pending) and (rows == np.arange(len(rows))).all():
        return values

    def put(part: NDArray[Any], value: NDArray[Any]) -> NDArray[Any]:
        part = part.copy()
        part[rows] = value
        return part

    frame = FrameState(*map(put, state.frame, values.frame))
    last = (put(getattr(state, name), getattr(values, name)) for name in _LAST)
    return SeriesState(frame, net_replaced(state.net, rows, values.net), *last)


def rows_of(state: SeriesState, rows: NDArray[np.int64]) -> SeriesState:
    """Return the state of the chosen series."""
    frame = FrameState(*(part[rows] for part in state.frame))
    return SeriesState(frame, net_rows(state.net, rows), *(getattr(state, name)[rows] for name in _LAST))


def concatenated(states: list[SeriesState]) -> SeriesState:
    """Return all series of several states, in order."""
    frame = FrameState(*map(np.concatenate, zip(*(s.frame for s in states), strict=True)))
    net = tuple(np.concatenate(parts, axis=1) for parts in zip(*(s.net for s in states), strict=True))
    return SeriesState(frame, net, *(np.concatenate([getattr(s, name) for s in states]) for name in _LAST))

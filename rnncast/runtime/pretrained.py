"""Pretrained net as a member of a model: its state beside theirs, its quantiles in the model's units.

It has its own frame (`rnncast.pretrained`), so it takes values instead of inputs. Its state is a tuple of arrays [1, B,
...], and [layers, B, D] for its hidden layers, as the states of other nets are, and is handled with them.

B series side by side, T steps, H steps ahead, Q quantiles.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from rnncast.intervals.quantiles import requantiled
from rnncast.pretrained import frame
from rnncast.pretrained.net import PROBABILITIES, Memory, Weights, forecast_from, in_blocks, remember, watch
from rnncast.pretrained.past import Seasons
from rnncast.pretrained.weights import pretrained_weights
from rnncast.runtime.nets import State
from rnncast.spec import ModelSpec
from rnncast.values import Values

PREFIX = "pretrained."  # before the names of its weights in a model
ROWS = 128  # series at a time
FARTHEST = 1e300  # stands for infinity in a state, because a model file holds finite numbers only
NO_VALUE = (FARTHEST, -FARTHEST)  # lowest and highest value of a series without values


@lru_cache(maxsize=1)
def package_weights() -> Weights:
    """Return the weights shipped with the package, read once."""
    return pretrained_weights()


def named_weights(weights: Weights) -> dict[str, NDArray[np.float32]]:
    """Return the weights of the pretrained net by their names in a model."""
    return {PREFIX + name: weight.astype(np.float32, copy=False) for name, weight in weights.items()}


def pretrained_shapes() -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight of the pretrained net, by its name in a model."""
    return {name: weight.shape for name, weight in named_weights(package_weights()).items()}


@dataclass(frozen=True)
class PretrainedMember:
    """Pretrained net in a model, with the model's weights for it, or the package's if the model has none."""

    spec: ModelSpec
    weights: Mapping[str, NDArray[np.float32]]

    @cached_property
    def seasons(self) -> Seasons:
        """Seasons that it sees: the two shortest of the model's."""
        season, second = (*sorted(self.spec.task.seasons[:2]), 0, 0)[:2]
        return Seasons(season or 1, second, self.spec.frame.log)

    def init_state(self, batch: int) -> State:
        """Return the state before the first value of `batch` series."""
        bounds = np.repeat([[NO_VALUE]], batch, 1)  # [1, B, 2]
        return _state_of(remember(self.seasons, self._own, batch), bounds)

    def advance(self, y: Values, state: State) -> State:
        """Take in transformed values y [B, T]."""
        return self._watched(y, state, forecast=False)[1]

    def step(self, y: Values, state: State) -> tuple[Values, State]:
        """Step over transformed values y [B, T] to the last step's quantiles [B, H, Q], transformed, and the state
        after it."""
        return self._watched(y, state, forecast=True)

    def _watched(self, y: Values, state: State, *, forecast: bool) -> tuple[Values, State]:
        """Step as `step` does, some series and steps at a time; without quantiles unless `forecast`."""
        found, states = [], []
        for start in range(0, max(len(y), 1), ROWS):
            rows = slice(start, start + ROWS)
            memory, bounds = _memory_of(tuple(part[:, rows] for part in state))
            for some in in_blocks(y[rows]):
                track, features, memory = watch(self._own, self.seasons, some, memory)
                bounds = _widened(bounds, some)
            states.append(_state_of(memory, bounds))
            if forecast:
                local = forecast_from(self._own, track, features, self.spec.task.horizon).astype(np.float64)
                wanted = requantiled(local, PROBABILITIES, self.spec.task.quantiles)
                found.append(self._within(wanted, bounds[0]))
        after = tuple(np.concatenate(part, 1) for part in zip(*states, strict=True))
        return (np.concatenate(found) if forecast else np.empty((0, 0, 0))), after

    def _within(self, quantiles: Values, bounds: Values) -> Values:
        """Return quantiles [B, H, Q] kept within what series with bounds [B, 2] allow.

        A series never below zero does not fall below it, and a series of zeros alone, which has no scale, stays zero.
        """
        if self.spec.frame.log:
            return quantiles
        lowest, highest = (bounds[:, i, None, None] for i in range(2))
        return np.where((lowest == 0) & (highest == 0), 0.0, np.where(lowest >= 0, np.maximum(quantiles, 0), quantiles))

    @cached_property
    def _own(self) -> Weights:
        own = {name.removeprefix(PREFIX): weight for name, weight in self.weights.items() if name.startswith(PREFIX)}
        return own or package_weights()


def _state_of(memory: Memory, bounds: Values) -> State:
    """Return a state as the nets of a model have it, without infinities."""
    parts = [np.clip(part, -FARTHEST, FARTHEST)[None] for part in memory.frame]
    return (*parts, memory.hidden, bounds)


def _memory_of(state: State) -> tuple[Memory, Values]:
    """Return the arguments that `_state_of` was given."""
    *parts, hidden, bounds = state
    return Memory(frame.State(*(part[0] for part in parts)), hidden), bounds


def _widened(bounds: Values, y: Values) -> Values:
    """Return bounds [1, B, 2] widened to include the values y [B, T]."""
    low = np.fmin.reduce(y, 1, initial=FARTHEST)
    high = np.fmax.reduce(y, 1, initial=-FARTHEST)
    return np.stack([np.minimum(bounds[0, :, 0], low), np.maximum(bounds[0, :, 1], high)], -1)[None]

"""The Runtime: frame, net and head stepped over histories in NumPy, from a model's weights to forecasts.

The last value of each series stays pending until the next one comes, or a forecast is asked for: what a net sees at a
step may hold what is known ahead, and that is settled only then. So one state serves continuing, streaming and
forecasting.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.config import Config
from rnncast.runtime.head import Head
from rnncast.runtime.nets import State, Weights, stepped_net
from rnncast.series.arrays import joined
from rnncast.series.frame import Frame, FrameState
from rnncast.series.panel import Panel

STEPS = 256  # taken at a time
ROWS = 4096  # series side by side


class SeriesState(NamedTuple):
    """All that is remembered of B series: before the last value, and that value [B], transformed."""

    frame: FrameState
    net: State
    pending: NDArray[np.float64]


@dataclass(frozen=True)
class Runtime:
    """A trained net, ready to step. weights: "net.*" and "head.*", named as in the model file."""

    config: Config
    weights: Mapping[str, NDArray[np.float32]]

    @property
    def frame(self) -> Frame:
        """The frame that the net was trained in."""
        return Frame.of(self.config)

    @property
    def head(self) -> Head:
        """The head's sizes."""
        return head_of(self.config)

    def init_state(self, batch: int) -> SeriesState:
        """The state of `batch` series of which nothing has been seen."""
        net = self.config.net
        parts = stepped_net(net.model).state_parts
        zeros = np.zeros((net.layers, batch, net.hidden_size), np.float32)
        pending = np.full(batch, np.nan)
        return SeriesState(self.frame.init_state(batch, pending), (zeros,) * parts, pending)

    def consume(self, y: NDArray[np.float64], state: SeriesState) -> SeriesState:
        """The state after the values y [B, T] (the user's units, NaN = missing) that follow `state`.

        Rows that begin with NaN have not begun: their net's state stays as it is until their first value.
        """
        for start in range(0, y.shape[1], STEPS):
            block = self.frame.transform(y[:, start : start + STEPS])
            ready = joined(state.pending[:, None], block[:, :-1])
            _, frame, net = self._run(ready, state)
            state = SeriesState(frame, net, block[:, -1])
        return state

    def forecast(self, state: SeriesState) -> NDArray[np.float64]:
        """Quantiles [B, H, Q] in the user's units, as seen after the pending value."""
        quantiles, _, _ = self._run(state.pending[:, None], state)
        return quantiles

    def final_state(self, panel: Panel) -> SeriesState:
        """The state [S] after the last value of each series of a panel, each started afresh."""
        order = np.argsort(-panel.lengths, kind="stable")
        states = [self.consume(panel.padded(rows, align="end"), self.init_state(len(rows))) for rows in _batches(order)]
        back = np.argsort(order, kind="stable")
        return _rows(_concatenated(states), back)

    def forecast_all(self, state: SeriesState) -> NDArray[np.float64]:
        """Quantiles [S, H, Q] after `state`, for any number of series in bounded memory."""
        rows = np.arange(len(state.pending))
        return np.concatenate([self.forecast(_rows(state, batch)) for batch in _batches(rows)])

    def _run(self, y: NDArray[np.float64], state: SeriesState) -> tuple[NDArray[np.float64], FrameState, State]:
        """Step over transformed y [B, T]: the last step's quantiles [B, H, Q], and the states after it."""
        level, scale, after = self.frame.advance(y, state.frame)
        view = self.frame.view(joined(state.frame.history, y), level, scale)
        features, net = self._step(view.inputs.astype(np.float32), state.net, ~np.isnan(level))
        last = slice(-1, None)
        window = view.inputs[:, last, : self.frame.window].astype(np.float32)
        bases = view.bases[:, last]
        z = self.head.quantiles(self._part("head."), features[:, last], window, bases)
        return self.frame.globalise(z, level[:, last], scale[:, last])[:, 0], after, net

    def _step(
        self, inputs: NDArray[np.float32], state: State, begun: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], State]:
        """Step the net over inputs [B, T, F]; rows that begin later start from the state they have."""
        net = self.config.net
        step, weights = stepped_net(net.model).step, self._part("net.")
        steps = inputs.shape[1]
        first = np.where(begun.any(axis=1), begun.argmax(axis=1), steps)  # [B]
        features = np.zeros((*inputs.shape[:2], net.hidden_size), np.float32)
        borders = np.unique(np.append(first, steps))
        for start, stop in itertools.pairwise(borders):
            rows = np.flatnonzero(first <= start)
            part, after = step(weights, net.layers, inputs[rows, start:stop], _net_rows(state, rows))
            features[rows, start:stop] = part
            state = _net_replaced(state, rows, after)
        return features, state

    def _part(self, prefix: str) -> Weights:
        return {name.removeprefix(prefix): value for name, value in self.weights.items() if name.startswith(prefix)}


def head_of(config: Config) -> Head:
    """The head's sizes for a resolved Config."""
    frame = Frame.of(config)
    return Head(config.net.hidden_size, frame.window, frame.horizon, len(frame.lags), config.task.quantiles)


def weight_shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """The name and shape of each weight that a resolved Config asks for."""
    net, head = config.net, head_of(config)
    shapes = {f"head.{name}": shape for name, shape in head.shapes.items()}
    inputs = Frame.of(config).features
    for layer in range(net.layers):
        layer_shapes = stepped_net(net.model).layer_shapes(inputs, net.hidden_size)
        shapes |= {f"net.{name}_l{layer}": shape for name, shape in layer_shapes.items()}
        inputs = net.hidden_size
    return shapes


def state_tensors(state: SeriesState) -> dict[str, NDArray[Any]]:
    """The state's arrays by the names that they have in a model file."""
    frame = {f"state.frame.{name}": value for name, value in state.frame._asdict().items()}
    net = {f"state.net.{part}": value for part, value in enumerate(state.net)}
    return {**frame, **net, "state.pending": state.pending}


def state_from_tensors(tensors: Mapping[str, NDArray[Any]]) -> SeriesState:
    """The state that `state_tensors` gave. KeyError if a part is missing."""
    frame = FrameState(*(tensors[f"state.frame.{name}"] for name in FrameState._fields))
    parts = sorted(name for name in tensors if name.startswith("state.net."))
    return SeriesState(frame, tuple(tensors[name] for name in parts), tensors["state.pending"])


def _batches(rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    return (rows[start : start + ROWS] for start in range(0, len(rows), ROWS))


def _net_rows(state: State, rows: NDArray[np.int64]) -> State:
    return tuple(part[:, rows] for part in state)


def _net_replaced(state: State, rows: NDArray[np.int64], values: State) -> State:
    if len(state) == 0 or state[0].shape[1] == len(rows):
        return values
    replaced = tuple(part.copy() for part in state)
    for part, value in zip(replaced, values, strict=True):
        part[:, rows] = value
    return replaced


def _rows(state: SeriesState, rows: NDArray[np.int64]) -> SeriesState:
    frame = FrameState(*(part[rows] for part in state.frame))
    return SeriesState(frame, _net_rows(state.net, rows), state.pending[rows])


def _concatenated(states: list[SeriesState]) -> SeriesState:
    frame = FrameState(*(np.concatenate(parts) for parts in zip(*(s.frame for s in states), strict=True)))
    net = tuple(np.concatenate(parts, axis=1) for parts in zip(*(s.net for s in states), strict=True))
    return SeriesState(frame, net, np.concatenate([s.pending for s in states]))

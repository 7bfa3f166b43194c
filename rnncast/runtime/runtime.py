"""The Runtime: frame, net and head stepped over histories in NumPy, from a model's weights to forecasts.

The last value of each series stays pending until the next one comes, or a forecast is asked for: what a net sees at a
step may hold what is known ahead, and that is settled only then. So one state serves continuing, streaming and
forecasting.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.config import Config
from rnncast.runtime.head import Head
from rnncast.runtime.nets import Feedback, State, Weights, stepped_net
from rnncast.runtime.paths import PATHS, recursive_quantiles
from rnncast.runtime.states import SeriesState, concatenated, net_replaced, net_rows, rows_of
from rnncast.series.arrays import joined
from rnncast.series.frame import Frame, FrameState, FrameView
from rnncast.series.panel import Panel

STEPS = 256  # taken at a time
ROWS = 4096  # series side by side


@dataclass(frozen=True)
class Runtime:
    """A trained net, ready to step.

    weights: "net.*" and "head.*", and "member1.net.*" and so on for further members; named as in the model file. The
    members' forecasts are averaged; their states lie one after another in the net's state.
    """

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

    @property
    def members(self) -> int:
        """How many nets there are."""
        return self.config.train.members or 1

    def init_state(self, batch: int) -> SeriesState:
        """The state of `batch` series of which nothing has been seen."""
        net = self.config.net
        pending = np.full(batch, np.nan)
        fresh = stepped_net(net.model).init_state(net.layers, batch, net.hidden_size) * self.members
        return SeriesState(self.frame.init_state(batch, pending), fresh, pending)

    def consume(self, y: NDArray[np.float64], state: SeriesState) -> SeriesState:
        """The state after the values y [B, T] (the user's units, NaN = missing) that follow `state`.

        Rows that begin with NaN have not begun: their net's state stays as it is until their first value.
        """
        for start in range(0, y.shape[1], STEPS):
            block = self.frame.transform(y[:, start : start + STEPS])
            ready = joined(state.pending[:, None], block[:, :-1])
            _, frame, net = self.run(ready, state)
            state = SeriesState(frame, net, block[:, -1])
        return state

    def forecast(self, state: SeriesState, horizon: int) -> NDArray[np.float64]:
        """Quantiles [B, H, Q] of the next H values, in the user's units, as seen after the pending value.

        The direct strategy gives all trained steps at once; the recursive one goes on step by step, as far as asked.
        """
        if self.config.direct:
            quantiles = self._step_on(state)[0][:, :horizon]
        else:
            probabilities, seed = self.head.probabilities, self.config.train.seed
            quantiles = recursive_quantiles(self._step_on, state, horizon, probabilities, seed)
        restored: NDArray[np.float64] = self.frame.restore(quantiles)
        return restored

    def final_state(self, panel: Panel) -> SeriesState:
        """The state [S] after the last value of each series of a panel, each started afresh."""
        order = np.argsort(-panel.lengths, kind="stable")
        states = [self.consume(panel.padded(rows, align="end"), self.init_state(len(rows))) for rows in _batches(order)]
        back = np.argsort(order, kind="stable")
        return rows_of(concatenated(states), back)

    def forecast_all(self, state: SeriesState, horizon: int) -> NDArray[np.float64]:
        """Quantiles [S, H, Q] after `state`, for any number of series in bounded memory."""
        rows = np.arange(len(state.pending))
        most = ROWS if self.config.direct else ROWS // PATHS
        return np.concatenate([self.forecast(rows_of(state, batch), horizon) for batch in _batches(rows, most)])

    def run(self, y: NDArray[np.float64], state: SeriesState) -> tuple[NDArray[np.float64], FrameState, State]:
        """Step over transformed y [B, T]: the last step's quantiles [B, H, Q], transformed, and the states after it."""
        units, after = self.frame.advance(y, state.frame)
        last = slice(-1, None)
        everywhere = self.config.free_running  # the bases are needed only where a forecast is made
        view = self.frame.view(joined(state.frame.history, y), units, slice(None) if everywhere else last)
        begun, parts = ~np.isnan(units.level[:, 1:]), len(state.net) // self.members
        answers: list[NDArray[np.float64]] = []
        net: list[Any] = []
        for member in range(self.members):
            features, reached = self._step(member, view, begun, state.net[parts * member : parts * (member + 1)])
            answers.append(self._read(member, features[:, last], view.inputs[:, last], view.bases[:, last]))
            net.extend(reached)
        z = np.mean(answers, 0)
        return self.frame.globalise(z, view.level[:, last], view.scale[:, last])[:, 0], after, tuple(net)

    def _step_on(self, state: SeriesState) -> tuple[NDArray[np.float64], FrameState, State]:
        """Take in the pending value."""
        return self.run(state.pending[:, None], state)

    def _step(
        self, member: int, view: FrameView, begun: NDArray[np.bool_], state: State
    ) -> tuple[NDArray[np.float32], State]:
        """Step a member over what is seen; series that have not begun [B, T] start from the state they have."""
        step, weights = stepped_net(self.config.net.model).step, self._part(member, "net.")
        inputs, steps = view.inputs.astype(np.float32), view.inputs.shape[1]
        first = np.where(begun.any(axis=1), begun.argmax(axis=1), steps)  # [B]
        features = np.zeros((*inputs.shape[:2], self.config.net.hidden_size), np.float32)
        for start, stop in itertools.pairwise(np.unique(np.append(first, steps))):
            rows = np.flatnonzero(first <= start)
            part, bases = inputs[rows, start:stop], view.bases[rows, start:stop]
            feedback = self._feedback(member, part, bases)
            features[rows, start:stop], after = step(weights, part, net_rows(state, rows), feedback)
            state = net_replaced(state, rows, after)
        return features, state

    def _feedback(self, member: int, inputs: NDArray[np.float32], bases: NDArray[np.float64]) -> Feedback:
        """The point forecast that a net which remembers its output is given; None if it was trained on what arrived."""
        if not self.config.free_running:
            return None

        def feedback(features: NDArray[np.float32], t: int) -> NDArray[np.float32]:
            quantiles = self._read(member, features, inputs[:, t : t + 1], bases[:, t : t + 1])
            return quantiles[:, 0, 0, self.head.middle].astype(np.float32)

        return feedback

    def _read(
        self, member: int, features: NDArray[np.float32], inputs: NDArray[Any], bases: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        window = inputs[:, :, : self.frame.window].astype(np.float32)
        quantiles: NDArray[np.float64] = self.head.quantiles(self._part(member, "head."), features, window, bases)
        return quantiles

    def _part(self, member: int, room: str) -> Weights:
        prefix = member_prefix(member) + room
        return {name.removeprefix(prefix): value for name, value in self.weights.items() if name.startswith(prefix)}


def member_prefix(member: int) -> str:
    """What the names of a member's weights begin with: nothing for the first."""
    return f"member{member}." if member else ""


def head_of(config: Config) -> Head:
    """The head's sizes for a resolved Config."""
    frame = Frame.of(config)
    return Head(config.net.hidden_size, frame.window, frame.horizon, frame.bases, config.task.quantiles)


def weight_shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """The name and shape of each weight that a resolved Config asks for."""
    net, head = config.net, head_of(config)
    shapes = {f"head.{name}": shape for name, shape in head.shapes.items()}
    inputs = Frame.of(config).features
    for layer in range(net.layers):
        layer_shapes = stepped_net(net.model).layer_shapes(layer, inputs, net.hidden_size)
        shapes |= {f"net.{name}": shape for name, shape in layer_shapes.items()}
        inputs = net.hidden_size
    members = range(config.train.members or 1)
    return {member_prefix(member) + name: shape for member in members for name, shape in shapes.items()}


def _batches(rows: NDArray[np.int64], most: int = ROWS) -> Iterator[NDArray[np.int64]]:
    return (rows[start : start + most] for start in range(0, len(rows), most))

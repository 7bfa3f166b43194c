"""The members of a model: each net and its head stepped in NumPy, by the weights that the model file holds."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnncast.config import DISTRIBUTIONS, Config
from rnncast.runtime.head import Head
from rnncast.runtime.nets import Feedback, State, Weights, stepped_net
from rnncast.runtime.states import net_replaced, net_rows
from rnncast.series.frame import Frame, FrameView, Leads

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Members:
    """The nets of a resolved Config with their weights, as `runtime.Runtime` has them."""

    config: Config
    weights: Mapping[str, NDArray[np.float32]]

    @property
    def number(self) -> int:
        """How many there are."""
        return self.config.train.members or 1

    @cached_property
    def head(self) -> Head:
        """The sizes of the head, which are the same for all."""
        return head_of(self.config)

    def frame_of(self, member: int) -> int:
        """Which of the frames a member measures in."""
        return member % self.config.frames

    def init_state(self, batch: int) -> State:
        """The state of all before the first step of `batch` series, one after another."""
        net = self.config.net
        return stepped_net(net.model).init_state(net.layers, batch, self.config.hidden_size) * self.number

    def stepped(
        self, views: Sequence[FrameView], begun: NDArray[np.bool_], state: State
    ) -> tuple[list[NDArray[np.float32]], State]:
        """The features [B, T, D] of each member over what each frame shows, and the state after them.

        begun [B, T]: which series have; others keep the state that they have.
        """
        parts = len(state) // self.number
        features: list[NDArray[np.float32]] = []
        net: State = ()
        for member in range(self.number):
            own = state[parts * member : parts * (member + 1)]
            each, reached = self._step(member, views[self.frame_of(member)], begun, own)
            features, net = [*features, each], (*net, *reached)
        return features, net

    def read(self, member: int, features: NDArray[np.float32], view: FrameView) -> Values:
        """The head's outputs [B, T, H, P] in local units, from a member's features [B, T, D]."""
        window = view.inputs[:, :, : self.head.window].astype(np.float32)
        weights = self._part(member, "head.")
        outputs: Values = self.head.outputs(weights, features, window, view.bases, view.leads)
        return outputs

    def _step(
        self, member: int, view: FrameView, begun: NDArray[np.bool_], state: State
    ) -> tuple[NDArray[np.float32], State]:
        """Step a member over what is seen; series that have not begun [B, T] start from the state they have."""
        inputs, steps = view.inputs.astype(np.float32), view.inputs.shape[1]
        if begun[:, 0].all():
            feedback = self._feedback(member, view) if self.config.free_running else None
            return self.step_net(member, inputs, state, feedback)
        first = np.where(begun.any(axis=1), begun.argmax(axis=1), steps)  # [B]
        features = np.zeros((*inputs.shape[:2], self.config.hidden_size), np.float32)
        for start, stop in itertools.pairwise(np.unique(np.append(first, steps))):
            rows, stretch = np.flatnonzero(first <= start), slice(start, stop)
            feedback = self._feedback(member, stretch_of(view, rows, stretch)) if self.config.free_running else None
            given = inputs[rows, stretch], net_rows(state, rows)
            features[rows, stretch], after = self.step_net(member, *given, feedback)
            state = net_replaced(state, rows, after)
        return features, state

    def step_net(
        self, member: int, inputs: NDArray[np.float32], state: State, feedback: Feedback | None
    ) -> tuple[NDArray[np.float32], State]:
        """The features [B, T, D] of a member over inputs [B, T, F], and its state after them."""
        return stepped_net(self.config.net.model).step(self._part(member, "net."), inputs, state, feedback)

    def _feedback(self, member: int, view: FrameView) -> Feedback:
        """The point forecast, which a net that remembers its output is given unless it was trained on what arrived."""
        rows = np.arange(len(view.inputs))

        def feedback(features: NDArray[np.float32], t: int) -> NDArray[np.float32]:
            outputs = self.read(member, features, stretch_of(view, rows, slice(t, t + 1)))
            return outputs[:, 0, 0, self.head.point].astype(np.float32)

        return feedback

    def _part(self, member: int, room: str) -> Weights:
        return self._parts[member_prefix(member) + room]

    @cached_property
    def _parts(self) -> dict[str, Weights]:
        """The weights of each room of each member, under their names there."""
        rooms = [member_prefix(member) + room for member in range(self.number) for room in ("net.", "head.")]
        return {prefix: self._named(prefix) for prefix in rooms}

    def _named(self, prefix: str) -> Weights:
        return {name.removeprefix(prefix): value for name, value in self.weights.items() if name.startswith(prefix)}


def stretch_of(view: FrameView, rows: NDArray[np.int64], steps: slice) -> FrameView:
    """What the chosen series see at some steps."""
    inputs, bases, level, scale = (part[rows, steps] for part in view[:4])
    leads = view.leads and Leads(*(part[rows, steps] for part in view.leads))
    return FrameView(inputs, bases, level, scale, leads)


def member_prefix(member: int) -> str:
    """What the names of a member's weights begin with: nothing for the first."""
    return f"member{member}." if member else ""


def head_of(config: Config) -> Head:
    """The head's sizes for a resolved Config."""
    frame = Frame.of(config)
    distribution = config.train.loss if config.train.loss in DISTRIBUTIONS else ""
    return Head(
        config.hidden_size, frame.window, frame.horizon, frame.bases, config.task.quantiles, frame.leads, distribution
    )


def weight_shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """The name and shape of each weight that a resolved Config asks for."""
    net, head = config.net, head_of(config)
    shapes = {f"head.{name}": shape for name, shape in head.shapes.items()}
    inputs = Frame.of(config).features
    for layer in range(net.layers):
        layer_shapes = stepped_net(net.model).layer_shapes(layer, inputs, config.hidden_size)
        shapes |= {f"net.{name}": shape for name, shape in layer_shapes.items()}
        inputs = config.hidden_size
    members = range(config.train.members or 1)
    return {member_prefix(member) + name: shape for member in members for name, shape in shapes.items()}

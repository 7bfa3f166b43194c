"""Members of a model: their nets and heads stepped in NumPy, all at once, with the weights of the model file."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.frame.frame import Frame
from rnncast.frame.view import FrameView, Leads
from rnncast.runtime.head import OF_LEADS, Head
from rnncast.runtime.nets import Feedback, State, SteppedNet, Weights, stepped_net
from rnncast.runtime.pretrained import pretrained_shapes
from rnncast.runtime.regression import linear_shapes
from rnncast.spec import ModelSpec
from rnncast.values import Values

# From inputs [M, B, T, F] and the members' state [M, ...] to their features [M, B, D] at the last step, and the state
# after.
StepNets = Callable[[NDArray[np.float32], State], tuple[NDArray[np.float32], State]]


@dataclass(frozen=True)
class Members:
    """Nets of a ModelSpec with their weights, named as in `runtime.Runtime`.

    step_nets: a replacement for stepping the nets in NumPy. Nets that are fed their own output step in NumPy in any
    case, because they wait for the head at each step.
    """

    spec: ModelSpec
    weights: Mapping[str, NDArray[np.float32]]
    step_nets: StepNets | None = None

    @property
    def number(self) -> int:
        """Number of members."""
        return self.spec.net.members

    @cached_property
    def head(self) -> Head:
        """Sizes of the head, which are the same for all."""
        return head_of(self.spec)

    def init_state(self, batch: int) -> State:
        """Return the state of all members, one after another, before the first step of `batch` series."""
        net = self.spec.net
        return self._net.init_state(net.layers, batch, net.hidden_size) * self.number

    def seen(self, view: FrameView, step: int) -> FrameView:
        """Return what each member sees [M, B, ...] at one step of a view over each span [S, B, T, ...]."""
        inputs, bases, level, scale = (self._own(part[:, :, step]) for part in view[:4])
        leads = view.leads and Leads(*(self._own(part[:, :, step]) for part in view.leads))
        return FrameView(inputs, bases, level, scale, leads)

    def stepped(
        self, inputs: NDArray[Any], begun: NDArray[np.bool_], state: State, view: FrameView | None = None
    ) -> tuple[NDArray[np.float32], State]:
        """Return the features [M, B, D] of the members at the last step of inputs over each span [S, B, T, F], and the
        state after them.

        begun [B, T]: whether each series has begun; until then its state is kept. view: of the same steps, for nets
        that run free.
        """
        own: NDArray[np.float32] = self._own(inputs.astype(np.float32, copy=False))  # [M, B, T, F]
        parts, steps = len(state) // self.number, own.shape[2]
        net = tuple(np.array(state[part::parts]) for part in range(parts))
        if begun[:, 0].all():
            features, net = self._step(own, view, net)
        else:
            first = np.where(begun.any(axis=1), begun.argmax(axis=1), steps)  # [B]
            features = np.zeros((*own.shape[:2], self.spec.net.hidden_size), np.float32)
            for start, stop in itertools.pairwise(np.unique(np.append(first, steps))):
                rows, stretch = np.flatnonzero(first <= start), slice(start, stop)
                seen = view and _stretch_of(view, rows, stretch)
                features[:, rows], after = self._step(
                    own[:, rows, stretch], seen, tuple(part[:, :, rows] for part in net)
                )
                for part, reached in zip(net, after, strict=True):
                    part[:, :, rows] = reached
        return features, tuple(part[member] for member in range(self.number) for part in net)

    def read(self, features: NDArray[np.float32], seen: FrameView) -> Values:
        """Return the head's outputs [M, B, H, P] in local units, from features [M, B, D] and what each member sees."""
        window = seen.inputs[:, :, : self.head.window].astype(np.float32)
        outputs: Values = self.head.outputs(self._heads, features, window, seen.bases, seen.leads)
        return outputs

    def _step(
        self, inputs: NDArray[np.float32], view: FrameView | None, state: State
    ) -> tuple[NDArray[np.float32], State]:
        """Step over inputs [M, B, T, F], with a view of the same steps if the nets run free."""
        feedback = None if view is None or not self.spec.free_running else self._feedback(view)
        if self.step_nets is not None and feedback is None:
            return self.step_nets(inputs, state)
        return self._net.step(self._nets, inputs, state, feedback)

    def _feedback(self, view: FrameView) -> Feedback:
        """Return the feedback of point forecasts to nets that remember their output; None if they were trained on
        observations."""

        def feedback(features: NDArray[np.float32], t: int) -> NDArray[np.float32]:
            outputs = self.read(features, self.seen(view, t))
            return outputs[:, :, 0, self.head.point].astype(np.float32)

        return feedback

    @cached_property
    def _net(self) -> SteppedNet:
        """Net in NumPy, which is the same for all members but for its weights."""
        spec = self.spec
        own = [spec.kind_of(member)[1] for member in range(self.number)]
        return stepped_net(spec.net.model, spec.net.segment, own)

    @cached_property
    def _nets(self) -> Weights:
        """Weights of the nets, stacked for stepping."""
        return self._stacked("net.")

    @cached_property
    def _heads(self) -> Weights:
        """Weights of the heads, stacked for reading."""
        return self._stacked("head.")

    def _stacked(self, room: str) -> Weights:
        """Return the weights of a room of all members [M, ...].

        They are [M, 1, ...] if their operand has another axis between the members' and the one multiplied or added to.
        """
        each = [self._named(member, room) for member in range(self.number)]
        together = {name: np.stack([weights[name] for weights in each]) for name in each[0]}
        return {name: part[:, None] if name in OF_LEADS or part.ndim == 2 else part for name, part in together.items()}

    def _own(self, part: NDArray[Any]) -> NDArray[Any]:
        """Return what each member sees [M, ...], from what is shown over each span [S, ...]."""
        spans = self._spans
        return part if len(part) == len(spans) else part[spans]

    @cached_property
    def _spans(self) -> list[int]:
        """Span used by each member."""
        return [member % self.spec.frames for member in range(self.number)]

    def _named(self, member: int, room: str) -> Weights:
        """Return the weights of a room of a member, by their names there."""
        prefix = member_prefix(member) + room
        return {name.removeprefix(prefix): weight for name, weight in self.weights.items() if name.startswith(prefix)}


def _stretch_of(view: FrameView, rows: NDArray[np.int64], steps: slice) -> FrameView:
    """Return the view of the chosen series at some steps."""
    inputs, bases, level, scale = (part[:, rows, steps] for part in view[:4])
    leads = view.leads and Leads(*(part[:, rows, steps] for part in view.leads))
    return FrameView(inputs, bases, level, scale, leads)


def member_prefix(member: int) -> str:
    """Return the prefix of the names of a member's weights, empty for the first."""
    return f"member{member}." if member else ""


def head_of(spec: ModelSpec) -> Head:
    """Return the sizes of a ModelSpec's head."""
    frame, net, starts = Frame.of(spec), spec.net, spec.loss.starts
    sizes = net.hidden_size, frame.window, frame.horizon, frame.bases, spec.task.quantiles, frame.leads, starts
    return Head(*sizes, lead_size=net.lead_size or net.hidden_size)


def inputs_of(spec: ModelSpec) -> int:
    """Return the number of inputs of each net: those of the frame, and the place in a segment if any net has them."""
    return Frame.of(spec).features + (max(spec.net.segment) > 1)


def weight_shapes(spec: ModelSpec) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight that a ModelSpec asks for, by name."""
    net, head = spec.net, head_of(spec)
    shapes = {f"head.{name}": shape for name, shape in head.shapes.items()}
    inputs = inputs_of(spec)
    for layer in range(net.layers):
        layer_shapes = stepped_net(net.model, net.segment).layer_shapes(layer, inputs, net.hidden_size)
        shapes |= {f"net.{name}": shape for name, shape in layer_shapes.items()}
        inputs = net.hidden_size
    members = range(net.members)
    trained = {member_prefix(member) + name: shape for member in members for name, shape in shapes.items()}
    beside = (linear_shapes(spec) if net.linear else {}) | (pretrained_shapes() if net.pretrained else {})
    return trained | beside

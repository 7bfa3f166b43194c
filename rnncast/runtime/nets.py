"""Steps of each net in NumPy, for all members of a model at once: M nets of the same sizes, each with its own weights.

A step takes the nets' weights (torch's names and layouts, [M, ...]; biases [M, 1, ...]), inputs [M, B, T, F] and state,
and returns the features [M, B, D] of the last of the T steps and the new state, for each net exactly as its torch form
does. A state is a tuple of arrays [M, layers, B, D], or [M, 1, B, 1] for a remembered output or a count of steps; nets
without memory have none.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.runtime.registry import check_segment, find_net

Floats = NDArray[np.float32]
HALVES = np.array([0.5, 0.5, 1.0, 0.5], np.float32).reshape(4, 1, 1, 1)  # factors of the inputs of the LSTM's gates
Weights = Mapping[str, Floats]
State = tuple[Any, ...]
Shapes = dict[str, tuple[int, ...]]
Feedback = Callable[[Floats, int], Floats] | None  # features [M, B, D] at step t to the point forecasts [M, B]
StepFunction = Callable[[Weights, Floats, State, Feedback], tuple[Floats, State]]
Cell = Callable[[Floats, Floats, tuple[Floats, ...]], tuple[Floats, ...]]


def feed_forward(weights: Weights, inputs: Floats, state: State, feedback: Feedback) -> tuple[Floats, State]:
    """Step the window net: tanh layers on the inputs of each step, without memory."""
    return _upper_layers(weights, _linear(inputs[:, :, -1], weights["weight_l0"], weights["bias_l0"])), state


def jordan(weights: Weights, inputs: Floats, state: State, feedback: Feedback) -> tuple[Floats, State]:
    """Step the net of Jordan (1986): the window net with its own last output as another input."""
    drive, by_output = _linear(inputs, weights["weight_l0"], weights["bias_l0"]), weights["output_weight"]
    if feedback is None:
        return _upper_layers(weights, drive[:, :, -1] + inputs[:, :, -1, -1:] * by_output), state
    output = state[0][:, 0]  # [M, B, 1]
    for t in range(inputs.shape[2]):
        features = _upper_layers(weights, drive[:, :, t] + output * by_output)
        output = feedback(features, t)[..., None]
    return features, (output[:, None],)


def recurrent(cell: Cell) -> StepFunction:
    """Return the step of nets with hidden layers made of a cell."""

    def step(weights: Weights, inputs: Floats, state: State, feedback: Feedback) -> tuple[Floats, State]:
        after = []
        for layer in range(state[0].shape[1]):
            parts = tuple(part[:, layer] for part in state)  # [M, B, D] each
            drive = _linear(inputs, weights[f"weight_ih_l{layer}"], weights[f"bias_ih_l{layer}"])  # [M, B, T, G*D]
            back, bias = weights[f"weight_hh_l{layer}"].mT, weights[f"bias_hh_l{layer}"]
            features = np.empty((*inputs.shape[:3], parts[0].shape[2]), np.float32)
            for t in range(inputs.shape[2]):
                recall = parts[0] @ back
                recall += bias
                parts = cell(drive[:, :, t], recall, parts)
                features[:, :, t] = parts[0]
            inputs = features
            after.append(parts)
        together = tuple(np.concatenate([part[:, None] for part in each], 1) for each in zip(*after, strict=True))
        return inputs[:, :, -1], together

    return step


def segmented(step: StepFunction, segment: int) -> StepFunction:
    """Return the step of nets with hidden layers that update their state at every `segment`-th step only.

    The last part of the state [M, 1, B, 1] counts the steps since it was updated, and that count, by `segment`, is the
    last input of the nets.
    """

    def step_segments(weights: Weights, inputs: Floats, state: State, feedback: Feedback) -> tuple[Floats, State]:
        counts = state[-1][0, 0, :, 0]
        found = np.unique(counts)
        if len(found) == 1:
            return alike(weights, inputs, state, int(found[0]))
        features, state = np.empty((*inputs.shape[:2], state[0].shape[-1]), np.float32), tuple(map(np.copy, state))
        for count in found:
            rows = counts == count
            features[:, rows], after = alike(weights, inputs[:, rows], tuple(part[:, :, rows] for part in state), count)
            for part, reached in zip(state, after, strict=True):
                part[:, :, rows] = reached
        return features, state

    def alike(weights: Weights, inputs: Floats, state: State, count: float) -> tuple[Floats, State]:
        """Step series of the same count."""
        reached = state[:-1]
        borders = inputs[:, :, segment - 1 - int(count) :: segment]
        if borders.shape[2]:
            features, reached = step(weights, _joined(borders, 1 - 1 / segment), reached, None)
        left = (int(count) + inputs.shape[2]) % segment
        if left:  # between borders, features come from the state at the last one
            features, _ = step(weights, _joined(inputs[:, :, -1:], (left - 1) / segment), reached, None)
        return features, (*reached, np.full_like(state[-1], left))

    return step_segments


def mixed(step: StepFunction, segments: Sequence[int]) -> StepFunction:
    """Return the step of nets in segments, each with its own number of steps in one."""
    kinds = {each: [member for member, own in enumerate(segments) if own == each] for each in segments}
    if len(kinds) == 1:
        return segmented(step, segments[0])

    def step_members(weights: Weights, inputs: Floats, state: State, feedback: Feedback) -> tuple[Floats, State]:
        features, after = np.empty((*inputs.shape[:2], state[0].shape[-1]), np.float32), tuple(map(np.copy, state))
        for segment, members in kinds.items():
            own = {name: weight[members] for name, weight in weights.items()}
            features[members], reached = segmented(step, segment)(
                own, inputs[members], tuple(part[members] for part in state), feedback
            )
            for part, new in zip(after, reached, strict=True):
                part[members] = new
        return features, after

    return step_members


def elman(drive: Floats, recall: Floats, state: tuple[Floats, ...]) -> tuple[Floats, ...]:
    """Step the cell of Elman (1990): h = tanh(drive + recall)."""
    return (np.tanh(drive + recall),)


def gru(drive: Floats, recall: Floats, state: tuple[Floats, ...]) -> tuple[Floats, ...]:
    """Step a gated recurrent unit (Cho et al. 2014), with torch's gates in torch's order r, z, n."""
    (h,) = state
    (r_in, z_in, n_in), (r_back, z_back, n_back) = _gates(drive, 3), _gates(recall, 3)
    keep = sigmoid(z_in + z_back)
    new = np.tanh(n_in + sigmoid(r_in + r_back) * n_back)
    return (new + keep * (h - new),)


def lstm(drive: Floats, recall: Floats, state: tuple[Floats, ...]) -> tuple[Floats, ...]:
    """Step a long short-term memory (Hochreiter & Schmidhuber 1997; Gers et al. 2000); gates in torch's order i, f, g,
    o."""
    _, c = state
    squashed = np.tanh(_gates(drive + recall, 4) * HALVES)
    i, f, _, o = 0.5 + 0.5 * squashed  # sigmoid(x) = (1 + tanh(x / 2)) / 2
    c = f * c + i * squashed[2]
    return o * np.tanh(c), c


def _gates(x: Floats, count: int) -> Floats:
    """Return the input of each gate [count, M, B, D], from [M, B, count*D]."""
    return x.reshape(*x.shape[:2], count, -1).transpose(2, 0, 1, 3)


def _joined(inputs: Floats, share: float) -> Floats:
    """Return inputs [M, B, T, F] with another one, the same everywhere."""
    return np.concatenate((inputs, np.full((*inputs.shape[:-1], 1), share, np.float32)), -1)


def sigmoid(x: Floats) -> Floats:
    """Return 1 / (1 + exp(-x)), without overflow."""
    result: Floats = 0.5 + 0.5 * np.tanh(0.5 * x)
    return result


def _linear(x: Floats, weight: Floats, bias: Floats) -> Floats:
    """Return x [M, B, ..., F] times a weight [M, D, F] plus a bias [M, 1, D], for each net [M, B, ..., D]."""
    rows = x.reshape(len(x), -1, x.shape[-1]) @ weight.mT
    rows += bias
    return rows.reshape(*x.shape[:-1], -1)


def _upper_layers(weights: Weights, drive: Floats) -> Floats:
    """Return tanh of the first layer's drive [M, B, ..., D], passed through the layers above it."""
    features, layer = np.tanh(drive), 1
    while f"weight_l{layer}" in weights:
        features = np.tanh(_linear(features, weights[f"weight_l{layer}"], weights[f"bias_l{layer}"]))
        layer += 1
    return features


def feed_forward_shapes(layer: int, inputs: int, hidden: int) -> Shapes:
    """Return the weight shapes of a feed-forward layer."""
    return {f"weight_l{layer}": (hidden, inputs), f"bias_l{layer}": (hidden,)}


def jordan_shapes(layer: int, inputs: int, hidden: int) -> Shapes:
    """Return the weight shapes of a feed-forward layer, with the weight of the output in the first one."""
    return feed_forward_shapes(layer, inputs, hidden) | ({"output_weight": (hidden,)} if layer == 0 else {})


def recurrent_shapes(gates: int) -> Callable[[int, int, int], Shapes]:
    """Return a function to the weight shapes of a recurrent layer whose cell has `gates` gates."""

    def shapes(layer: int, inputs: int, hidden: int) -> Shapes:
        rows = gates * hidden
        named = {"weight_ih": (rows, inputs), "weight_hh": (rows, hidden), "bias_ih": (rows,), "bias_hh": (rows,)}
        return {f"{name}_l{layer}": shape for name, shape in named.items()}

    return shapes


class SteppedNet(NamedTuple):
    """A kind of net in NumPy: its step, the arrays in its state, and the weight shapes of layer l by input and own
    width."""

    step: StepFunction
    state_parts: int
    layer_shapes: Callable[[int, int, int], Shapes]
    remembers_output: bool = False
    counts_steps: bool = False

    def init_state(self, layers: int, batch: int, hidden: int) -> State:
        """Return the state of one net before the first step."""
        shape = (1, batch, 1) if self.remembers_output else (layers, batch, hidden)
        count = (np.zeros((1, batch, 1), np.float32),) if self.counts_steps else ()
        return (np.zeros(shape, np.float32),) * self.state_parts + count


WINDOW = SteppedNet(feed_forward, 0, feed_forward_shapes)
JORDAN = SteppedNet(jordan, 1, jordan_shapes, remembers_output=True)
ELMAN = SteppedNet(recurrent(elman), 1, recurrent_shapes(1))
GRU = SteppedNet(recurrent(gru), 1, recurrent_shapes(3))
LSTM = SteppedNet(recurrent(lstm), 2, recurrent_shapes(4))


def stepped_net(name: str, segments: Sequence[int] = (1,), own: Sequence[int] = ()) -> SteppedNet:
    """Return the NumPy form of a net in the registry, for members that update their states at every Nth step.

    segments: those of all kinds of members; own: that of each member. Raises UsageError if the net has no segments.
    """
    for segment in segments:
        check_segment(name, segment)
    net: SteppedNet = find_net(name).numpy_form()
    return net if max(segments) == 1 else net._replace(step=mixed(net.step, own or segments), counts_steps=True)

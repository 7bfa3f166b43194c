"""The step of each net in NumPy.

A step function takes a net's weights (torch's names and layouts), inputs [B, T, F] and state, and gives features [B,
T, D] and the new state, exactly as the torch form does. A state is a tuple of arrays [layers, B, D]; a net without
memory has none.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.runtime.registry import find_net

Values = NDArray[np.float32]
Weights = Mapping[str, Values]
State = tuple[Any, ...]  # of arrays [layers, B, D], NumPy's here, torch's in nets/
Shapes = dict[str, tuple[int, ...]]
Step = Callable[[Weights, int, Values, State], tuple[Values, State]]


def feed_forward(weights: Weights, layers: int, inputs: Values, state: State) -> tuple[Values, State]:
    """Window net: tanh layers on what is seen at each step; nothing is remembered."""
    features = inputs
    for layer in range(layers):
        features = np.tanh(features @ weights[f"weight_l{layer}"].T + weights[f"bias_l{layer}"])
    return features, state


def lstm(weights: Weights, layers: int, inputs: Values, state: State) -> tuple[Values, State]:
    """Long short-term memory (Hochreiter & Schmidhuber 1997; Gers et al. 2000); gates in torch's order i, f, g, o."""
    hidden, cell = (np.array(part) for part in state)  # [layers, B, D] each
    size = hidden.shape[2]
    for layer in range(layers):
        drive = inputs @ weights[f"weight_ih_l{layer}"].T  # [B, T, 4D]
        drive += weights[f"bias_ih_l{layer}"] + weights[f"bias_hh_l{layer}"]
        recurrent = weights[f"weight_hh_l{layer}"].T
        h, c = hidden[layer], cell[layer]
        features = np.empty((*inputs.shape[:2], size), np.float32)
        for t in range(inputs.shape[1]):
            gates = drive[:, t] + h @ recurrent  # [B, 4D]
            i, f, o = (sigmoid(gates[:, k * size : (k + 1) * size]) for k in (0, 1, 3))
            c = f * c + i * np.tanh(gates[:, 2 * size : 3 * size])
            h = o * np.tanh(c)
            features[:, t] = h
        hidden[layer], cell[layer], inputs = h, c, features
    return inputs, (hidden, cell)


def sigmoid(x: Values) -> Values:
    """1 / (1 + exp(-x)), without overflow."""
    result: Values = 0.5 + 0.5 * np.tanh(0.5 * x)
    return result


def feed_forward_shapes(inputs: int, hidden: int) -> Shapes:
    """The weights of one feed-forward layer."""
    return {"weight": (hidden, inputs), "bias": (hidden,)}


def gated_shapes(gates: int) -> Callable[[int, int], Shapes]:
    """The weights of one recurrent layer whose cell has so many gates."""

    def shapes(inputs: int, hidden: int) -> Shapes:
        rows = gates * hidden
        return {
            "weight_ih": (rows, inputs),
            "weight_hh": (rows, hidden),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
        }

    return shapes


class SteppedNet(NamedTuple):
    """A net in NumPy: its step, the arrays in its state, and a layer's weights by its input's width and its own."""

    step: Step
    state_parts: int
    layer_shapes: Callable[[int, int], Shapes]


WINDOW = SteppedNet(feed_forward, 0, feed_forward_shapes)
LSTM = SteppedNet(lstm, 2, gated_shapes(4))


def stepped_net(name: str) -> SteppedNet:
    """The NumPy form of a net in the registry."""
    net: SteppedNet = find_net(name).numpy_form()
    return net

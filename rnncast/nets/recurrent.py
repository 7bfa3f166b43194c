"""Nets with a recurrent hidden layer: Elman, GRU and LSTM. The cell is data: one class, torch's fused kernels."""

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rnncast.nets.layers import without
from rnncast.nets.protocol import EVERY, NOTHING, Feedback, State

# The functions of torch's modules, which take weights as arguments: over all steps, and of one layer at one step.
FUNCTIONS: dict[Any, tuple[Callable[..., Any], Callable[..., Any]]] = {
    nn.RNN: (torch.rnn_tanh, torch.rnn_tanh_cell),
    nn.GRU: (torch.gru, torch.gru_cell),
    nn.LSTM: (torch.lstm, torch.lstm_cell),
}


class Recurrent(nn.Module):
    """A recurrent net h(t) = f(h(t-1), x(t)) with the same weights at every step; the cell is f."""

    def __init__(self, cell: Callable[..., nn.RNNBase], features: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        fused = cell(features, hidden_size, layers, batch_first=True)
        with torch.no_grad():
            for layer in range(layers):
                nn.init.orthogonal_(fused.get_parameter(f"weight_hh_l{layer}"))
                if cell is nn.LSTM:
                    # A forget gate that is open initially lets gradients through (Jozefowicz et al. 2015).
                    fused.get_parameter(f"bias_ih_l{layer}")[hidden_size : 2 * hidden_size] += 1.0
        self.fused = fused
        self.function, self.cell = FUNCTIONS[cell]
        self.parts = 2 if cell is nn.LSTM else 1

    def init_state(self, batch: int) -> State:
        """Return zeros: (h,), for the LSTM (h, c), each [layers, B, D]."""
        like = self.fused.get_parameter("weight_hh_l0")
        return (like.new_zeros(self.fused.num_layers, batch, self.fused.hidden_size),) * self.parts

    def forward(
        self, inputs: Tensor, state: State, feedback: Feedback, absent: slice = NOTHING, origins: slice = EVERY
    ) -> tuple[Tensor, State]:
        """Map inputs [B, T, F] and the state to features [B, T, D] and the state after them."""
        fused, before = self.fused, state if self.parts == 2 else state[0]
        if absent == NOTHING:
            features, after = fused(inputs, before)
        else:
            weights = [weight for layer in self.weights(absent) for weight in layer]
            options = (True, fused.num_layers, 0.0, self.training, False, True)  # biases, ..., batch first
            features, *parts = self.function(inputs, before, weights, *options)
            after = tuple(parts) if self.parts == 2 else parts[0]
        return features[:, origins], after if self.parts == 2 else (after,)

    def weights(self, absent: slice) -> list[list[Tensor]]:
        """Return the weights of each layer, without the columns of absent inputs."""
        layers: list[list[Tensor]] = [list(layer) for layer in self.fused.all_weights]
        layers[0][0] = without(layers[0][0], absent)
        return layers

    def step(self, inputs: Tensor, state: State, weights: list[list[Tensor]]) -> State:
        """Return the state after a single step with inputs [B, F]; its h of the last layer are the features."""
        after = []
        for layer, own in enumerate(weights):
            before = [part[layer] for part in state]
            reached = self.cell(inputs, before if self.parts == 2 else before[0], *own)
            after.append(reached if self.parts == 2 else (reached,))
            inputs = after[-1][0]
        return tuple(torch.stack(parts) for parts in zip(*after, strict=True))


ELMAN = partial(Recurrent, nn.RNN)
GRU = partial(Recurrent, nn.GRU)
LSTM = partial(Recurrent, nn.LSTM)

"""Nets with a recurrent hidden layer: Elman, GRU and LSTM. The cell is data: one class, torch's fused kernels."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from rnncast.nets.protocol import Feedback, State


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
        self.parts = 2 if cell is nn.LSTM else 1

    def init_state(self, batch: int) -> State:
        """Return zeros: (h,), for the LSTM (h, c), each [layers, B, D]."""
        like = self.fused.get_parameter("weight_hh_l0")
        return (like.new_zeros(self.fused.num_layers, batch, self.fused.hidden_size),) * self.parts

    def forward(self, inputs: Tensor, state: State, feedback: Feedback) -> tuple[Tensor, State]:
        """Map inputs [B, T, F] and the state to features [B, T, D] and the state after them."""
        features, after = self.fused(inputs, state if self.parts == 2 else state[0])
        return features, after if self.parts == 2 else (after,)


ELMAN = partial(Recurrent, nn.RNN)
GRU = partial(Recurrent, nn.GRU)
LSTM = partial(Recurrent, nn.LSTM)

"""The recurrent nets with a hidden layer. The cell is data: one class, torch's fused kernels."""

import torch
from torch import Tensor, nn

from rnncast.nets.protocol import State


class Recurrent(nn.Module):
    """h(t) = f(h(t-1), x(t)) with the same weights at every step; f is an LSTM cell."""

    def __init__(self, features: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        fused = nn.LSTM(features, hidden_size, layers, batch_first=True)
        with torch.no_grad():
            for layer in range(layers):
                nn.init.orthogonal_(fused.get_parameter(f"weight_hh_l{layer}"))
                # A forget gate that starts open lets gradients through from the first step (Jozefowicz et al. 2015).
                fused.get_parameter(f"bias_ih_l{layer}")[hidden_size : 2 * hidden_size] += 1.0
        self.fused = fused

    def init_state(self, batch: int) -> State:
        """Zeros: (h, c), each [layers, B, D]."""
        like = self.fused.get_parameter("weight_hh_l0")
        zeros = like.new_zeros(self.fused.num_layers, batch, self.fused.hidden_size)
        return zeros, zeros

    def forward(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """Inputs [B, T, F] and (h, c) to features [B, T, D] and (h, c) after them."""
        features, after = self.fused(inputs, state)
        return features, after

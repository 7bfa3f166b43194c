"""The Jordan net: its state is its last output (Jordan 1986).

    h(t) = tanh(W x(t) + u o(t-1) + b),  o(t) = the head's point forecast of the next value

Under teacher forcing what arrived stands in for o(t-1); no step then waits for another, and all T run in parallel.
"""

import torch
from torch import Tensor, nn

from rnncast.nets.protocol import Feedback, State


class Jordan(nn.Module):
    """A feed-forward net that is also given its own last output."""

    def __init__(self, features: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        sizes = [features] + [hidden_size] * layers
        for layer in range(layers):
            linear = nn.Linear(sizes[layer], sizes[layer + 1])
            self.register_parameter(f"weight_l{layer}", nn.Parameter(linear.weight))
            self.register_parameter(f"bias_l{layer}", nn.Parameter(linear.bias))
        self.output_weight = nn.Parameter(torch.empty(hidden_size).uniform_(-1, 1) / hidden_size**0.5)
        self.layers = layers

    def init_state(self, batch: int) -> State:
        """No output yet: (o,), zeros [1, B, 1]."""
        return (self.output_weight.new_zeros(1, batch, 1),)

    def forward(self, inputs: Tensor, state: State, feedback: Feedback) -> tuple[Tensor, State]:
        """Inputs [B, T, F] and (o,) to features [B, T, D] and the last output."""
        first: tuple[Tensor, Tensor] = getattr(self, "weight_l0"), getattr(self, "bias_l0")  # noqa: B009
        drive = nn.functional.linear(inputs, *first)
        if feedback is None:
            arrived = inputs[:, :, -1:]  # [B, T, 1], o(t-1) as it turned out
            return self._layers(drive + arrived * self.output_weight), state
        output = state[0][0]  # [B, 1]
        features = []
        for t in range(inputs.shape[1]):
            features.append(self._layers(drive[:, t : t + 1] + (output * self.output_weight)[:, None]))
            output = feedback(features[-1], t)[:, None]
        return torch.cat(features, 1), (output[None],)

    def _layers(self, drive: Tensor) -> Tensor:
        features = torch.tanh(drive)
        for layer in range(1, self.layers):
            weight, bias = getattr(self, f"weight_l{layer}"), getattr(self, f"bias_l{layer}")
            features = torch.tanh(nn.functional.linear(features, weight, bias))
        return features

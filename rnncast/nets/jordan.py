"""Jordan net: its state is its last output (Jordan 1986).

    h(t) = tanh(W x(t) + u o(t-1) + b),  o(t) = the head's point forecast of the next value

Under teacher forcing the observed value replaces o(t-1); no step then waits for another, and all T run in parallel.
"""

import torch
from torch import Tensor, nn

from rnncast.nets.layers import Layers
from rnncast.nets.protocol import EVERY, NOTHING, Feedback, State


class Jordan(nn.Module):
    """A feed-forward net with its own last output as another input."""

    def __init__(self, features: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        self.layers = Layers(features, hidden_size, layers)
        self.output_weight = nn.Parameter(torch.empty(hidden_size).uniform_(-1, 1) / hidden_size**0.5)

    def init_state(self, batch: int) -> State:
        """Return (o,), zeros [1, B, 1]: no output yet."""
        return (self.output_weight.new_zeros(1, batch, 1),)

    def forward(
        self, inputs: Tensor, state: State, feedback: Feedback, absent: slice = NOTHING, origins: slice = EVERY
    ) -> tuple[Tensor, State]:
        """Map inputs [B, T, F] and (o,) to features [B, T, D] and the last output."""
        drive = self.layers.drive(inputs, absent)
        if feedback is None:
            arrived = inputs[:, :, -1:]  # [B, T, 1], the observed value in place of o(t-1)
            return self.layers((drive + arrived * self.output_weight)[:, origins]), state
        output = state[0][0]  # [B, 1]
        features = []
        for t in range(inputs.shape[1]):
            features.append(self.layers(drive[:, t : t + 1] + (output * self.output_weight)[:, None]))
            output = feedback(features[-1], t)[:, None]
        return torch.cat(features, 1)[:, origins], (output[None],)

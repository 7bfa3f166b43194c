"""The window net: feed-forward layers on a fixed window. It remembers nothing, which is what it is compared for."""

import torch
from torch import Tensor, nn

from rnncast.nets.protocol import Feedback, State


class Window(nn.Module):
    """tanh layers applied to each step's inputs alone."""

    def __init__(self, features: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        sizes = [features] + [hidden_size] * layers
        for layer in range(layers):
            linear = nn.Linear(sizes[layer], sizes[layer + 1])
            self.register_parameter(f"weight_l{layer}", nn.Parameter(linear.weight))
            self.register_parameter(f"bias_l{layer}", nn.Parameter(linear.bias))
        self.layers = layers

    def init_state(self, batch: int) -> State:
        """No state."""
        return ()

    def forward(self, inputs: Tensor, state: State, feedback: Feedback) -> tuple[Tensor, State]:
        """Inputs [B, T, F] to features [B, T, D]; the state () comes back as it is."""
        features = inputs
        for layer in range(self.layers):
            weight, bias = getattr(self, f"weight_l{layer}"), getattr(self, f"bias_l{layer}")
            features = torch.tanh(nn.functional.linear(features, weight, bias))
        return features, state

"""A stack of tanh layers, which the nets without a recurrent hidden layer are made of."""

import torch
from torch import Tensor, nn


class Layers(nn.Module):
    """tanh layers; the first one's drive is open to additions before its tanh."""

    def __init__(self, features: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        for layer in range(layers):
            linear = nn.Linear(features if layer == 0 else hidden_size, hidden_size)
            self.register_parameter(f"weight_l{layer}", nn.Parameter(linear.weight))
            self.register_parameter(f"bias_l{layer}", nn.Parameter(linear.bias))
        self.number = layers

    def drive(self, inputs: Tensor) -> Tensor:
        """Inputs [B, T, F] to the first layer's drive [B, T, D]."""
        return self._linear(0, inputs)

    def forward(self, drive: Tensor) -> Tensor:
        """The first layer's drive [B, T, D] to features [B, T, D]."""
        features = torch.tanh(drive)
        for layer in range(1, self.number):
            features = torch.tanh(self._linear(layer, features))
        return features

    def _linear(self, layer: int, inputs: Tensor) -> Tensor:
        return nn.functional.linear(inputs, getattr(self, f"weight_l{layer}"), getattr(self, f"bias_l{layer}"))

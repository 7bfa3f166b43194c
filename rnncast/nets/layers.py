"""Stack of tanh layers, for the nets without a recurrent hidden layer."""

import torch
from torch import Tensor, nn

from rnncast.nets.protocol import NOTHING


class Layers(nn.Module):
    """A stack of tanh layers; the drive of the first can be added to before its tanh."""

    def __init__(self, features: int, hidden_size: int, layers: int) -> None:
        super().__init__()
        for layer in range(layers):
            linear = nn.Linear(features if layer == 0 else hidden_size, hidden_size)
            self.register_parameter(f"weight_l{layer}", nn.Parameter(linear.weight))
            self.register_parameter(f"bias_l{layer}", nn.Parameter(linear.bias))
        self.number = layers

    def drive(self, inputs: Tensor, absent: slice) -> Tensor:
        """Map inputs [B, T, F] without their absent columns to the first layer's drive [B, T, D]."""
        return self._linear(0, inputs, absent)

    def forward(self, drive: Tensor) -> Tensor:
        """Map the first layer's drive [B, T, D] to features [B, T, D]."""
        features = torch.tanh(drive)
        for layer in range(1, self.number):
            features = torch.tanh(self._linear(layer, features))
        return features

    def _linear(self, layer: int, inputs: Tensor, absent: slice = NOTHING) -> Tensor:
        weight, bias = getattr(self, f"weight_l{layer}"), getattr(self, f"bias_l{layer}")
        return nn.functional.linear(inputs, without(weight, absent), bias)


def without(weight: Tensor, absent: slice) -> Tensor:
    """Return a weight [D, F] without the columns of absent inputs."""
    if absent == NOTHING:
        return weight
    return torch.cat((weight[:, : absent.start], weight[:, absent.stop :]), 1)

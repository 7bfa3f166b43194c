"""Pretrained net in torch, for training: the same function that `rnncast.pretrained.net` steps in NumPy, and its loss.

B series, T steps, O origins, R lead times, D hidden, F inputs, Q quantiles.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnncast.pretrained.frame import INPUTS, LEAD_INPUTS, SEASONAL_CHANGE, Parts, Track
from rnncast.pretrained.net import CUTS, MIDDLE, OUTPUTS, PROBABILITIES, STARTS
from rnncast.pretrained.past import Values, Whole

FARTHEST = 60.0  # scales; a target further out says more about the scale than about the series


class Head(nn.Module):
    """Torch form of `rnncast.pretrained.net.quantiles`."""

    def __init__(self, features: int, width: int) -> None:
        super().__init__()
        self.features = nn.Linear(features, width, bias=False)
        self.inputs = nn.Linear(INPUTS, width, bias=False)
        self.lead = nn.Linear(LEAD_INPUTS, width)
        self.upper = nn.Linear(width, width)
        self.outputs = nn.Linear(width, OUTPUTS)
        nn.init.zeros_(self.outputs.weight)
        nn.init.zeros_(self.outputs.bias)

    def forward(self, features: Tensor, inputs: Tensor, parts: tuple[Tensor, ...]) -> Tensor:
        """Return quantiles [B, O, R, Q], from features [B, O, D] and inputs [B, O, F]."""
        part_levels, part_trends, part_shapes, part_wave, told = parts
        hidden = torch.tanh((self.features(features) + self.inputs(inputs))[:, :, None] + self.lead(told))
        hidden = hidden + torch.tanh(self.upper(hidden))
        levels, trends, shapes, wave, correction, widths = self.outputs(hidden).tensor_split(CUTS, -1)
        middle = (levels.softmax(-1) * part_levels[:, :, None]).sum(-1)
        middle = middle + (trends.softmax(-1)[..., 1:] * part_trends).sum(-1)
        middle = middle + (shapes.softmax(-1)[..., 1:] * part_shapes).sum(-1)
        middle = middle + wave[..., 0].sigmoid() * part_wave + correction[..., 0]
        columns = [middle]
        for j in range(MIDDLE):
            columns.insert(0, columns[0] - nn.functional.softplus(widths[..., j] + STARTS[j]))
            columns.append(columns[-1] + nn.functional.softplus(widths[..., MIDDLE + j] + STARTS[j]))
        return torch.stack(columns, -1)


class PretrainedNet(nn.Module):
    """A GRU and the head."""

    def __init__(self, hidden: int = 96, width: int = 64, layers: int = 1) -> None:
        super().__init__()
        self.gru = nn.GRU(INPUTS, hidden, layers, batch_first=True)
        self.head = Head(hidden, width)

    @classmethod
    def of(cls, weights: Mapping[str, NDArray[Any]]) -> "PretrainedNet":
        """Return the net with these weights."""
        layers = sum(name.startswith("gru.weight_hh") for name in weights)
        net = cls(weights["gru.weight_hh_l0"].shape[1], len(weights["head.lead.weight"]), layers)
        net.load_state_dict({name: torch.from_numpy(np.array(weight)) for name, weight in weights.items()})
        return net


def examples(track: Track, y: Values, origins: Whole, leads: Whole) -> tuple[Values, ...]:
    """Return the training examples of series y [B, T] at origins [O] and leads [R].

    They are targets [B, O, R] minus the anchor in units of the scale (NaN = none), weights [B, O, 1], and the parts of
    the forecasts. The unit of the loss is the mean of the scale and the seasonal change up to each origin, so that the
    target cannot reduce its own weight.
    """
    parts: Parts = track.parts(origins, leads)
    ahead = np.concatenate([y, np.full((len(y), leads[-1]), np.nan)], 1)[:, origins[:, None] + leads]
    scale = track.scale[:, origins, None]
    targets = (ahead - track.anchor[:, origins, None]) / scale
    typical = np.cumsum(track.scale, 1)[:, origins, None] / track.past.count[:, origins, None]  # of the past only
    change = np.exp(track.inputs[:, origins, SEASONAL_CHANGE, None])  # in scales
    weights = 2 * scale / (scale + typical) * 2 / (1 + change)
    return (np.clip(targets, -FARTHEST, FARTHEST), weights, *parts)


def quantile_loss(quantiles: Tensor, targets: Tensor, weights: Tensor) -> Tensor:
    """Return the mean pinball loss of quantiles [B, O, R, Q], with the targets and weights of `examples`."""
    known = ~targets.isnan()
    error = torch.where(known, targets, 0.0)[..., None] - quantiles
    levels = torch.tensor(PROBABILITIES, device=error.device)
    pinball = torch.maximum(levels * error, (levels - 1) * error).mean(-1) * weights * known
    return 2 * pinball.sum() / known.sum().clamp(min=1)


def tensors(arrays: tuple[Values, ...], device: str = "cpu") -> tuple[Tensor, ...]:
    """Return arrays as float32 tensors on the device."""
    return tuple(torch.from_numpy(array.astype(np.float32)).to(device) for array in arrays)

"""Nets that step on a device, as a replacement for a Runtime's stepping in NumPy."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from rnncast.nets.model import Model, model_of
from rnncast.runtime.nets import State
from rnncast.spec import ModelSpec


@dataclass(frozen=True)
class OnDevice:
    """Nets of a ModelSpec with their weights, on a torch device. A `runtime.members.StepNets`."""

    spec: ModelSpec
    weights: Mapping[str, NDArray[np.float32]]
    device: torch.device

    def __call__(self, inputs: NDArray[np.float32], state: State) -> tuple[NDArray[np.float32], State]:
        """Return the features [M, B, D] of the members at the last step of inputs [M, B, T, F], and their state
        [M, ...] after them."""
        found = [
            self._stepped(model, inputs[member], tuple(part[member] for part in state))
            for member, model in enumerate(self._models)
        ]
        features, after = zip(*found, strict=True)
        return np.stack(features), tuple(np.stack(part) for part in zip(*after, strict=True))

    def _stepped(self, model: Model, inputs: NDArray[np.float32], state: State) -> tuple[NDArray[np.float32], State]:
        """Return the features [B, D] of a member at the last step of inputs [B, T, F], and its state after them."""
        with torch.no_grad():
            given = tuple(torch.from_numpy(part.astype(np.float32)).to(self.device) for part in state)
            features, after = model.net(torch.from_numpy(inputs).to(self.device), given, None, origins=slice(-1, None))
        return features[:, 0].cpu().numpy(), tuple(part.cpu().numpy() for part in after)

    @cached_property
    def _models(self) -> list[Model]:
        members = range(self.spec.net.members)
        return [model_of(self.spec, self.weights, member).to(self.device) for member in members]

"""The runtime with its nets on a device: frame and head as ever, in NumPy; the recurrence over a history in torch."""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from rnncast.nets.model import Model, model_of
from rnncast.runtime.members import Members
from rnncast.runtime.nets import Feedback, State
from rnncast.runtime.runtime import Runtime


@dataclass(frozen=True)
class DeviceMembers(Members):
    """Members that step on a torch device. A net that is given its own output steps in NumPy, as it waits for the head
    at each step."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    def step_nets(
        self, inputs: NDArray[np.float32], state: State, feedback: Feedback | None
    ) -> tuple[NDArray[np.float32], State]:
        """As `Members.step_nets`."""
        if feedback is not None:
            return super().step_nets(inputs, state, feedback)
        found = [
            self._stepped(member, inputs[member], tuple(part[member] for part in state))
            for member in range(self.number)
        ]
        features, after = zip(*found, strict=True)
        return np.stack(features), tuple(np.stack(part) for part in zip(*after, strict=True))

    def _stepped(self, member: int, inputs: NDArray[np.float32], state: State) -> tuple[NDArray[np.float32], State]:
        """The features [B, T, D] of a member over inputs [B, T, F], and its state after them."""
        with torch.no_grad():
            given = tuple(torch.from_numpy(part.astype(np.float32)).to(self.device) for part in state)
            features, after = self._models[member].net(torch.from_numpy(inputs).to(self.device), given, None)
        return features.cpu().numpy(), tuple(part.cpu().numpy() for part in after)

    @cached_property
    def _models(self) -> list[Model]:
        return [model_of(self.spec, self.weights, member).to(self.device) for member in range(self.number)]


@dataclass(frozen=True)
class DeviceRuntime(Runtime):
    """A Runtime whose nets step on a torch device."""

    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @cached_property
    def nets(self) -> Members:
        """The members, on the device."""
        return DeviceMembers(self.spec, self.weights, self.device)

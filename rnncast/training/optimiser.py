"""AdamW (Loshchilov and Hutter 2019), by torch's own function for it.

The class `torch.optim.AdamW` computes the same numbers, but first loads torch's compiler, which takes as long as
importing torch, and longer than training on a short series.
"""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor
from torch.nn import Parameter
from torch.optim.adamw import adamw

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
STEP, MEAN, SQUARE = "step", "exp_avg", "exp_avg_sq"  # torch's names for them


class AdamW:
    """Moments of each parameter, which change with each update, as the parameters do."""

    def __init__(self, parameters: Iterable[Parameter], weight_decay: float) -> None:
        self.parameters, self.weight_decay = list(parameters), weight_decay
        self.moments = [
            {STEP: torch.zeros((), device=each.device), MEAN: torch.zeros_like(each), SQUARE: torch.zeros_like(each)}
            for each in self.parameters
        ]

    def clear(self) -> None:
        """Forget all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, lr: float) -> None:
        """Update each parameter that has a gradient, at a learning rate."""
        found = [
            (parameter, parameter.grad, moments)
            for parameter, moments in zip(self.parameters, self.moments, strict=True)
            if parameter.grad is not None
        ]
        adamw(
            [parameter for parameter, _, _ in found],
            [gradient for _, gradient, _ in found],
            [moments[MEAN] for _, _, moments in found],
            [moments[SQUARE] for _, _, moments in found],
            [],
            [moments[STEP] for _, _, moments in found],
            fused=True,  # one operation for all parameters
            amsgrad=False,
            beta1=BETA1,
            beta2=BETA2,
            lr=lr,
            weight_decay=self.weight_decay,
            eps=EPSILON,
            maximize=False,
        )

    def restore(self, moments: Mapping[int, Mapping[str, Tensor]]) -> None:
        """Restore moments, by the number of their parameter. Raises KeyError or RuntimeError if they do not fit."""
        for number, there in enumerate(self.moments):
            for name, tensor in there.items():
                tensor.copy_(moments[number][name].reshape(tensor.shape))

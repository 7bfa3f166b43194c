"""Losses that training minimises, from outputs of the head and observed values.

B batch, T origins, H horizon, P outputs (the quantiles, or the parameters of a distribution), in local units.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.distributions import NegativeBinomial, StudentT
from torch.nn import functional

from rnncast.runtime.head import mean_count
from rnncast.spec import ModelSpec


class Targets(NamedTuple):
    """Observed values [B, T, H] in local units, 0 if missing, and their weight, 0 if missing.

    level, scale [B, T]: the local units.
    """

    values: Tensor
    weight: Tensor
    level: Tensor
    scale: Tensor


@dataclass(frozen=True)
class Errors:
    """A loss of outputs at the probabilities [Q] of quantiles."""

    form: Callable[[Tensor, Targets, Tensor], Tensor]
    probabilities: Tensor

    def __call__(self, outputs: Tensor, targets: Targets) -> Tensor:
        """Return each error [B, T, H] of outputs [B, T, H, P]."""
        return self.form(outputs, targets, self.probabilities)

    @property
    def of_all_quantiles(self) -> bool:
        """True if it is the pinball loss of every quantile."""
        return self.form is of_quantiles


def loss_of(spec: ModelSpec, device: torch.device) -> Errors:
    """Return the errors of a ModelSpec's loss."""
    return Errors(spec.loss.torch_form(), torch.tensor(spec.task.quantiles, dtype=torch.float64, device=device))


def of_quantiles(quantiles: Tensor, targets: Targets, probabilities: Tensor) -> Tensor:
    """Return the pinball loss of all quantiles."""
    return pinball(quantiles, targets.values, probabilities)


def absolute(quantiles: Tensor, targets: Targets, probabilities: Tensor) -> Tensor:
    """Return the absolute error of the median."""
    return _of_point(functional.l1_loss, quantiles, targets, probabilities)


def squared(quantiles: Tensor, targets: Targets, probabilities: Tensor) -> Tensor:
    """Return the squared error of the middle quantile, which is then a mean."""
    return _of_point(functional.mse_loss, quantiles, targets, probabilities)


def huber(quantiles: Tensor, targets: Targets, probabilities: Tensor) -> Tensor:
    """Return the Huber loss of the middle quantile: squared within a unit, absolute beyond."""
    return _of_point(functional.huber_loss, quantiles, targets, probabilities)


def _of_point(point_error: Callable[..., Tensor], quantiles: Tensor, targets: Targets, probabilities: Tensor) -> Tensor:
    """Return an error of the point forecast plus the pinball loss of the intervals around it, which does not move
    it."""
    point = quantiles[..., quantiles.shape[-1] // 2]
    around = quantiles - (point - point.detach())[..., None]
    off = point_error(point, targets.values, reduction="none")
    return off + pinball(around, targets.values, probabilities)


def pinball(quantiles: Tensor, targets: Tensor, probabilities: Tensor) -> Tensor:
    """Return the quantile loss of each target [B, T, H]: twice the mean over Q, so that the median alone gives absolute
    error.

    quantiles [B, T, H, Q] at probabilities [Q]; targets [B, T, H] without NaN. Source: Koenker & Bassett (1978).
    """
    error = targets[..., None] - quantiles
    probabilities = probabilities.to(error.dtype)
    return 2 * torch.maximum(probabilities * error, (probabilities - 1) * error).mean(-1)


def student_t(outputs: Tensor, targets: Targets, probabilities: Tensor) -> Tensor:
    """Return the negative log-likelihood of each target: location, scale, and degrees of freedom above 2."""
    location, scale, degrees = outputs.unbind(-1)
    likely: Tensor = StudentT(2 + degrees, location, scale, validate_args=False).log_prob(targets.values)  # type: ignore[no-untyped-call]
    return -likely


def negative_binomial(outputs: Tensor, targets: Targets, probabilities: Tensor) -> Tensor:
    """Return the negative log-likelihood of each count, given a mean and a dispersion.

    The variance is mean + dispersion * mean^2.
    """
    middle, dispersion = outputs.unbind(-1)
    level, scale = targets.level.to(middle.dtype), targets.scale.to(middle.dtype)
    mean = mean_count(middle, level, scale)
    count = (targets.values * scale[..., None] + level[..., None]).round().clamp(min=0)
    size = 1 / dispersion.clamp(min=1e-6)
    logits = mean.log() - size.log()
    likely: Tensor = NegativeBinomial(size, logits=logits, validate_args=False).log_prob(count)  # type: ignore[no-untyped-call]
    return -likely

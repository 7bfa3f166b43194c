"""What training makes small."""

import torch
from torch import Tensor


def pinball(quantiles: Tensor, targets: Tensor, probabilities: Tensor) -> Tensor:
    """Quantile loss of each target [B, T, H]: twice the mean over Q, so that the median alone gives absolute error.

    quantiles [B, T, H, Q] at probabilities [Q]; targets [B, T, H] without NaN. Source: Koenker & Bassett (1978).
    """
    error = targets[..., None] - quantiles
    return 2 * torch.maximum(probabilities * error, (probabilities - 1) * error).mean(-1)

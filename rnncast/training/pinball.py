"""Pinball loss of a head's quantiles, with its gradient written out by hand.

`Head.outputs` and `losses.pinball` say the same in a few lines, and a test holds this to them. Through those, torch
keeps every intermediate array, [B, T, K, H] and [B, T, H, Q], and goes back through each; here the gradient is made
beside the loss, in place, which takes less than half the time.

N positions (series times origins), D hidden, W window, H horizon, K base forecasts, Q quantiles.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional

from rnncast.runtime.head import Head
from rnncast.training.losses import Targets

ALL_BUT_LINEAR = 40  # beyond it softplus(x) equals x to the last bit
SPARED = 0.9  # share of positions with a weight, below which leaving out the others pays


class Read(NamedTuple):
    """Head's other inputs, window [N, W] and bases [N, K, H]; and the targets with their weight [N, H]."""

    window: Tensor
    bases: Tensor
    targets: Tensor
    weight: Tensor


def loss_of_head(
    head: Head, weights: Mapping[str, Tensor], features: Tensor, window: Tensor, bases: Tensor, targets: Targets
) -> Tensor:
    """Return the summed weighted pinball loss of the forecasts of a head without leads, in the features' dtype.

    features [B, T, D], window [B, T, W], bases [B, T, K, H], targets [B, T, H]. Positions without weight are left out.
    """
    kind = features.dtype
    parts = (part.to(kind).flatten(0, 1) for part in (window, bases, targets.values, targets.weight))
    read, features = Read(*parts), features.flatten(0, 1)
    weighed = read.weight.any(1)
    if weighed.sum() < SPARED * len(weighed):
        kept = weighed.nonzero()[:, 0]
        read, features = Read(*(part.index_select(0, kept) for part in read)), features.index_select(0, kept)
    loss: Tensor = _PinballOfHead.apply(features, weights["weight"], weights["bias"], weights["highway"], read, head)  # type: ignore[no-untyped-call]
    return loss


class _PinballOfHead(torch.autograd.Function):
    """Loss of features [N, D] and the weights of a head; its gradients are computed with it."""

    @staticmethod
    def forward(
        ctx: Any, features: Tensor, weight: Tensor, bias: Tensor, highway: Tensor, read: Read, head: Head
    ) -> Tensor:
        """Return the loss, and keep its gradients until they are asked for."""
        half, gates = head.middle, head.bases - 1
        outputs = torch.addmm(bias, features, weight.t())
        raw = outputs.view(
            len(features), gates + len(head.probabilities), head.horizon
        )  # [N, K-1+Q, H]: gates, correction, widths
        naive = read.bases[:, 0]
        apart = read.bases[:, 1:] - naive[:, None]
        middle = torch.addmm(naive, read.window, highway.t()).add_(raw[:, gates])
        middle += raw[:, :gates].mul_(apart).sum(1)
        widths = raw[:, gates + 1 :].add_(raw.new_tensor(head.width_starts * 2)[:, None])
        steps = functional.softplus(widths, threshold=ALL_BUT_LINEAR)
        error = torch.empty_like(raw[:, : len(head.probabilities)])  # [N, Q, H], targets less quantiles
        torch.sub(read.targets, middle, out=error[:, half])
        for j in range(half):
            torch.add(error[:, half - j], steps[:, j], out=error[:, half - j - 1])
            torch.sub(error[:, half + j], steps[:, half + j], out=error[:, half + j + 1])
        # The gradient in each quantile; times the errors it is the loss, which is linear in them on either side.
        slopes = error.sign().neg_().sub_(raw.new_tensor(head.probabilities)[:, None].mul(2).sub(1))
        slopes *= (read.weight / len(head.probabilities))[:, None]
        loss = -torch.dot(error.view(-1), slopes.view(-1))
        for j in range(half - 1, 0, -1):  # a width moves every quantile beyond it
            slopes[:, half - j] += slopes[:, half - j - 1]
            slopes[:, half + j] += slopes[:, half + j + 1]
        sigmoid = widths.sigmoid_()
        sigmoid[:, :half] *= slopes[:, :half].flip(1).neg_()
        sigmoid[:, half:] *= slopes[:, half + 1 :]
        whole = slopes[:, half]
        if half:
            whole = whole + slopes[:, half - 1] + slopes[:, half + 1]
        torch.mul(apart, whole[:, None], out=raw[:, :gates])
        raw[:, gates] = whole
        ctx.gradients = (outputs @ weight, outputs.t() @ features, outputs.sum(0), whole.t() @ read.window)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the features and the weights."""
        return *(gradient * part for part in ctx.gradients), None, None

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

from rnncast.frame.view import Leads
from rnncast.runtime.head import Head
from rnncast.training.losses import Targets

ALL_BUT_LINEAR = 40  # beyond it softplus(x) equals x to the last bit
SPARED = 0.9  # share of positions with a weight, below which leaving out the others pays


class Read(NamedTuple):
    """Head's other inputs, window [N, W] and bases [N, K, H]; the targets with their weight [N, H]; and Leads, if any,
    known [N, H, C] and zero [N]."""

    window: Tensor
    bases: Tensor
    targets: Tensor
    weight: Tensor
    leads: tuple[Tensor, ...] = ()

    def of(self, rows: Tensor) -> "Read":
        """Return the chosen positions."""
        window, bases, targets, weight = (part.index_select(0, rows) for part in self[:4])
        return Read(window, bases, targets, weight, tuple(part.index_select(0, rows) for part in self.leads))


def loss_of_head(
    head: Head,
    weights: Mapping[str, Tensor],
    features: Tensor,
    seen: tuple[Tensor, Tensor, Leads | None],
    targets: Targets,
) -> Tensor:
    """Return the summed weighted pinball loss of the forecasts of a head, in the features' dtype.

    features [B, T, D]; seen: the window [B, T, W], bases [B, T, K, H] and leads; targets [B, T, H]. Positions without
    weight are left out.
    """
    window, bases, leads = seen
    given = (window, bases, targets.values, targets.weight, *(leads or ()))
    parts = [part.to(features.dtype).flatten(0, 1) for part in given]
    read = Read(parts[0], parts[1], parts[2], parts[3], tuple(parts[4:]))
    features = features.flatten(0, 1)
    weighed = read.weight.any(1)
    if weighed.sum() < SPARED * len(weighed):
        kept = weighed.nonzero()[:, 0]
        read, features = read.of(kept), features.index_select(0, kept)
    added = head.of_leads(weights, features[None], read.leads[0][None])[0] if read.leads else None  # [N, 1+K-1+Q, H]
    own = [weights[name] for name in ("weight", "bias", "highway")]
    loss: Tensor = _PinballOfHead.apply(features, *own, added, read, head)  # type: ignore[no-untyped-call]
    return loss


class _PinballOfHead(torch.autograd.Function):
    """Loss of features [N, D], the weights of a head and what leads add; its gradients are computed with it."""

    @staticmethod
    def forward(
        ctx: Any,
        features: Tensor,
        weight: Tensor,
        bias: Tensor,
        highway: Tensor,
        added: Tensor | None,
        read: Read,
        head: Head,
    ) -> Tensor:
        """Return the loss, and keep its gradients until they are asked for."""
        half, gates = head.middle, head.bases - 1
        outputs = torch.addmm(bias, features, weight.t())
        raw = outputs.view(
            len(features), gates + len(head.probabilities), head.horizon
        )  # [N, K-1+Q, H]: gates, correction, widths
        if added is not None:
            raw += added[:, 1:]
        naive = read.bases[:, 0]
        apart = read.bases[:, 1:] - naive[:, None]
        middle = torch.addmm(naive, read.window, highway.t()).add_(raw[:, gates])
        middle += raw[:, :gates].mul_(apart).sum(1)
        if added is not None:  # a factor that multiplies the middle, counted from 0 in the user's units
            factor, above = 1 + added[:, 0], middle - read.leads[1][:, None]
            middle = above * factor + read.leads[1][:, None]
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
        of_added = None
        if added is not None:
            of_added = torch.empty_like(added)
            torch.mul(above, whole, out=of_added[:, 0])
            whole = whole * factor
        torch.mul(apart, whole[:, None], out=raw[:, :gates])
        raw[:, gates] = whole
        if of_added is not None:
            of_added[:, 1:] = raw
        ctx.gradients = (outputs @ weight, outputs.t() @ features, outputs.sum(0), whole.t() @ read.window, of_added)
        return loss

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of the features and the weights."""
        return *(None if part is None else gradient * part for part in ctx.gradients), None, None

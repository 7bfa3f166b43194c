"""Gradient ledger: how much of the gradient of a loss at step t reaches the state k steps before.

It holds the norm of dL(t)/ds(t-k), for k = 1, 2, 4, ... K. Gradients that shrink with k are called vanishing, those
that grow exploding (Bengio et al. 1994; Pascanu et al. 2013). The state s is the hidden layer, for the LSTM with its
cell.
"""

import math
from itertools import pairwise

import torch
from torch import Tensor

from rnncast.nets.model import Model
from rnncast.spec import ModelSpec
from rnncast.training.batches import Batch, Batches, Chunk
from rnncast.training.losses import loss_of
from rnncast.training.objectives import see, weighted_loss

# A measurement costs about two passes over a chunk of one series; at this interval, that adds a few percent.
CHUNKS_PER_MEASUREMENT = 100


class Ledger:
    """Ledger of the gradient by lag, at the end of the longest series, measured in some of the epochs."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec

    def measure(self, model: Model, batches: Batches, epoch: int) -> dict[int, float]:
        """Return the norm for each lag; empty in an epoch that is not measured, and for a net without memory."""
        every = math.ceil(CHUNKS_PER_MEASUREMENT / len(batches))
        if (epoch - 1) % every and epoch != self.spec.train.epochs:
            return {}
        model.eval()
        return gradient_by_lag(model, batches, self.spec)


def gradient_by_lag(model: Model, batches: Batches, spec: ModelSpec) -> dict[int, float]:
    """Return the norm of dL(t)/ds(t-k) by k, at the last step t of the longest series with a whole horizon ahead."""
    horizon, longest = spec.task.horizon, batches.batches[-1]
    t = longest.steps - 1 - horizon
    lags = [2**i for i in range(spec.train.bptt_steps.bit_length()) if 2**i <= min(spec.train.bptt_steps, t)]
    if not lags or not model.init_state(1):
        return {}
    last = slice(-1, None)  # the longest series
    one = Batch(longest.past.of_series(last), longest.weight[last], longest.there[last])
    chunk = Chunk(one, 0, longest.steps)
    borders = [t + 1 - lag for lag in reversed(lags)]  # the state before step t+1-k is s(t-k)
    with torch.no_grad():
        warm_up = chunk.part(max(0, borders[0] - lags[-1]), borders[0])
        _, state = see(model, warm_up, model.init_state(1))
    states = [tuple(part.requires_grad_() for part in state)]
    for start, stop in pairwise(borders):
        states.append(see(model, chunk.part(start, stop), states[-1])[1])
    outputs, _ = see(model, chunk.part(borders[-1], t + 1), states[-1])
    targets = chunk.part(t, t + 1).targets(outputs.shape[2])
    error = weighted_loss(loss_of(spec, outputs.device), outputs[:, -1:], targets)
    loss = error / targets.weight.sum().clip(1e-12)
    parts = len(state)
    flat = [part for each in states for part in each]
    gradients = torch.autograd.grad(loss, flat, allow_unused=True)
    norms = [_norm(gradients[i : i + parts]) for i in range(0, len(flat), parts)]
    return dict(zip(lags, reversed(norms), strict=True))


def _norm(gradients: tuple[Tensor | None, ...]) -> float:
    # In float64, so that the square of an almost vanished gradient is not zero.
    return math.sqrt(sum(float(part.double().square().sum()) for part in gradients if part is not None))

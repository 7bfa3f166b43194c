"""The training loop: truncated back-propagation through time with carried state.

It yields a Step after each epoch and does nothing else: no printing, no saving. What to show, when to stop and what to
keep is for whoever consumes the steps.
"""

import math
import time
from collections.abc import Iterator
from statistics import median
from typing import NamedTuple

import torch
from torch import Tensor

from rnncast.config import Config, TrainConfig
from rnncast.errors import TrainingError
from rnncast.nets.model import Model
from rnncast.nets.protocol import State
from rnncast.training.batches import Batches
from rnncast.training.losses import pinball


class Step(NamedTuple):
    """What an epoch did.

    loss: mean weighted pinball loss, in local units. gradient_norm: median over the epoch, before clipping. clipped:
    share of updates whose gradient was clipped. lr: the last learning rate. seconds: since training began.
    """

    epoch: int
    epochs: int
    loss: float
    gradient_norm: float
    clipped: float
    lr: float
    seconds: float


class Update(NamedTuple):
    """What one optimiser step saw: the summed loss, its total weight, and the gradient norm before clipping."""

    loss: float
    weight: float
    norm: float


def train(model: Model, batches: Batches, config: Config) -> Iterator[Step]:
    """Train the model in place, yielding a Step after each epoch.

    State is carried over chunk borders and detached there, so gradients reach back at most --bptt-steps (Williams &
    Peng 1990) while memory does not end; it is reset only where a series starts. TrainingError at a loss or gradient
    that is not finite, before it reaches the weights.
    """
    settings = config.train
    assert settings.epochs is not None
    probabilities = torch.tensor(config.task.quantiles, device=next(model.parameters()).device)
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=settings.weight_decay)
    state: State = ()
    began = time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        updates = []
        for index, chunk in enumerate(batches.epoch()):
            progress = (epoch - 1 + min(index / len(batches), 1.0)) / settings.epochs
            lr = one_cycle(progress, settings.learning_rate)
            optimiser.param_groups[0]["lr"] = lr
            if chunk.first:
                state = model.init_state(len(chunk.inputs))
            quantiles, state = model(chunk.inputs, chunk.bases, state)
            state = tuple(part.detach() for part in state)
            loss = pinball(quantiles, chunk.targets, probabilities) * chunk.weight
            if chunk.weight.any():  # otherwise there is nothing to learn, but the state has moved on
                updates.append(_update(model, optimiser, loss.sum(), chunk.weight.sum(), settings.clip_norm))
        yield _summary(updates, epoch, config.train, lr, time.perf_counter() - began)
        if settings.max_time is not None and time.perf_counter() - began > settings.max_time:
            return


def _update(model: Model, optimiser: torch.optim.Optimizer, loss: Tensor, weight: Tensor, clip_norm: float) -> Update:
    optimiser.zero_grad(set_to_none=True)
    (loss / weight).backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), clip_norm)
    if not torch.isfinite(norm):
        raise TrainingError(
            "the gradient was no longer finite; training stopped before it reached the weights",
            hint="try a smaller --learning-rate or --clip-norm",
        )
    optimiser.step()
    return Update(float(loss.detach()), float(weight), float(norm))


def _summary(updates: list[Update], epoch: int, settings: TrainConfig, lr: float, seconds: float) -> Step:
    norms = [update.norm for update in updates]
    return Step(
        epoch=epoch,
        epochs=settings.epochs or 0,
        loss=sum(u.loss for u in updates) / max(sum(u.weight for u in updates), 1e-12),
        gradient_norm=median(norms) if norms else 0.0,
        clipped=sum(norm > settings.clip_norm for norm in norms) / max(len(norms), 1),
        lr=lr,
        seconds=seconds,
    )


def one_cycle(progress: float, highest: float) -> float:
    """The learning rate at a share `progress` of training: up for a quarter, then down to almost 0 (Smith 2018)."""
    warm = 0.25
    if progress < warm:
        return highest * (0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * progress / warm)))
    return highest * (1e-4 + 0.5 * (1 + math.cos(math.pi * (progress - warm) / (1 - warm))))

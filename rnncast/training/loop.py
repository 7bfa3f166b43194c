"""The training loop: truncated back-propagation through time with carried state.

It yields a Step after each epoch and does nothing else: no printing, no saving. What to show, when to stop and what to
keep is for whoever consumes the steps.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median, quantiles

import torch

from rnncast.config import Config, TrainConfig
from rnncast.errors import TrainingError
from rnncast.nets.model import Model
from rnncast.nets.protocol import State
from rnncast.training.batches import Batches, Chunk
from rnncast.training.ledger import Ledger
from rnncast.training.losses import loss_of
from rnncast.training.objectives import FreeRunning, Outcome, observed
from rnncast.training.step import Step


@dataclass(frozen=True)
class Update:
    """What one optimiser step saw: the summed loss, its total weight, and the gradient norm before clipping."""

    loss: float
    weight: float
    norm: float


def train(
    model: Model,
    batches: Batches,
    config: Config,
    ledger: Ledger | None = None,
    wanted: Callable[[], bool] = lambda: True,
) -> Iterator[Step]:
    """Train the model in place, yielding a Step after each epoch, for as long as it is `wanted`.

    State is carried over chunk borders and detached there, so gradients reach back at most --bptt-steps (Williams &
    Peng 1990) while memory does not end; it is reset only where a series starts, or at each border without --carry.
    TrainingError at a loss or gradient that is not finite, before it reaches the weights.
    """
    settings = config.train
    assert settings.epochs is not None
    objective = _objective(model, config)
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=settings.weight_decay)
    state: State = ()
    lr, began = 0.0, time.perf_counter()
    for epoch in range(1, settings.epochs + 1):
        model.train()
        updates, steps = [], 0
        for index, chunk in enumerate(batches.epoch()):
            if not wanted():
                return
            progress = (epoch - 1 + min(index / len(batches), 1.0)) / settings.epochs
            if settings.max_time is not None:  # the schedule ends with the time, if that is sooner
                progress = max(progress, min((time.perf_counter() - began) / max(settings.max_time, 1e-9), 1.0))
            lr = one_cycle(progress, settings.learning_rate)
            optimiser.param_groups[0]["lr"] = lr
            if chunk.start == 0 or not settings.carry:
                state = model.init_state(chunk.rows)
            outcome = objective(chunk, state, progress)
            state = tuple(part.detach() for part in outcome.state)
            steps += chunk.rows * (chunk.stop - chunk.start)
            if outcome.weight > 0:  # otherwise there is nothing to learn, but the state has moved on
                updates.append(_update(model, optimiser, outcome, settings, f"update {index + 1} of epoch {epoch}"))
        by_lag = ledger.measure(model, batches, epoch) if ledger is not None else {}
        seconds = time.perf_counter() - began
        yield _summary(updates, epoch, settings, lr, steps, seconds, by_lag)
        if settings.max_time is not None and seconds > settings.max_time:
            return


def one_cycle(progress: float, highest: float) -> float:
    """The learning rate at a share `progress` of training: up for a quarter, then down to almost 0 (Smith 2018)."""
    warm = 0.25
    if progress < warm:
        return highest * (0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * progress / warm)))
    return highest * (1e-4 + 0.5 * (1 + math.cos(math.pi * (progress - warm) / (1 - warm))))


def _objective(model: Model, config: Config) -> Callable[[Chunk, State, float], Outcome]:
    device = next(model.parameters()).device
    loss = loss_of(config, device)
    if config.free_running:
        free = FreeRunning(config, loss, device)
        return lambda chunk, state, progress: free(model, chunk, state, progress)
    return lambda chunk, state, progress: observed(model, chunk, state, loss)


def _update(
    model: Model, optimiser: torch.optim.Optimizer, outcome: Outcome, settings: TrainConfig, place: str
) -> Update:
    optimiser.zero_grad(set_to_none=True)
    (outcome.loss / outcome.weight).backward()  # type: ignore[no-untyped-call]
    norm = torch.nn.utils.clip_grad_norm_(model.parameters(), settings.clip_norm)
    if not torch.isfinite(norm):
        raise TrainingError(
            f"the gradient was no longer finite at {place}; training stopped before it reached the weights",
            hint=f"try a smaller --learning-rate than {settings.learning_rate:g}, or a smaller --clip-norm",
        )
    optimiser.step()
    return Update(float(outcome.loss.detach()), float(outcome.weight), float(norm))


def _summary(
    updates: list[Update],
    epoch: int,
    settings: TrainConfig,
    lr: float,
    steps: int,
    seconds: float,
    gradient_by_lag: dict[int, float],
) -> Step:
    norms = [update.norm for update in updates] or [0.0]
    return Step(
        epoch=epoch,
        epochs=settings.epochs or 0,
        loss=sum(u.loss for u in updates) / max(sum(u.weight for u in updates), 1e-12),
        gradient_norm=median(norms),
        gradient_norm_95=quantiles(norms, n=20, method="inclusive")[-1] if len(norms) > 1 else norms[0],
        clipped=sum(norm > settings.clip_norm for norm in norms) / len(norms),
        lr=lr,
        steps=steps,
        seconds=seconds,
        gradient_by_lag=gradient_by_lag,
    )

"""Training loop: truncated back-propagation through time with carried state.

It yields an EpochReport after each epoch, a Place where one is wanted, and does nothing else: no printing, no saving.
The caller decides what to show, when to stop and what to keep.
"""

import math
import time
from collections.abc import Callable, Iterator
from statistics import median, quantiles

import numpy as np
import torch

from rnncast.nets.model import Model
from rnncast.nets.protocol import State
from rnncast.spec import ModelSpec, TrainSpec
from rnncast.training.batches import Batches
from rnncast.training.checkpoint import Place, Update
from rnncast.training.epoch import EpochReport
from rnncast.training.learner import Learner
from rnncast.training.ledger import Ledger
from rnncast.training.ranks import ALONE, Ranks


def train(
    model: Model,
    batches: Batches,
    spec: ModelSpec,
    ledger: Ledger | None = None,
    wanted: Callable[[], bool] = lambda: True,
    due: Callable[[], bool] = lambda: False,
    start: Place | None = None,
    ranks: Ranks = ALONE,
) -> Iterator[EpochReport | Place]:
    """Train the model in place, yielding an EpochReport after each epoch, and a Place before each update that is `due`.

    It ends, with a last Place, before the first update that is not `wanted`; from any Place, as its `start`, it
    continues to the same bits. State is carried over chunk borders and detached there, so gradients reach back at most
    --bptt-steps (Williams & Peng 1990) while memory does not end; it is reset only at the start of a series, or at each
    border without --carry. Raises TrainingError at a loss or gradient that is not finite, before it reaches the
    weights.
    """
    settings, random = spec.train, batches.random.bit_generator
    learner = Learner.of(model, spec, ranks)
    here = start or Place(1, 0, (), 0, 0.0, 0.0, random.state, {})
    state: State = learner.restore(here.arrays) if start is not None else ()
    lr, began = here.lr, time.perf_counter() - here.seconds

    def used() -> float:  # of the time limit, by the clock of the first rank
        share = (time.perf_counter() - began) / max(settings.max_time, 1e-9)
        return ranks.of_first(share) if math.isfinite(settings.max_time) else 0.0

    for epoch in range(here.epoch, settings.epochs + 1):
        model.train()
        updates, steps, random.state = list(here.updates), here.steps, here.order
        for index, chunk in enumerate(batches.epoch()):
            if index < here.chunks:
                continue
            going = not ranks.any(not wanted())
            if not going or ranks.any(due()):
                seconds, arrays = time.perf_counter() - began, learner.arrays(state)
                yield Place(epoch, index, tuple(updates), steps, lr, seconds, here.order, arrays)
            if not going:
                return
            progress = (epoch - 1 + min(index / len(batches), 1.0)) / settings.epochs
            # The schedule ends with the time limit, if that is sooner.
            progress = max(progress, min(used(), 1.0))
            lr = one_cycle(progress, settings.learning_rate)
            if chunk.start == 0 or not settings.carry:
                state = _begun(model, chunk.rows, spec, (epoch, index), ranks)
            outcome = learner.outcome(chunk, state, progress)
            state = tuple(part.detach() for part in outcome.state)
            steps += chunk.rows * (chunk.stop - chunk.start)
            if outcome.weight > 0:  # otherwise there is nothing to learn, though the state has advanced
                updates.append(learner.update(outcome, lr, f"update {index + 1} of epoch {epoch}"))
                if used() > 1:  # an epoch may take longer than the time limit
                    break
        by_lag = ledger.measure(model, batches, epoch) if ledger is not None else {}
        seconds = time.perf_counter() - began
        yield _summary(updates, epoch, settings, lr, steps, seconds, by_lag)
        if used() > 1:
            return
        here = Place(epoch + 1, 0, (), 0, lr, seconds, random.state, {})


def _begun(model: Model, series: int, spec: ModelSpec, place: tuple[int, int], ranks: Ranks = ALONE) -> State:
    """Return the state before the first step of some series.

    Nets in segments that see the calendar begin anywhere in one, so that each epoch has other borders. Without a
    calendar, the place in a segment is the only clock there is.
    """
    state = model.init_state(series)
    segment = spec.net.segment[0]
    if segment == 1 or not spec.frame.calendar:
        return state
    random = np.random.default_rng((spec.train.seed, *place))
    # Drawn for the batch of all ranks, so that each series has the same number however many ranks there are.
    counts = ranks.own_of_batch(random.integers(segment, size=series * ranks.size))
    return (*state[:-1], torch.from_numpy(counts[None, :, None]).to(state[-1]))


def one_cycle(progress: float, highest: float) -> float:
    """Return the learning rate at a share `progress` of training: up for a quarter, then down to almost 0 (Smith
    2018)."""
    warm = 0.25
    if progress < warm:
        return highest * (0.04 + 0.96 * 0.5 * (1 - math.cos(math.pi * progress / warm)))
    return highest * (1e-4 + 0.5 * (1 + math.cos(math.pi * (progress - warm) / (1 - warm))))


def _summary(
    updates: list[Update],
    epoch: int,
    settings: TrainSpec,
    lr: float,
    steps: int,
    seconds: float,
    gradient_by_lag: dict[int, float],
) -> EpochReport:
    norms = [update.norm for update in updates] or [0.0]
    return EpochReport(
        epoch=epoch,
        epochs=settings.epochs,
        loss=sum(u.loss for u in updates) / max(sum(u.weight for u in updates), 1e-12),
        gradient_norm=median(norms),
        gradient_norm_95=quantiles(norms, n=20, method="inclusive")[-1] if len(norms) > 1 else norms[0],
        clipped=sum(norm > settings.clip_norm for norm in norms) / len(norms),
        lr=lr,
        steps=steps,
        seconds=seconds,
        gradient_by_lag=gradient_by_lag,
    )

"""Objectives on a chunk: forecasting from observed values, or running free on a net's own forecasts.

Both return the summed weighted loss, the total weight, and the state after the chunk.
"""

from typing import NamedTuple

import torch
from torch import Tensor

from rnncast.frame.exogenous import Exogenous
from rnncast.frame.frame import Frame
from rnncast.frame.past import FrameState, Past
from rnncast.frame.view import FrameView, Leads
from rnncast.nets.model import Model
from rnncast.nets.protocol import State
from rnncast.spec import ModelSpec
from rnncast.training.batches import Chunk
from rnncast.training.losses import Errors, Targets
from rnncast.training.pinball import loss_of_head


class ChunkLoss(NamedTuple):
    """Summed weighted loss of a chunk, its total weight, and the state after it."""

    loss: Tensor
    weight: Tensor
    state: State


def observed(model: Model, chunk: Chunk, state: State, loss: Errors) -> ChunkLoss:
    """Forecast at each origin from the values observed up to it, in one pass: direct, or with teacher forcing."""
    view, targets = chunk.view(model.dtype), chunk.targets(model.sizes.horizon)
    if loss.of_all_quantiles and model.forced:
        features, after = model.features(view, state, chunk.origins)
        seen = view.inputs[:, chunk.origins, : model.sizes.window], view.bases, view.leads
        summed = loss_of_head(model.sizes, dict(model.head.items()), features, seen, targets)
    else:
        outputs, after = _applied(model, view, state, chunk.origins)
        summed = weighted_loss(loss, outputs, targets)
    return ChunkLoss(summed, targets.weight.sum(), after)


class FreeRunning:
    """Forecasts a horizon ahead from origins a horizon apart, each fed back; gradients flow through all of it.

    `share` is the probability that the observed value is fed back instead: 0 is free running, and scheduled sampling
    lowers it from 1 to 0 (Bengio et al. 2015). Errors are measured in the units of the origin.
    """

    def __init__(self, spec: ModelSpec, loss: Errors, device: torch.device) -> None:
        self.horizon = spec.task.horizon
        self.scheduled = spec.train.training == "scheduled"
        self.loss = loss
        self.random = torch.Generator(device).manual_seed(spec.train.seed)

    def __call__(self, model: Model, chunk: Chunk, state: State, progress: float) -> ChunkLoss:
        """Return the loss of a chunk at a share `progress` of training."""
        steps = chunk.stop - chunk.start
        first = int(torch.randint(min(self.horizon, steps), (), generator=self.random, device=self.random.device))
        origins = range(first, steps, self.horizon)
        states, reached = [], 0
        for origin in origins:
            if origin > reached:
                _, state = see(model, chunk.part(reached, origin), state)
            states.append(state)
            reached = origin
        quantiles = self.run(model, chunk, origins, states, 1 - progress if self.scheduled else 0.0)
        targets = [chunk.part(origin, origin + 1).targets(self.horizon) for origin in origins]
        wanted = Targets(*(torch.cat(parts) for parts in zip(*targets, strict=True)))
        _, state = see(model, chunk.part(reached, steps), state)
        return ChunkLoss(weighted_loss(self.loss, quantiles, wanted), wanted.weight.sum(), state)

    def run(self, model: Model, chunk: Chunk, origins: range, states: list[State], share: float) -> Tensor:
        """Return quantiles [O*B, 1, H, Q] from O origins side by side, in their units, given the net's state before
        each."""
        frame = chunk.frame
        views = [chunk.part(origin, origin + 1).view() for origin in origins]
        level, scale = torch.cat([view.level for view in views]), torch.cat([view.scale for view in views])  # [O*B, 1]
        state = tuple(torch.cat(parts, 1) for parts in zip(*states, strict=True))
        befores = [chunk.state_before(origin) for origin in origins]
        frame_state = FrameState(*(torch.cat(parts) for parts in zip(*befores, strict=True)))
        value = torch.cat([chunk.values(origin) for origin in origins])  # [O*B]
        steps = []
        for h in range(1, self.horizon + 1):
            # Past covariates are seen up to the origin, and missing after it.
            sides = [chunk.exogenous_step(origin + h - 1, seen=h == 1) for origin in origins]
            exogenous = Exogenous(*(torch.cat(parts) for parts in zip(*sides, strict=True)))
            quantiles, frame_state, state = step(model, frame, (value, exogenous), frame_state, state)  # [O*B, 1, 1, Q]
            steps.append(frame.localise(quantiles, level, scale))
            value = quantiles[:, 0, 0, model.sizes.point]
            if share > 0:
                seen = torch.cat([chunk.values(origin + h) for origin in origins])
                coin = torch.rand(len(seen), generator=self.random, device=seen.device) < share
                value = torch.where(coin & ~torch.isnan(seen), seen, value)
        return torch.cat(steps, 2)


def weighted_loss(loss: Errors, outputs: Tensor, targets: Targets) -> Tensor:
    """Return the summed weighted loss, in the precision of the outputs."""
    targets = Targets(*(part.to(outputs.dtype) for part in targets))
    return (loss(outputs, targets) * targets.weight).sum()


def see(model: Model, chunk: Chunk, state: State) -> tuple[Tensor, State]:
    """Return outputs [B, T, H, P] in local units at each origin of a chunk, and the state after it."""
    return _applied(model, chunk.view(model.dtype), state, chunk.origins)


def step(
    model: Model, frame: Frame, given: tuple[Tensor, Exogenous], frame_state: FrameState, state: State
) -> tuple[Tensor, FrameState, State]:
    """Take in a value [B] with its exogenous inputs.

    Returns transformed quantiles of the next value [B, 1, 1, Q], and the states after it.
    """
    value, exogenous = given
    past = Past.of(frame, value[:, None], frame_state, exogenous)
    view = past.view()
    z, state = _applied(model, view, state, slice(None))
    return frame.globalise(z.double(), view.level, view.scale), past.after(), state


def _applied(model: Model, view: FrameView, state: State, origins: slice) -> tuple[Tensor, State]:
    kind = model.dtype
    leads = view.leads and Leads(*(part.to(kind) for part in view.leads))
    outputs: Tensor
    outputs, after = model(view.inputs.to(kind), view.bases.to(kind), state, leads, origins, view.flags)
    return outputs, after

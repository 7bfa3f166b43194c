"""Chunks of a Panel for training a net, in order; only what a chunk needs is materialised."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnncast.frame.exogenous import Exogenous, exogenous_of, unobserved
from rnncast.frame.frame import Frame
from rnncast.frame.past import FrameState, Past
from rnncast.frame.view import FrameView
from rnncast.series.arrays import whole_numbers
from rnncast.series.panel import Panel
from rnncast.spec import TrainSpec
from rnncast.training.losses import Targets


@dataclass(frozen=True)
class Batch:
    """Series trained side by side, float64: their past, aligned at the start, and the weight [B, T] of each position in
    the loss."""

    past: Past
    weight: Tensor

    @property
    def steps(self) -> int:
        """Number of steps of the longest series T."""
        return self.weight.shape[1]


@dataclass(frozen=True)
class Chunk:
    """Steps from start to stop of a batch; it follows the chunk before it, unless it starts at 0.

    origins: the steps, counted within the chunk, at which forecasts are made and scored.
    """

    batch: Batch
    start: int
    stop: int
    origins: slice = field(default_factory=lambda: slice(None))

    @property
    def frame(self) -> Frame:
        """Frame of the series."""
        return self.batch.past.frame

    @property
    def rows(self) -> int:
        """Number of series side by side B."""
        return self.batch.weight.shape[0]

    def part(self, start: int, stop: int) -> "Chunk":
        """Return the steps from start to stop, counted within this chunk."""
        return replace(self, start=self.start + start, stop=self.start + stop, origins=slice(None))

    def view(self) -> FrameView:
        """Return what a net sees: inputs [B, T, F] at each step, and bases [B, T, K, H] at each origin."""
        return self._past.view(origins=self.origins)

    def targets(self, horizon: int) -> Targets:
        """Return the next H values at each of T origins."""
        batch, past, origins = self.batch, self._past, self.origins
        steps = whole_numbers(self.start, self.stop - 1, batch.weight)[origins]
        ahead = steps[:, None] + whole_numbers(1, horizon, batch.weight)
        future = batch.past.values[:, self.frame.lookback + ahead.clip(max=batch.steps - 1)]  # [B, T, H]
        targets = past.targets(future, origins)
        level, scale = (part[:, 1:][:, origins] for part in past.units.of(0))
        known = (ahead < batch.steps) & ~torch.isnan(targets)
        weight = known * batch.weight[:, self.start : self.stop, None][:, origins]
        return Targets(torch.where(known, targets, 0.0), weight, torch.nan_to_num(level), scale)

    def state_before(self, step: int) -> FrameState:
        """Return the frame's state before a step of this chunk."""
        return self.batch.past.after(self.start + step)

    def values(self, step: int) -> Tensor:
        """Return the transformed values [B] at a step of this chunk or after it; NaN = missing, or past the end."""
        at = self.start + step
        column: Tensor = self.batch.past.values[:, self.frame.lookback + min(at, self.batch.steps - 1)]
        return column if at < self.batch.steps else torch.full_like(column, torch.nan)

    def exogenous_step(self, step: int, *, seen: bool) -> Exogenous:
        """Return the exogenous inputs of one step of this chunk or after it, without past covariates unless `seen`."""
        at = min(self.start + step, self.batch.steps - 1)  # past the end there is no target, so it does not matter
        covariates, now, ahead = self.batch.past.part(at, at + 1).exogenous
        covariates = covariates[:, -1:]
        if not seen:
            covariates = unobserved(covariates, self.frame.known)
        return Exogenous(covariates, now, ahead)

    @property
    def _past(self) -> Past:
        return self.batch.past.part(self.start, self.stop)


class Batches:
    """Chunks of a panel, epoch after epoch."""

    def __init__(self, panel: Panel, frame: Frame, settings: TrainSpec, device: torch.device) -> None:
        self.frame = frame
        self.settings = settings
        self.random = np.random.default_rng(settings.seed)
        order = np.argsort(panel.lengths, kind="stable")
        groups = np.array_split(order, -(-len(order) // settings.batch_size))
        batches = [_batch(panel, rows, frame, device) for rows in groups]
        self.batches = _weighed_by_scale(batches) if frame.log else batches

    def __len__(self) -> int:
        """Return chunks in an epoch (one more or less, as borders move)."""
        return sum(-(-batch.steps // self.settings.bptt_steps) for batch in self.batches)

    def epoch(self) -> Iterator[Chunk]:
        """Yield each batch from its start to its end, in a new order, with chunk borders in new places."""
        length = self.settings.bptt_steps
        for index in self.random.permutation(len(self.batches)):
            batch = self.batches[index]
            # A batch that fits into one chunk is not cut: its gradient can flow back all the way.
            border = length if batch.steps <= length else int(self.random.integers(1, length + 1))
            start, shared = 0, replace(batch, past=batch.past.shared())
            while start < batch.steps:
                stop = min(border, batch.steps)
                yield Chunk(shared, start, stop, self._origins(stop - start))
                start, border = stop, stop + length

    def _origins(self, steps: int) -> slice:
        """Return every `stride`-th step, from a random one on."""
        stride = self.settings.stride
        return slice(None) if stride == 1 else slice(int(self.random.integers(min(stride, steps))), None, stride)


def _batch(panel: Panel, rows: NDArray[np.int64], frame: Frame, device: torch.device) -> Batch:
    y = torch.from_numpy(frame.transform(panel.padded(rows, align="start"))).to(device)
    exogenous = exogenous_of(panel, rows, frame.cycles, frame.horizon, align="start")
    past = Past.of(frame, y, None, Exogenous(*(torch.from_numpy(part).to(device) for part in exogenous)))
    return Batch(past, past.grounded.to(y.dtype))


def _weighed_by_scale(batches: list[Batch]) -> list[Batch]:
    """Return batches with weights of which half follows the scale: in logs, that is relative error beside scaled
    error."""
    seen = [(batch.past.units.of(0)[1][:, 1:], batch.past.seen) for batch in batches]
    total = sum(float((scale * known).sum()) for scale, known in seen)
    mean = total / max(sum(int(known.sum()) for _, known in seen), 1)
    return [
        replace(batch, weight=batch.weight * (0.5 + 0.5 * scale / mean))
        for batch, (scale, _) in zip(batches, seen, strict=True)
    ]

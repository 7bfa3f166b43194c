"""Chunks of a Panel for training a net, in order; only what a chunk needs is materialised."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnncast.errors import UsageError
from rnncast.frame.exogenous import Exogenous, exogenous_of, unobserved
from rnncast.frame.frame import Frame
from rnncast.frame.past import FrameState, Past
from rnncast.frame.view import FrameView
from rnncast.plain import counted
from rnncast.runtime.footprint import kept_of
from rnncast.series.arrays import any_missing, full, joined, whole_numbers, windows_at
from rnncast.series.panel import Panel
from rnncast.spec import TrainSpec
from rnncast.training.losses import Targets
from rnncast.training.ranks import ALONE, Ranks


@dataclass(frozen=True)
class Batch:
    """Series trained side by side, float64: their past, aligned at the start, the weight [B, T] of each position in the
    loss, and whether there is a value [B, T].

    After its last value a series goes on with that, where nothing is learnt from, so that nothing seems to be missing.
    """

    past: Past
    weight: Tensor
    there: Tensor

    @property
    def steps(self) -> int:
        """Number of steps of the longest series T."""
        return self.weight.shape[1]

    @property
    def scale(self) -> Tensor:
        """Scale [B, T] of each position."""
        scale: Tensor = self.past.units.of(0)[1][:, 1:]
        return scale


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

    def view(self, kind: torch.dtype | None = None) -> FrameView:
        """Return what a net sees: inputs [B, T, F] at each step, and bases [B, T, K, H] at each origin.

        In float64; or in the dtype `kind`, without the flags of missing values if none is missing.
        """
        past = self._past
        return past.view(origins=self.origins) if kind is None else past.lean_view(self.origins, kind)

    def targets(self, horizon: int) -> Targets:
        """Return the next H values at each of T origins."""
        batch, past, origins = self.batch, self._past, self.origins
        after = slice(self.start + 1, self.stop + horizon)
        values = batch.past.values[:, self.frame.lookback :][:, after]
        future = torch.where(batch.there[:, after], values, torch.nan)
        beyond = self.stop - self.start - 1 + horizon - future.shape[1]
        if beyond > 0:
            future = joined(future, full((self.rows, beyond), torch.nan, future))
        ends = range(horizon - 1, horizon - 1 + self.stop - self.start)[origins]
        targets = past.targets(windows_at(future, ends, horizon), origins)  # [B, T, H]
        level, scale = (part[:, 1:][:, origins] for part in past.units.of(0))
        weight = batch.weight[:, self.start : self.stop, None][:, origins].expand_as(targets)
        if any_missing(targets):
            missing = torch.isnan(targets)
            targets, weight = torch.where(missing, 0.0, targets), torch.where(missing, 0.0, weight)
        return Targets(targets, weight, torch.nan_to_num(level), scale)

    def state_before(self, step: int) -> FrameState:
        """Return the frame's state before a step of this chunk."""
        return self.batch.past.after(self.start + step)

    def values(self, step: int) -> Tensor:
        """Return the transformed values [B] at a step of this chunk or after it; NaN = missing, or past the end."""
        at = self.start + step
        last = min(at, self.batch.steps - 1)
        column: Tensor = self.batch.past.values[:, self.frame.lookback + last]
        return torch.where(self.batch.there[:, last] & (at == last), column, torch.nan)

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
    """Chunks of a panel, epoch after epoch; of each, the series that belong to this of the ranks.

    All ranks have the same batches, cut at the same steps, and so they make the same number of updates.
    """

    def __init__(
        self, panel: Panel, frame: Frame, settings: TrainSpec, device: torch.device, ranks: Ranks = ALONE
    ) -> None:
        self.frame = frame
        self.settings = settings
        self.device = device
        self.random = np.random.default_rng(settings.seed)
        order = np.argsort(panel.lengths, kind="stable")
        groups = np.array_split(order, -(-len(order) // settings.batch_size))
        if (fewest := min(map(len, groups))) < ranks.size:
            raise UsageError(
                f"a batch of {counted(fewest, 'series', 'series')} cannot be divided among {ranks.size} ranks",
                hint="start fewer ranks, or raise --batch-size",
            )
        self.lengths = [int(panel.lengths[rows].max()) for rows in groups]
        self.batches: Sequence[Batch] = _Made(panel, groups, frame, device, ranks)

    def __len__(self) -> int:
        """Return chunks in an epoch (one more or less, as borders move)."""
        return sum(-(-steps // self.settings.bptt_steps) for steps in self.lengths)

    def epoch(self) -> Iterator[Chunk]:
        """Yield each batch from its start to its end, in a new order, with chunk borders in new places."""
        length = self.settings.bptt_steps
        for index in self.random.permutation(len(self.batches)):
            batch = self.batches[index]
            # A batch that fits into one chunk is not cut: its gradient can flow back all the way.
            border = length if batch.steps <= length else int(self.random.integers(1, length + 1))
            start, batch = 0, replace(batch, past=batch.past.shared())
            while start < batch.steps:
                stop = min(border, batch.steps)
                yield Chunk(batch, start, stop, self._origins(stop - start))
                start, border = stop, stop + length

    def _origins(self, steps: int) -> slice:
        """Return every `stride`-th step, from a random one on."""
        stride = self.settings.stride
        return slice(None) if stride == 1 else slice(int(self.random.integers(min(stride, steps))), None, stride)


class _Made(Sequence[Batch]):
    """Batches of groups of series: computed once and kept if they are small, else whenever one is asked for."""

    def __init__(
        self, panel: Panel, groups: Sequence[NDArray[np.int64]], frame: Frame, device: torch.device, ranks: Ranks
    ) -> None:
        self.panel = panel
        self.groups = groups
        self.ranks = ranks
        self.frame = frame
        self.device = device
        self.keeping = kept_of(frame, panel)
        self.kept: dict[int, Batch] = {}
        self.mean: float | None = None
        if frame.log:
            self.mean = self._mean_scale()
            self.kept = {index: self._weighed(batch) for index, batch in self.kept.items()}

    def __len__(self) -> int:
        return len(self.groups)

    @overload
    def __getitem__(self, index: int) -> Batch: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Batch]: ...

    def __getitem__(self, index: int | slice) -> Batch | Sequence[Batch]:
        if isinstance(index, slice):
            return [self[each] for each in range(len(self))[index]]
        index = range(len(self))[index]
        return self.kept[index] if index in self.kept else self._weighed(self._new(index))

    def _new(self, index: int) -> Batch:
        rows = self.groups[index]
        steps = int(self.panel.lengths[rows].max())
        batch = _batch(self.panel, self.ranks.own_of_batch(rows), self.frame, self.device, steps)
        if self.keeping.tracks:
            batch = replace(batch, past=batch.past.shared())
        if self.keeping.batches:
            self.kept[index] = batch
        return batch

    def _mean_scale(self) -> float:
        """Return the mean scale of all values."""
        total, number = 0.0, 0
        for index in range(len(self)):
            batch = self._new(index)
            total, number = total + float((batch.scale * batch.there).sum()), number + int(batch.there.sum())
        total, values = self.ranks.summed(total, number)
        return total / max(values, 1)

    def _weighed(self, batch: Batch) -> Batch:
        """Return a batch whose weights follow the scale by half in logs: that is relative error beside scaled error."""
        if self.mean is None:
            return batch
        return replace(batch, weight=batch.weight * (0.5 + 0.5 * batch.scale / self.mean))


def _batch(panel: Panel, rows: NDArray[np.int64], frame: Frame, device: torch.device, steps: int) -> Batch:
    y = torch.from_numpy(frame.transform(panel.padded(rows, align="start", steps=steps))).to(device)
    exogenous = exogenous_of(panel, rows, frame.cycles, frame.horizon, align="start", steps=steps)
    there = ~torch.isnan(y)
    past = Past.of(frame, _held(y, there), None, Exogenous(*(torch.from_numpy(part).to(device) for part in exogenous)))
    return Batch(past, past.grounded.to(y.dtype), there)


def _held(y: Tensor, there: Tensor) -> Tensor:
    """Return values [B, T] in which the last value of each series replaces the missing ones after it."""
    steps = whole_numbers(0, y.shape[1] - 1, y)
    last = torch.where(there, steps, 0).amax(1, keepdim=True)
    return torch.where(steps > last, y.gather(1, last), y)

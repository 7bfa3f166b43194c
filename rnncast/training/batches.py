"""From a Panel to the chunks that a net is trained on, in order, with nothing materialised but what a chunk needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnncast.config import TrainConfig
from rnncast.series.arrays import whole_numbers
from rnncast.series.frame import Frame
from rnncast.series.panel import Panel


class Chunk(NamedTuple):
    """A stretch of T steps of B series, which follows the chunk before unless `first`.

    inputs [B, T, F], bases [B, T, K, H], targets [B, T, H] (0 where there is none), weight [B, T, H] (0 where there
    is no target), all in local units, float32.
    """

    inputs: Tensor
    bases: Tensor
    targets: Tensor
    weight: Tensor
    first: bool


@dataclass(frozen=True)
class Batch:
    """Series trained side by side, float64.

    past [B, L+T]: transformed, aligned at the start. level, scale [B, T]: local units. weight [B, T]: of each position.
    """

    past: Tensor
    level: Tensor
    scale: Tensor
    weight: Tensor

    @property
    def steps(self) -> int:
        """T: steps of the longest series."""
        return self.level.shape[1]


class Batches:
    """All the chunks of a panel, epoch after epoch."""

    def __init__(self, panel: Panel, frame: Frame, config: TrainConfig, device: torch.device) -> None:
        self.frame = frame
        self.config = config
        self.random = np.random.default_rng(config.seed)
        order = np.argsort(panel.lengths, kind="stable")
        groups = np.array_split(order, -(-len(order) // config.batch_size))
        batches = [_batch(panel, rows, frame, device) for rows in groups]
        mean_scale = _mean_scale(batches)
        self.batches = [_weighed(batch, mean_scale, frame.log) for batch in batches]

    def __len__(self) -> int:
        """Chunks in an epoch (one more or less, as borders move)."""
        return sum(-(-batch.steps // self.config.bptt_steps) for batch in self.batches)

    def epoch(self) -> Iterator[Chunk]:
        """Each batch from its start to its end, in a new order, with chunk borders in new places."""
        for index in self.random.permutation(len(self.batches)):
            batch = self.batches[index]
            border = int(self.random.integers(1, self.config.bptt_steps + 1))
            # A stretch that fits into one chunk is not cut: its gradient can flow back all the way.
            border = self.config.bptt_steps if batch.steps <= self.config.bptt_steps else border
            start = 0
            while start < batch.steps:
                stop = min(border, batch.steps)
                yield self._chunk(batch, start, stop)
                start, border = stop, stop + self.config.bptt_steps

    def _chunk(self, batch: Batch, start: int, stop: int) -> Chunk:
        frame, lookback = self.frame, self.frame.lookback
        level, scale = batch.level[:, start:stop], batch.scale[:, start:stop]
        view = frame.view(batch.past[:, start : lookback + stop], level, scale)
        ahead = whole_numbers(start, stop - 1, level)[:, None] + whole_numbers(1, frame.horizon, level)  # [T, H]
        inside = ahead < batch.steps
        future = batch.past[:, lookback + ahead.clip(max=batch.steps - 1)]  # [B, T, H]
        targets = frame.targets(future, level, scale)
        known = inside & ~torch.isnan(targets)
        weight = known * batch.weight[:, start:stop, None]
        targets = torch.where(known, targets, 0.0)
        return Chunk(view.inputs.float(), view.bases.float(), targets.float(), weight.float(), first=start == 0)


def _batch(panel: Panel, rows: NDArray[np.int64], frame: Frame, device: torch.device) -> Batch:
    y = torch.from_numpy(frame.transform(panel.padded(rows, align="start"))).to(device)
    state = frame.init_state(len(rows), y)
    level, scale, _ = frame.advance(y, state)
    past = torch.cat((state.history, y), 1)
    return Batch(past, level, scale, torch.ones_like(scale))


def _mean_scale(batches: list[Batch]) -> float:
    total = sum(float(torch.nansum(batch.scale * ~_unseen(batch))) for batch in batches)
    return total / sum(int((~_unseen(batch)).sum()) for batch in batches)


def _weighed(batch: Batch, mean_scale: float, log: bool) -> Batch:
    """Half of a position's weight follows its scale: in logs, that is relative error beside scaled error."""
    weight = 0.5 + 0.5 * batch.scale / mean_scale if log else batch.weight
    return Batch(batch.past, batch.level, batch.scale, weight)


def _unseen(batch: Batch) -> Tensor:
    return torch.isnan(batch.past[:, -batch.steps :])

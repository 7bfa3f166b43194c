"""Finetuning of the pretrained net on a panel, from the weights of the package: the more values, the longer.

B series, T steps, O origins, R lead times.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from rnncast.choices.effort import finetuning_of
from rnncast.errors import InterruptedTrainingError
from rnncast.frame.frame import Frame
from rnncast.interruption import Interruption
from rnncast.nets.pretrained import PretrainedNet, examples, quantile_loss, tensors
from rnncast.pretrained.frame import advance, begin
from rnncast.runtime.pretrained import PretrainedMember, named_weights, package_weights
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Weights
from rnncast.training.fitted import Fitted
from rnncast.training.loop import one_cycle
from rnncast.training.optimiser import AdamW

WEIGHT_DECAY, CLIP_NORM = 1e-3, 1.0  # as in pretraining
BPTT = 256  # steps that gradients flow back
FIRST = 2  # first step from which forecasts are made: earlier, there is no scale
ORIGINS, LEADS = 48, 16  # drawn for each update


def finetuned(
    panel: Panel, spec: ModelSpec, seconds: float = math.inf, stopped: Callable[[], bool] = lambda: False
) -> Weights:
    """Return the weights of the pretrained net, by their names in a model, trained further on an encoded panel.

    The seed decides all random draws; everything is done on the CPU, in one thread. seconds: the schedule ends with
    them, if they are too few. stopped: asked before each update; then InterruptedTrainingError, which rescues a Fitted
    of the weights so far after at least one pass.
    """
    net, random, began = PretrainedNet.of(package_weights()), np.random.default_rng(spec.train.seed), perf_counter()
    optimiser, effort = AdamW(net.parameters(), WEIGHT_DECAY), finetuning_of(len(panel.y))
    with _one_thread(), np.errstate(all="ignore"):
        for epoch in range(effort.passes):
            for done, of, loss in _losses(net, panel, spec, random):
                if stopped():
                    raise _interrupted(net, spec, epoch, effort.passes)
                progress = (epoch + done / of) / effort.passes
                progress = max(progress, (perf_counter() - began) / max(seconds, 1e-9))
                if progress >= 1:
                    return _weights(net)
                optimiser.clear()
                loss.backward()  # type: ignore[no-untyped-call]
                if torch.isfinite(nn.utils.clip_grad_norm_(net.parameters(), CLIP_NORM)):
                    optimiser.step(one_cycle(progress, effort.rate))
    return _weights(net)


def _weights(net: PretrainedNet) -> Weights:
    return named_weights({name: weight.numpy().copy() for name, weight in net.state_dict().items()})


def _interrupted(net: PretrainedNet, spec: ModelSpec, epoch: int, epochs: int) -> InterruptedTrainingError:
    """Return the error of a training that was stopped, with the net if it has made a pass."""
    rescued = Fitted(spec, _weights(net), {}, Interruption("training", 1, 1, epoch, epochs)) if epoch else None
    return InterruptedTrainingError("interrupted before anything was learnt: nothing was written", rescued=rescued)


def _losses(
    net: PretrainedNet, panel: Panel, spec: ModelSpec, random: np.random.Generator
) -> Iterator[tuple[int, int, Tensor]]:
    """Yield the loss of each chunk of each batch at some origins, with the chunks done and their total, for one epoch.

    The state is carried from chunk to chunk, while the net is updated between them.
    """
    order = np.argsort(panel.lengths, kind="stable")  # series side by side are of similar length
    batches = np.array_split(order, -(-len(order) // spec.train.batch_size))
    chunks = [-(-int(panel.lengths[rows].max()) // BPTT) for rows in batches]
    seasons, frame = PretrainedMember(spec, {}).seasons, Frame.of(spec)
    done = 0
    for batch in random.permutation(len(batches)):
        y = frame.transform(panel.padded(batches[batch], align="start"))
        track, _ = advance(seasons, y, begin(seasons, len(y)))
        state = None
        for start in range(0, BPTT * chunks[batch], BPTT):
            stop = min(start + BPTT, y.shape[1])
            inputs = tensors((track.inputs[:, start:stop],))[0]
            features, state = net.gru(inputs, state)
            state = state.detach()
            possible = np.arange(max(start, FIRST), min(stop, y.shape[1] - 1))
            if len(possible):
                origins = np.sort(random.choice(possible, min(ORIGINS, len(possible)), replace=False))
                horizon = spec.task.horizon
                leads = np.sort(random.choice(horizon, min(LEADS, horizon), replace=False)) + 1
                targets, weights, *parts = tensors(examples(track, y, origins, leads))
                at = torch.from_numpy(origins - start)
                quantiles = net.head(features[:, at], inputs[:, at], tuple(parts))
                yield done, sum(chunks), quantile_loss(quantiles, targets, weights)
            done += 1


@contextmanager
def _one_thread() -> Iterator[None]:
    """Use one thread while the block runs, because sums over several differ from machine to machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)

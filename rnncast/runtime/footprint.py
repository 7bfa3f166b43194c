"""Peak memory of training, estimated from sizes before anything is allocated.

The only place that lists what training and the frame keep, array by array, in bytes. The estimate is for refusing
absurd requests; a test holds it to within a factor of 2 of real training runs.
"""

import os
from typing import NamedTuple

import numpy as np

from rnncast.errors import UsageError
from rnncast.frame.frame import Frame
from rnncast.runtime.head import Head
from rnncast.runtime.members import head_of, weight_shapes
from rnncast.runtime.memory import available, bytes_of, size_in_words
from rnncast.runtime.runtime import CELLS, ROWS, STEPS
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec

PROGRAM = 430e6  # bytes of the interpreter and the libraries
SINGLE, DOUBLE = 4, 8  # bytes of a number
GATES = {"lstm": 4, "gru": 3}  # kept by each step of training; other cells have 1
TRAINED_IN_TURN = 4  # largest number of series with which nets are trained one after the other, in one thread
KEPT = 100e6  # largest size in bytes of all batches that are kept from epoch to epoch
ORIGINS = 100  # at which a trained net is stepped to learn the correlation of lead times


class Part(NamedTuple):
    """Bytes used for one purpose, and the settings that reduce them."""

    what: str
    bytes: float
    hint: str


def check_memory(spec: ModelSpec, panel: Panel, asked: str | None) -> None:
    """Raise UsageError if training needs more than --memory-limit, or more than the machine has."""
    limit = available() if asked is None else bytes_of(asked)
    parts = footprint(spec, panel)
    needed = sum(part.bytes for part in parts)
    if limit is None or needed <= limit:
        return
    most = max(parts[1:], key=lambda part: part.bytes)
    whose = f"--memory-limit is {asked}" if asked else f"this machine has {size_in_words(limit)} available"
    raise UsageError(
        f"training would need about {size_in_words(needed)} of memory, most of it for {most.what}, but {whose}",
        hint=f"lower {most.hint}" + (", or raise --memory-limit" if asked else ""),
    )


def footprint(spec: ModelSpec, panel: Panel) -> tuple[Part, ...]:
    """Return the parts of the peak memory when a ModelSpec is trained on a panel, that of the program first."""
    frame, head, train, segments = Frame.of(spec), head_of(spec), spec.train, spec.net.segment
    rows, longest = min(train.batch_size, len(panel)), int(panel.lengths.max(initial=1))
    steps, at_once = min(train.bptt_steps, longest), _at_once(spec, len(panel))
    origins = at_once * rows * -(-steps // train.stride)
    return (
        Part("the program", PROGRAM, ""),
        _weights(spec, len(panel), at_once),
        _data(frame, panel, rows, at_once),
        _inputs(frame, at_once * rows * steps, _stepped(spec, len(panel))),
        _activations(
            spec, at_once * rows * steps if 1 in segments else origins + at_once * rows * steps // min(segments)
        ),
        _outputs(frame, head, origins, free_running=spec.free_running),
    )


def _at_once(spec: ModelSpec, series: int) -> int:
    """Return how many nets are trained side by side, as `training.fit` does on a CPU."""
    threads = os.environ.get("OMP_NUM_THREADS", "")
    cores = int(threads) if threads.isdecimal() else os.cpu_count() or 1
    return 1 if series <= TRAINED_IN_TURN else max(1, min(spec.net.members, cores))


def _weights(spec: ModelSpec, series: int, at_once: int) -> Part:
    """Return the memory of weights and states.

    Every run, of a member or for validating a frame, keeps its weights, their gradient and a copy of the best; in
    training also two moments and a scratch copy for AdamW. The members together are stacked, shrunk and written. Each
    series has a state for every member.
    """
    members, net = spec.net.members, spec.net
    one = sum(float(np.prod(shape)) for shape in weight_shapes(spec.of_members(1)).values())
    runs = members + (spec.judged if spec.train.validate else 0)
    states = 2.0 * series * members * net.layers * spec.net.hidden_size
    wide = spec.frame.window + spec.task.horizon > spec.net.hidden_size * net.layers
    hint = "--window, --horizon or --members" if wide else "--hidden-size, --layers or --members"
    return Part("the weights", SINGLE * (one * (3 * runs + 3 * at_once + 3 * members) + states), hint)


def _data(frame: Frame, panel: Panel, rows: int, at_once: int) -> Part:
    """Return the memory of the series in batches.

    A batch holds its series with the values before them, and their units. Small batches are all kept, with the tracks
    of base forecasts if these are small too; one more is being made, with a scratch array for each track.
    """
    before, longest = float(frame.lookback), int(panel.lengths.max(initial=1))
    kept, all_of, one = kept_of(frame, panel), _batches(frame, panel), rows * (before + longest)
    held = (all_of.bytes if kept.batches else 0.0) + (all_of.tracks if kept.tracks else 0.0)
    made = DOUBLE * one * (13.0 + frame.covariates + frame.other + 2 * (2 + _tracks(frame)))
    hint = "--season, --window or --level-span" if before > longest else "--batch-size, or give fewer series"
    return Part(f"the history of {len(panel)} series", at_once * (held + made), hint)


class Kept(NamedTuple):
    """Parts of all batches that training keeps from epoch to epoch: the batches, and the tracks of base forecasts."""

    batches: bool
    tracks: bool


class _Batches(NamedTuple):
    """Bytes of all batches, and of their tracks."""

    bytes: float
    tracks: float


def kept_of(frame: Frame, panel: Panel) -> Kept:
    """Return what training in a frame keeps of the batches of a panel; the rest is computed anew in each epoch."""
    size = _batches(frame, panel)
    return Kept(size.bytes <= KEPT, size.bytes + size.tracks <= KEPT)


def _batches(frame: Frame, panel: Panel) -> _Batches:
    values, before = float(panel.lengths.sum()), len(panel) * float(frame.lookback)
    history = (before + values) * (2 + frame.covariates)
    each = history + values * (11 + frame.other)
    return _Batches(DOUBLE * each, DOUBLE * (before + values) * _tracks(frame))


def _tracks(frame: Frame) -> int:
    """Return the number of tracks that base forecasts need."""
    return 1 + sum(3 if name.startswith("mean-") else not name.startswith("last-") for name in frame.base_names)


def _inputs(frame: Frame, trained: int, stepped: int) -> Part:
    """Return the memory of the nets' inputs, for training or for stepping over histories, whichever is larger.

    The window is converted to local units, clipped and joined with its flags.
    """
    each = frame.features * (2 * DOUBLE + 2 * SINGLE)
    return Part("the windows", float(max(trained, stepped)) * each, "--window, --batch-size or --bptt-steps")


def _stepped(spec: ModelSpec, series: int) -> int:
    """Return the steps, counted over all series side by side, that a `Runtime` takes at a time."""
    members, (fewest, most) = spec.net.members, STEPS
    rows = min(max(series, ORIGINS), max(1, ROWS // members))
    return rows * max(fewest, min(most, CELLS // (rows * members)))


def _activations(spec: ModelSpec, steps: int) -> Part:
    """Return the memory of the hidden layers: each step keeps its gates before and after, its state, and both
    gradients."""
    gates = GATES.get(spec.net.model, 1)
    each = spec.net.layers * spec.net.hidden_size * (3 * gates + 4)
    return Part("the activations", float(SINGLE) * steps * each, "--hidden-size, --batch-size or --bptt-steps")


def _outputs(frame: Frame, head: Head, origins: int, *, free_running: bool) -> Part:
    """Return the memory at each origin.

    It holds base forecasts with their inputs, in both precisions; the outputs of the head and their gradient; targets
    and the loss at each quantile.
    """
    bases = head.bases * (4 * DOUBLE + 2 * SINGLE)
    made = (head.bases - 1 + head.parameters) * 4 * SINGLE + head.parameters * 8 * SINGLE + 6 * DOUBLE
    leads = 2.0 * head.leads * (2 * DOUBLE + 2 * SINGLE) + (2.0 * head.lead_size * SINGLE if head.leads else 0.0)
    each = head.horizon * (bases + made + leads)
    if free_running:  # each step fed back sees a history of its own, kept for the gradient
        each += DOUBLE * (frame.lookback + 1) * (3 + len(frame.base_names))
    return Part("the forecasts at all origins", float(origins) * each, "--horizon, --batch-size or --bptt-steps")

"""From a Panel and a resolved Config to trained weights: the one place where training starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import NamedTuple

import torch

from rnncast.config import Config
from rnncast.errors import TrainingError
from rnncast.nets.model import Model, build_model, weights_of
from rnncast.runtime.head import tempered
from rnncast.runtime.runtime import CONFORMAL, TEMPLATES, member_prefix
from rnncast.series.frame import Frame
from rnncast.series.panel import Panel
from rnncast.training.batches import Batches
from rnncast.training.dependence import learnt_templates
from rnncast.training.device import find_device
from rnncast.training.ledger import Ledger
from rnncast.training.loop import train
from rnncast.training.step import Step, Watch
from rnncast.training.validation import Validation, Weights

VALIDATIONS = 8  # in a run, evenly spread over its epochs
FEW_SERIES = 4  # are trained in one thread
SEEDS = 2**63


@dataclass(frozen=True)
class Best:
    """The best weights of a run so far: their epoch and score (MASE on validation origins, else the loss)."""

    weights: Weights
    epoch: int
    score: float


class Told(NamedTuple):
    """Who is told of a run, and the name that it is told by."""

    watch: Watch
    name: str


@dataclass(frozen=True)
class Fitted:
    """The weights of all members, trained on all the data, and what a run without its end scored there, if any."""

    weights: Weights
    scores: dict[str, float]


def fit_weights(panel: Panel, config: Config, watch: Watch) -> Fitted:
    """Train the net of a resolved Config on a panel.

    With `validate`, a first run without the end of the data is judged there, and says how far the second, on all the
    data, is to be trusted; with `patience`, it also decides how many epochs the second is given. TrainingError if
    training diverges; it rescues the Best so far.
    """
    with _threads_for(panel):
        trust, scores, conformal = config.train.trust or 0.0, {}, {}
        validation = Validation.of(panel, config) if config.train.validate else None
        members = config.train.members or 1
        if config.train.max_time is not None:  # shared equally by all runs
            share = config.train.max_time / (members + (validation is not None))
            config = replace(config, train=replace(config.train, max_time=share))
        if validation is not None:
            best = _run(validation.seen, config, Told(watch, "validation"), validation)
            trust, score = validation.trusted(best.weights)
            scores = {
                "mase": score,
                "seasonal_naive_mase": validation.naive,
                "naive_mase": validation.last_value,
                "origins": len(validation.splits),
                "trust": trust,
            }
            if config.task.conformal:
                conformal = {CONFORMAL: validation.interval_factors(tempered(best.weights, trust))}
            if config.train.patience is not None:
                config = replace(config, train=replace(config.train, epochs=best.epoch))
        weights = _all_members(panel, config, watch, members, trust) | conformal
        if config.direct:
            weights[TEMPLATES] = learnt_templates(panel, config, weights)
        return Fitted(weights, scores)


def _all_members(panel: Panel, config: Config, watch: Watch, members: int, trust: float) -> Weights:
    """Train each member on a panel, from a seed of its own, and trust it as far as the validation says."""
    weights: Weights = {}
    for member in range(members):
        run = Told(watch, "training" if members == 1 else f"training net {member + 1}")
        seeded = replace(config, train=replace(config.train, seed=(config.train.seed + member) % SEEDS))
        trained = tempered(_run(panel, seeded, run, None).weights, trust)
        weights |= {member_prefix(member) + name: weight for name, weight in trained.items()}
    return weights


@contextmanager
def _threads_for(panel: Panel) -> Iterator[None]:
    """One thread for a few series: more would wait for each other longer than they work, the busier the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if len(panel) <= FEW_SERIES else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _run(panel: Panel, config: Config, run: Told, validation: Validation | None) -> Best:
    """One run of one member over a panel: its last weights, or with patience the best by validation."""
    config = config.of_one_net()
    device = find_device(run.watch.device)
    model = build_model(config).to(device)
    model.generator = torch.Generator(device).manual_seed(config.train.seed)
    batches = Batches(panel, Frame.of(config), config.train, device)
    patience = config.train.patience if validation is not None else None
    best, last, without_progress = None, Best(_weights(model), 0, float("inf")), 0
    try:
        for step in train(model, batches, config, Ledger(config) if run.watch.ledger else None):
            judged = _judged(step, model, validation)
            run.watch.told(run.name, judged)
            score = judged.valid_mase if validation is not None else judged.loss
            if score is None:
                continue
            last = Best(_weights(model), step.epoch, score)
            without_progress += 1
            if best is None or score < best.score:
                best, without_progress = last, 0
            if patience is not None and without_progress >= patience:
                break
    except TrainingError as error:
        raise TrainingError(error.message, error.hint, rescued=best) from None
    return best if patience is not None and best is not None else last


def _judged(step: Step, model: Model, validation: Validation | None) -> Step:
    every = max(1, step.epochs // VALIDATIONS)
    if validation is None or (step.epoch % every and step.epoch != step.epochs):
        return step
    return replace(step, valid_mase=validation.score(_weights(model)), naive_mase=validation.naive)


def _weights(model: Model) -> Weights:
    return {name: weight.detach().cpu().numpy().copy() for name, weight in weights_of(model).items()}

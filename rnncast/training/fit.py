"""From a Panel and a resolved Config to trained weights: the one place where training starts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from rnncast.config import Config
from rnncast.errors import TrainingError
from rnncast.nets.model import Model, build_model, weights_of
from rnncast.series.frame import Frame
from rnncast.series.panel import Panel
from rnncast.training.batches import Batches
from rnncast.training.device import find_device
from rnncast.training.ledger import Ledger
from rnncast.training.loop import train
from rnncast.training.step import Step, Watch
from rnncast.training.validation import Validation

Weights = dict[str, NDArray[np.float32]]
VALIDATIONS = 20  # in a run, evenly spread over its epochs
FEW_SERIES = 4  # are trained in one thread


@dataclass(frozen=True)
class Best:
    """The best weights of a run so far: their epoch and score (MASE on validation origins, else the loss)."""

    weights: Weights
    epoch: int
    score: float


@dataclass(frozen=True)
class Fitted:
    """The weights, trained on all the data; and what a run without the end of the data scored there (empty if none)."""

    weights: Weights
    scores: dict[str, float]


def fit_weights(panel: Panel, config: Config, watch: Watch) -> Fitted:
    """Train the net of a resolved Config on a panel.

    With `validate`, a first run without the end of the data is judged there; with `patience`, it also decides how many
    epochs the second, on all the data, is given. TrainingError if training diverges; it rescues the Best so far.
    """
    with _threads_for(panel):
        scores: dict[str, float] = {}
        validation = Validation.of(panel, config) if config.train.validate else None
        if validation is not None:
            if config.train.max_time is not None:  # half for each run
                config = replace(config, train=replace(config.train, max_time=config.train.max_time / 2))
            best = _run(validation.seen, config, watch, validation)
            scores = {"mase": best.score, "seasonal_naive_mase": validation.naive, "origins": len(validation.splits)}
            if config.train.patience is not None:
                config = replace(config, train=replace(config.train, epochs=best.epoch))
        return Fitted(_run(panel, config, watch, None).weights, scores)


@contextmanager
def _threads_for(panel: Panel) -> Iterator[None]:
    """One thread for a few series: more would wait for each other longer than they work, the busier the machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1 if len(panel) <= FEW_SERIES else before)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _run(panel: Panel, config: Config, watch: Watch, validation: Validation | None) -> Best:
    """One run over a panel: its last weights, or with patience the best by validation."""
    device = find_device(watch.device)
    model = build_model(config).to(device)
    model.generator = torch.Generator(device).manual_seed(config.train.seed)
    batches = Batches(panel, Frame.of(config), config.train, device)
    told = partial(watch.told, "training" if validation is None else "validation")
    patience = config.train.patience if validation is not None else None
    best, last, without_progress = None, Best(_weights(model), 0, float("inf")), 0
    try:
        for step in train(model, batches, config, Ledger(config) if watch.ledger else None):
            judged = _judged(step, model, validation)
            told(judged)
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

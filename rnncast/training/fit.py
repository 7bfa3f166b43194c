"""From a Panel and a resolved Config to trained weights: the one place where training starts."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import torch

from rnncast.config import Config
from rnncast.errors import TrainingError
from rnncast.nets.model import Model, build_model, weights_of
from rnncast.runtime.head import tempered
from rnncast.runtime.members import member_prefix
from rnncast.runtime.runtime import CONFORMAL, TEMPLATES
from rnncast.series.frame import Frame
from rnncast.series.panel import Panel
from rnncast.training.batches import Batches
from rnncast.training.dependence import learnt_templates
from rnncast.training.device import find_device
from rnncast.training.ledger import Ledger
from rnncast.training.loop import train
from rnncast.training.side_by_side import Work, side_by_side
from rnncast.training.step import Step, Watch
from rnncast.training.validation import Validation, Weights

VALIDATIONS = 8  # in a run, evenly spread over its epochs
FEW_SERIES = 4  # are trained one net after the other, in one thread


@dataclass(frozen=True)
class Best:
    """The best weights of a run so far: their epoch, score (MASE on validation origins, else the loss), and Config."""

    weights: Weights
    epoch: int
    score: float
    config: Config


@dataclass(frozen=True)
class Run:
    """The training of one net. member: which; validation: who judges it on the way, if it is for that."""

    member: int
    panel: Panel
    config: Config
    validation: Validation | None = None

    @property
    def name(self) -> str:
        """What it is called; numbered where there are several of its kind."""
        several = self.config.frames if self.validation is not None else self.config.train.members or 1
        what = "training" if self.validation is None else "validation"
        return f"{what}, net {self.member + 1}" if several > 1 else what


@dataclass(frozen=True)
class Fitted:
    """The weights of all members, trained on all the data, and what runs without its end scored there, if any."""

    weights: Weights
    scores: dict[str, float]


def fit_weights(panel: Panel, config: Config, watch: Watch) -> Fitted:
    """Train the nets of a resolved Config on a panel.

    With `validate`, first runs without the end of the data, one in each frame, are judged there, and say how far those
    on all the data are to be trusted; with `patience`, the first also decides how many epochs all others are given.
    TrainingError if training diverges; it rescues the Best so far.
    """
    validation = Validation.of(panel, config) if config.train.validate else None
    with _at_once(panel, watch) as at_once:
        judged, final = range(config.frames if validation is not None else 0), range(config.train.members or 1)
        config = _in_time(config, len(judged) + len(final), at_once)
        first: list[Best] = []
        if validation is not None and config.train.patience is not None:  # it decides on the epochs of all others
            first = _trained([Run(0, validation.seen, config, validation)], watch, at_once)
            config = replace(config, train=replace(config.train, epochs=first[0].epoch, patience=None))
        runs = [
            *(Run(k, validation.seen, config, validation) for k in judged[len(first) :] if validation is not None),
            *(Run(k, panel, config) for k in final),
        ]
        found = [*first, *_trained(runs, watch, at_once)]
    trust, scores, conformal = config.train.trust or 0.0, {}, {}
    if validation is not None:
        weights = _together(found[: len(judged)])
        trust, score = validation.trusted(weights)
        scores = {
            "mase": score,
            "seasonal_naive_mase": validation.naive,
            "naive_mase": validation.last_value,
            "origins": len(validation.splits),
            "trust": trust,
        }
        if config.task.conformal:
            conformal = {CONFORMAL: validation.interval_factors(tempered(weights, trust))}
    weights = tempered(_together(found[len(judged) :]), trust) | conformal
    if config.direct:
        weights[TEMPLATES] = learnt_templates(panel, config, weights)
    return Fitted(weights, scores)


def _together(members: Sequence[Best]) -> Weights:
    """The weights of all members under the names that they have in a model."""
    named = enumerate(members)
    return {member_prefix(number) + name: weight for number, best in named for name, weight in best.weights.items()}


def _in_time(config: Config, runs: int, at_once: int) -> Config:
    """The Config with a share of --max-time for each run."""
    if config.train.max_time is None:
        return config
    share = config.train.max_time / -(-runs // at_once)
    return replace(config, train=replace(config.train, max_time=share))


@contextmanager
def _at_once(panel: Panel, watch: Watch) -> Iterator[int]:
    """How many nets to train at once: as many as there are threads, each in one; on a GPU, or where few series keep the
    interpreter too busy for that, one after the other."""
    before = torch.get_num_threads()
    few, there = len(panel) <= FEW_SERIES, find_device(watch.device).type == "cpu"
    torch.set_num_threads(1 if few else before)
    try:
        yield before if there and not few else 1
    finally:
        torch.set_num_threads(before)


def _trained(runs: Sequence[Run], watch: Watch, at_once: int) -> list[Best]:
    """The last weights of each run, or with patience the best by validation."""
    threads = torch.get_num_threads() if len(runs) < 2 or at_once < 2 else 1
    works = [_work(run, watch, threads) for run in runs]
    found: dict[int, Best] = {}
    for number, (step, best) in side_by_side(works, at_once):
        if step is not None:
            watch.told(runs[number].name, step)
        found[number] = best
    return [found[number] for number in range(len(runs))]


def _work(run: Run, watch: Watch, threads: int) -> Work[tuple[Step | None, Best]]:
    """The epochs of a run, each with the best weights so far; before the first, without a Step, those at the start."""
    config = run.config.of_one_net(run.member)
    device = find_device(watch.device)
    model = build_model(config).to(device)  # here, not in a thread: it draws from a generator that all share
    model.generator = torch.Generator(device).manual_seed(config.train.seed)
    judge = run.validation and run.validation.of_one_net(run.member)
    patience = config.train.patience if judge is not None else None

    def work(wanted: Callable[[], bool]) -> Iterator[tuple[Step | None, Best]]:
        torch.set_num_threads(threads)
        batches = Batches(run.panel, Frame.of(config), config.train, device)
        ledger = Ledger(config) if watch.ledger else None
        best, last, without_progress = None, Best(_weights(model), 0, float("inf"), config), 0
        yield None, last
        try:
            for step in train(model, batches, config, ledger, wanted):
                judged = _judged(step, model, judge)
                score = judged.valid_mase if judge is not None else judged.loss
                if score is not None:
                    last = Best(_weights(model), step.epoch, score, config)
                    without_progress += 1
                    if best is None or score < best.score:
                        best, without_progress = last, 0
                yield judged, last if patience is None or best is None else best
                if patience is not None and without_progress >= patience:
                    return
        except TrainingError as error:
            raise TrainingError(error.message, error.hint, rescued=best) from None

    return work


def _judged(step: Step, model: Model, validation: Validation | None) -> Step:
    every = max(1, step.epochs // VALIDATIONS)
    if validation is None or (step.epoch % every and step.epoch != step.epochs):
        return step
    return replace(step, valid_mase=validation.score(_weights(model)), naive_mase=validation.naive)


def _weights(model: Model) -> Weights:
    return {name: weight.detach().cpu().numpy().copy() for name, weight in weights_of(model).items()}

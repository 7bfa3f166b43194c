"""Training from a Panel and a ModelSpec to weights: the one place where training starts."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import takewhile
from time import perf_counter
from typing import Any, NamedTuple

import torch

from rnncast.errors import InterruptedTrainingError, RnncastError, TrainingError
from rnncast.frame.frame import Frame
from rnncast.interruption import Interruption
from rnncast.nets.model import Model, build_model, load_weights, weights_of
from rnncast.runtime.footprint import TRAINED_IN_TURN
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.batches import Batches
from rnncast.training.budget import Budget
from rnncast.training.checkpoint import Best, Checkpoint, Place, RunState, Weights
from rnncast.training.device import find_device
from rnncast.training.epoch import EpochReport
from rnncast.training.finetuning import finetuned
from rnncast.training.fitted import Finetune, Fitted, fitted
from rnncast.training.kinds import Chosen, chosen_kinds
from rnncast.training.ledger import Ledger
from rnncast.training.loop import train
from rnncast.training.side_by_side import Work, side_by_side
from rnncast.training.validation import Validation
from rnncast.training.watch import Watch

VALIDATIONS = 8  # in a run, evenly spread over its epochs


@dataclass(frozen=True)
class Run:
    """Training of one net. member: its number; validation: judges it in between, if it is for that; start: weights to
    begin with."""

    member: int
    panel: Panel
    spec: ModelSpec
    validation: Validation | None = None
    start: Weights | None = None

    @property
    def name(self) -> str:
        """Name of the run, numbered if there are several of its kind."""
        several = self.spec.judged if self.validation is not None else self.spec.net.members
        what = "training" if self.validation is None else "validation"
        return f"{what}, net {self.member + 1}" if several > 1 else what


def fit_weights(
    panel: Panel, spec: ModelSpec, watch: Watch, made_by: Mapping[str, Any], start: Weights | None = None
) -> Fitted:
    """Train the nets of a ModelSpec on a panel.

    With `validate`, the first runs, one of each kind, train without the end of the data, are judged there, and decide
    which segments those on all the data have and how much they are shrunk; with `patience`, the first also decides the
    number of epochs of all others. made_by: whatever else the result depends on, for checkpoints. start: weights that
    members begin with, by their names in a model; others begin from their seeds. Raises TrainingError if training
    diverges and InterruptedTrainingError if it is stopped, with a Fitted of the weights so far, if any; CheckpointError
    if `watch.start` is of another training.
    """
    began = perf_counter() if watch.began is None else watch.began
    ranks = watch.ranks
    _check_alike(ranks.told(dict(made_by)))
    validation = Validation.of(panel, spec, ranks) if spec.train.validate else None
    here = {"device": find_device(watch.device).type, "threads": torch.get_num_threads(), "ranks": ranks.size}
    reached = Checkpoint({**made_by, **here})
    if watch.start is not None:
        watch.start.check(reached.made_by)
        reached = watch.start
    ran = _ran(_Nets(panel, spec, validation, spec.net.members, start), reached, watch, began)
    if (nets := _ended(ran.final)) is not None and (judged := _ended(ran.judged)) is not None:
        finetune: Finetune = partial(finetuned, stopped=watch.stopped)
        try:
            found = fitted(panel, ran.spec, nets, (ran.validation, judged), finetune)
        except InterruptedTrainingError:  # of a candidate, which the trained nets can do without
            found = fitted(panel, ran.spec, nets, (ran.validation, judged))
        return replace(found, scores={**found.scores, **ran.scores})
    rescued = _rescued(panel, ran)
    raise InterruptedTrainingError("interrupted before anything was learnt: nothing was written", rescued=rescued)


def _check_alike(made_by: Sequence[Mapping[str, Any]]) -> None:
    """Raise RnncastError if what the result depends on is not the same on all ranks."""
    for name in made_by[0]:
        if any(each[name] != made_by[0][name] for each in made_by):
            raise RnncastError(f"the ranks of this training differ in their {name}", hint="start all from one place")


def judge_nets(panel: Panel, spec: ModelSpec, validation: Validation, watch: Watch) -> Chosen | None:
    """Return the nets that `fit_weights` trains without the end of a panel, the same to the bit, and none on all of it.

    None if they are stopped early. Raises TrainingError if training diverges.
    """
    ran = _ran(_Nets(panel, spec, validation, 0), Checkpoint({}), watch, perf_counter())
    nets = _ended(ran.judged)
    return None if nets is None else Chosen(ran.spec, ran.validation or validation, nets, ran.scores)


class _Nets(NamedTuple):
    """Nets to train: one of each kind for validation, if there is one, and `members` members on all data.

    start: weights that members begin with.
    """

    panel: Panel
    spec: ModelSpec
    validation: Validation | None
    members: int
    start: Weights | None = None


class _Ran(NamedTuple):
    """States of nets when each has ended or been stopped, None if it had not begun: those that are judged, and those on
    all data.

    spec, validation: with the segments that were chosen, if they were; scores: of these, by their names in a model.
    """

    spec: ModelSpec
    validation: Validation | None
    judged: list[RunState | None]
    final: list[RunState | None]
    scores: Mapping[str, float]


def _ran(nets: _Nets, reached: Checkpoint, watch: Watch, began: float) -> _Ran:
    """Train all nets, and return what they have reached."""
    panel, spec, validation, members, start = nets
    number = 0 if validation is None else spec.judged
    with _at_once(panel, watch) as at_once:
        one, first, began = spec, list[Run](), began - _spent(reached, at_once)
        watch.planned(number + members)
        rest = Budget.of(spec.train.max_time, began, number + members, at_once)
        if validation is not None and spec.train.patience:  # it decides the epochs of all others
            first = [Run(0, validation.seen, one, validation, start)]
            rest = Budget.of(spec.train.max_time, began, number + members - 1, at_once)
            reached = _trained(first, reached, watch, at_once, replace(rest, rounds=rest.rounds + 1))
            state = reached.runs.get(first[0].name)
            one = replace(one, train=replace(one.train, epochs=state.kept.epoch if state else 0, patience=0))
        judged = [*first]
        if validation is not None:
            judged += [Run(k, validation.seen, one, validation, start) for k in range(len(first), number)]
        if validation is None or len(spec.net.segment) == 1:
            final = [Run(k, panel, one, None, start) for k in range(members)]
            reached = _trained([*judged[len(first) :], *final], reached, watch, at_once, rest)
            return _Ran(spec, validation, _states(judged, reached), _states(final, reached), {})
        reached = _trained(judged[len(first) :], reached, watch, at_once, rest)
        states = _states(judged, reached)
        if (seen := _ended(states)) is None:
            return _Ran(spec, validation, states, [None] * members, {})
        found = chosen_kinds(spec, validation, seen)
        final = [Run(k, panel, one.with_segments(found.spec.net.segment), None, start) for k in range(members)]
        rest = Budget.of(spec.train.max_time, began, members, at_once)
        reached = _trained(final, reached, watch, at_once, rest)
    return _Ran(found.spec, found.validation, list(map(RunState, found.nets)), _states(final, reached), found.scores)


def _states(runs: Sequence[Run], reached: Checkpoint) -> list[RunState | None]:
    return [reached.runs.get(run.name) for run in runs]


def _ended(states: Sequence[RunState | None]) -> list[Best] | None:
    """Return the nets of runs that have all ended, None if one has not."""
    nets = [state.kept for state in states if state is not None and state.ended]
    return nets if len(nets) == len(states) else None


def _rescued(panel: Panel, ran: _Ran) -> Fitted | None:
    """Return the model that is left of an interrupted training; None if no epoch was finished.

    Nets trained to their end come before others, then nets on all the data before those that did not see its end,
    except that nets that were judged come before others.
    """
    spec, validation, judged, final, scores = ran
    for planned, whole in ((final, True), (judged, True), (judged, False), (final, False)):
        if kept := _first_usable(planned, whole=whole):
            run = "training" if planned is final else "validation"
            epochs = min(best.epoch for best in kept)
            interruption = Interruption(run, len(kept), len(planned), epochs, spec.train.epochs)
            so_far = _first_usable(judged, whole=False)
            kept_spec = spec.with_share(len(kept), spec.net.pretrained)
            found = fitted(panel, kept_spec, kept, (validation, so_far))
            return replace(found, scores={**found.scores, **scores}, interruption=interruption)
    return None


def _first_usable(planned: Sequence[RunState | None], *, whole: bool) -> list[Best]:
    """Return the first planned nets that have learnt anything, or that are finished if `whole`.

    Members take turns at the level spans, so only a first part of them can be used.
    """
    usable = takewhile(lambda net: net is not None and net.kept.epoch and (net.ended or not whole), planned)
    return [net.kept for net in usable if net is not None]


def _spent(reached: Checkpoint, at_once: int) -> float:
    """Return the seconds that training took before a checkpoint."""
    last = [(run.place or run.reports[-1]).seconds for run in reached.runs.values() if run.place or run.reports]
    return sum(last) / at_once


@contextmanager
def _at_once(panel: Panel, watch: Watch) -> Iterator[int]:
    """Return the number of nets to train at once: as many as there are threads, each in one.

    It is one on a GPU, or if few series keep the interpreter too busy.
    """
    before = torch.get_num_threads()
    few, there = len(panel) <= TRAINED_IN_TURN, find_device(watch.device).type == "cpu"
    torch.set_num_threads(1 if few else before)
    try:
        # The ranks must take all steps in the same order.
        yield before if there and not few and watch.ranks.size == 1 else 1
    finally:
        torch.set_num_threads(before)


def _trained(runs: Sequence[Run], reached: Checkpoint, watch: Watch, at_once: int, budget: Budget) -> Checkpoint:
    """Return the checkpoint reached when each run has ended or been stopped."""
    threads = torch.get_num_threads() if len(runs) < 2 or at_once < 2 else 1
    works = [
        _work(run, reached.runs.get(run.name), watch, threads, partial(budget.share, number // at_once))
        for number, run in enumerate(runs)
    ]
    for number, found in side_by_side(works, at_once):
        if isinstance(found, EpochReport):
            watch.told(runs[number].name, found)
        else:
            reached = replace(reached, runs={**reached.runs, runs[number].name: found})
            watch.reached(reached)
            if found.ended:
                watch.ended(runs[number].name)
    return reached


def _work(
    run: Run, before: RunState | None, watch: Watch, threads: int, share: Callable[[float], float]
) -> Work[EpochReport | RunState]:
    """Return the work of a run from where it was before: all its epochs, past ones too, and its state when wanted and
    at the end.

    share: returns the seconds for a run that begins at a moment.
    """
    spec = run.spec.of_one_net(run.member)
    device, ranks = find_device(watch.device), watch.ranks
    model = build_model(spec)  # not in a thread, because it draws from a generator that all share
    load_weights(model, run.start or {}, run.member)
    model.to(device)
    model.generator = torch.Generator(device).manual_seed(spec.train.seed + ranks.rank)
    judge = run.validation and run.validation.of_one_net(run.member)
    patience = spec.train.patience if judge is not None else 0

    def work(wanted: Callable[[], bool]) -> Iterator[EpochReport | RunState]:
        state = before or RunState(Best(_weights(model), 0, float("inf")))
        yield from state.reports
        if before is not None and before.ended:
            yield before
            return
        if ranks.any(watch.stopped()):
            return
        torch.set_num_threads(threads)
        batches = Batches(run.panel, Frame.of(spec), spec.train, device, ranks)
        ledger, stopped = Ledger(spec) if watch.ledger else None, False

        def going() -> bool:
            return wanted() and not watch.stopped()

        seconds = (state.place.seconds if state.place else 0.0) + ranks.of_first(share(perf_counter()))
        timed = replace(spec, train=replace(spec.train, max_time=seconds))
        course = train(model, batches, timed, ledger, going, lambda: watch.due(run.name), state.place, ranks)
        try:
            for found in course:
                if stopped := isinstance(found, Place):
                    yield replace(state, place=found)
                    continue
                judged = _judged(found, model, judge)
                score = judged.loss if judge is None else judged.valid_mase
                state = _after(state, judged, score, model, patience)
                yield judged
                if patience and state.without_progress >= patience:
                    break
        except TrainingError as error:
            best = state.best and Fitted(spec, state.best.weights, {})
            raise TrainingError(error.message, error.hint, rescued=best) from None
        if not stopped:
            yield replace(state, place=None)

    return work


def _after(state: RunState, report: EpochReport, score: float | None, model: Model, patience: int) -> RunState:
    """Return the state after an epoch: its weights are kept, scored or not; with patience the best, once there is
    one."""
    state = replace(state, reports=(*state.reports, report))
    if score is None:
        unscored = Best(_weights(model), report.epoch, float("inf"))
        return state if patience and state.best is not None else replace(state, kept=unscored)
    last = Best(_weights(model), report.epoch, score)
    if state.best is None or score < state.best.score:
        return replace(state, kept=last, best=last, without_progress=0)
    kept = state.best if patience else last
    return replace(state, kept=kept, without_progress=state.without_progress + 1)


def _judged(report: EpochReport, model: Model, validation: Validation | None) -> EpochReport:
    every = -(-report.epochs // VALIDATIONS)
    if validation is None or (report.epoch % every and report.epoch != report.epochs):
        return report
    score = validation.ranks.of_first(validation.score(_weights(model)))
    return replace(report, valid_mase=score, naive_mase=validation.naive)


def _weights(model: Model) -> Weights:
    return {name: weight.detach().cpu().numpy().copy() for name, weight in weights_of(model).items()}

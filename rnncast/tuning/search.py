"""The search: the default settings first, then those that optuna draws by what was seen before, one after another.

A trial is drawn by its number and by the trials that have ended: whatever was interrupted or killed leaves no trace in
those after it, so that a search in several goes is the same as one in a single go.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from importlib.util import find_spec
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncast.config import Config
from rnncast.errors import DataError, TrainingError, UsageError
from rnncast.forecaster.judged import Judge, Judged
from rnncast.series.panel import Panel
from rnncast.tuning.journal import opened
from rnncast.tuning.space import SEARCHED, TRIALS, Dimension, config_of, space_of
from rnncast.tuning.trial import PRUNED, Trial, units_of
from rnncast.version import VERSION

if TYPE_CHECKING:
    from optuna import Study
    from optuna.trial import Trial as Drawn

    from rnncast.training.epoch import EpochReport

STARTUP = 10  # trials before what was seen decides on the next; half as many before one may be pruned
KEY = "trial"  # under which a journal has a trial of ours beside one of optuna's
PRUNINGS = 8  # in a trial, at most
WARMUP = 2  # of them that are not heeded: a net has hardly begun


@dataclass(frozen=True)
class Wanted:
    """What is wanted of a search: the settings that are asked for, and the names of those that are searched. trials: in
    all, with those that a journal holds. seconds: that they may take, None where there is no limit."""

    config: Config
    names: tuple[str, ...] = SEARCHED
    trials: int = TRIALS
    seconds: float | None = None
    journal: str | None = None
    device: str = "auto"


@dataclass(frozen=True)
class Listener:
    """Who is told of a search. planned: how many nets the trial under way trains; epoch: what each epoch of one did;
    ended: when one has ended; tried: each trial, also those that a journal holds. stopped: whether to stop."""

    planned: Callable[[int], None] = lambda nets: None
    epoch: "Callable[[str, EpochReport], None]" = lambda run, report: None
    ended: Callable[[str], None] = lambda run: None
    tried: Callable[[Trial], None] = lambda trial: None
    stopped: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Found:
    """The trials of a search that have ended, the default settings first; the settings that were asked for, what
    training starts from, and what was searched. cut: whether the search ended before it had all trials."""

    trials: tuple[Trial, ...]
    config: Config
    start: str
    space: tuple[Dimension, ...]
    cut: bool = False

    def config_of(self, trial: Trial) -> Config:
        """The settings of a trial, which train the model that it reports."""
        return self.config if trial.number == 0 else config_of(self.config, trial.settings, self.start)

    @property
    def names(self) -> list[str]:
        """Column names of `rows`."""
        return ["trial", "mase", *(dimension.name for dimension in self.space), "ended", "seconds"]

    @property
    def rows(self) -> list[list[Any]]:
        """A row per trial, the default settings first. mase: NaN where it was not judged; ended: "judged", or why it
        was not."""
        return [
            [
                trial.number,
                np.nan if trial.mase is None else trial.mase,
                *(trial.settings[dimension.name] for dimension in self.space),
                trial.why or "judged",
                round(trial.seconds, 3),
            ]
            for trial in self.trials
        ]


def search(panel: Panel, wanted: Wanted, listener: Listener) -> Found:
    """Try settings on a panel, judged by the validation that training itself uses.

    UsageError or DataError where there is nothing to tune, or nothing to tune by; JournalError for a journal that does
    not suit; TrainingError if the default settings diverge, or no trial ends in time.
    """
    check_installed()
    began = perf_counter()
    judge = Judge(panel)
    spec = judge.decided(wanted.config)
    space = space_of(spec, wanted.names)
    what = {
        "data": panel.fingerprint,
        "settings": wanted.config.to_dict(),
        "space": [dimension.to_dict() for dimension in space],
        "versions": _versions(),
    }
    trials: list[Trial] = []

    def over() -> bool:
        late = wanted.seconds is not None and perf_counter() - began > wanted.seconds
        return late or listener.stopped()

    with opened(wanted.journal, what) as study:
        for trial in _Search(study, judge, wanted, spec.train.start, space, over, listener).trials():
            listener.tried(trial)
            trials.append(trial)
    if not trials and not listener.stopped():
        raise TrainingError(
            f"--time {wanted.seconds:g} s is too short for the first trial, of the default settings",
            hint="give more --time, or --preset fast",
        )
    return Found(tuple(trials), wanted.config, spec.train.start, space, cut=len(trials) < wanted.trials)


def check_installed() -> None:
    """UsageError if what searches is not installed."""
    if find_spec("optuna") is None:
        raise UsageError("settings are searched by optuna, which is not installed", hint="pip install 'rnncast[tune]'")


@dataclass(frozen=True)
class _Search:
    """A search under way, of what is in a space, from a start of training. over: whether to stop."""

    study: "Study"
    judge: Judge
    wanted: Wanted
    start: str
    space: tuple[Dimension, ...]
    over: Callable[[], bool]
    listener: Listener

    def trials(self) -> Iterator[Trial]:
        """The trials that the study holds, then new ones, until there are enough or the search is over."""
        done = self._known()
        yield from done
        while len(done) < self.wanted.trials and not self.over():
            trial = self._drawn(done) if done else self._default()
            if trial is None:
                return
            done.append(trial)
            yield trial

    def _known(self) -> list[Trial]:
        from optuna.trial import TrialState

        ended = self.study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED))
        return [Trial.from_dict(each.user_attrs[KEY]) for each in ended][: self.wanted.trials]

    def _default(self) -> Trial | None:
        """The first trial, whose errors are those of the training that it stands for."""
        import optuna

        began, course = perf_counter(), _Course()
        judged = self._judged(self.wanted.config, course)
        if judged is None:
            return None
        if not np.isfinite(judged.mase):
            raise DataError("what was held back is too even to score, and so to tune by")
        settings = {dimension.name: dimension.default for dimension in self.space}
        trial = _ended(0, settings, perf_counter() - began, judged)
        made = optuna.create_trial(
            value=trial.mase,
            params=settings,
            distributions=self._distributions(),
            intermediate_values=course.scores,
            user_attrs={KEY: trial.to_dict()},
        )
        self.study.add_trial(made)
        return trial

    def _drawn(self, done: Sequence[Trial]) -> Trial | None:
        """One more trial; None if it was stopped before its end."""
        import optuna

        number, running = len(done), optuna.trial.TrialState
        seed = np.random.SeedSequence([self.wanted.config.train.seed, number]).generate_state(1)[0]
        self.study.sampler = optuna.samplers.TPESampler(seed=int(seed), n_startup_trials=STARTUP, constant_liar=False)
        self.study.pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP // 2, n_warmup_steps=WARMUP)
        drawn = self.study.ask(self._distributions())
        settings = {dimension.name: dimension.value(drawn.params[dimension.name]) for dimension in self.space}
        same = [each for each in done if each.settings == settings]
        trial = replace(same[0], number=number, seconds=0.0) if same else self._tried(drawn, number, settings)
        if trial is None:
            self.study.tell(drawn, state=running.FAIL)
            return None
        drawn.set_user_attr(KEY, trial.to_dict())
        self.study.tell(drawn, trial.mase, state=running.COMPLETE if trial.finished else running.PRUNED)
        return trial

    def _tried(self, drawn: "Drawn", number: int, settings: Mapping[str, Any]) -> Trial | None:
        """The trial of settings; None if it was stopped before its end."""
        began, course, why = perf_counter(), _Course(drawn), ""
        try:
            judged = self._judged(config_of(self.wanted.config, settings, self.start), course)
        except (TrainingError, UsageError) as error:  # it diverges, or needs more memory than there is
            judged, why = None, error.message
        if judged is None and not why and not course.pruned:
            return None
        if judged is not None and not np.isfinite(judged.mase):
            judged, why = None, "its forecasts are not finite"
        return _ended(number, settings, perf_counter() - began, judged, why or PRUNED)

    def _judged(self, config: Config, course: "_Course") -> Judged | None:
        from rnncast.training.watch import Watch

        def told(run: str, report: "EpochReport") -> None:
            course.told(run, report)
            self.listener.epoch(run, report)

        watch = Watch(
            told,
            device=self.wanted.device,
            stopped=lambda: course.pruned or self.over(),
            planned=self.listener.planned,
            ended=self.listener.ended,
        )
        return self.judge.judged(config, watch)

    def _distributions(self) -> dict[str, Any]:
        return {dimension.name: dimension.distribution() for dimension in self.space}


class _Course:
    """How the first net of a trial does on its way, and whether the trial is given up for that."""

    def __init__(self, drawn: "Drawn | None" = None) -> None:
        self._drawn, self._run = drawn, ""
        self.scores: dict[int, float] = {}
        self.pruned = False

    def told(self, run: str, report: "EpochReport") -> None:
        """Take a report: in the thread of the search, as optuna reads what all trials have come to."""
        self._run = self._run or run
        step, score = PRUNINGS * report.epoch // report.epochs, report.valid_mase
        if run != self._run or score is None or not np.isfinite(score) or step in self.scores or self.pruned:
            return
        self.scores[step] = score
        if self._drawn is not None:
            self._drawn.report(score, step)
            self.pruned = self._drawn.should_prune()


def _ended(number: int, settings: Mapping[str, Any], seconds: float, judged: Judged | None, why: str = "") -> Trial:
    if judged is None:
        return Trial(number, settings, seconds, why=why)
    by_series, by_origin = units_of(judged.losses)
    return Trial(number, settings, seconds, judged.mase, "", by_series, by_origin, dict(judged.scores))


def _versions() -> dict[str, str]:
    """Of what has a say in what a trial gives."""
    return {"rnncast": VERSION, **{name: version(name) for name in ("numpy", "torch", "optuna")}}

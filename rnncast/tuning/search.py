"""Search for settings: the default ones first, then those that optuna draws given the results so far, one after
another.

A trial is drawn by its number and by the trials that have ended: anything interrupted or killed has no effect on those
after it, so that a search in several runs equals one in a single run.
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

STARTUP = 10  # trials before results guide the next one; half as many before one may be pruned
KEY = "trial"  # name of our record of a trial in a journal, beside optuna's
PRUNINGS = 8  # pruning checks in a trial, at most
WARMUP = 2  # of them that are ignored, because a net has hardly begun


@dataclass(frozen=True)
class Wanted:
    """Search asked for: the given settings, and the names of those to search.

    trials: in all, including those in a journal. seconds: the time limit, None for none.
    """

    config: Config
    names: tuple[str, ...] = SEARCHED
    trials: int = TRIALS
    seconds: float | None = None
    journal: str | None = None
    device: str = "auto"


@dataclass(frozen=True)
class Listener:
    """Callbacks of a search.

    planned: gets the number of nets in the current trial; epoch: each epoch's report; ended: called when a net has
    ended; tried: gets each trial, also those from a journal. stopped: returns whether to stop.
    """

    planned: Callable[[int], None] = lambda nets: None
    epoch: "Callable[[str, EpochReport], None]" = lambda run, report: None
    ended: Callable[[str], None] = lambda run: None
    tried: Callable[[Trial], None] = lambda trial: None
    stopped: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class Found:
    """Finished trials of a search, the default settings first, with the settings asked for, the start, and the search
    space.

    cut: whether the search ended before it had all trials.
    """

    trials: tuple[Trial, ...]
    config: Config
    start: str
    space: tuple[Dimension, ...]
    cut: bool = False

    def config_of(self, trial: Trial) -> Config:
        """Return the settings of a trial, which train the model that it reports."""
        return self.config if trial.number == 0 else config_of(self.config, trial.settings, self.start)

    @property
    def names(self) -> list[str]:
        """Column names of `rows`."""
        return ["trial", "mase", *(dimension.name for dimension in self.space), "ended", "seconds"]

    @property
    def rows(self) -> list[list[Any]]:
        """Rows for the trials, the default settings first.

        mase: NaN if it was not judged; ended: "judged", or why it was not.
        """
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

    Raises UsageError or DataError if there is nothing to tune, or nothing to tune by; JournalError for a journal that
    does not match; TrainingError if the default settings diverge, or no trial ends in time.
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
    """Raise UsageError if optuna is not installed."""
    if find_spec("optuna") is None:
        raise UsageError("settings are searched by optuna, which is not installed", hint="pip install 'rnncast[tune]'")


@dataclass(frozen=True)
class _Search:
    """A search in progress, in a space, from a start of training. over: returns whether to stop."""

    study: "Study"
    judge: Judge
    wanted: Wanted
    start: str
    space: tuple[Dimension, ...]
    over: Callable[[], bool]
    listener: Listener

    def trials(self) -> Iterator[Trial]:
        """Yield the trials that the study holds, then new ones, until there are enough or the search is over."""
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
        """Return the first trial, whose errors are those of the training that it stands for."""
        import optuna

        began, course = perf_counter(), _Course()
        judged = self._judged(self.wanted.config, course)
        if judged is None:
            return None
        if not np.isfinite(judged.mase):
            raise DataError("the held-out data are constant and cannot be scored, so there is nothing to tune by")
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
        """Run one more trial; None if it was stopped early."""
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
        """Run the trial of some settings; None if it was stopped early."""
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
    """Progress of the first net of a trial, and whether the trial is given up because of it."""

    def __init__(self, drawn: "Drawn | None" = None) -> None:
        self._drawn, self._run = drawn, ""
        self.scores: dict[int, float] = {}
        self.pruned = False

    def told(self, run: str, report: "EpochReport") -> None:
        """Take a report, in the thread of the search, because optuna reads the results of all trials."""
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
    """Return the versions that affect the result of a trial."""
    return {"rnncast": VERSION, **{name: version(name) for name in ("numpy", "torch", "optuna")}}

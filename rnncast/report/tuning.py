"""A search while it goes on, and its trials, on a screen."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

from rich import box
from rich.table import Table
from rich.text import Text

from rnncast.plain import counted
from rnncast.report.course import NEARLY, WHOLE, Course
from rnncast.report.fitting import FittingTable
from rnncast.report.numbers import column_format
from rnncast.report.progress import Advance
from rnncast.training.epoch import EpochReport
from rnncast.tuning.search import Found, Listener, Wanted
from rnncast.tuning.trial import PRUNED, Trial

FEW = 5  # of the best trials


class Searching:
    """Progress of a search, over all trials not yet in its journal."""

    def __init__(self, wanted: Wanted, advance: Advance, told: Callable[[Trial], None] = lambda trial: None) -> None:
        """Start the progress of a search. told: called with each new trial."""
        self._wanted, self._advance, self._told, self._began = wanted, advance, told, perf_counter()
        self._tried, self._course = list[Trial](), Course(None)
        self.known: int | None = None  # trials that the journal held; None before the first new one has begun

    def listener(self, stopped: Callable[[], bool] = lambda: False) -> Listener:
        """Return callbacks by which the search reports its progress."""
        return Listener(self._planned, self._epoch, lambda run: self._course.ended(run), self._took, stopped)

    def _planned(self, nets: int) -> None:
        if self.known is None:
            self.known = len(self._tried)
        self._course = Course(None)
        self._course.planned(nets)

    def _epoch(self, run: str, report: EpochReport) -> None:
        self._course.told(run, report)
        words = [f"trial {len(self._tried) + 1}/{self._wanted.trials}", f"epoch {report.epoch}/{report.epochs}"]
        if finished := [trial for trial in self._tried if trial.mase is not None]:
            best = min(trial.mase or 0.0 for trial in finished)
            words.append(f"MASE {best:.3f} default {finished[0].mase:.3f}")
        self._advance(self._done(self._course.done / WHOLE), WHOLE, " ".join(words))

    def _took(self, trial: Trial) -> None:
        self._tried.append(trial)
        if self.known is not None:
            self._told(trial)

    def _done(self, of_this: float) -> int:
        """Return parts of `WHOLE`: of the trials to come, or of the time that they have if that will end them
        sooner."""
        known = self.known or 0
        share = (len(self._tried) - known + of_this) / max(1, self._wanted.trials - known)
        if self._wanted.seconds:
            share = max(share, min((perf_counter() - self._began) / self._wanted.seconds, NEARLY))
        return int(WHOLE * min(share, 1.0))


def trials_table(found: Found, every: bool = False) -> Table:
    """Return the best trials and the default settings, the best first; or every trial, in order."""
    table, names = FittingTable(box=box.SIMPLE_HEAD, pad_edge=False), [dimension.name for dimension in found.space]
    table.padding, table.needed, table.instead = (0, 1, 0, 0), 2, "--save-trials FILE"
    table.add_column("trial", style="bold", no_wrap=True)
    table.add_column("MASE", justify="right", no_wrap=True)
    for dimension in found.space:
        side = "left" if dimension.words else "right"
        header = Text(dimension.name.replace("_", "\n"))
        table.add_column(header, justify=side, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("s", justify="right", no_wrap=True)
    shown = list(found.trials) if every else best_trials(found)
    written = column_format(trial.mase for trial in shown if trial.mase is not None)
    for trial in shown:
        score = written(trial.mase) if trial.mase is not None else PRUNED if trial.why == PRUNED else "failed"
        settings = (cell(trial.settings[name]) for name in names)
        table.add_row(_name(trial), score, *settings, f"{trial.seconds:.0f}")
    return table


def best_trials(found: Found) -> list[Trial]:
    """Return the best few, each once, and the default settings wherever they stand."""
    first = {tuple(trial.settings.values()): trial for trial in reversed(found.trials) if trial.finished}
    finished = sorted(first.values(), key=lambda trial: (trial.mase or 0.0, trial.number))
    return [trial for place, trial in enumerate(finished) if place < FEW or trial.number == 0]


def search_in_words(found: Found, known: int | None) -> str:
    """Return the number of trials, of new ones among them, and what became of those not judged."""
    pruned = sum(trial.why == PRUNED for trial in found.trials)
    failed = sum(not trial.finished for trial in found.trials) - pruned
    parts = [counted(len(found.trials), "trial")]
    parts += [f"{len(found.trials) if known is None else known} of them from the journal"] if known != 0 else []
    parts += [f"{pruned} given up early"] if pruned else []
    parts += [f"{failed} failed"] if failed else []
    again = len(found.trials) - len({tuple(trial.settings.values()) for trial in found.trials})
    parts += [f"{again} the same as an earlier one, and not trained again"] if again else []
    return ", ".join(parts)


def trial_in_words(trial: Trial) -> str:
    """Return a trial in a line."""
    score = trial.why if trial.mase is None else f"MASE {trial.mase:.3f}"
    settings = ", ".join(f"{name.replace('_', '-')} {cell(value)}" for name, value in trial.settings.items())
    return f"trial {_name(trial)}: {score} in {trial.seconds:.1f} s ({settings})"


def cell(value: Any) -> str:
    """Return the value of a setting."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def _name(trial: Trial) -> str:
    return str(trial.number) if trial.number else "default"

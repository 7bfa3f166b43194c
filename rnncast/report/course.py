"""Progress of training over all its runs."""

from collections.abc import Callable
from time import perf_counter

from rnncast.training.epoch import EpochReport

WHOLE = 1000  # parts that a progress bar has
NEARLY = 0.999  # largest progress shown by time alone: only ended runs complete it


class Course:
    """Progress of all runs of a training together; it is told what a Watch is told."""

    def __init__(self, max_time: float | None, clock: Callable[[], float] = perf_counter) -> None:
        """Start the clock. max_time: seconds for all runs together, None for no limit."""
        self._max_time, self._clock, self._began = max_time, clock, clock()
        self._runs, self._shares = 1, dict[str, float]()

    def planned(self, runs: int) -> None:
        """Note the number of runs to come."""
        self._runs = runs

    def told(self, run: str, report: EpochReport) -> None:
        """Take a report."""
        self._shares[run] = report.epoch / report.epochs

    def ended(self, run: str) -> None:
        """Note that a run has ended, perhaps before its last epoch."""
        self._shares[run] = 1.0

    @property
    def done(self) -> int:
        """Parts of `WHOLE` that are done, by the epochs of all runs, or by the time limit if that will end them
        sooner."""
        share = sum(self._shares.values()) / max(self._runs, len(self._shares), 1)
        if self._max_time:
            passed = (self._clock() - self._began) / self._max_time
            share = max(share, min(passed, NEARLY))
        return int(WHOLE * min(share, 1.0))

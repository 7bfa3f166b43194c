"""Watching training: progress, ledger, reports, and a picture at the end."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from rnncast.cli.environment import Environment
from rnncast.errors import OutputClosedError, OutputError
from rnncast.files.output.writing import growing
from rnncast.plain import json_text

if TYPE_CHECKING:
    from rnncast.training.epoch import EpochReport
    from rnncast.training.watch import Watch


class Record:
    """Reports of all runs, each also written as a line of JSON.

    A failure to write ends the ledger, not the training: `failure` says why.
    """

    def __init__(self, write: Callable[[str], None] | None) -> None:
        self._write = write
        self.failure: OutputError | None = None
        self.reports: dict[str, list[EpochReport]] = {}

    def __call__(self, run: str, report: "EpochReport") -> None:
        """Take a report."""
        self.reports.setdefault(run, []).append(report)
        if self._write is None:
            return
        try:
            self._write(json_text({"run": run, **asdict(report)}))
        except OutputClosedError:  # the reader has seen enough
            self._write = None
        except OutputError as error:
            words = f"{error.message}; the ledger ends at {run}, epoch {report.epoch}, but the model is complete"
            self._write, self.failure = None, OutputError(words, error.hint)


@contextmanager
def watching(
    environment: Environment, ledger: str | None, max_time: float | None, *, measured: bool
) -> "Iterator[tuple[Watch, Record]]":
    """Open a Watch that draws progress and writes the ledger (also to stderr under --verbose), and the record of its
    reports.

    max_time: seconds that training may take. measured: whether the gradient by lag is needed in any case.
    """
    from rnncast.report.course import WHOLE, Course
    from rnncast.report.progress import progress
    from rnncast.report.words import epoch_in_words, ledger_in_words
    from rnncast.training.epoch import EpochReport
    from rnncast.training.watch import Watch

    with ExitStack() as last:
        record = Record(None if ledger is None else last.enter_context(growing(ledger)))
        last.callback(_draw, record, environment)  # drawn even if training failed, when it matters most
        advance = last.enter_context(progress(environment.side_screen, environment.shows_progress))
        course = Course(max_time)
        judged: dict[str, EpochReport] = {}  # the last validated epoch of each run, whose score stays visible

        def told(run: str, report: EpochReport) -> None:
            if report.valid_mase is not None or report.epoch == 1:
                judged[run] = report
            course.told(run, report)
            advance(course.done, WHOLE, epoch_in_words(run, report, judged.get(run, report)))
            if environment.verbose:
                environment.say(ledger_in_words(run, report))
            record(run, report)

        wanted = measured or ledger is not None or environment.verbose
        yield Watch(told, ledger=wanted, planned=course.planned, ended=course.ended), record


def _draw(record: Record, environment: Environment) -> None:
    if environment.draws_on(environment.stderr):
        from rnncast.report.bars import training_lines
        from rnncast.report.tables import print_table

        if (lines := training_lines(record.reports, environment.verbose)).rows:
            print_table(lines, environment.stderr)

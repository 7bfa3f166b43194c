"""`rnncast train`: learn from a table and write a model file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.cli.output import check_outputs
from rnncast.cli.reading import read_data
from rnncast.cli.settings_file import settings_text
from rnncast.cli.surviving import checkpoints, checkpoints_wanted, ending_in_order
from rnncast.config import Config, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.errors import InterruptedTrainingError, OutputClosedError, OutputError, TrainingError
from rnncast.files.output.writing import growing, replaces, written_text
from rnncast.plain import json_text

if TYPE_CHECKING:
    from rnncast.training.epoch import EpochReport
    from rnncast.training.watch import Watch


@o.with_settings(TableConfig, TaskConfig, NetConfig, TrainConfig)
def train(
    context: typer.Context,
    data: o.Data = None,
    output: o.ModelOutput = o.MODEL_FILE,
    ledger: o.Ledger = None,
    checkpoint: o.Checkpoint = None,
    every: o.CheckpointEvery = "60s",
    resume: o.Resume = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say what was decided from the data, and why.")] = False,
    save_settings: o.SaveSettings = None,
    future: o.Future = None,
    device: o.Device = "auto",
    no_plot: o.NoPlot = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Learn from a table of time series and write a model file.

    Columns, frequency and season are recognised; what was taken is said on
    stderr.
    """
    environment: Environment = context.obj
    config, table = o.config_from(context), o.table_from(context)
    wanted = checkpoints_wanted(context, checkpoint, every, resume)
    path = environment.data_or_stdin(data, "train")
    _check((output, ledger, save_settings), (path, future), environment)
    _save_settings(save_settings, table, config)

    from rnncast.choices.decide import decide
    from rnncast.forecaster.data import extended
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.report.tables import choices_table, print_table
    from rnncast.report.words import choices_in_words, scores_in_words

    panel = read_data(path, table, environment, environment.say)
    if future is not None:
        panel = extended(panel, future, table, environment.say)
    spec, choices = decide(config, panel)
    if explain:
        print_table(choices_table(choices), environment.stderr)
    began = perf_counter()
    with ending_in_order(output, checkpoint) as signals, checkpoints(wanted, environment) as kept:
        try:
            with _ledger(ledger) as record, _watching(environment, record) as watch:
                watch = replace(watch, device=device, stopped=lambda: bool(signals), **kept._asdict())
                forecaster = Forecaster.fit_spec(panel, spec, config, watch=watch).from_source(path, table)
        except TrainingError as error:
            if error.rescued is not None:
                error.rescued.from_source(path, table).save(output)
                if not isinstance(error, InterruptedTrainingError):
                    environment.say(f"the best weights so far are in {output}")
            raise
        forecaster.save(output)
    environment.say(choices_in_words(config, spec))
    if config.train.validate:
        environment.say(scores_in_words(spec.net.model, forecaster.scores))
    environment.say(f"trained {spec.net.model} in {perf_counter() - began:.1f} s; wrote {output}")
    if record is not None and record.failure is not None:
        raise record.failure


def _save_settings(path: str | None, table: TableConfig, config: Config) -> None:
    if path is not None:
        with written_text(path) as file:
            file.write(settings_text(table, config))


def _check(
    outputs: tuple[str, *tuple[str | None, ...]], inputs: tuple[str | None, ...], environment: Environment
) -> None:
    """Refuse a model file or a ledger that cannot be written or would do harm; say what will be replaced."""
    check_outputs(outputs, inputs)
    if replaces(outputs[0]):
        environment.say(f"{outputs[0]} is there already, and will be replaced")


class _Ledger:
    """Writes a line of JSON for each epoch. What cannot be written ends the ledger, not the training."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write: Callable[[str], None] | None = write
        self.failure: OutputError | None = None

    def __call__(self, run: str, report: "EpochReport") -> None:
        if self._write is None:
            return
        try:
            self._write(json_text({"run": run, **asdict(report)}))
        except OutputClosedError:  # who read it has seen enough
            self._write = None
        except OutputError as error:
            words = f"{error.message}; the ledger ends at {run}, epoch {report.epoch}, and the model is whole"
            self._write, self.failure = None, OutputError(words, error.hint)


@contextmanager
def _ledger(path: str | None) -> Iterator[_Ledger | None]:
    if path is None:
        yield None
        return
    with growing(path) as write:
        yield _Ledger(write)


@contextmanager
def _watching(environment: Environment, ledger: _Ledger | None) -> "Iterator[Watch]":
    """A Watch that draws progress, writes the ledger and shows it under --verbose."""
    from rnncast.report.progress import progress
    from rnncast.report.words import epoch_in_words, ledger_in_words
    from rnncast.training.epoch import EpochReport
    from rnncast.training.watch import Watch

    reports: dict[str, list[EpochReport]] = {}
    try:
        with progress(environment.side_screen, environment.shows_progress) as advance:
            judged: dict[str, EpochReport] = {}  # the last epoch of each run that was validated, which stays visible

            def told(run: str, report: EpochReport) -> None:
                if report.valid_mase is not None or report.epoch == 1:
                    judged[run] = report
                advance(report.epoch, report.epochs, epoch_in_words(run, report, judged.get(run, report)), run)
                if environment.verbose:
                    environment.say(ledger_in_words(run, report))
                if ledger is not None:
                    ledger(run, report)
                reports.setdefault(run, []).append(report)

            yield Watch(told, ledger=ledger is not None or environment.verbose)
    finally:  # how it went is the more to be seen where it ended badly
        _draw(reports, environment)


def _draw(reports: "dict[str, list[EpochReport]]", environment: Environment) -> None:
    if environment.draws_on(environment.stderr):
        from rnncast.report.bars import training_lines
        from rnncast.report.tables import print_table

        if (lines := training_lines(reports, environment.verbose)).rows:
            print_table(lines, environment.stderr)

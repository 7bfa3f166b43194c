"""`rnncast train`: learn from a table and write a model file."""

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, TypeVar, cast

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.cli.given import config_from, stands, table_from, with_settings
from rnncast.cli.output import check_outputs
from rnncast.cli.reporting import write_report
from rnncast.cli.surviving import checkpoints_wanted, ending_in_order
from rnncast.cli.torchrun import ranks_of, read_own, shared_checkpoints
from rnncast.cli.watching import watching
from rnncast.config import ANY_NET, SCRATCH, STARTS, Config, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.errors import InterruptedTrainingError, RnncastError, TrainingError
from rnncast.files.formats.folders import Named, Tables, as_given, named
from rnncast.files.output.settings import settings_text
from rnncast.files.output.writing import replaces, written_text

if TYPE_CHECKING:
    from rnncast.choices.choice import Choice
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.series.panel import Panel
    from rnncast.training.epoch import EpochReport

T = TypeVar("T")


@with_settings(TableConfig, TaskConfig, NetConfig, TrainConfig)
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
    report: o.Report = None,
    device: o.Device = "auto",
    no_plot: o.NoPlot = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Learn from a table of time series and write a model file.

    Columns, frequency and season are recognised, and reported on stderr.
    """
    environment, began = cast("Environment", context.obj), perf_counter()
    config, table, start = _asked(context)
    wanted = checkpoints_wanted(context, checkpoint, every, resume)
    path = environment.data_or_stdin(data, "train")
    ranks, device = ranks_of(context, config, path)
    if ranks.first:
        read = path, future, None if start is None else config.train.start
        _check((output, ledger, save_settings), read, report, environment)
        _save_settings(save_settings, table, config)

    from rnncast.choices.decide import decide
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.report.tables import choices_table, print_table

    panel = _extended(read_own(path, table, environment, ranks), future, table, environment)
    if config.net.model == ANY_NET:
        config = _picked(panel, config, device, environment)
    spec, choices = ranks.together(lambda: decide(config, panel, None if start is None else start.encoding))
    if explain:
        print_table(choices_table(choices), environment.stderr)
    with ending_in_order(output, checkpoint) as signals, shared_checkpoints(wanted, environment, ranks) as kept:
        try:
            with watching(environment, ledger, config.train.max_time, measured=report is not None) as (watch, record):
                watch = replace(watch, device=device, stopped=lambda: bool(signals), began=began, **kept._asdict())
                watch = replace(watch, ranks=ranks, ledger=watch.ledger and ranks.size == 1)
                forecaster = Forecaster.fit_spec(panel, spec, config, watch=watch, start=start)
                forecaster = forecaster.from_source(as_given(path), table)
        except TrainingError as error:
            if ranks.first:
                _rescue(error, (as_given(path), table), output, environment)
            raise
        if ranks.first:
            forecaster.save(output)
    done = _told(config, forecaster, environment, explain=explain)
    environment.say(f"{done} in {perf_counter() - began:.1f} s; wrote {output}")
    _report(report, (panel, named(path), forecaster, choices, record.reports), environment)
    if record.failure is not None:
        raise record.failure


def _extended(panel: "Panel", future: str | None, table: TableConfig, environment: Environment) -> "Panel":
    if future is None:
        return panel
    from rnncast.forecaster.data import extended

    return extended(panel, future, table, environment.say)


def _picked(panel: "Panel", config: Config, device: str, environment: Environment) -> Config:
    """Choose the net that is worth training here, and say why."""
    from rnncast.evaluate.picking import picked
    from rnncast.report.progress import progress

    with progress(environment.side_screen, environment.shows_progress) as advance:
        found = picked(panel, config, device, lambda done, total, words: advance(done, total, words))
    environment.say(f"net {found.config.net.model}: {found.reason}")
    return found.config


def _told(config: Config, forecaster: "Forecaster", environment: Environment, *, explain: bool) -> str:
    """Say what was decided and how good the model is, and return what was done, in words."""
    from rnncast.report.words import (
        choices_in_words,
        linear_in_words,
        name_of,
        scores_in_words,
        segments_in_words,
        shares_in_words,
    )

    spec = forecaster.spec
    environment.say(choices_in_words(config, spec))
    if "first_segment_mase" in forecaster.scores:
        environment.say(segments_in_words(config, spec, forecaster.scores))
    if "linear" in forecaster.scores and (explain or spec.net.linear):
        environment.say(linear_in_words(spec, forecaster.scores))
    if explain or spec.net.pretrained:
        environment.say(shares_in_words(spec, forecaster.scores))
    if config.train.validate:
        environment.say(scores_in_words(name_of(spec), forecaster.scores))
    trained = spec.net.members and spec.train.epochs
    return f"{'trained' if trained else 'took'} {name_of(spec)}"


def _asked(context: typer.Context) -> "tuple[Config, TableConfig, Forecaster | None]":
    """Return the settings asked for, how to read the table, and the forecaster whose nets are trained further, if any.

    The settings of that forecaster are the defaults then.
    """
    config, table = config_from(context), table_from(context)
    if (
        stands(context, "model") and config.net.model != ANY_NET and config.train.start == "auto"
    ):  # by name, even if it is the default
        config = replace(config, train=replace(config.train, start=SCRATCH))
    if config.train.start in STARTS:
        return config, table, None
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.forecaster.warm import check_further, further_config

    start = Forecaster.load(config.train.start)
    further = config_from(context, further_config(start.spec, config.train.start))
    check_further(start.spec, further)
    return further, table_from(context, start.source.table), start


def _save_settings(path: str | None, table: TableConfig, config: Config) -> None:
    if path is not None:
        with written_text(path) as file:
            file.write(settings_text(table, config))


def _check(
    outputs: tuple[str, *tuple[str | None, ...]],
    inputs: tuple[Tables | None, ...],
    report: str | None,
    environment: Environment,
) -> None:
    """Refuse outputs, the model file first, that cannot be written or would do harm; say what will be replaced."""
    check_outputs(outputs, inputs, page=report)
    if replaces(outputs[0]):
        environment.say(f"{outputs[0]} already exists and will be replaced")


def _rescue(error: TrainingError, source: tuple[Named, TableConfig], output: str, environment: Environment) -> None:
    """Write what can be kept of a training run that could not go on."""
    if error.rescued is not None:
        error.rescued.from_source(*source).save(output)
        if not isinstance(error, InterruptedTrainingError):
            environment.say(f"the best weights so far are in {output}")


def _report(
    path: str | None,
    trained: "tuple[Panel, str, Forecaster, tuple[Choice, ...], dict[str, list[EpochReport]]]",
    environment: Environment,
) -> None:
    """Write the report, if asked for, with a forecast from the end of the data and the model's memory, if possible."""
    if path is None:
        return
    from rnncast.report.memory import MemoryCurve
    from rnncast.report.page.trained import Trained, trained_page

    panel, _, forecaster, *_ = trained
    # Known covariates may be missing in the steps ahead, and the series may be too short to measure memory.
    forecast, why = _unless_refused(forecaster.predict)
    memory, _ = _unless_refused(lambda: MemoryCurve.of(forecaster, panel))
    told = Trained(*trained, forecast, why, memory)
    write_report(path, environment, lambda command: trained_page(told, command))


def _unless_refused(make: Callable[[], T]) -> tuple[T | None, str]:
    """Return the value made, and ""; or None, and why it cannot be made."""
    try:
        return make(), ""
    except RnncastError as error:
        return None, error.message

"""`rnncast train`: learn from a table and write a model file."""

from time import perf_counter
from typing import Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.config import NetConfig, TableConfig, TaskConfig, TrainConfig


@o.with_settings(TableConfig, TaskConfig, NetConfig, TrainConfig)
def train(
    context: typer.Context,
    data: o.Data = None,
    output: Annotated[
        str, typer.Option("--output", "-o", help="The model file to write; - is standard output.")
    ] = o.MODEL_FILE,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Learn from a table of time series and write a model file.

    Columns, frequency and season are recognised; what was taken is said on
    stderr.
    """
    environment: Environment = context.obj
    config, table = o.config_from(context), o.table_from(context)
    path = environment.data_or_stdin(data, "train")

    from rnncast.files.tables import read_table
    from rnncast.forecaster import Forecaster
    from rnncast.report.progress import progress
    from rnncast.report.words import choices_in_words, epoch_in_words

    panel = read_table(path, table, note=environment.say)
    began = perf_counter()
    with progress(environment.side_screen, environment.shows_progress) as advance:
        forecaster = Forecaster.fit(
            panel, config, watch=lambda step: advance(step.epoch, step.epochs, epoch_in_words(step))
        )
    forecaster.from_source(path, table).save(output)
    environment.say(choices_in_words(config, forecaster.config))
    environment.say(f"trained {forecaster.config.net.model} in {perf_counter() - began:.1f} s; wrote {output}")

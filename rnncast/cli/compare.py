"""`rnncast compare`: is it worth it? Rolling origins, the same pasts for all, and a verdict."""

from pathlib import Path
from typing import Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.cli.output import Format, chosen_format, write
from rnncast.cli.reading import read_data
from rnncast.config import Config, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.errors import ExitCode


@o.with_settings(TableConfig, TaskConfig, NetConfig, TrainConfig, without=("model", "levels"))
def compare(
    context: typer.Context,
    data: o.Data = None,
    candidate: Annotated[
        str | None,
        typer.Option(
            "--model",
            metavar="NET|FILE",
            help="A net, or a model file to take the settings from (and the data, if none are given).",
            show_default=f"{NetConfig.model} with data, {o.MODEL_FILE} without",
        ),
    ] = None,
    baseline: Annotated[str, typer.Option(metavar="NET", help="The net to compare with.")] = "window",
    folds: Annotated[int, typer.Option(help="Origins, a horizon apart, at which all are retrained.", min=1)] = 4,
    format: o.OutputFormat = Format.auto,
    output: o.Output = "-",
    require_win: Annotated[bool, typer.Option("--require-win", help="Exit with 3 unless the model wins.")] = False,
    device: o.Device = "auto",
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Compare a net with a baseline on the same origins of the same data.

    All are retrained before each origin, on what came before it, and scored
    beside the naive forecasts. Without data, the model file's own are read again.
    """
    environment: Environment = context.obj
    kind = chosen_format(format, output, environment)
    path = data or environment.piped()
    model_file = _model_file(candidate, path)

    from rnncast.evaluate.compare import Plan, compare_nets
    from rnncast.forecaster import Forecaster
    from rnncast.report.progress import progress
    from rnncast.report.tables import comparison_table

    trained = Forecaster.load(model_file) if model_file else None
    base = trained.config if trained else Config().with_model(candidate or NetConfig.model)
    if trained and path is None:
        panel = trained.training_data(note=environment.say)
    else:
        table = o.table_from(context, trained.source.table if trained else None)
        panel = read_data(path or o.STREAM, table, environment, environment.say)
    config = o.config_from(context, base)
    with progress(environment.side_screen, environment.shows_progress) as advance:
        comparison, verdict = compare_nets(panel, config, Plan(baseline, folds, device), advance)
    rows = comparison.names, comparison.rows
    write(kind, output, environment, rows, lambda: comparison_table(comparison, verdict))
    if kind is not Format.table:
        environment.say(verdict.sentence)
    if require_win and not verdict.win:
        raise typer.Exit(ExitCode.ANSWER_IS_NO)


def _model_file(candidate: str | None, path: str | None) -> str | None:
    """The model file that --model names, or the usual one where there are neither data nor a net to go by."""
    if candidate is not None:
        is_file = candidate.endswith(".safetensors") or Path(candidate).is_file()
        return candidate if is_file or path is None else None
    return o.MODEL_FILE if path is None else None

"""`rnncast inspect`: what a model file holds, and how far back it looks."""

from typing import TYPE_CHECKING, Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.cli.given import stands, table_from, with_settings
from rnncast.cli.output import Format, check_outputs, chosen_format, write, write_object
from rnncast.cli.reading import read_data
from rnncast.config import TableConfig
from rnncast.errors import UsageError
from rnncast.plain import json_text

if TYPE_CHECKING:
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.series.panel import Panel


@with_settings(TableConfig)
def inspect(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model file; - is standard input.")] = o.MODEL_FILE,
    data: o.OneData = None,
    named: o.NamedModel = None,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    memory: Annotated[
        bool,
        typer.Option(
            "--memory",
            help="How far back it looks: the influence of the value k steps ago on the forecast, by lead time, through "
            "the net's state, through the frame (level, scale, base forecasts) and through the window. Measured on "
            "DATA, or by default on the training data, read again.",
        ),
    ] = False,
    format: o.OutputFormat = Format.auto,
    output: o.Output = "-",
    data_of_model: o.DataOfModel = False,
    no_plot: o.NoPlot = False,
    plot: o.Plot = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Say what a model file holds: the net, its data and how good it was, seed, versions and size.

    With --memory, how far back it looks.
    """
    environment: Environment = context.obj
    model, data = _model_and_data(context)

    from rnncast.forecaster.forecaster import Forecaster

    check_outputs([output], [model, data], plot)
    forecaster = Forecaster.load(model)
    if memory:
        kind = Format.json if as_json else chosen_format(format, output, environment)
        _memory(environment, forecaster, _panel(context, forecaster, data), (kind, output), plot)
        return
    if data is not None or format is not Format.auto or output != "-":
        raise UsageError("DATA, --format and --output need --memory", hint="add --memory, or leave them out")
    from rnncast.report.card import card, card_table
    from rnncast.report.tables import print_table

    if plot is not None:
        from rnncast.report.figures.file import write_figure
        from rnncast.report.figures.models import model_figure

        write_figure(plot, lambda: model_figure(forecaster, model), environment.say)
    told = card(forecaster, None if model == o.STREAM else model)
    if as_json:
        print(json_text(told, indent=1), file=environment.stdout)
    else:
        print_table(card_table(told), environment.stdout)


def _model_and_data(context: typer.Context) -> tuple[str, str | None]:
    """Return the model file, from --model or the first argument; with --model, that argument is the data."""
    given = context.params
    if given["named"] is None:
        return given["model"], given["data"]
    if given["data"] is not None:
        raise UsageError("the model file is named twice", hint="rnncast inspect DATA -m FILE, or MODEL DATA")
    return given["named"], given["model"] if stands(context, "model") else None


def _panel(context: typer.Context, forecaster: "Forecaster", data: str | None) -> "Panel":
    """Return the data given, or else the training data."""
    environment: Environment = context.obj
    if data is None:
        return forecaster.training_data(environment.say, anywhere=context.params["data_of_model"])
    from rnncast.forecaster.given import check_frequency, check_values

    panel = read_data(data, table_from(context, forecaster.source.table), environment, environment.say)
    check_frequency(panel, forecaster.frequency)
    check_values(panel, log=forecaster.log)
    return panel


def _memory(
    environment: Environment, forecaster: "Forecaster", panel: "Panel", to: tuple[Format, str], plot: str | None
) -> None:
    """Write the curves as a picture or as data, with a summary on stderr. plot: the file of a figure of them."""
    kind, output = to

    from rnncast.report.memory import MemoryCurve

    found = MemoryCurve.of(forecaster, panel)
    if plot is not None:
        from rnncast.report.figures.file import write_figure
        from rnncast.report.figures.memory import memory_figure

        write_figure(plot, lambda: memory_figure(found), environment.say)
    if kind is Format.json:
        write_object(output, environment, found.to_dict())
    elif kind is Format.table:
        from rnncast.report.memory import memory_table

        drawn = output == "-" and environment.draws_on(environment.stdout)
        write(kind, output, environment, (found.names, found.rows), lambda: memory_table(found, drawn=drawn))
    else:
        write(kind, output, environment, (found.names, found.rows))
    if kind is not Format.table:
        environment.say(found.sentence)
    environment.say(found.basis)

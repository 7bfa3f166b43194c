"""`rnncast score`: how good forecasts from any source were."""

from enum import StrEnum
from typing import Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.cli.given import table_from, with_settings
from rnncast.cli.output import Format, check_outputs, chosen_format, write
from rnncast.cli.reading import read_data
from rnncast.config import ROLES, TableConfig
from rnncast.errors import UsageError
from rnncast.settings import MOST_STEPS


class By(StrEnum):
    """Groupings of scores."""

    overall = "overall"
    series = "series"
    lead = "lead"


@with_settings(TableConfig, without=tuple(ROLES))
def score(
    context: typer.Context,
    forecasts: Annotated[str, typer.Argument(metavar="FORECASTS", help="A table of forecasts; - is standard input.")],
    actual: Annotated[str, typer.Option(metavar="FILE", help="Table of the observed values; - is standard input.")],
    history: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="Table of the values before, to scale errors. Default: those in --actual."),
    ] = None,
    by: Annotated[By, typer.Option(help="A row for all, for each series, or for each lead time.")] = By.overall,
    season: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=MOST_STEPS,
            help="Season m of MASE. Default: the calendar's, or found in the data.",
            metavar="N",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    format: o.OutputFormat = Format.auto,
    output: o.Output = "-",
    plot: o.Plot = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Score forecasts of any program against observed values.

    Columns: the id and time of the actual values, and for each model its
    name, name-lo-80, name-hi-80, name-ql0.9; or AutoGluon's or Prophet's.
    Several origins need a column cutoff. Or an id, then F1, F2, and so on: a
    series a row, as the M competitions are published.
    """
    environment: Environment = context.obj
    if forecasts == actual == o.STREAM:
        raise UsageError("the forecasts and the actual values cannot both be standard input", hint="name one file")
    kind = chosen_format(Format.json if as_json else format, output, environment)
    check_outputs([output], [forecasts, actual, history], plot)
    table = table_from(context)

    from rnncast.evaluate.scoring import placed_after, score_forecasts
    from rnncast.files.panels.forecast_table import read_forecasts
    from rnncast.report.tables import scores_table

    panel = read_data(actual, table, environment, environment.detail)
    past = read_data(history, table, environment, environment.detail) if history is not None else None
    panel = placed_after(panel, past)
    scores = score_forecasts(read_forecasts(forecasts, table, panel), panel, past, season, by.value)
    for note in scores.notes:
        environment.say(note)
    if plot is not None:
        from rnncast.report.figures.file import write_figure
        from rnncast.report.figures.forecasts import score_figure

        write_figure(plot, lambda: score_figure(panel, past, scores), environment.say)
    write(kind, output, environment, (scores.names, scores.rows), lambda: scores_table(scores))

"""`rnncast score`: how good forecasts from any source were."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.dialects import check_digits
from rnncast.cli.environment import Environment
from rnncast.cli.given import completing, table_from, with_settings
from rnncast.cli.output import Format, check_outputs, chosen_format, write
from rnncast.cli.reading import read_data
from rnncast.config import ROLES, TableConfig
from rnncast.errors import UsageError
from rnncast.files.formats.folders import with_files
from rnncast.settings import MOST_STEPS

if TYPE_CHECKING:
    from rnncast.evaluate.scoring import Scores
    from rnncast.series.panel import Panel
    from rnncast.values import Values


BY = ("overall", "series", "lead", "total")


Tables = Annotated[
    list[str],
    typer.Argument(metavar="[NAME=]FILE...", help="Tables of forecasts; - is standard input.", show_default=False),
]
Actual = Annotated[str, typer.Option(metavar="FILE", help="Table of the observed values; - is standard input.")]
History = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Table of the values before, to scale errors. Default: those in --actual."),
]
By = Annotated[
    str,
    typer.Option(
        metavar="|".join((*BY, "NAME")),
        help="A row for all, for each series, for each lead time, for the sum of all series, or for the sum of those "
        "with the same value in this column, or several.",
        autocompletion=completing(BY),
    ),
]
Season = Annotated[
    int | None,
    typer.Option(
        min=1, max=MOST_STEPS, help="Season m of MASE. Default: the calendar's, or found in the data.", metavar="N"
    ),
]
Weights = Annotated[
    str | None,
    typer.Option(
        metavar="FILE|COLUMN",
        help="Weight of each series, for weighted means: a table with ids and weights, or a column of --actual.",
    ),
]
Test = Annotated[bool, typer.Option("--test", help="Test whether the best is better by more than chance.")]
AsJson = Annotated[bool, typer.Option("--json", help="The same as --format json.")]


@with_settings(TableConfig, without=tuple(ROLES))
def score(
    context: typer.Context,
    forecasts: Tables,
    actual: Actual,
    history: History = None,
    by: By = BY[0],
    season: Season = None,
    weights: Weights = None,
    test: Test = False,
    as_json: AsJson = False,
    format: o.OutputFormat = Format.auto,
    output: o.Output = "-",
    digits: o.ScoreDigits = "auto",
    plot: o.Plot = None,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Score forecasts of any program against observed values.

    Several tables are scored side by side, each under its name, and --test
    says whether the best is better than the others by more than chance.
    A table has the id and time of the actual values and, for each model,
    columns name, name-lo-80, name-hi-80, name-ql0.9; or those of AutoGluon or
    Prophet. Several origins need a column cutoff. A table may also have a
    series in each row, as the M competitions do: an id, then F1, F2, and so on.
    """
    environment: Environment = context.obj
    from rnncast.files.panels.forecast_tables import ForecastSource

    sources = [ForecastSource.of(text) for text in forecasts]
    files = [str(source.data) for source in sources]
    if [*files, actual].count(o.STREAM) > 1:
        raise UsageError("only one of the tables can be standard input", hint="name files")
    kind = chosen_format(Format.json if as_json else format, output, environment)
    check_digits(digits)
    observed, before = with_files(actual), None if history is None else with_files(history)
    check_outputs([output], [*files, observed, before], plot)
    table = table_from(context)

    from rnncast.evaluate.levels import read_with_groups, score_sources
    from rnncast.evaluate.scoring import placed_after
    from rnncast.report.tables import scores_table
    from rnncast.series.digits import scores_written

    of_table = weights is not None and not Path(weights).is_file()
    seen = replace(table, static=(weights,)) if of_table and weights else table
    grouped = BY[0] if actual == o.STREAM else by  # standard input is read once
    panel = read_with_groups(lambda each: read_data(observed, each, environment, environment.detail), seen, grouped)
    past = read_data(before, table, environment, environment.detail) if before is not None else None
    panel = placed_after(panel, past)
    weighed = None if weights is None else _weights(weights, table, panel)
    scores, panel, past = score_sources(sources, table, panel, past, season, by, weighed, tested=test)
    for note in scores.notes:
        environment.say(note)
    if plot is not None:
        _draw(plot, panel, past, scores, environment)
    rows = scores_written(scores.rows, digits)
    write(kind, output, environment, (scores.names, rows), lambda: scores_table(scores, digits))


def _draw(path: str, actual: "Panel", past: "Panel | None", scores: "Scores", environment: Environment) -> None:
    """Draw forecasts beside the observed values into a file."""
    from rnncast.report.figures.file import write_figure
    from rnncast.report.figures.forecasts import score_figure

    write_figure(path, lambda: score_figure(actual, past, scores), environment.say)


def _weights(weights: str, table: TableConfig, panel: "Panel") -> "Values":
    """Return the weights of the series, from a table of their own or from a column of the actual values."""
    from rnncast.files.panels.weights import read_weights, static_weights

    if Path(weights).is_file():
        return read_weights(weights, table, panel)
    return static_weights(panel, weights)

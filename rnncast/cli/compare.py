"""`rnncast compare`: is a net worth it? Rolling origins, the same pasts for all candidates, and a verdict."""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.dialects import check_digits
from rnncast.cli.environment import Environment
from rnncast.cli.given import completing, config_from, table_from, with_settings
from rnncast.cli.output import Format, check_outputs, chosen_format, write, write_object
from rnncast.cli.reading import read_data
from rnncast.cli.reporting import write_report
from rnncast.config import PRETRAINED, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.errors import ExitCode, UsageError
from rnncast.files.formats import folders
from rnncast.files.formats.folders import Tables, tables_of
from rnncast.plain import counted
from rnncast.runtime.registry import NETS
from rnncast.settings import folded

if TYPE_CHECKING:
    from rnncast.evaluate.compare import Plan
    from rnncast.evaluate.findings import Findings
    from rnncast.files.panels.forecast_tables import ForecastSource
    from rnncast.report.page.compared import Compared
    from rnncast.series.forecast import Forecast


def _known_names(incomplete: str = "") -> list[str]:
    """Return the candidates that begin with a text, for shell completion."""
    from rnncast.evaluate.baselines import BASELINES

    return completing((*NETS, PRETRAINED, *BASELINES))(incomplete)


Models = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NET|FILE",
        autocompletion=_known_names,
        help="A net; pretrained, the one that comes with the package; or a model file to take the settings from (and "
        "the data, if none are given); may be repeated.",
        show_default=f"{NetConfig.model} with data, {o.MODEL_FILE} without",
    ),
]
Baselines = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME",
        autocompletion=_known_names,
        help="What to beat: a net, pretrained, naive, seasonal-naive, drift or mean; ets, arima, theta or mstl (of "
        "statsforecast); may be repeated.",
        show_default="window",
    ),
]


Jobs = Annotated[
    int,
    typer.Option(help="Processes side by side, each with as many threads as one alone.", min=1, max=256, hidden=True),
]


With = Annotated[
    list[str] | None,
    typer.Option(
        "--with",
        metavar="[NAME=]FILE",
        help="A table of forecasts made elsewhere, as score reads them, to compare at its origins; may be repeated.",
    ),
]


class Refit(StrEnum):
    """Choices of when to train nets."""

    all = "all"
    first = "first"


Folds = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=1000,
        metavar="N",
        help="Origins, a horizon apart.",
        show_default="as the data have room for, up to 8; 4 of many series; those of --with",
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="total|NAME",
        help="Compare forecasts of the sum of all series, or of the sums of those with the same value in this id or "
        "static column, or several.",
        hidden=True,
    ),
]
Refits = Annotated[Refit, typer.Option(help="Train nets anew at all origins, or at the first only.", hidden=True)]
SaveForecasts = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write every forecast here: a row per step, a column per candidate."),
]
Quiet = Annotated[
    bool,
    typer.Option("--quiet", "-q", help="Report errors only; a table and --format json still hold the verdict."),
]


@with_settings(TableConfig, TaskConfig, NetConfig, TrainConfig, without=("model", "start"))
def compare(
    context: typer.Context,
    data: o.Data = None,
    candidate: Models = None,  # not `model`, because that is a setting
    baseline: Baselines = None,
    with_: With = None,
    folds: Folds = None,
    by: By = None,
    refit: Refits = Refit.all,
    jobs: Jobs = 1,
    cluster: o.Cluster = None,
    format: o.OutputFormat = Format.auto,
    output: o.Output = "-",
    save_forecasts: SaveForecasts = None,
    report: o.Report = None,
    digits: o.ScoreDigits = "auto",
    require_win: Annotated[bool, typer.Option("--require-win", help="Exit with 3 unless a model wins.")] = False,
    data_of_model: o.DataOfModel = False,
    device: o.Device = "auto",
    plot: o.Plot = None,
    no_plot: o.NoPlot = False,
    quiet: Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Compare nets with baselines, and with the naive forecasts, on the same origins of the same data.

    A win needs evidence: the verdict says how sure it is. Without data, those
    that the model file was trained on are read again, if they lie in the
    working folder. Ctrl-C shows what is finished.
    """
    environment: Environment = context.obj
    kind = chosen_format(format, output, environment)
    check_digits(digits)
    _refuse_pictures(by, {"--report": report, "--plot": plot})
    if cluster is not None:
        from rnncast.cli.compare_partitions import compared_in_partitions

        _show(findings := compared_in_partitions(context, cluster), kind, output, context)
        _end(findings, require_win)
        return
    if save_forecasts not in (None, o.STREAM):
        chosen_format(Format.auto, save_forecasts, environment)  # refused before the work begins

    from rnncast.evaluate.compare import Plan
    from rnncast.evaluate.contest import is_file
    from rnncast.files.panels.forecast_tables import ForecastSource

    plan = Plan(folds=folds, refit=refit is Refit.all, jobs=jobs, device=device, by=by or "")
    path, outputs = tables_of(data) or environment.piped(), (output, save_forecasts)
    sources = [ForecastSource.of(text) for text in with_ or ()]
    files = filter(is_file, [*(candidate or ()), *(baseline or ())])
    check_outputs(outputs, [path, *files, *(source.data for source in sources)], plot, report)
    compared = _compared(context, path, plan, sources, outputs)
    with ExitStack() as last:  # if one output fails, the others are still written
        last.callback(_report, report, compared, environment)
        last.callback(_draw, plot, compared, environment)
        last.callback(_save_forecasts, save_forecasts, compared.findings, environment)
        _show(compared.findings, kind, output, context)
    _end(compared.findings, require_win)


def _refuse_pictures(by: str | None, drawn: Mapping[str, str | None]) -> None:
    """Raise UsageError for a picture of sums. drawn: files to draw, by their flags."""
    for flag, value in drawn.items():
        if by and value is not None:
            raise UsageError(f"{flag}: there are no pictures of sums", hint=f"leave out {flag}")


def _end(findings: "Findings", require_win: bool) -> None:
    """Exit with the code that tells a script the outcome."""
    if findings.unfinished:
        raise typer.Exit(ExitCode.INTERRUPTED)
    if require_win and not (findings.verdict and findings.verdict.win):
        raise typer.Exit(ExitCode.ANSWER_IS_NO)


def _compared(
    context: typer.Context,
    path: Tables | None,
    plan: "Plan",
    sources: "list[ForecastSource]",
    outputs: tuple[str | None, ...],
) -> "Compared":
    """Read the data and any model files named, and compare as planned."""
    from rnncast.evaluate.contest import Contest
    from rnncast.report.page.compared import Compared
    from rnncast.report.progress import progress

    environment: Environment = context.obj
    known = _known_names()
    named = (context.params["candidate"], context.params["baseline"])
    models, baselines = ([folded(name, known) for name in each or ()] for each in named)
    others = [] if sources else ["window"]  # not trained unasked beside forecasts that are given
    contest = Contest.of(models or [NetConfig.model if path else o.MODEL_FILE], baselines or others)
    if contest.first and path is None:
        path = folders.with_files(contest.first.source.path)
        check_outputs(outputs, [path], None, context.params["report"])
        panel = contest.first.training_data(environment.say, anywhere=context.params["data_of_model"])
    else:
        path = path or environment.data_or_stdin(None, "compare")
        panel = read_data(path, table_from(context, contest.table), environment, environment.say)
    plan = replace(plan, given=contest.given(sources, table_from(context), panel))
    if plan.given and plan.given.left_out:
        environment.say(f"left out {counted(plan.given.left_out, 'origin')} that not all forecasts have")
    with progress(environment.side_screen, environment.shows_progress) as advance:

        def told(done: int, total: int, words: str) -> None:
            advance(done, total, words)
            environment.detail(f"{words} ({done} of {total})")

        findings = contest.held(panel, lambda base: config_from(context, base), plan, told)
    if plan.by:
        environment.say(f"scored are sums by {plan.by}, without intervals, which do not add up")
    asked = config_from(context, contest.first.spec.to_config() if contest.first else None)
    return Compared(panel, folders.named(path), asked, findings)


def _show(findings: "Findings", kind: Format, output: str, context: typer.Context) -> None:
    """Write the table, the rows or the object, and remarks on stderr."""
    from rnncast.report.comparison import comparison_table
    from rnncast.series.digits import score_written, scores_written

    environment: Environment = context.obj
    digits = context.params["digits"]
    if findings.unfinished:
        to_come = counted(findings.unfinished, "forecast was", "forecasts were")
        environment.say(f"interrupted: {to_come} still to come; this is what is finished")
    if findings.comparison is None:
        return
    if unscored := findings.comparison.unscored:
        environment.say(
            f"{unscored} series not scored: too short, constant before each origin, or more than a candidate could take"
        )
    bars = output == "-" and environment.draws_on(environment.stdout)
    if kind is Format.json:
        write_object(output, environment, findings.to_dict(partial(score_written, asked=digits)))
    else:
        rows = scores_written(findings.rows, digits)
        write(kind, output, environment, (findings.names, rows), lambda: comparison_table(findings, bars, digits))
    if kind is not Format.table and findings.verdict is not None:
        environment.say(findings.verdict.sentence)


def _report(path: str | None, compared: "Compared", environment: Environment) -> None:
    from rnncast.report.page.compared import compared_page

    write_report(path, environment, lambda command: compared_page(compared, command))


def _draw(path: str | None, compared: "Compared", environment: Environment) -> None:
    """Draw the result into a file, if asked for and if anything could be compared."""
    if path is not None and compared.findings.comparison is not None:
        from rnncast.report.figures.comparisons import compare_figure
        from rnncast.report.figures.file import write_figure

        write_figure(path, lambda: compare_figure(compared.findings, compared.panel), environment.say)


def _save_forecasts(path: str | None, findings: "Findings", environment: Environment) -> None:
    if path is None:
        return
    from rnncast.files.output.forecasts import side_by_side
    from rnncast.series.forecast import CUTOFF

    forecasts: dict[int, dict[str, Forecast]] = {}
    for outcome in findings.outcomes:
        forecasts.setdefault(outcome.origin, {})[outcome.candidate] = outcome.forecast
    kind = Format.csv if path == o.STREAM else chosen_format(Format.auto, path, environment)
    formats = next((each.columns.formats for forecast in forecasts.values() for each in forecast.values()), {})
    cutoffs = dict.fromkeys([CUTOFF], *formats.values()) if len(formats) == 1 else {}
    write(kind, path, environment, side_by_side([*forecasts.values()]), times={**formats, **cutoffs})

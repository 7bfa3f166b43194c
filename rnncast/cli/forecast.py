"""`rnncast forecast`: continue the trained series, or the series of a table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import typer

from rnncast.cli import options as o
from rnncast.cli.dialects import check_written, dialect_of
from rnncast.cli.environment import Environment
from rnncast.cli.follow import Shown, StreamOptions, follow
from rnncast.cli.given import stands, table_from, with_settings
from rnncast.cli.output import Format, check_outputs, chosen_format, write
from rnncast.cli.partitions import exit_if_partitioned
from rnncast.cli.pretrained import check_pretrained, forecast_pretrained, is_pretrained, refuse_season, say_pretrained
from rnncast.cli.reading import read_data
from rnncast.cli.reporting import write_report
from rnncast.cli.sums import check_sums, is_summed, sampled, summed
from rnncast.cli.task import bounds_from, task_from
from rnncast.config import ALL_BUT_BOUNDS, PRETRAINED, TableConfig, TaskConfig, quantiles_from
from rnncast.errors import ExitCode, OutputClosedError, UsageError
from rnncast.files.formats.folders import Tables, named, tables_of
from rnncast.files.output.writing import check_writable

if TYPE_CHECKING:
    from rich.console import RenderableType

    from rnncast.cli.pretrained import History
    from rnncast.files.output.forecasts import Decimals
    from rnncast.forecaster.forecaster import Forecaster
    from rnncast.series.forecast import Forecast, Paths
    from rnncast.values import Values

MOST_NAMED = 5  # series, in a hint


@with_settings(TableConfig, TaskConfig, without=ALL_BUT_BOUNDS)
def forecast(
    context: typer.Context,
    data: o.Data = None,
    model: o.ModelFile = o.MODEL_FILE,
    horizon: o.Steps = None,
    level: o.Levels = None,
    quantiles: o.Quantiles = None,
    season: o.Season = None,
    paths: o.Paths = None,
    sum_: o.Sum = None,
    total: o.Total = False,
    by: o.By = None,
    continued: o.Continue = False,
    save_state: o.SaveState = False,
    followed: o.Follow = False,
    every: o.Every = 1,
    future: o.Future = None,
    device: o.ForecastDevice = "cpu",
    format: o.OutputFormat = Format.auto,
    output: o.Output = "-",
    report: o.Report = None,
    dialect: o.Dialects = "same",
    digits: o.Digits = "auto",
    cluster: o.Cluster = None,
    shard: o.Shard = None,
    series: o.DrawnSeries = None,
    plot: o.Plot = None,
    no_plot: o.NoPlot = False,
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Forecast with a model file: a table on a terminal, CSV in a pipe.

    Without data, every trained series is continued. With data, they are the whole history, and the forecast depends on
    them alone; without a model file, the pretrained net forecasts them, and --save-state writes a model file from which
    new rows continue.
    """
    exit_if_partitioned(context)
    environment: Environment = context.obj
    kind = chosen_format(format, output, environment)
    path = tables_of(data) or (_stream(environment) if followed else _piped(context))
    shown = Shown(quantiles_from(level, quantiles), by_level=quantiles is None)
    if untrained := is_pretrained(context, path):
        check_pretrained(context, path)
    saved_to = (o.MODEL_FILE if untrained else model) if save_state else None
    _check_usage(path, model, output, new=[continued, followed], saved_to=None if untrained else saved_to)
    check_outputs([output], [path, None if untrained else model, future], plot, report)
    if saved_to is not None:
        check_writable(saved_to)
    _check_paths(context.params, levels=shown.probabilities is not None)
    refuse_season(None if untrained else season)
    if path is not None and followed:
        raise typer.Exit(_follow(context, _one(path), (shown, _streamed(kind, format), saved_to), untrained=untrained))
    if path is not None and untrained:
        kept, found, past = forecast_pretrained(context, path, shown)
    else:
        kept, found, past = _forecast(context, path, shown)
    with _saved_after(kept, saved_to):
        _write(context, kind, (found, past), shown, (path, None if untrained else kept))


def _follow(
    context: typer.Context, path: str, stream: tuple[Shown, Format, str | None], *, untrained: bool
) -> ExitCode:
    """Forecast after each row of a stream, by a model file or by the pretrained net.

    stream: the intervals to show, the format, and where the state goes at the end.
    """
    environment, given = context.obj, context.params
    asked = task_from(context)
    if untrained:
        forecaster, table = None, table_from(context)
        say_pretrained(context, path)
    else:
        forecaster = _loaded(context)
        table = table_from(context, forecaster.source.table)
    gaps = stands(context, "gaps") and table.gaps == "mask"
    shown, kind, save = stream
    written = given["dialect"], given["digits"]
    options = StreamOptions(path, table, kind, asked, shown, given["every"], gaps, save, *written)
    return follow(forecaster, options, environment)


def _piped(context: typer.Context) -> str | None:
    """Return "-" if a table is piped in and no model file, whose series might be meant, is named; else "-" must be
    given.

    So `forecast -m FILE` in a loop that reads lines takes none of them, and does not wait for an idle pipe.
    """
    environment: Environment = context.obj
    model = context.params["model"]
    if not stands(context, "model") or model == PRETRAINED:
        return environment.piped()
    if model != o.STREAM and environment.stdin_waits():
        environment.say(f"standard input is not read; to forecast it: rnncast forecast - -m {model}")
    return None


def _loaded(context: typer.Context) -> "Forecaster":
    """Return the trained model, on the device and with the bounds asked for."""
    from rnncast.forecaster.forecaster import Forecaster

    given, bounds = context.params, bounds_from(context)
    forecaster = Forecaster.load(given["model"])
    return replace(forecaster, device=given["device"], spec=forecaster.spec.bounded(**bounds))


def _forecast(
    context: typer.Context, path: Tables | None, shown: Shown
) -> "tuple[Forecaster, Forecast | Paths, History]":
    """Return the forecaster after the new rows, if any, its forecast, and the holder of the history before it."""
    from rnncast.forecaster.data import continued, future_of

    environment, given = context.obj, context.params
    forecaster = _loaded(context)
    table = table_from(context, forecaster.source.table)
    horizon, panel, ahead = given["horizon"], None, None
    read = partial(read_data, environment=environment, note=environment.detail)
    if path is not None and given["continued"]:
        forecaster = continued(forecaster, read, path, table, gaps=stands(context, "gaps"))
    elif path is not None:
        panel = read(path, table)
        if not stands(context, "model"):
            name = forecaster.source.name  # a model left in the folder may be of other data
            source = f", trained on {name}" if name not in ("", "-") else ""
            environment.say(f"by {o.MODEL_FILE}{source}; -m {PRETRAINED} forecasts without it")
    if given["future"] is not None:
        ahead = future_of(forecaster, panel, given["future"], table, horizon, environment.say)
    past = panel or forecaster, forecaster.spec.task.seasons
    if (number := sampled(given)) is not None:
        return forecaster, forecaster.sample(number, panel, horizon, future=ahead), past
    return forecaster, shown(forecaster.predict(panel, horizon, future=ahead)), past


@contextmanager
def _saved_after(forecaster: "Forecaster | None", path: str | None) -> Iterator[None]:
    """Write the model file, if a path is given, after a block that ended well, or whose reader has seen enough."""
    # If the forecast cannot be written, the state stays as it was, so that the same rows can be given again.
    gone = None
    try:
        yield
    except OutputClosedError as error:
        gone = error
    if forecaster is not None and path is not None:
        forecaster.save(path)
    if gone is not None:
        raise gone


def _write(
    context: typer.Context,
    kind: Format,
    made: "tuple[Forecast | Paths, History]",
    shown: Shown,
    source: "tuple[Tables | None, Forecaster | None]",
) -> None:
    """Write the forecast, after drawing it into a file and reporting on it if asked for, as a reader of rows may soon
    be gone.

    source: of the data, and the model that made the forecast; None for the pretrained net.
    """
    (found, past), environment, given = made, context.obj, context.params
    from rnncast.series.digits import decimals_of

    dialect = dialect_of(found.columns, given["dialect"])
    digits = decimals_of(given["digits"], [_seen(past, s) for s in range(len(found.ids))])
    if is_summed(given):
        sums = summed(given, cast("Paths", found), shown, environment, digits)
        write(kind, given["output"], environment, *sums, dialect=dialect)
        return
    table = _table(context, found, past)
    if given["plot"] is not None:
        from rnncast.report.figures.file import write_figure
        from rnncast.report.figures.forecasts import forecast_figure
        from rnncast.series.forecast import Forecast

        assert isinstance(found, Forecast)  # of paths, none is

        chosen = None if given["series"] is None else _chosen(found, given["series"])
        seen = [_seen(past, s) for s in range(len(found.ids))]
        write_figure(given["plot"], lambda: forecast_figure(found, seen, past[1], chosen), environment.say)
    if given["report"] is not None:
        _report(context, made, *source)
    write(kind, given["output"], environment, _rows(found, digits), table, found.columns.formats, dialect)


def _report(
    context: typer.Context, made: "tuple[Forecast | Paths, History]", path: Tables | None, model: "Forecaster | None"
) -> None:
    from rnncast.report.card import card
    from rnncast.report.page.forecast import Forecasted, forecast_page
    from rnncast.series.forecast import Forecast

    (found, past), given = made, context.params
    assert isinstance(found, Forecast)  # paths have no report
    of_model = None if model is None else card(model, None if given["model"] == o.STREAM else given["model"])
    told = Forecasted(found, *past, None if path is None else named(path), of_model)
    write_report(given["report"], context.obj, lambda command: forecast_page(told, command))


def _seen(past: "History", s: int) -> "Values":
    """Return the known values of a series before its forecast."""
    from rnncast.series.panel import Panel

    return past[0][s].y if isinstance(past[0], Panel) else past[0].recent[s]


def _rows(found: "Forecast | Paths", places: "Decimals") -> tuple[list[str], Iterator[Sequence[Any]]]:
    from rnncast.files.output.forecasts import header_of, path_header_of, path_rows_of, rows_of
    from rnncast.series.forecast import Forecast

    if isinstance(found, Forecast):
        return header_of(found), rows_of(found, decimals=places)
    return path_header_of(found), path_rows_of(found, places)


def _table(context: typer.Context, found: "Forecast | Paths", past: "History") -> "Callable[[], RenderableType]":
    """Return the function that shows the forecast on a terminal. Raises UsageError if the series to draw does not
    exist."""
    environment: Environment = context.obj
    chosen = _chosen(found, context.params["series"])
    drawn = context.params["output"] == o.STREAM and environment.draws_on(environment.stdout)
    return lambda: _shown(found, (past, chosen) if drawn else None)


def _chosen(found: "Forecast | Paths", series: str | None) -> int:
    """Return the number of the series to draw. Raises UsageError if there is none of that name."""
    labels = [found.columns.label(each) for each in found.ids]
    if series is None or series in labels:
        return labels.index(series) if series is not None else 0
    known = ", ".join(labels[:MOST_NAMED]) + (", ..." if len(labels) > MOST_NAMED else "")
    raise UsageError(f"there is no series {series!r}", hint=f"name one of: {known}")


def _shown(found: "Forecast | Paths", drawn: "tuple[History, int] | None") -> "RenderableType":
    """Return a table; drawn: the history and the series to draw above it."""
    from rnncast.report.tables import forecast_table, paths_table  # needed only for people
    from rnncast.series.forecast import Forecast

    if not isinstance(found, Forecast):
        return paths_table(found)
    table = forecast_table(found)
    if drawn is None or not found.ids:
        return table
    from rnncast.report.pictures import OverTable, forecast_picture

    past, s = drawn
    which = "" if len(found.ids) == 1 else f" ({s + 1} of {len(found.ids)}; --series ID draws another)"
    return OverTable(forecast_picture(found, s, _seen(past, s), past[1], which), table)


def _check_paths(given: Mapping[str, Any], *, levels: bool) -> None:
    """Raise UsageError for options that cannot be combined with paths or sums, and for unknown ways to write."""
    drawn = {f"--{name}": given[name] for name in ("series", "plot", "report")}
    check_written(given["dialect"], given["digits"])
    if is_summed(given):
        return check_sums(given, drawn)
    paths, followed = given["paths"], given["followed"]
    if paths is not None and (followed or levels):
        raise UsageError("--paths gives sample paths, without intervals, and not in a stream", hint="leave out one")
    for flag, value in drawn.items():
        if value is not None and (followed or paths is not None):
            raise UsageError(f"{flag}: there are no pictures of paths or streams", hint=f"leave out {flag}")
    return None


def _check_usage(path: Tables | None, model: str, output: str, *, new: list[bool], saved_to: str | None) -> None:
    """Raise UsageError for options that contradict each other.

    new: whether the data are rows after the saved state, all at once or as they arrive. saved_to: the model file that a
    new state is written back to.
    """
    if all(new):
        raise UsageError("--continue and --follow both read new rows", hint="give one of them")
    if any(new) and path is None:
        raise UsageError("--continue needs new rows", hint="name a file of them, or pipe them in")
    if saved_to is not None and not any(new):
        raise UsageError("--save-state needs new rows to have a new state", hint="add --continue and the rows")
    if saved_to == o.STREAM:
        raise UsageError("a model from standard input cannot be written back", hint="name its file with -m")
    if new[1] and output != o.STREAM:
        raise UsageError(
            "--follow writes to standard output as rows arrive", hint=f"rnncast forecast --follow > {output}"
        )
    if path == model == o.STREAM:
        raise UsageError("the data and the model cannot both be standard input", hint="name one of the files")


def _stream(environment: Environment) -> str:
    """Return standard input, of which nothing is read yet. Raises UsageError if it is a terminal."""
    if environment.stdin.isatty():
        raise UsageError("--follow needs rows", hint="pipe them in: tail -f meter.csv | rnncast forecast --follow")
    return o.STREAM


def _one(path: Tables) -> str:
    """Return the one path of a stream. Raises UsageError if there are several."""
    if not isinstance(path, str):
        raise UsageError("--follow reads one stream", hint="name one, or pipe the rows in")
    return path


def _streamed(kind: Format, asked: Format) -> Format:
    if asked not in (Format.auto, Format.csv, Format.jsonl):
        raise UsageError(f"--format {asked} needs an end, but a stream has none", hint="use csv or jsonl")
    return Format.jsonl if kind is Format.jsonl else Format.csv

"""Options of the commands that are not settings: flag, default and meaning. Those that are settings are in `given`."""

from enum import StrEnum
from typing import Annotated

import typer

from rnncast.cli.output import Format
from rnncast.cli.settings_file import take_settings
from rnncast.config import DATA_OF_MODEL, PRETRAINED, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.settings import MOST_STEPS

MODEL_FILE = "rnncast.safetensors"
STREAM = "-"  # standard input or output

PANELS = {
    TableConfig: "Reading the data",
    TaskConfig: "What to forecast",
    NetConfig: "The net",
    TrainConfig: "Training",
}


def _show_all(context: typer.Context, wanted: bool) -> None:
    """Print the help of a command including its rarely used options, and exit."""
    if wanted:
        for parameter in context.command.params:
            parameter.hidden = False  # type: ignore[attr-defined]
        typer.echo(context.get_help())
        raise typer.Exit()


class ErrorFormat(StrEnum):
    """Forms of an error."""

    text = "text"
    json = "json"


Data = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="DATA...",
        help="CSV, JSON Lines, Parquet or spreadsheet: files, a folder, 'sales/*.csv'; - or a pipe is standard input.",
        show_default=False,
    ),
]
OneData = Annotated[
    str | None, typer.Argument(metavar="DATA", help="The data that --memory is measured on.", show_default=False)
]
ModelFile = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help=f"The model file; - is standard input; {PRETRAINED} is the net shipped with the package, which needs no "
        "training and is used if there are data but no model file.",
    ),
]
NamedModel = Annotated[str | None, typer.Option("--model", "-m", help="The model file, named as in other commands.")]
Season = Annotated[
    str | None,
    typer.Option(
        "--season", metavar="N,N", help=f"Season lengths, for the {PRETRAINED} net: 12, or 24,168; 1 for none."
    ),
]
OutputFormat = Annotated[
    Format,
    typer.Option(
        "--format",
        metavar="FORM",
        help="table, csv, json, jsonl, parquet or xlsx; auto: a table on a terminal, CSV elsewhere.",
    ),
]
ForecastDevice = Annotated[
    str,
    typer.Option("--device", help="Device: cpu (NumPy, without torch), cuda, cuda:1, mps, or auto.", hidden=True),
]
Device = Annotated[str, typer.Option(help="Device: auto, cpu, cuda, cuda:1 or mps.")]
Future = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Table with the known covariates of the steps ahead.",
        rich_help_panel=PANELS[TableConfig],
    ),
]
ModelOutput = Annotated[
    str, typer.Option("--output", "-o", "-m", help="The model file to write; - is standard output.")
]
Output = Annotated[str, typer.Option("--output", "-o", help="Where to write; - is standard output.")]
Cluster = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="local:N|ADDRESS",
        help="Take the partitions of a folder on N processes, or on the workers of a Dask scheduler: tcp://host:8786.",
        hidden=True,
    ),
]
Shard = Annotated[
    str | None,
    typer.Option(
        "--shard", metavar="I/N", help="With -o FOLDER/: every Nth partition from the Ith, for job arrays.", hidden=True
    ),
]
Dialects = Annotated[
    str,
    typer.Option(
        "--dialect",
        metavar="same|plain",
        help="CSV dialect: same (separator, decimal and byte order marks of the data) or plain (commas and points).",
        hidden=True,
    ),
]
Digits = Annotated[
    str,
    typer.Option(
        "--digits",
        metavar="auto|full|N",
        help="Decimals: auto (as the data justify), full (every digit), or a number of them.",
        hidden=True,
    ),
]
DataOfModel = Annotated[
    bool,
    typer.Option(
        DATA_OF_MODEL,
        help="Read the data file that the model file names even if it is not in the working folder.",
        hidden=True,
    ),
]
ScoreDigits = Annotated[
    str,
    typer.Option(
        "--digits",
        metavar="auto|full|N",
        help="Digits of scores: auto (five significant), full (every digit), or a number of decimals.",
        hidden=True,
    ),
]
Steps = Annotated[
    int | None,
    typer.Option(
        "--horizon",
        "-H",
        min=1,
        max=MOST_STEPS,
        help="Number of steps. Default: as trained, or one season.",
    ),
]
Levels = Annotated[
    str | None,
    typer.Option("--level", metavar="N,N", help="Prediction intervals, in percent. Default: as trained."),
]
Quantiles = Annotated[
    str | None,
    typer.Option(metavar="P,P", help="Quantiles instead of intervals: 0.1,0.5,0.9."),
]
Paths = Annotated[
    int | None,
    typer.Option(
        "--paths",
        min=1,
        max=100_000,
        metavar="N",
        help="Sample N paths instead, which keep the correlation between steps.",
    ),
]


class Period(StrEnum):
    """Periods to sum over."""

    month = "month"
    quarter = "quarter"
    year = "year"
    all = "all"


Sum = Annotated[
    Period | None,
    typer.Option(
        "--sum",
        help="Sum each series over its months, quarters or years, or over all steps, with intervals for the sums from "
        "sample paths (1000, or --paths).",
    ),
]
Total = Annotated[bool, typer.Option("--total", help="Sum all series, with intervals for their total.")]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="NAME",
        help="Sum the series with the same value in this id column, or several; with --total, all of them too.",
        hidden=True,
    ),
]
Continue = Annotated[
    bool,
    typer.Option(
        "--continue",
        help="Continue from the saved state: the data are the rows after it (without a model file, the whole "
        "history). A missing step is refused unless --gaps mask is given.",
    ),
]
SaveState = Annotated[
    bool,
    typer.Option(
        "--save-state",
        help="With --continue or --follow: write the new state back to the model file; without one, write that of the "
        f"{PRETRAINED} net to {MODEL_FILE}, for later rows to continue from.",
    ),
]
Follow = Annotated[
    bool,
    typer.Option(
        "--follow",
        help="Read rows as they arrive, after the saved state, and forecast after each, until they end or SIGTERM "
        "arrives. A row that cannot be read is left out and reported, and the exit code is 1; --strict stops at the "
        "first. Without a model file, the first rows are the history: 24, or two seasons of each series.",
    ),
]
Every = Annotated[int, typer.Option(min=1, max=10**9, help="With --follow: forecast after every N rows.", hidden=True)]
Ledger = Annotated[
    str | None,
    typer.Option(
        metavar="FILE.jsonl",
        help="Write losses and gradients here, one line per epoch; --verbose shows them.",
        hidden=True,
    ),
]
Checkpoint = Annotated[
    str | None,
    typer.Option(
        "--checkpoint",
        metavar="DIR",
        help="Keep in DIR what --resume needs after a crash or an interruption; removed when the model is written.",
        rich_help_panel=PANELS[TrainConfig],
    ),
]
CheckpointEvery = Annotated[
    str,
    typer.Option(
        "--every",
        metavar="TIME",
        help="With --checkpoint: how often: 60, 60s, 5m or 1h; 0s means after every update.",
        hidden=True,
        rich_help_panel=PANELS[TrainConfig],
    ),
]
Resume = Annotated[
    bool,
    typer.Option(
        "--resume",
        help="Resume from the checkpoint, to the same model byte for byte; start from the beginning if there is none.",
        rich_help_panel=PANELS[TrainConfig],
    ),
]
DrawnSeries = Annotated[
    str | None,
    typer.Option(
        "--series", metavar="ID", help="The series to draw.", show_default="the first, on a terminal", hidden=True
    ),
]
Plot = Annotated[
    str | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Draw a figure into this file: .png, .svg or .pdf. Needs the extra plot.",
    ),
]
Report = Annotated[
    str | None,
    typer.Option(
        "--report",
        metavar="FILE.html",
        help="Write a report for a browser: one file with charts, which loads nothing from elsewhere.",
    ),
]
NoPlot = Annotated[bool, typer.Option("--no-plot", help="Draw no picture on the terminal.", hidden=True)]
SaveSettings = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Write the settings asked for into FILE, for --settings.", hidden=True),
]
Settings = Annotated[
    str | None,
    typer.Option(
        metavar="FILE",
        help="Read settings from a TOML file; flags and environment variables (RNNCAST_HORIZON) take precedence.",
        is_eager=True,
        callback=take_settings,
    ),
]
Log = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Append everything reported to FILE, each line with its time.", hidden=True),
]
Errors = Annotated[ErrorFormat, typer.Option(help="Form of errors on stderr: text, or json (one object).", hidden=True)]
HelpAll = Annotated[
    bool,
    typer.Option("--help-all", help="Show every option and exit.", is_eager=True, callback=_show_all),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Report errors only.")]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Report more.")]

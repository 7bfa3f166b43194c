"""`rnncast tune`: search for settings that forecast better than the default ones."""

import shlex
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from rnncast.cli import options as o
from rnncast.cli.environment import Environment
from rnncast.cli.given import config_from, stands, table_from, with_settings
from rnncast.cli.output import Format, check_outputs, chosen_format, write
from rnncast.cli.reading import read_data, typed
from rnncast.cli.surviving import interrupted, noted_signals
from rnncast.config import NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.files.output.writing import replaces, written_text
from rnncast.settings import seconds_of, several
from rnncast.tuning.space import SEARCHABLE, SEARCHED, TRIALS, asked_for, limit_and_column, searched

if TYPE_CHECKING:
    from rnncast.series.panel import Panel
    from rnncast.tuning.search import Found, Wanted
    from rnncast.tuning.trial import Trial
    from rnncast.tuning.verdict import Verdict

_REST = ", ".join(name.replace("_", "-") for name in SEARCHABLE if name not in SEARCHED)

Trials = Annotated[
    int, typer.Option("--trials", metavar="N", min=1, max=100_000, help="Trials in all, including the journal's.")
]
Limit = Annotated[str | None, typer.Option("--max-time", metavar="TIME", help="Stop after this time: 90s, 10m or 2h.")]
Time = Annotated[
    str | None,
    typer.Option(
        "--time",
        help="The time column; --time 10m is --max-time 10m.",
        rich_help_panel=o.PANELS[TableConfig],
        envvar="RNNCAST_TIME",
        show_envvar=False,
    ),
]
Journal = Annotated[
    str | None,
    typer.Option(metavar="FILE", help="Keep every trial in FILE, from which the same command continues."),
]
Search = Annotated[
    str | None,
    typer.Option(
        "--search",
        metavar="NAME,NAME",
        help=f"Settings to search, by their flags. Also: {_REST}.",
        show_default=", ".join(name.replace("_", "-") for name in SEARCHED),
    ),
]
Best = Annotated[
    bool, typer.Option("--best", help="Write the settings of the best trial even if it may be better by chance.")
]
SaveTrials = Annotated[str | None, typer.Option(metavar="FILE", help="Write every trial here, a row each.")]
Tuned = Annotated[str, typer.Option("--output", "-o", help="The settings file to write; - is standard output.")]


@with_settings(TableConfig, TaskConfig, NetConfig, TrainConfig, without=("max_time", "time"))
def tune(
    context: typer.Context,
    data: o.Data = None,
    trials: Trials = TRIALS,
    limit: Limit = None,  # not `max_time`, which is a setting
    search: Search = None,
    output: Tuned = "tuned.toml",
    best: Best = False,
    journal: Journal = None,
    save_trials: SaveTrials = None,
    explain: Annotated[bool, typer.Option("--explain", help="Show every trial, not only the best.")] = False,
    time: Time = None,
    future: o.Future = None,
    device: o.Device = "auto",
    quiet: o.Quiet = False,
    verbose: o.Verbose = False,
) -> None:
    """Search for settings that forecast better than the default ones, and write a settings file for train.

    Each trial trains without the end of the data and is judged there, as
    train itself does; the default settings come first. What is given is not
    searched, and neither is the seed. The best of many trials also owes something to luck:
    the default settings are kept unless there is evidence against them.
    Ctrl-C writes the best so far.
    """
    environment: Environment = context.obj
    kind = Format.csv if save_trials in (None, o.STREAM) else chosen_format(Format.auto, save_trials, environment)
    (limit, time), table = limit_and_column(limit, time), table_from(context)
    wanted, table = _wanted(context, search, limit), replace(table, time=time)
    path = environment.data_or_stdin(data, "tune")
    check_outputs((output, save_trials, journal), (path, future))
    if replaces(output):
        environment.say(f"{output} already exists and will be replaced")

    from rnncast.forecaster.data import extended
    from rnncast.tuning.search import check_installed
    from rnncast.tuning.verdict import judge

    check_installed()
    panel = read_data(path, table, environment, environment.say)
    if future is not None:
        panel = extended(panel, future, table, environment.say)
    with noted_signals() as came:
        try:
            found = _found(panel, wanted, environment, lambda: bool(came))
        except KeyboardInterrupt:
            raise interrupted("stopped at once: nothing was written", came, _kept(journal)) from None
    if not found.trials:
        raise interrupted("interrupted before the default settings were judged: nothing was written", came)
    verdict = judge(found)
    with ExitStack() as last:  # if one output fails, the others are still written
        last.callback(_save_trials, save_trials, kind, found, environment)
        last.callback(_show, (found, verdict), (typed(path), output), environment, explain=explain, best=best)
        _write(output, table, (found, verdict), environment, best=best)
    if came:
        after = f"interrupted after {len(found.trials)} of {wanted.trials} trials"
        raise interrupted(f"{after}: {output} holds their result", came, _kept(journal))


def _wanted(context: typer.Context, search: str | None, limit: str | None) -> "Wanted":
    from rnncast.tuning.search import Wanted

    config = config_from(context)
    settings = {name for section in (NetConfig, TrainConfig) for name in section.__dataclass_fields__}
    config, given = asked_for(config, {name for name in settings if stands(context, name)})
    names = searched(None if search is None else several("search", search, str), given)
    seconds = None if limit is None else seconds_of("max_time", limit)
    params = context.params
    return Wanted(config, names, params["trials"], seconds, params["journal"], params["device"])


def _found(panel: "Panel", wanted: "Wanted", environment: Environment, stopped: Callable[[], bool]) -> "Found":
    """Search for settings, with a bar over all trials and, under --verbose and in a log, a line for each."""
    from rnncast.report.progress import progress
    from rnncast.report.tuning import Searching, search_in_words, trial_in_words
    from rnncast.tuning.search import search

    def told(trial: "Trial") -> None:
        environment.detail(trial_in_words(trial), log=True)

    with progress(environment.side_screen, environment.shows_progress) as advance:
        searching = Searching(wanted, advance, told)
        found = search(panel, wanted, searching.listener(stopped))
    environment.say(search_in_words(found, searching.known))
    return found


def _write(
    output: str, table: TableConfig, outcome: "tuple[Found, Verdict]", environment: Environment, *, best: bool
) -> None:
    from rnncast.tuning.written import tuned_text

    text = tuned_text(*outcome, table, environment.command_line, best=best)
    if output == o.STREAM:
        environment.stdout.write(text)
        return
    with written_text(output) as file:
        file.write(text)


def _show(
    outcome: "tuple[Found, Verdict]", names: tuple[str, str], environment: Environment, *, explain: bool, best: bool
) -> None:
    """Write the trials and the verdict, and what to do next."""
    from rnncast.report.tables import print_table
    from rnncast.report.tuning import trials_table

    (found, verdict), (data, output) = outcome, names
    if not environment.quiet:
        print_table(trials_table(found, explain), environment.stderr)
    environment.say(verdict.sentence)
    taken = verdict.best if best else verdict.chosen
    which = f"trial {taken.number}" if taken.number else "the default settings"
    other = "" if taken is verdict.best else f"; --best writes those of trial {verdict.best.number}"
    if output != o.STREAM:
        environment.say(f"wrote {output}, with {which}{other}")
        environment.say(f"next: rnncast train {data} --settings {shlex.quote(output)}")


def _save_trials(path: str | None, kind: Format, found: "Found", environment: Environment) -> None:
    if path is not None:
        write(kind, path, environment, (found.names, found.rows))


def _kept(journal: str | None) -> str:
    """Return what to do after an interruption."""
    return f"the same command continues from {journal}" if journal else "with --journal FILE, a search can be continued"

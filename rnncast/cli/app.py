"""Program: its commands, and the conversion of errors to exit codes."""

import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from itertools import pairwise
from typing import Annotated, Any

import typer

from rnncast.cli.environment import Environment
from rnncast.cli.examples import EXAMPLES
from rnncast.cli.logs import logging
from rnncast.cli.options import ErrorFormat, Errors, HelpAll, Log, Settings
from rnncast.cli.place import refuse_ranks
from rnncast.errors import ExitCode, OutputClosedError, RnncastError, UsageError
from rnncast.version import VERSION

COMMANDS = (
    "train",
    "tune",
    "forecast",
    "score",
    "compare",
    "check",
    "inspect",
    "export",
    "doctor",
)  # each in a file of its name


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rnncast {VERSION}")
        raise typer.Exit()


def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Forecast time series with recurrent networks.

    Start with: rnncast train sales.csv, then: rnncast forecast
    """


COMMON = {
    "settings": (Settings, None),
    "log": (Log, None),
    "errors": (Errors, ErrorFormat.text),
    "help_all": (HelpAll, False),
}


def _heard(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with the options that all have, run after its environment knows how much to report."""

    @functools.wraps(command)
    def heard(**given: Any) -> None:
        environment: Environment = given["context"].obj
        environment.quiet, environment.verbose = given["quiet"], given["verbose"]
        environment.plots = not given.get("no_plot", False)
        with logging(given["log"], environment):
            refuse_ranks(given["context"].info_name)
            command(**{name: value for name, value in given.items() if name not in COMMON})

    own = inspect.signature(command)
    keyword = inspect.Parameter.KEYWORD_ONLY
    more = [inspect.Parameter(name, keyword, default=it, annotation=kind) for name, (kind, it) in COMMON.items()]
    parameters = [*(each.replace(kind=keyword) for each in own.parameters.values()), *more]
    heard.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    heard.__annotations__ = {each.name: each.annotation for each in parameters}
    return heard


def _help_of(command: Callable[..., None]) -> str:
    """Return the docstring of a command, each paragraph on one line, so that help is as wide as the terminal."""
    return "\n\n".join(" ".join(each.split()) for each in (inspect.getdoc(command) or "").split("\n\n"))


def _examples_of(name: str) -> str:
    """Return the end of --help: the examples of a command."""
    lines = [line for example in EXAMPLES[name] for line in (f"  {example.command}", f"      {example.meaning}")]
    return "\n".join(["Examples:", *lines])


def program_with(names: Iterable[str]) -> typer.Typer:
    """Return the program with the named commands, which are the only ones it imports."""
    app = typer.Typer(
        name="rnncast",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(program)
    for name in names:
        command = getattr(import_module(f"rnncast.cli.{name}"), name)
        app.command(help=_help_of(command), epilog=_examples_of(name))(_heard(command))
    return app


def run(arguments: list[str] | None = None, environment: Environment | None = None) -> int:
    """Run the program and return its exit code: a user's mistake gives a message, a closed pipe a quiet end."""
    environment = environment or Environment()
    try:
        # Help and usage errors, which typer writes, go to the same streams as everything else.
        with redirect_stdout(environment.stdout), redirect_stderr(environment.stderr):
            try:
                return _code(arguments, environment)
            finally:  # output written before an error is kept, and is complete when this returns
                environment.stdout.flush()
    except OutputClosedError as error:
        return error.exit_code
    except RnncastError as error:
        environment.complain(error)
        return error.exit_code


def _code(arguments: list[str] | None, environment: Environment) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    # Errors in the arguments themselves must be objects too, so this is decided before the arguments are parsed.
    environment.errors_as_json = "--errors=json" in given or ("--errors", "json") in pairwise(given)
    environment.arguments = tuple(given)
    # Building the options of a command slows the start, so if a command is named first, only that one is built.
    names = [name for name in given[:1] if name in COMMANDS] or COMMANDS
    app = program_with(names)
    try:
        if environment.errors_as_json:
            return _as_typed(app, arguments, environment)
        app(arguments, obj=environment, prog_name="rnncast")
    except SystemExit as end:
        return int(end.code or 0)
    return ExitCode.DONE


def _as_typed(app: typer.Typer, arguments: list[str] | None, environment: Environment) -> int:
    """Run the program; invalid arguments, which typer would report itself, raise UsageError."""
    any_misuse: type[Exception] = typer.BadParameter.__bases__[0]
    try:
        return int(app(arguments, obj=environment, prog_name="rnncast", standalone_mode=False) or 0)
    except any_misuse as error:
        raise UsageError(error.format_message()) from None  # type: ignore[attr-defined]

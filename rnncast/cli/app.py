"""The program: its commands, and the way from an error to an exit code."""

import functools
import inspect
import sys
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from importlib import import_module
from typing import Annotated, Any

import typer

from rnncast.cli.environment import Environment
from rnncast.cli.examples import EXAMPLES
from rnncast.cli.options import HelpAll
from rnncast.errors import ExitCode, OutputClosedError, RnncastError
from rnncast.version import VERSION

COMMANDS = ("train", "forecast", "score", "compare", "check", "inspect", "export")  # each in a file of its name


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


def _heard(command: Callable[..., None]) -> Callable[..., None]:
    """The command, after its environment has learnt how much the user wants to hear, and to see."""

    @functools.wraps(command)
    def heard(*, help_all: bool, **given: Any) -> None:
        environment: Environment = given["context"].obj
        environment.quiet, environment.verbose = given["quiet"], given["verbose"]
        environment.plots = not given.get("no_plot", False)
        command(**given)

    own = inspect.signature(command)
    more = inspect.Parameter("help_all", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=HelpAll)
    keywords = [parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in own.parameters.values()]
    heard.__signature__ = own.replace(parameters=[*keywords, more])  # type: ignore[attr-defined]
    heard.__annotations__ = {**command.__annotations__, "help_all": HelpAll}
    return heard


def _help_of(command: Callable[..., None]) -> str:
    """The docstring of a command, each paragraph one line, so that it is as wide as the terminal."""
    return "\n\n".join(" ".join(each.split()) for each in (inspect.getdoc(command) or "").split("\n\n"))


def _examples_of(name: str) -> str:
    """What --help ends with: the examples of a command."""
    lines = [line for example in EXAMPLES[name] for line in (f"  {example.command}", f"      {example.meaning}")]
    return "\n".join(["Examples:", *lines])


def program_with(names: Iterable[str]) -> typer.Typer:
    """The program with the commands of some names, the only ones that it imports."""
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
    """Run the program and return its exit code: a user's mistake is a message, a closed pipe a quiet end."""
    environment = environment or Environment()
    try:
        # Help and errors of usage, which typer writes, go where all else goes.
        with redirect_stdout(environment.stdout), redirect_stderr(environment.stderr):
            try:
                return _code(arguments, environment)
            finally:  # what was written before an error stands, and is there when this returns
                environment.stdout.flush()
    except OutputClosedError as error:
        return error.exit_code
    except RnncastError as error:
        environment.complain(error)
        return error.exit_code


def _code(arguments: list[str] | None, environment: Environment) -> int:
    given = sys.argv[1:] if arguments is None else arguments
    # A command costs a start-up the making of its options: where one is named first, the others are not needed.
    names = [name for name in given[:1] if name in COMMANDS] or COMMANDS
    try:
        program_with(names)(arguments, obj=environment, prog_name="rnncast")
    except SystemExit as end:
        return int(end.code or 0)
    return ExitCode.DONE

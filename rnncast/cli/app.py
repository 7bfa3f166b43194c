"""The program: its commands, and the way from an error to an exit code."""

import functools
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from typing import Annotated, Any

import typer

from rnncast.cli.check import check
from rnncast.cli.compare import compare
from rnncast.cli.environment import Environment
from rnncast.cli.export import export
from rnncast.cli.forecast import forecast
from rnncast.cli.inspect import inspect
from rnncast.cli.score import score
from rnncast.cli.train import train
from rnncast.errors import ExitCode, OutputClosedError, RnncastError
from rnncast.version import VERSION

COMMANDS = (train, forecast, score, compare, check, inspect, export)

app = typer.Typer(
    name="rnncast",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"rnncast {VERSION}")
        raise typer.Exit()


@app.callback()
def program(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Forecast time series with recurrent networks.

    Start with: rnncast train sales.csv, then: rnncast forecast
    """


def _heard(command: Callable[..., None]) -> Callable[..., None]:
    """The command, after its environment has learnt how much the user wants to hear."""

    @functools.wraps(command)
    def heard(**given: Any) -> None:
        environment: Environment = given["context"].obj
        environment.quiet, environment.verbose = given["quiet"], given["verbose"]
        command(**given)

    return heard


for command in COMMANDS:
    app.command()(_heard(command))


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
    try:
        app(arguments, obj=environment, prog_name="rnncast")
    except SystemExit as end:
        return int(end.code or 0)
    return ExitCode.DONE

"""The program: its commands, and the way from an error to an exit code."""

import functools
import os
import sys
from collections.abc import Callable
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


def _guarded(command: Callable[..., None]) -> Callable[..., None]:
    """The command, with a user's mistake turned into a message and a closed pipe into a quiet end."""

    @functools.wraps(command)
    def guarded(**given: Any) -> None:
        environment: Environment = given["context"].obj
        environment.quiet, environment.verbose = given["quiet"], given["verbose"]
        try:
            command(**given)
            environment.stdout.flush()
        except (BrokenPipeError, OutputClosedError):
            # What is still buffered has no reader; Python would complain about it at exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(ExitCode.PIPE_CLOSED) from None
        except RnncastError as error:
            complain(error, environment)
            raise typer.Exit(error.exit_code) from None

    return guarded


def complain(error: RnncastError, environment: Environment) -> None:
    """One sentence on what was wrong, and a line on what to do."""
    print(f"rnncast: {error.message}", file=environment.stderr)
    if error.hint:
        print(f"  hint: {error.hint}", file=environment.stderr)


for command in COMMANDS:
    app.command()(_guarded(command))


def run(arguments: list[str] | None = None, environment: Environment | None = None) -> int:
    """Run the program and return its exit code."""
    try:
        app(arguments, obj=environment or Environment(), prog_name="rnncast")
    except SystemExit as end:
        return int(end.code or 0)
    return ExitCode.DONE

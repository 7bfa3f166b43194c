"""Log file: the command line, every remark and the end of a run, each line with its time."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter

import typer

from rnncast.cli.environment import Environment
from rnncast.errors import OutputError, RnncastError
from rnncast.report.harmless import harmless


@contextmanager
def logging(path: str | None, environment: Environment) -> Iterator[None]:
    """Append all remarks made while the block runs to a file, if one is given, and how the block ends.

    Times are UTC; each line has its process id, which separates runs that share a file. Raises OutputError if the file
    cannot be written.
    """
    if path is None:
        yield
        return
    try:
        file = open(path, "a", encoding="utf-8")  # noqa: SIM115 - closed below
    except OSError as error:
        raise OutputError(f"--log {path} cannot be written: {error.strerror}", hint="name another file") from None
    with file:

        def log(text: str) -> None:
            now = datetime.now(UTC).isoformat(timespec="milliseconds")
            lines = harmless(text).splitlines() or [""]
            file.write("".join(f"{now} {os.getpid()} {line}\n" for line in lines))
            file.flush()

        environment.log, began, ended = log, perf_counter(), "done"
        log(environment.command_line)
        try:
            yield
        except typer.Exit as end:
            ended = f"ended with {end.exit_code}"
            raise
        except RnncastError as error:
            ended = f"failed with {int(error.exit_code)}: {error.message}"
            raise
        except BaseException as error:
            ended = f"crashed: {type(error).__name__}"
            raise
        finally:
            log(f"{ended} after {perf_counter() - began:.2f} s")
            environment.log = None

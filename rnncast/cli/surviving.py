"""Checkpoints to resume from, and signals that end `train` in good order."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import typer

from rnncast.cli.environment import Environment
from rnncast.cli.given import stands
from rnncast.errors import ExitCode, InterruptedTrainingError, UsageError
from rnncast.settings import seconds_of

if TYPE_CHECKING:
    from rnncast.training.checkpoint import Checkpoint

SIGNALS = {signal.SIGINT: ExitCode.INTERRUPTED, signal.SIGTERM: ExitCode.TERMINATED}


class Wanted(NamedTuple):
    """Checkpoints asked for: the folder, the seconds between them, and whether to resume from one."""

    folder: str
    every: float
    resume: bool


class Checkpoints(NamedTuple):
    """Callbacks and start of a `Watch` that concern checkpoints."""

    due: "Callable[[str], bool]" = lambda run: False
    reached: "Callable[[Checkpoint], None]" = lambda checkpoint: None
    start: "Checkpoint | None" = None


def checkpoints_wanted(context: typer.Context, folder: str | None, every: str, resume: bool) -> Wanted | None:
    """Return the checkpoints that the flags ask for, None for none. Raises UsageError if the flags contradict each
    other."""
    for name in ("every", "resume"):
        if folder is None and stands(context, name):
            raise UsageError(f"--{name} needs --checkpoint", hint="add --checkpoint DIR")
    return None if folder is None else Wanted(folder, seconds_of("every", every), resume)


@contextmanager
def checkpoints(wanted: Wanted | None, environment: Environment) -> Iterator[Checkpoints]:
    """Keep checkpoints in a folder, which are removed when the block ends without an error.

    Raises UsageError if there is one already and `resume` is not asked for; CheckpointError if it, or the folder,
    cannot be used.
    """
    if wanted is None:
        yield Checkpoints()
        return
    folder, every, resume = wanted
    from rnncast.report.words import checkpoint_in_words
    from rnncast.training import checkpoint_folder

    with checkpoint_folder.claimed(folder):
        start = checkpoint_folder.load_checkpoint(folder)
        if start is not None and not resume:
            raise UsageError(
                f"{folder} holds the checkpoint of an unfinished training run",
                hint="--resume continues from it; to start again, delete it or name another folder",
            )
        if resume:
            environment.say(checkpoint_in_words(folder, start))
        due, reached = checkpoint_folder.due_every(every), partial(checkpoint_folder.save_checkpoint, folder)
        yield Checkpoints(due, reached, start)
        checkpoint_folder.remove_checkpoint(folder)


@contextmanager
def ending_in_order(output: str, folder: str | None) -> Iterator[list[signal.Signals]]:
    """Collect the SIGINT and SIGTERM that arrive while the block runs: the first asks it to stop, the second ends it.

    A block ended by them raises an InterruptedTrainingError that says what is kept, with the exit code of the first
    signal.
    """
    hint = f"--resume continues from {folder}" if folder is not None else ""
    with noted_signals() as came:
        try:
            yield came
        except InterruptedTrainingError as error:
            message = error.message
            if error.rescued is not None:
                from rnncast.report.words import interruption_in_words

                message = f"interrupted: {output} holds {interruption_in_words(error.rescued.interruption)}"
            raise interrupted(message, came, hint) from None
        except KeyboardInterrupt:
            raise interrupted("stopped at once; nothing more was written", came, hint) from None
        if came:
            raise interrupted(f"interrupted, but training had ended: {output} is complete", came)


def interrupted(message: str, came: list[signal.Signals], hint: str = "") -> InterruptedTrainingError:
    """Return the error that a training which signals have ended is to raise, with the exit code of the first."""
    error = InterruptedTrainingError(message, hint)
    error.exit_code = SIGNALS[came[0]] if came else ExitCode.INTERRUPTED
    return error


@contextmanager
def noted_signals() -> Iterator[list[signal.Signals]]:
    """Collect the signals that arrive; the second raises KeyboardInterrupt.

    Signals that this process ignores, as a shell sets up background jobs, stay ignored.
    """
    came: list[signal.Signals] = []

    def note(number: int, _: object) -> None:
        came.append(signal.Signals(number))
        if len(came) > 1:
            raise KeyboardInterrupt

    here = threading.current_thread() is threading.main_thread()  # signals arrive only in the main thread
    handled = [each for each in SIGNALS if here and signal.getsignal(each) is not signal.SIG_IGN]
    before = {each: signal.signal(each, note) for each in handled}
    try:
        yield came
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)

"""What can go wrong for a user, and the exit code that each ends in.

Only mistakes a user can mend are raised as these; anything else is a bug and keeps its traceback.
"""

from enum import IntEnum
from typing import Any


class ExitCode(IntEnum):
    """The exit codes that scripts may depend on."""

    DONE = 0
    COULD_NOT = 1
    USAGE = 2
    ANSWER_IS_NO = 3
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


class RnncastError(Exception):
    """A message for the user: what was wrong and where, with a hint that says what to do."""

    exit_code = ExitCode.COULD_NOT

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """The message and, on a line of its own, the hint: what a traceback shows."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class DataError(RnncastError):
    """The table cannot be read, or cannot be forecast from."""


class OutputError(RnncastError):
    """A file, or standard output, cannot be written."""


class OutputClosedError(RnncastError):
    """Whoever read a pipe has gone. It is no one's mistake, so nothing is said of it."""

    exit_code = ExitCode.PIPE_CLOSED

    def __init__(self, path: str) -> None:
        super().__init__(f"the reader of {path} has gone")


class ModelFileError(RnncastError):
    """The model file is missing, damaged, or not a model file."""


class ForecastError(RnncastError):
    """The forecast is no finite number: the model's weights, or the values that it went by, are too large."""


class TrainingError(RnncastError):
    """Training could not go on. `rescued` is what can be kept of it, None if nothing can."""

    def __init__(self, message: str, hint: str = "", rescued: Any = None) -> None:
        super().__init__(message, hint)
        self.rescued = rescued


class InterruptedTrainingError(TrainingError):
    """Training was asked to stop before its end; `rescued` as in any TrainingError."""

    exit_code = ExitCode.INTERRUPTED


class CheckpointError(RnncastError):
    """The checkpoint is damaged, in use, or of another training."""


class UsageError(RnncastError):
    """The flags or arguments do not make sense."""

    exit_code = ExitCode.USAGE

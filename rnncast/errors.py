"""What can go wrong for a user, and the exit code that each ends in.

Only mistakes a user can mend are raised as these; anything else is a bug and keeps its traceback.
"""

import re
from enum import IntEnum
from typing import Any

_PLACE = re.compile(r"(?P<file>[^:\n]+):(?P<line>[0-9]+): ")


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
    kind = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def to_dict(self) -> dict[str, Any]:
        """The error for programs: code, kind, message, file, line and hint, None for what it does not have.

        A message about a line of a file opens with both, as those of compilers do: "sales.csv:12: ".
        """
        place = _PLACE.match(self.message)
        file, line = (place["file"], int(place["line"])) if place else (None, None)
        said = {"message": self.message, "file": file, "line": line, "hint": self.hint or None}
        return {"code": int(self.exit_code), "kind": self.kind, **said}

    def __str__(self) -> str:
        """The message and, on a line of its own, the hint: what a traceback shows."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class DataError(RnncastError):
    """The table cannot be read, or cannot be forecast from."""

    kind = "data"


class OutputError(RnncastError):
    """A file, or standard output, cannot be written."""

    kind = "output"


class OutputClosedError(RnncastError):
    """Whoever read a pipe has gone. It is no one's mistake, so nothing is said of it."""

    kind = "output-closed"
    exit_code = ExitCode.PIPE_CLOSED

    def __init__(self, path: str) -> None:
        super().__init__(f"the reader of {path} has gone")


class ModelFileError(RnncastError):
    """The model file is missing, damaged, or not a model file."""

    kind = "model-file"


class ForecastError(RnncastError):
    """The forecast is no finite number: the model's weights, or the values that it went by, are too large."""

    kind = "forecast"


class TrainingError(RnncastError):
    """Training could not go on. `rescued` is what can be kept of it, None if nothing can."""

    kind = "training"

    def __init__(self, message: str, hint: str = "", rescued: Any = None) -> None:
        super().__init__(message, hint)
        self.rescued = rescued


class InterruptedTrainingError(TrainingError):
    """Training was asked to stop before its end; `rescued` as in any TrainingError."""

    kind = "interrupted"
    exit_code = ExitCode.INTERRUPTED


class CheckpointError(RnncastError):
    """The checkpoint is damaged, in use, or of another training."""

    kind = "checkpoint"


class UsageError(RnncastError):
    """The flags or arguments do not make sense."""

    kind = "usage"
    exit_code = ExitCode.USAGE

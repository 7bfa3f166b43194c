"""Errors that a user can put right, and the exit code that each one ends in.

Only mistakes that a user can put right are raised as these; anything else is a bug and keeps its traceback.
"""

import re
from enum import IntEnum
from typing import Any

_PLACE = re.compile(r"(?P<file>[^:\n]+):(?P<line>[0-9]+): ")


class ExitCode(IntEnum):
    """Exit codes that scripts may rely on."""

    DONE = 0
    COULD_NOT = 1
    USAGE = 2
    ANSWER_IS_NO = 3
    INTERRUPTED = 130
    PIPE_CLOSED = 141
    TERMINATED = 143


class RnncastError(Exception):
    """An error for the user: what was wrong and where, with a hint that says what to do."""

    exit_code = ExitCode.COULD_NOT
    kind = "error"

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def to_dict(self) -> dict[str, Any]:
        """Return the error for programs: code, kind, message, file, line and hint, each None if there is none.

        A message about a line of a file opens with both, as a compiler's would: "sales.csv:12: ".
        """
        place = _PLACE.match(self.message)
        file, line = (place["file"], int(place["line"])) if place else (None, None)
        said = {"message": self.message, "file": file, "line": line, "hint": self.hint or None}
        return {"code": int(self.exit_code), "kind": self.kind, **said}

    def __str__(self) -> str:
        """Return the message and, on a line of its own, the hint, as a traceback shows them."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message


class DataError(RnncastError):
    """A table that cannot be read or cannot be forecast."""

    kind = "data"


class EmptyTableError(DataError):
    """A table without a row; beside others, as in a folder, it is passed over."""


class OutputError(RnncastError):
    """A file or standard output that cannot be written."""

    kind = "output"


class OutputClosedError(RnncastError):
    """A pipe whose reader has gone. It is no one's mistake, so nothing is reported."""

    kind = "output-closed"
    exit_code = ExitCode.PIPE_CLOSED

    def __init__(self, path: str) -> None:
        super().__init__(f"the reader of {path} has gone")


class ModelFileError(RnncastError):
    """A model file that is missing, damaged, or not a model file at all."""

    kind = "model-file"


class ForecastError(RnncastError):
    """A forecast that is not finite, because the model's weights or its input values are too large."""

    kind = "forecast"


class TrainingError(RnncastError):
    """A training run that could not go on. `rescued` is what can be kept of it, or None."""

    kind = "training"

    def __init__(self, message: str, hint: str = "", rescued: Any = None) -> None:
        super().__init__(message, hint)
        self.rescued = rescued


class InterruptedTrainingError(TrainingError):
    """A training run that was asked to stop early; `rescued` as in any TrainingError."""

    kind = "interrupted"
    exit_code = ExitCode.INTERRUPTED


class CheckpointError(RnncastError):
    """A checkpoint that is damaged, in use, or of another training run."""

    kind = "checkpoint"


class JournalError(RnncastError):
    """A journal that is damaged, in use, or that of another search."""

    kind = "journal"


class UsageError(RnncastError):
    """Flags or arguments that do not make sense."""

    kind = "usage"
    exit_code = ExitCode.USAGE

"""Folder for the checkpoint of a training run: one file, always replaced as a whole.

One training run at a time may use a folder: a lock, released when the process ends in any way, keeps others out.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rnncast.errors import CheckpointError, ModelFileError
from rnncast.files.output.model_file import CHECKPOINT, read_model, write_model
from rnncast.training.checkpoint import Checkpoint

NAME = "checkpoint.safetensors"
TEMPORARY = ".rnncast-*"  # files that a killed process leaves behind


@contextmanager
def claimed(folder: str) -> Iterator[None]:
    """Claim the folder for this training while the block runs; it is created if necessary.

    Raises CheckpointError if another training has it.
    """
    try:
        os.makedirs(folder, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise CheckpointError(f"cannot keep checkpoints in {folder}: {error.strerror}") from None
    try:
        _lock(handle, folder)
        for left in Path(folder).glob(TEMPORARY):
            left.unlink()
        yield
    finally:
        os.close(handle)


def _lock(handle: int, folder: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise CheckpointError(
            f"another training keeps its checkpoints in {folder}", hint="name another folder"
        ) from None


def save_checkpoint(folder: str, checkpoint: Checkpoint) -> None:
    """Replace the checkpoint in a folder once the new one is complete. Raises CheckpointError if it cannot be
    written."""
    try:
        write_model(str(Path(folder) / NAME), *checkpoint.to_parts(), CHECKPOINT)
    except ModelFileError as error:
        raise CheckpointError(error.message, error.hint) from None


def load_checkpoint(folder: str) -> Checkpoint | None:
    """Return the checkpoint in a folder, None if there is none. Raises CheckpointError if it is damaged."""
    path = Path(folder) / NAME
    if not path.exists():
        return None
    try:
        return Checkpoint.from_parts(*read_model(str(path), CHECKPOINT))
    except ModelFileError as error:
        raise CheckpointError(error.message, error.hint) from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise CheckpointError(f"{path} is a damaged checkpoint: {error}", hint=CHECKPOINT.remedy) from None


def remove_checkpoint(folder: str) -> None:
    """Remove the checkpoint of a training that has ended; the folder stays."""
    (Path(folder) / NAME).unlink(missing_ok=True)


def due_every(seconds: float, clock: Callable[[], float] = time.monotonic) -> Callable[[str], bool]:
    """Return a function of a run: whether `seconds` have passed since it was last due, or first asked."""
    last: dict[str, float] = {}

    def due(run: str) -> bool:
        now = clock()
        if now - last.setdefault(run, now) < seconds:
            return False
        last[run] = now
        return True

    return due

"""A layer of faults between the code that writes files and the operating system: any call can be made to fail."""

import errno
import io
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rnncast.files.output import writing

FAILING = ("open", "fchown", "fchmod", "ftruncate", "write", "fsync", "replace")


class Faults:
    """The operating system as `rnncast.files.output.writing` sees it; the call number `at` fails.

    lasting: so do all writes after it. A write that fails writes half of its bytes first, as a full disk does. calls:
    the names of those made so far.
    """

    def __init__(
        self, at: int, error: int = errno.ENOSPC, only: tuple[str, ...] = FAILING, *, lasting: bool = True
    ) -> None:
        self.at, self.error, self.only, self.lasting = at, error, only, lasting
        self.calls: list[str] = []

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in FAILING:
            return real

        def call(*arguments: Any, **named: Any) -> Any:
            if self.fails(name):
                raise OSError(self.error, os.strerror(self.error))
            return real(*arguments, **named)

        return call

    def fails(self, name: str) -> bool:
        """Count a call, and say whether it is to fail."""
        if name not in self.only:
            return False
        self.calls.append(name)
        return len(self.calls) - 1 == self.at or (name == "write" and self.reached and self.lasting)

    @property
    def reached(self) -> bool:
        """Whether there were so many calls that one has failed."""
        return len(self.calls) > self.at

    def write(self, handle: int, data: Any) -> int:
        if not self.fails("write"):
            return os.write(handle, data)
        os.write(handle, bytes(data)[: len(data) // 2])
        raise OSError(self.error, os.strerror(self.error))

    def fdopen(self, handle: int, mode: str) -> io.BufferedWriter:
        return io.BufferedWriter(_Raw(self, handle, mode))


class _Raw(io.FileIO):
    def __init__(self, faults: Faults, handle: int, mode: str) -> None:
        super().__init__(handle, mode)
        self.faults = faults

    def write(self, data: Any) -> int:
        return self.faults.write(self.fileno(), data)


@contextmanager
def faults(
    at: int, error: int = errno.ENOSPC, only: tuple[str, ...] = FAILING, *, lasting: bool = True
) -> Iterator[Faults]:
    """While the block runs, the call number `at` fails."""
    with pytest.MonkeyPatch.context() as patch:
        layer = Faults(at, error, only, lasting=lasting)
        patch.setattr(writing, "os", layer)
        yield layer


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[None]:
    """Make a folder that is a disk of its own, of a size such as 64k; skip, with the reason, where none can be had."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True
    )
    if made.returncode:
        pytest.skip(f"no small disk can be mounted here: {made.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", folder], check=True)

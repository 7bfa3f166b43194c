"""Standard output and standard error for every command, whatever the locale and wherever they lead.

A failure to write to standard output ends the run with a typed error, once, and the interpreter does not complain again
on exit. A failure to write to standard error is ignored: a remark is no reason to stop.
"""

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

from rnncast.cli.place import place
from rnncast.files.output.writing import STDOUT, refuse

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

BLOCK = 1 << 16  # bytes written at a time


class _Standard(io.RawIOBase):
    """A descriptor to write to, None if it is closed. After a failure it accepts everything and drops it."""

    def __init__(self, descriptor: int | None, *, forgiving: bool) -> None:
        self.descriptor, self.forgiving, self.failed = descriptor, forgiving, False

    def writable(self) -> bool:
        """Return True: it can only be written."""
        return True

    def isatty(self) -> bool:
        """Return whether it leads to a terminal."""
        return self.descriptor is not None and os.isatty(self.descriptor)

    def fileno(self) -> int:
        """Return the descriptor. Raises io.UnsupportedOperation if it is closed."""
        if self.descriptor is None:
            raise io.UnsupportedOperation("the stream is closed")
        return self.descriptor

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write bytes and return their number, dropped ones included.

        Raises OutputError or OutputClosedError, the first time it fails.
        """
        if self.failed:
            return memoryview(data).nbytes
        try:
            return self._written(data)
        except OSError as error:
            self.failed = True
            if not self.forgiving:
                refuse(STDOUT, error)
            return memoryview(data).nbytes

    def _written(self, data: "ReadableBuffer") -> int:
        if self.descriptor is None:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        while True:
            try:
                return os.write(self.descriptor, data)
            except BlockingIOError:  # another program has made the pipe non-blocking
                select.select([], [self.descriptor], [])


def standard_output() -> TextIO:
    """Return standard output: UTF-8 in a pipe or a file; on a terminal its own encoding, the rest escaped."""
    return stream_to(sys.stdout, forgiving=False)


def standard_error() -> TextIO:
    """Return standard error, to which writing never fails; nowhere, if another of several ranks speaks for all."""
    return stream_to(sys.stderr if place().rank == 0 else None, forgiving=True)


def stream_to(given: TextIO | None, *, forgiving: bool) -> TextIO:
    """Return a stream to where another leads, or to nowhere. forgiving: whether failures to write are ignored."""
    try:
        raw = _Standard(None if given is None else given.fileno(), forgiving=forgiving)
    except io.UnsupportedOperation:  # the caller has replaced the stream by another object
        assert given is not None
        return given
    local = given is not None and (forgiving or raw.isatty())
    return io.TextIOWrapper(
        io.BufferedWriter(raw, BLOCK),
        encoding=given.encoding if given is not None and local else "utf-8",
        errors="backslashreplace",
        newline="",
        line_buffering=forgiving or raw.isatty(),
    )

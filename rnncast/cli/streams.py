"""Standard output and standard error as every command has them, whatever the locale and wherever they lead.

What cannot be written to standard output ends the run with a typed error, once, and the interpreter finds nothing left
to complain about at its end. What cannot be written to standard error is lost: a remark is no reason to stop.
"""

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING, TextIO

from rnncast.files.output.writing import STDOUT, refuse

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

BLOCK = 1 << 16  # bytes that are written at a time


class _Standard(io.RawIOBase):
    """A descriptor to write to, None if it is closed. After a failure it takes whatever comes, and drops it."""

    def __init__(self, descriptor: int | None, *, forgiving: bool) -> None:
        self.descriptor, self.forgiving, self.failed = descriptor, forgiving, False

    def writable(self) -> bool:
        """True: that is all it is."""
        return True

    def isatty(self) -> bool:
        """Whether it leads to a terminal."""
        return self.descriptor is not None and os.isatty(self.descriptor)

    def fileno(self) -> int:
        """The descriptor. io.UnsupportedOperation if it is closed."""
        if self.descriptor is None:
            raise io.UnsupportedOperation("the stream is closed")
        return self.descriptor

    def write(self, data: "ReadableBuffer", /) -> int:
        """Write bytes and count them, those dropped too. OutputError or OutputClosedError, the first time it fails."""
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
            except BlockingIOError:  # another program has made the pipe one that does not wait
                select.select([], [self.descriptor], [])


def standard_output() -> TextIO:
    """Standard output: UTF-8 in a pipe or a file; on a terminal what the terminal can show, the rest escaped."""
    return stream_to(sys.stdout, forgiving=False)


def standard_error() -> TextIO:
    """Standard error, which never fails."""
    return stream_to(sys.stderr, forgiving=True)


def stream_to(given: TextIO | None, *, forgiving: bool) -> TextIO:
    """A stream to where another leads, or to nowhere; forgiving: whether what cannot be written is lost in silence."""
    try:
        raw = _Standard(None if given is None else given.fileno(), forgiving=forgiving)
    except io.UnsupportedOperation:  # whoever called has put something else in its place
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

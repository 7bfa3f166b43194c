"""Writing files: whole or not at all, and never replacing anything but a file. Standard library only.

A regular file, or a new one, is written under a temporary name beside it and renamed once it is on disk, so that
readers see either the old one or the new one, whole. Links are followed; mode and owner are kept. A device, a named
pipe, a socket or an open descriptor (/dev/stdout, /dev/fd/3, the shell's `>(command)`) is written as a stream. Nothing
here changes the process, so not the umask either, which all threads share.
"""

import errno
import os
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from typing import BinaryIO, NoReturn, TextIO

from rnncast.errors import OutputClosedError, OutputError

STDOUT = "-"
MOST_LINKS = 40  # followed, as on Linux
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
NOT_FOR_FOLDERS = (errno.EINVAL, errno.ENOTSUP, errno.EACCES)  # from file systems that cannot sync a folder


@contextmanager
def written(path: str) -> Iterator[BinaryIO]:
    """Open a file for writing bytes, which is at `path` once the block ends without an error; "-" is standard output.

    Raises OutputError if it cannot be written: a file that was there stays, and no temporary file does. Raises
    OutputClosedError if the reader of a pipe has gone.
    """
    try:
        if path == STDOUT:
            with _standard_output() as file:
                yield file
        elif (descriptor := _descriptor(path)) is not None or _is_stream(path):
            with _stream(path, descriptor) as file:
                yield file
        else:
            with _replacement(path) as file:
                yield file
    except OSError as error:
        refuse(path, error)


@contextmanager
def written_text(path: str) -> Iterator[TextIO]:
    """Open a file for writing text, as `written` does: UTF-8, whatever the locale. Half a surrogate pair is escaped."""
    with written(path) as file:
        text = TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
        try:
            yield text
            text.flush()
        finally:
            with suppress(OSError):  # already reported by the flush
                text.detach()


@contextmanager
def growing(path: str) -> Iterator[Callable[[str], None]]:
    """Return a function that appends one line to a file at once. An existing file is emptied at the first line.

    Raises OutputError or OutputClosedError, at the start or at a line: earlier lines are whole, and this one is not
    there.
    """
    try:
        handle = _opened_to_grow(path)
    except OSError as error:
        refuse(path, error)
    regular = stat.S_ISREG(os.fstat(handle).st_mode) and _descriptor(path) is None
    whole: int | None = None  # bytes of whole lines, once the old file has been emptied

    def write(line: str) -> None:
        nonlocal whole
        data = line.encode("utf-8", "backslashreplace") + b"\n"
        try:
            if regular and whole is None:
                os.ftruncate(handle, 0)
            whole = whole or 0
            _write_all(handle, data)
        except OSError as error:
            if regular and whole is not None:
                with suppress(OSError):
                    os.ftruncate(handle, whole)
            refuse(path, error)
        whole += len(data)

    try:
        yield write
    finally:
        with suppress(OSError):  # every line is already written
            os.close(handle)


def check_writable(path: str) -> None:
    """Raise OutputError early, before any work is done, if it can be seen that `path` is not writable."""
    try:
        if path != STDOUT and _descriptor(path) is None and not _is_stream(path):
            target, _ = _target(path)
            _check_folder(os.path.dirname(target))
    except OSError as error:
        refuse(path, error)


def replaces(path: str) -> bool:
    """Return whether writing to `path` would replace an existing file."""
    return path != STDOUT and _descriptor(path) is None and os.path.isfile(path)


def place(path: str, *, reading: bool = False) -> str | tuple[int, int] | None:
    """Return a value equal for two paths to the same place: the file itself, or its future name; None if not a regular
    file.

    reading: "-" is standard input, not standard output.
    """
    descriptor = (0 if reading else 1) if path == STDOUT else _descriptor(path)
    try:
        status = os.stat(path) if descriptor is None else os.fstat(descriptor)
    except FileNotFoundError:
        return os.path.realpath(path)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def refuse(path: str, error: OSError) -> NoReturn:
    """Raise an error of the operating system as an error for the user: OutputError, or OutputClosedError."""
    if isinstance(error, BrokenPipeError):
        raise OutputClosedError(path) from None
    name = "to standard output" if path == STDOUT else path
    raise OutputError(
        f"cannot write {name}: {error.strerror or error}", hint=_HINTS.get(error.errno or 0, "")
    ) from None


_HINTS = {
    errno.ENOSPC: "make room, or write to another disk",
    errno.EDQUOT: "make room, or write to another disk",
    errno.EROFS: "write to another folder",
    errno.ENOENT: "make the folder first, or write to another",
}


@contextmanager
def _standard_output() -> Iterator[BinaryIO]:
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    sys.stdout.flush()
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


@contextmanager
def _stream(path: str, descriptor: int | None) -> Iterator[BinaryIO]:
    """Open something other than a regular file, or an open descriptor, for writing from its current position."""
    if descriptor is None and stat.S_ISSOCK(os.stat(path).st_mode):
        import socket  # rarely needed

        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(path)
            with connection.makefile("wb") as file:
                yield file
        return
    handle = os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC) if descriptor is None else os.dup(descriptor)
    with os.fdopen(handle, "wb") as file:
        yield file


@contextmanager
def _replacement(path: str) -> Iterator[BinaryIO]:
    """Open a temporary file that replaces another when the block ends."""
    target, old = _target(path)
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f".rnncast-{os.urandom(8).hex()}")
    # A file with restricted access is at no moment readable by others.
    handle = os.open(temporary, NEW, 0o666 if old is None else stat.S_IMODE(old.st_mode) & 0o666)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            if old is not None:
                _keep(handle, old)
            os.fsync(handle)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):  # it may be renamed already, or its folder may be gone
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _target(path: str) -> tuple[str, os.stat_result | None]:
    """Return the file that a path leads to behind all links, and its status. Raises OSError if it must not be
    replaced."""
    if not os.path.basename(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    target = os.path.realpath(path)
    try:
        old = os.stat(target)
    except FileNotFoundError:
        return target, None
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not os.access(target, os.W_OK):  # a rename would succeed, but the owner has made the file read-only
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return target, old


def _check_folder(folder: str) -> None:
    if not stat.S_ISDIR(os.stat(folder).st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _keep(handle: int, old: os.stat_result) -> None:
    """Give the new file the mode of the old one, and its owner as far as this user may."""
    new = os.fstat(handle)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        with suppress(PermissionError):
            os.fchown(handle, -1, old.st_gid)
            os.fchown(handle, old.st_uid, -1)
    os.fchmod(handle, stat.S_IMODE(old.st_mode))


def _sync_folder(folder: str) -> None:
    """Write the new name to disk too, if the file system can."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:  # a folder that is writable but not readable
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in NOT_FOR_FOLDERS:
            raise
    finally:
        os.close(handle)


def _is_stream(path: str) -> bool:
    """Return whether a path leads to something that is neither a regular file nor a folder."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _descriptor(path: str) -> int | None:
    """Return the open descriptor that a path means (/dev/stdout, /dev/fd/3, or a link to one); None if it means
    none."""
    for _ in range(MOST_LINKS):
        folder, name = os.path.split(path)
        if name.isdecimal() and os.path.realpath(folder or os.curdir) == os.path.realpath("/dev/fd"):
            return int(name)
        try:
            path = os.path.join(folder, os.readlink(path))
        except OSError:
            return None
    return None


def _opened_to_grow(path: str) -> int:
    descriptor = 1 if path == STDOUT else _descriptor(path)
    if descriptor is not None:
        return os.dup(descriptor)
    creating = 0 if _is_stream(path) else os.O_CREAT
    return os.open(path, os.O_WRONLY | os.O_NOCTTY | os.O_CLOEXEC | creating, 0o666)


def _write_all(handle: int, data: bytes) -> None:
    while data:
        data = data[os.write(handle, data) :]

"""The one way to write a file: whole or not at all, and never in place of what is no file. Standard library only.

A regular file, or a new one, is written under a temporary name beside it and renamed once it is on the disk: whoever
reads it sees the old one whole or the new one whole. Links are followed; mode and owner are kept. A device, a named
pipe, a socket or an open descriptor (/dev/stdout, /dev/fd/3, what the shell makes of `>(command)`) is written as a
stream. Nothing here changes the process, and so not its umask either, which every thread shares.
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
MOST_LINKS = 40  # that are followed, as in Linux
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
NOT_FOR_FOLDERS = (errno.EINVAL, errno.ENOTSUP, errno.EACCES)  # from file systems that cannot sync a folder


@contextmanager
def written(path: str) -> Iterator[BinaryIO]:
    """A file to write bytes to, which is at `path` when the block ends without an error; "-" is standard output.

    OutputError if it cannot be written: what was there before is still there, and no temporary file. OutputClosedError
    if the reader of a pipe has gone.
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
    """As `written`, for text: UTF-8, whatever the locale. What UTF-8 cannot hold (half a surrogate pair) is escaped."""
    with written(path) as file:
        text = TextIOWrapper(file, encoding="utf-8", errors="backslashreplace", newline="")
        try:
            yield text
            text.flush()
        finally:
            with suppress(OSError):  # of what could not be written, which the flush has told
                text.detach()


@contextmanager
def growing(path: str) -> Iterator[Callable[[str], None]]:
    """What writes one more line to a file, at once. A file that was there is emptied when the first line comes.

    OutputError or OutputClosedError, at the start or at a line: the lines before it are whole, and it is not there.
    """
    try:
        handle = _opened_to_grow(path)
    except OSError as error:
        refuse(path, error)
    regular = stat.S_ISREG(os.fstat(handle).st_mode) and _descriptor(path) is None
    whole: int | None = None  # bytes of whole lines, once the old ones are gone

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
        with suppress(OSError):  # each line has been written by itself
            os.close(handle)


def check_writable(path: str) -> None:
    """OutputError, before work is done for nothing, if a file can be seen not to be writable at `path`."""
    try:
        if path != STDOUT and _descriptor(path) is None and not _is_stream(path):
            target, _ = _target(path)
            _check_folder(os.path.dirname(target))
    except OSError as error:
        refuse(path, error)


def replaces(path: str) -> bool:
    """Whether a file that is there would be replaced."""
    return path != STDOUT and _descriptor(path) is None and os.path.isfile(path)


def place(path: str, *, reading: bool = False) -> str | tuple[int, int] | None:
    """What tells whether two paths are one place: the file itself, or its name to be. None for what is no regular file.

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
    """Raise the error of the operating system as one for the user: OutputError, or OutputClosedError."""
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
    """A file that is no regular one, or an open descriptor, to be written from where it stands."""
    if descriptor is None and stat.S_ISSOCK(os.stat(path).st_mode):
        import socket  # for the few that write to one

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
    """A temporary file that takes the place of another when the block ends."""
    target, old = _target(path)
    folder = os.path.dirname(target)
    temporary = os.path.join(folder, f".rnncast-{os.urandom(8).hex()}")
    # A file that few may read is at no moment readable to more.
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
        with suppress(OSError):  # it may be in its place already, or its folder gone
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def _target(path: str) -> tuple[str, os.stat_result | None]:
    """The file that a path means, behind all links, and what is there. OSError if it is not one to be replaced."""
    if not os.path.basename(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    target = os.path.realpath(path)
    try:
        old = os.stat(target)
    except FileNotFoundError:
        return target, None
    if stat.S_ISDIR(old.st_mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not os.access(target, os.W_OK):  # its owner wants it left alone, though a rename could
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    return target, old


def _check_folder(folder: str) -> None:
    if not stat.S_ISDIR(os.stat(folder).st_mode):
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))


def _keep(handle: int, old: os.stat_result) -> None:
    """Give the new file the owner of the old one, as far as this user may, and its mode."""
    new = os.fstat(handle)
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        with suppress(PermissionError):
            os.fchown(handle, -1, old.st_gid)
            os.fchown(handle, old.st_uid, -1)
    os.fchmod(handle, stat.S_IMODE(old.st_mode))


def _sync_folder(folder: str) -> None:
    """Have the new name on the disk too, where the file system can do so."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    except PermissionError:  # a folder that may be written and not read
        return
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in NOT_FOR_FOLDERS:
            raise
    finally:
        os.close(handle)


def _is_stream(path: str) -> bool:
    """Whether there is something at a path that is neither a regular file nor a folder."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _descriptor(path: str) -> int | None:
    """The open descriptor that a path means (/dev/stdout, /dev/fd/3, or a link to one); None if it means none."""
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

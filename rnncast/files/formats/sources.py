"""Sources of bytes: a file or standard input, unpacked, as one stream that can be read again from its start."""

import codecs
import gzip
import io
import os
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, BinaryIO

from rnncast.errors import DataError, EmptyTableError
from rnncast.files.formats.folders import STDIN, is_paths

GZIP, ZSTANDARD, UTF16 = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", (b"\xff\xfe", b"\xfe\xff")
HEAD = 1 << 16  # bytes from which the form of a stream is recognised
PIECE = 1 << 20  # bytes unpacked at a time
# How far a packed file may expand. Tables shrink to a third or a twentieth, nearly constant ones to a hundredth.
SURELY_FINE, MOST_TIMES, MOST_UNPACKED = 1 << 26, 250, 1 << 32  # bytes, times, bytes

AUTO = "auto"  # recognise the encoding from the bytes
BINARY = (b"PAR1", b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # first bytes of Parquet and spreadsheet files
MOST_ACCENTS = 0.3  # of the bytes of a text in a Western language; of Cyrillic or Greek, most are beyond ASCII
_CONTROL, _HIGH = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"), re.compile(rb"[\x80-\xff]")

BOM = b"\xef\xbb\xbf"

Progress = Callable[[int, int], None]  # bytes read, of how many


@dataclass(frozen=True)
class ByteSource:
    """Unpacked bytes under the name used in messages.

    size: of all. progress: called with how far reading is. notes: remarks for the user.
    """

    name: str
    stream: BinaryIO
    head: bytes
    size: int
    progress: Progress
    notes: tuple[str, ...] = ()

    @property
    def start(self) -> bytes:
        """First bytes that are neither blank nor a byte order mark."""
        return self.head.lstrip(BOM + b" \t\r\n")

    def stream_from(self, start: int = 0) -> "TrackedStream":
        """Return a stream of all bytes from `start` on."""
        self.stream.seek(start)
        return TrackedStream(self)


class TrackedStream:
    """A file to read once, which reports how far it is. It is the caller's stream, so it is never closed."""

    closed = False

    def __init__(self, source: ByteSource) -> None:
        self.source = source

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        data = self.source.stream.read(size)
        self.source.progress(self.source.stream.tell(), self.source.size)
        return data

    def readable(self) -> bool:
        """Return True, for pandas and pyarrow, which ask."""
        return True

    def __iter__(self) -> Any:
        return iter(self.source.stream)


@contextmanager
def open_source(data: Any, progress: Progress = lambda done, total: None, encoding: str = AUTO) -> Iterator[ByteSource]:
    """Open the bytes of a path, of standard input ("-"), or of an open file from its current position.

    Packed bytes (.gz and .zst, recognised by content, not name) are unpacked, and text is converted to UTF-8. encoding:
    of text; "auto" is UTF-8, or Windows-1252 if it cannot be UTF-8. Raises DataError if there is no such file, or it is
    empty or damaged.
    """
    path, given = _named(data)
    name = "standard input" if path == STDIN else path
    with ExitStack() as stack:
        try:
            standard = io.BytesIO(sys.stdin.buffer.read()) if path == STDIN else given and _contents(given)
            stream = _unpacked(standard or stack.enter_context(Path(path).open("rb")), name)
            stream, notes = _in_utf8(stream, name, encoding)
            size = stream.seek(0, io.SEEK_END)
            stream.seek(0)
            head = stream.read(HEAD)
        except FileNotFoundError:
            raise DataError(f"there is no file {path}", hint="check the name, or use - for standard input") from None
        except (OSError, ValueError, EOFError, zlib.error) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise DataError(f"cannot read {name}: {reason}") from None
        if not head.removeprefix(BOM).strip():
            raise EmptyTableError(f"{name} is empty", hint="give a table with a time column and a number")
        yield ByteSource(name, stream, head, size, progress, notes)


def _named(data: Any) -> tuple[str, Any]:
    """Return the path in data, or the name of the open file in data; and that file, None for a path.

    Raises DataError if data are neither. An open file called "-" is not standard input.
    """
    if is_paths(data) and len(data) == 1:
        data = data[0]
    if isinstance(data, str | os.PathLike):
        return os.fsdecode(data), None
    if not hasattr(data, "read"):
        raise DataError(
            f"cannot read a table from this {type(data).__name__}",
            hint="give a DataFrame, an Arrow table, the path of a file or of several, or an open file",
        )
    name = getattr(data, "name", "")
    return (name if isinstance(name, str) and name not in ("", STDIN) else "the open file"), data


def _contents(given: Any) -> BinaryIO:
    """Return the rest of an open file, whether of bytes or of text."""
    data = given.read()
    return io.BytesIO(data.encode() if isinstance(data, str) else data)


def arrow(need: str) -> ModuleType:
    """Return the pyarrow module. Raises DataError, saying how to install it, if it is missing; `need` opens the
    message."""
    try:
        import pyarrow
    except ImportError:
        raise DataError(
            f"{need} needs pyarrow, which is not installed", hint="pip install 'rnncast[parquet]'"
        ) from None
    module: ModuleType = pyarrow
    return module


def largest_unpacked(packed: int) -> int:
    """Return the largest number of bytes that `packed` bytes may unpack to before they are refused as a bomb."""
    return max(SURELY_FINE, min(MOST_TIMES * packed, MOST_UNPACKED))


def _bounded(unpacking: Any, packed: BinaryIO, name: str, program: str) -> BinaryIO:
    """Unpack a stream. Raises DataError as soon as more comes out than such a file should hold."""
    size = packed.seek(0, io.SEEK_END)
    packed.seek(0)
    most, out = largest_unpacked(size), io.BytesIO()
    while piece := unpacking.read(PIECE):
        if out.tell() + len(piece) > most:
            raise DataError(
                f"{name} is {size:,} bytes that unpack to more than {most:,}, which is too much for a table",
                hint=f"if that is intended, unpack it yourself: {program} {name} | rnncast ... -",
            )
        out.write(piece)
    out.seek(0)
    return out


def _unpacked(stream: BinaryIO, name: str) -> BinaryIO:
    head = stream.read(HEAD)
    stream.seek(0)
    if head.startswith(GZIP):
        return _bounded(gzip.GzipFile(fileobj=stream), stream, name, "gzip -dc")
    if head.startswith(ZSTANDARD):
        pyarrow = arrow(f"{name}: unpacking .zst")
        return _bounded(pyarrow.CompressedInputStream(stream, "zstd"), stream, name, "zstd -dc")
    return stream


def _in_utf8(stream: BinaryIO, name: str, encoding: str) -> tuple[BinaryIO, tuple[str, ...]]:
    """Return text in UTF-8 with newlines at the ends of lines, and remarks on that; other bytes as they are."""
    head = stream.read(HEAD)
    notes: tuple[str, ...] = ()
    stream.seek(0)
    if head.startswith(BINARY):
        return stream, ()
    if head.startswith(UTF16):  # spreadsheets save this as "Unicode text"
        stream = io.BytesIO(stream.read().decode("utf-16").encode())
    elif encoding != AUTO:
        try:
            stream = io.BytesIO(stream.read().decode(encoding).encode())
        except UnicodeError as error:
            reason = error.reason if isinstance(error, UnicodeDecodeError) else str(error)
            raise DataError(f"{name} is not text in {encoding}: {reason}", hint="leave out --encoding") from None
    elif not _is_utf8(stream) and (text := _windows_1252(stream)) is not None:
        stream = io.BytesIO(text.encode())
        notes = (f"{name}: not UTF-8, so read as Windows-1252; --encoding names another",)
    head = stream.read(HEAD)
    stream.seek(0)
    if b"\r" in head and b"\n" not in head:
        stream = io.BytesIO(stream.read().replace(b"\r", b"\n"))
    return stream, notes


def _is_utf8(stream: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while piece := stream.read(PIECE):
            if not piece.isascii() or decoder.getstate()[0]:
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    finally:
        stream.seek(0)
    return True


def _windows_1252(stream: BinaryIO) -> str | None:
    """Return bytes decoded from Windows-1252; None if they are not text, or mostly not of its languages."""
    data = stream.read()
    stream.seek(0)
    if _CONTROL.search(data) or len(_HIGH.findall(data)) > MOST_ACCENTS * len(data):
        return None
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        return None

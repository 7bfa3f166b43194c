"""Model files: safetensors with a JSON header. No executable code, no clock: the same model gives the same bytes.

Layout: tensors by name, and one metadata entry, "rnncast", whose JSON holds everything else: `format` first, then
`sha256`, the digest of the whole file with zeros in the digest's place. Nothing in a file is trusted: reading takes no
more memory than the file's own header accounts for, and none before the header is valid.
"""

import hashlib
import json
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from rnncast.errors import ModelFileError, OutputError, UsageError
from rnncast.files.output import format_1, format_2
from rnncast.files.output.writing import written
from rnncast.plain import all_finite, shown

FORMAT = 3
STANDARD_STREAM = "-"
LONGEST_HEADER = 100_000_000  # bytes, the limit of safetensors

DTYPES = ("F32", "F64", "I64")  # types of numbers in tensors, as safetensors names them


class FileKind(NamedTuple):
    """A kind of file with this layout: its metadata entry, its name, how to get one, and what to do if it is
    damaged."""

    key: str
    noun: str
    hint: str
    remedy: str


MODEL = FileKind("rnncast", "model file", "make one with: rnncast train DATA", "copy it, or train, again")
CHECKPOINT = FileKind(
    "rnncast-checkpoint", "checkpoint", "make one with: rnncast train DATA --checkpoint DIR", "delete it to start again"
)
_BLANK = b"0" * 64
_MARK = rb"\"sha256\":\""  # before the digest, as JSON within JSON

Tensors = Mapping[str, NDArray[Any]]


def write_model(path: str, header: Mapping[str, Any], tensors: Tensors, kind: FileKind = MODEL) -> None:
    """Write a model file, or a file of another kind, whole or not at all (`written`); "-" is standard output.

    Raises ModelFileError if it cannot be written.
    """
    content = {"format": FORMAT, "sha256": _BLANK.decode(), **header}
    text = json.dumps(all_finite(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    data = save({name: np.ascontiguousarray(t) for name, t in tensors.items()}, metadata={kind.key: text})
    start = data.index(_MARK) + len(_MARK)
    digest = hashlib.sha256(data).hexdigest().encode()
    try:
        with written(path) as file:
            file.writelines((data[:start], digest, memoryview(data)[start + len(digest) :]))
    except OutputError as error:
        raise ModelFileError(error.message, error.hint) from None


def read_model(path: str, kind: FileKind = MODEL) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Return the header and the tensors that `write_model` was given, converted from older formats; "-" is standard
    input.

    Raises ModelFileError if the file is missing, cut short, changed by as little as a byte, of a newer format, or of
    another kind.
    """
    try:
        with _opened(path) as file:
            text, tensors = _parts(file, path, kind)
    except FileNotFoundError:
        raise ModelFileError(f"there is no {kind.noun} {path}", hint=kind.hint) from None
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from None
    header = _header(text, path, kind)
    number, digest = header.pop("format", None), header.pop("sha256", "")
    if number not in (format_1.FORMAT, format_2.FORMAT, FORMAT) or isinstance(number, bool):
        raise ModelFileError(
            f"{path} is a {kind.noun} of format {shown(number)}, and this version reads formats 1 to {FORMAT}",
            hint="use a newer rnncast, or train again",
        )
    if digest != _digest(text, tensors):
        raise damaged(path, "its checksum is wrong", kind)
    try:
        found = load(b"".join((_length(text), text, tensors)))
        if kind is MODEL and number == format_1.FORMAT:
            return format_1.upgraded(header, found)
        return (format_2.upgraded(header) if kind is MODEL and number == format_2.FORMAT else header), found
    except (SafetensorError, ValueError, UsageError) as error:
        raise damaged(path, str(error), kind) from None


def _header(text: bytes, path: str, kind: FileKind) -> dict[str, Any]:
    """Return the header that `write_model` was given, with the format and the digest."""
    try:
        header = _parsed(_parsed(text)["__metadata__"][kind.key])
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _no_model(path, kind) from None
    if not isinstance(header, dict):
        raise _no_model(path, kind)
    try:
        json.dumps(header, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise damaged(path, "a text in its header holds half a character", kind) from None
    return header


def _parsed(text: bytes | str) -> Any:
    """Return parsed JSON, refusing repeated names, which different readers may resolve differently."""
    return json.loads(text, object_pairs_hook=_once)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name occurs twice")
    return found


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == STANDARD_STREAM:
        yield sys.stdin.buffer
        return
    with open(path, "rb") as file:
        yield file


def _parts(file: BinaryIO, path: str, kind: FileKind) -> tuple[bytes, bytes]:
    """Return the header's text and the tensors' bytes, as many as the header accounts for.

    Raises ModelFileError if the file holds fewer or more.
    """
    start = file.read(9)
    if len(start) < 9 or not (length := struct.unpack_from("<Q", start)[0]) <= LONGEST_HEADER or start[8:] != b"{":
        raise _no_model(path, kind)
    text = start[8:] + file.read(max(length - 1, 0))
    if len(text) < length:
        raise damaged(path, "its end is missing", kind)
    size = _size(text, path, kind)
    try:
        tensors = file.read(size)
    except (OverflowError, MemoryError):
        raise damaged(path, f"its tensors would be {size:,} bytes", kind) from None
    if len(tensors) < size:
        raise damaged(path, "its end is missing", kind)
    if file.read(1):
        raise damaged(path, "something follows its end", kind)
    return text, tensors


def _size(text: bytes, path: str, kind: FileKind) -> int:
    """Return the number of tensor bytes that the header announces."""
    try:
        tensors = [(name, entry) for name, entry in _parsed(text).items() if name != "__metadata__"]
        ends = [entry["data_offsets"][1] for _, entry in tensors]
        types = [(name, entry["dtype"]) for name, entry in tensors]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        raise _no_model(path, kind) from None
    if not all(type(end) is int and end >= 0 for end in ends):
        raise _no_model(path, kind)
    for name, dtype in types:
        if dtype not in DTYPES:
            reason = f"the tensor {shown(name)} is of type {shown(dtype)}, but must be one of {', '.join(DTYPES)}"
            raise damaged(path, reason, kind)
    return max(ends, default=0)


def _digest(text: bytes, tensors: bytes) -> str:
    """Return the digest of a file with zeros in the digest's place, which is the first place that looks like it."""
    start = text.find(_MARK) + len(_MARK)
    digest = hashlib.sha256(_length(text))
    digest.update(text[:start] + _BLANK + text[start + len(_BLANK) :])
    digest.update(tensors)
    return digest.hexdigest()


def _length(text: bytes) -> bytes:
    return struct.pack("<Q", len(text))


def _no_model(path: str, kind: FileKind) -> ModelFileError:
    return ModelFileError(f"{path} is not a rnncast {kind.noun}", hint=kind.hint)


def damaged(path: str, reason: str, kind: FileKind = MODEL) -> ModelFileError:
    """Return the error for a damaged file, with the reason."""
    return ModelFileError(f"{path} is a damaged {kind.noun}: {reason}", hint=kind.remedy)

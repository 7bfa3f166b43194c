"""The model file: safetensors with a JSON header. No code that could run, no clock: the same model is the same bytes.

Layout: tensors by name, and one metadata entry, "rnncast", whose JSON holds everything else: `format` first, then
`sha256`, the digest of the whole file as it is with zeros in the digest's place. A reader believes nothing: it takes
no more memory than the file's own header accounts for, and none before the header makes sense.
"""

import hashlib
import json
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from rnncast.errors import ModelFileError, OutputError
from rnncast.files.writing import written

FORMAT = 1
KEY = "rnncast"
STANDARD_STREAM = "-"
LONGEST_HEADER = 100_000_000  # bytes, as safetensors has it

HINT = "make one with: rnncast train DATA"
_BLANK = b"0" * 64
_MARK = rb"\"sha256\":\""  # before the digest, as it stands in JSON within JSON

Tensors = Mapping[str, NDArray[Any]]


def write_model(path: str, header: Mapping[str, Any], tensors: Tensors) -> None:
    """Write a model file whole or not at all (`written`); "-" is standard output.

    ModelFileError if it cannot be written.
    """
    content = {"format": FORMAT, "sha256": _BLANK.decode(), **header}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    data = save({name: np.ascontiguousarray(t) for name, t in tensors.items()}, metadata={KEY: text})
    start = data.index(_MARK) + len(_MARK)
    digest = hashlib.sha256(data).hexdigest().encode()
    try:
        with written(path) as file:
            file.writelines((data[:start], digest, memoryview(data)[start + len(digest) :]))
    except OutputError as error:
        raise ModelFileError(error.message, error.hint) from None


def read_model(path: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the tensors that `write_model` was given; "-" is standard input.

    ModelFileError if it is missing, cut short, changed by as little as a byte, of a newer format, or not a model file.
    """
    try:
        with _opened(path) as file:
            text, tensors = _parts(file, path)
    except FileNotFoundError:
        raise ModelFileError(f"there is no model file {path}", hint=HINT) from None
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from None
    try:
        header = json.loads(json.loads(text)["__metadata__"][KEY])
        written, digest = header.pop("format"), header.pop("sha256", "")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _no_model(path) from None
    if written != FORMAT:
        raise ModelFileError(
            f"{path} is a model file of format {written}, and this version reads format {FORMAT}",
            hint="use a newer rnncast, or train again",
        )
    if digest != _digest(text, tensors):
        raise ModelFileError(f"{path} is a damaged model file: its checksum is wrong", hint="copy it, or train, again")
    try:
        return header, load(b"".join((_length(text), text, tensors)))
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise ModelFileError(f"{path} is a damaged model file: {error}", hint="train again") from None


@contextmanager
def _opened(path: str) -> Iterator[BinaryIO]:
    if path == STANDARD_STREAM:
        yield sys.stdin.buffer
        return
    with open(path, "rb") as file:
        yield file


def _parts(file: BinaryIO, path: str) -> tuple[bytes, bytes]:
    """The header's text and the tensors' bytes, as many as the header accounts for. ModelFileError if there are not."""
    start = file.read(9)
    if len(start) < 9 or not (length := struct.unpack_from("<Q", start)[0]) <= LONGEST_HEADER or start[8:] != b"{":
        raise _no_model(path)
    text = start[8:] + file.read(max(length - 1, 0))
    try:
        entries = json.loads(text) if len(text) == length else None
        if entries is None:
            raise _cut(path)
        size = max((entry["data_offsets"][1] for name, entry in entries.items() if name != "__metadata__"), default=0)
        tensors = file.read(max(size, 0))
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError, OverflowError, MemoryError):
        raise _no_model(path) from None
    if len(tensors) < size:
        raise _cut(path)
    if file.read(1):
        raise ModelFileError(
            f"{path} is a damaged model file: something follows its end", hint="copy it, or train, again"
        )
    return text, tensors


def _digest(text: bytes, tensors: bytes) -> str:
    """The digest of a file with zeros in the digest's place; the first place that looks like it is."""
    start = text.find(_MARK) + len(_MARK)
    digest = hashlib.sha256(_length(text))
    digest.update(text[:start] + _BLANK + text[start + len(_BLANK) :])
    digest.update(tensors)
    return digest.hexdigest()


def _length(text: bytes) -> bytes:
    return struct.pack("<Q", len(text))


def _no_model(path: str) -> ModelFileError:
    return ModelFileError(f"{path} is not a rnncast model file", hint=HINT)


def _cut(path: str) -> ModelFileError:
    return ModelFileError(f"{path} is a damaged model file: its end is missing", hint="copy it, or train, again")

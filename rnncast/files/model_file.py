"""The model file: safetensors with a JSON header. No pickle, no code, no clock: the same model is the same bytes.

Layout: tensors by name, and one metadata entry, "rnncast", whose JSON holds everything else, `format` first.
"""

import json
import os
import struct
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from rnncast.errors import ModelFileError

FORMAT = 1
KEY = "rnncast"
STANDARD_STREAM = "-"

Tensors = Mapping[str, NDArray[Any]]


def write_model(path: str, header: Mapping[str, Any], tensors: Tensors) -> None:
    """Write a model file whole or not at all, by renaming a temporary file; "-" is standard output.

    ModelFileError if it cannot be written.
    """
    text = json.dumps({"format": FORMAT, **header}, ensure_ascii=False, separators=(",", ":"))
    data = save({name: np.ascontiguousarray(t) for name, t in tensors.items()}, metadata={KEY: text})
    if path == STANDARD_STREAM:
        sys.stdout.buffer.write(data)
        return
    target = Path(path)
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(temporary, 0o666 & ~_umask())
            os.replace(temporary, target)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        raise ModelFileError(f"cannot write {path}: {error.strerror}") from None


def read_model(path: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the tensors of a model file; "-" is standard input.

    ModelFileError if it is missing, damaged, or not a model file.
    """
    try:
        data = sys.stdin.buffer.read() if path == STANDARD_STREAM else Path(path).read_bytes()
    except FileNotFoundError:
        raise ModelFileError(f"there is no model file {path}", hint="make one with: rnncast train DATA") from None
    except OSError as error:
        raise ModelFileError(f"cannot read {path}: {error.strerror}") from None
    try:
        header = _header(data)
        tensors = load(data)
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError, struct.error):
        raise ModelFileError(f"{path} is not a rnncast model file", hint="make one with: rnncast train DATA") from None
    if header.get("format") != FORMAT:
        raise ModelFileError(
            f"{path} is a model file of format {header.get('format')}, and this version reads format {FORMAT}",
            hint="use a newer rnncast, or train again",
        )
    return header, tensors


def _header(data: bytes) -> dict[str, Any]:
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(json.loads(data[8 : 8 + length])["__metadata__"][KEY])
    if not isinstance(header, dict):
        raise TypeError("the header is not a table of names and values")
    return header


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask

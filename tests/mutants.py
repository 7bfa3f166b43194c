"""Model files that were changed and signed again: every part of the header and of each tensor becomes something else.

Nothing here is random: the same file has the same mutants, each under a name that says what was changed.
"""

import copy
import hashlib
import json
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np

KEY, BLANK, MARK = "rnncast", "0" * 64, rb"\"sha256\":\""
KINDS = {"F64": np.float64, "F32": np.float32, "I64": np.int64, "F16": np.float16, "I32": np.int32, "BOOL": np.bool_}

# What a value of the header becomes. Each is wrong in some places, and may be right in others.
VALUES: dict[str, Any] = {
    "nothing": None,
    "true": True,
    "minus one": -1,
    "zero": 0,
    "one": 1,
    "ninety-nine": 99,
    "a billion": 10**9,
    "2^63": 2**63,
    "10^400": 10**400,
    "a half": 0.5,
    "not a number": float("nan"),
    "infinity": float("inf"),
    "-1e300": -1e300,
    "a denormal": 5e-324,
    "no text": "",
    "a word": "fortnight",
    "an odd format": "%Q",
    "a format": "%Y-%m-%d %H:%M:%S.%f%:z",
    "half a character": "\ud800",
    "a control character": "a\x00b\x1b[31m",
    "a long text": "x" * 5000,
    "a path": "../../etc/passwd",
    "an empty list": [],
    "a list of one": [1],
    "a list of lists": [[1]],
    "a list of nothing": [None],
    "a long list": ["last-1"] * 300,
    "an empty table": {},
    "a table": {"a": 1},
}
NUMBERS = {
    "NaN": np.nan,
    "infinity": np.inf,
    "-infinity": -np.inf,
    "1e38": 1e38,
    "-1e38": -1e38,
    "1e300": 1e300,
    "-1e300": -1e300,
    "a denormal": 1e-40,
    "zero": 0.0,
    "-1": -1.0,
    "1e9": 1e9,
}
WHOLE = {"2^62": 2**62, "the least": -(2**63), "the most": 2**63 - 1, "-1": -1, "10^12": 10**12, "zero": 0}


class Tensor(NamedTuple):
    """A tensor as it stands in a file: of a type that safetensors knows by name."""

    name: str
    kind: str
    shape: tuple[int, ...]
    data: bytes

    @property
    def array(self) -> np.ndarray:
        """Its numbers."""
        return np.frombuffer(self.data, KINDS[self.kind]).reshape(self.shape)

    def holding(self, array: np.ndarray) -> "Tensor":
        """The same name with other numbers."""
        kind = next(name for name, dtype in KINDS.items() if dtype == array.dtype)
        return Tensor(self.name, kind, array.shape, np.ascontiguousarray(array).tobytes())


@dataclass(frozen=True)
class ModelFile:
    """A model file taken apart: its header, and its tensors in order. Nothing forbids two of one name."""

    header: dict[str, Any]
    tensors: tuple[Tensor, ...]

    @classmethod
    def read(cls, data: bytes) -> "ModelFile":
        """Take a good file apart."""
        (length,) = struct.unpack_from("<Q", data)
        entries = json.loads(data[8 : 8 + length])
        header = json.loads(entries.pop("__metadata__")[KEY])
        tensors = []
        for name, entry in entries.items():
            start, stop = (8 + length + at for at in entry["data_offsets"])
            tensors.append(Tensor(name, entry["dtype"], tuple(entry["shape"]), data[start:stop]))
        return cls(header, tuple(tensors))

    def written(self) -> bytes:
        """The bytes of a file that holds this, with the checksum that belongs to it."""
        header = {**self.header, **({"sha256": BLANK} if "sha256" in self.header else {})}
        parts, end = [_entry("__metadata__", {KEY: json.dumps(header, separators=(",", ":"))})], 0
        for tensor in self.tensors:
            start, end = end, end + len(tensor.data)
            parts.append(
                _entry(tensor.name, {"dtype": tensor.kind, "shape": tensor.shape, "data_offsets": [start, end]})
            )
        text = ("{" + ",".join(parts) + "}").encode()
        return signed(struct.pack("<Q", len(text)) + text + b"".join(tensor.data for tensor in self.tensors))


def signed(data: bytes) -> bytes:
    """The same file with its checksum in its place, if there is one."""
    start = data.find(MARK) + len(MARK)
    if start < len(MARK):
        return data
    blank = data[:start] + BLANK.encode() + data[start + len(BLANK) :]
    return data[:start] + hashlib.sha256(blank).hexdigest().encode() + data[start + len(BLANK) :]


class Mutant(NamedTuple):
    """A changed file: what was changed, and its bytes when they are asked for."""

    name: str
    data: Callable[[], bytes]


def mutants(data: bytes) -> Iterator[Mutant]:
    """All mutants of a good model file."""
    good = ModelFile.read(data)
    yield from _of_header(good)
    for place in range(len(good.tensors)):
        yield from _of_tensor(good, place)
    yield from _of_bytes(good)


def _entry(name: str, value: Any) -> str:
    return f"{json.dumps(name)}:{json.dumps(value, separators=(',', ':'))}"


def _of_header(good: ModelFile) -> Iterator[Mutant]:
    def mutant(name: str, way: tuple[Any, ...], change: Callable[[Any, Any], None]) -> Mutant:
        def made() -> bytes:
            header = copy.deepcopy(good.header)
            *outer, last = way
            inner: Any = header
            for each in outer:
                inner = inner[each]
            change(inner, last)
            return replace(good, header=header).written()

        return Mutant(f"{'.'.join(map(str, way))}: {name}", made)

    for way in _ways(good.header):
        for name, value in VALUES.items():
            yield mutant(name, way, lambda inner, last, value=value: inner.__setitem__(last, value))
        yield mutant("gone", way, lambda inner, last: inner.__delitem__(last))
        yield mutant("doubled", way, _doubled)
        yield mutant("a neighbour's name", way, _renamed)


def _doubled(inner: Any, last: Any) -> None:
    """A list twice as long, a number or a text twice as large, and a table with one entry more."""
    value = inner[last]
    if isinstance(value, dict):
        value["one more"] = 1
    elif value is not None:
        inner[last] = value * 2


def _renamed(inner: Any, last: Any) -> None:
    if isinstance(inner, dict):
        inner[f"{last}s"] = inner.pop(last)
    else:
        inner[last] = inner[last - 1]


def _ways(tree: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value within tables and lists; of a list's items, the first two."""
    for name, value in tree.items() if isinstance(tree, dict) else enumerate(tree[:2]):
        yield (*way, name)
        if isinstance(value, dict | list):
            yield from _ways(value, (*way, name))


def _of_tensor(good: ModelFile, place: int) -> Iterator[Mutant]:
    tensor = good.tensors[place]

    def mutant(name: str, *others: Callable[[], Tensor]) -> Mutant:
        def made() -> bytes:
            changed = (*good.tensors[:place], *(each() for each in others), *good.tensors[place + 1 :])
            return replace(good, tensors=changed).written()

        return Mutant(f"{tensor.name}: {name}", made)

    def whole() -> Tensor:
        return tensor

    yield mutant("gone")
    yield mutant("twice", whole, whole)
    yield mutant("of another name", lambda: tensor._replace(name=f"{tensor.name}s"))
    yield mutant("of a type without a name", lambda: tensor._replace(kind="F7"))
    yield mutant("cut short", lambda: tensor._replace(data=tensor.data[:-1]))
    yield mutant("of negative length", lambda: tensor._replace(shape=(-1,)))
    yield mutant("of absurd length", lambda: tensor._replace(shape=(2**62, 4)))
    array = tensor.array
    for kind in ("F16", "I32", "BOOL", "F64", "F32", "I64"):
        if kind != tensor.kind:
            with np.errstate(all="ignore"):
                yield mutant(f"as {kind}", lambda kind=kind: tensor.holding(np.nan_to_num(array).astype(KINDS[kind])))
    shapes = {
        "flat": lambda: array.reshape(-1),
        "with an axis more": lambda: array[None],
        "turned": lambda: array.T,
        "empty": lambda: array[:0],
        "longer": lambda: np.concatenate([array, array]),
        "a series fewer": lambda: array[:-1],
        "as one number": lambda: array.reshape(-1)[:1].reshape(()) if array.size else np.zeros((), array.dtype),
    }
    for name, shaped in shapes.items():
        yield mutant(name, lambda shaped=shaped: tensor.holding(shaped()))
    if not array.size:
        return
    for name, number in (WHOLE if tensor.kind == "I64" else NUMBERS).items():
        for where, places in (("first", slice(1)), ("all", slice(None))):
            made = partial(_with, tensor, number, places)
            yield mutant(f"{name} in {where}", made)


def _with(tensor: Tensor, number: float, places: slice) -> Tensor:
    """The tensor with a number in some of its places."""
    changed = tensor.array.copy()
    with np.errstate(all="ignore"):
        changed.reshape(-1)[places] = number
    return tensor.holding(changed)


def _of_bytes(good: ModelFile) -> Iterator[Mutant]:
    """Changes of the file as a whole: its length, its order, what stands between, what is said of where tensors lie."""
    data = good.written()
    (length,) = struct.unpack_from("<Q", data)
    text = data[8 : 8 + length]
    for share in range(20):
        yield Mutant(f"its first {share} of 20 parts", lambda share=share: data[: len(data) * share // 20])
    for size in (0, 1, 2**20, 10**8, 10**8 + 1, 2**31, 2**63, 2**64 - 1):
        yield Mutant(f"a header of {size} bytes", lambda size=size: struct.pack("<Q", size) + data[8:])
    yield Mutant("blanks after it", lambda: data + b" ")
    yield Mutant(
        "a header with blanks", lambda: signed(struct.pack("<Q", length + 3) + text + b"   " + data[8 + length :])
    )
    yield Mutant("tensors in another order", lambda: replace(good, tensors=good.tensors[::-1]).written())
    yield Mutant("no tensors", lambda: replace(good, tensors=()).written())
    yield Mutant("nested deeply", lambda: struct.pack("<Q", 200_005) + b'{"a":' + b"[" * 100_000 + b"]" * 100_000)
    start = text.rindex(b'"data_offsets":[') + len(b'"data_offsets":[')
    for offsets in (b"0,8", b"-8,8", b"8,0", b"0,99999999999999", b"0.5,8.5", b"0,1e400", b"null,8", b"8"):

        def made(offsets: bytes = offsets) -> bytes:
            changed = text[:start] + offsets + text[text.index(b"]", start) :]
            return signed(struct.pack("<Q", len(changed)) + changed + data[8 + length :])

        yield Mutant(f"a tensor at {offsets.decode()}", made)

"""Ranks: the processes of one training, each of which learns from its own series of every batch.

All ranks hold the same panel and the same weights, and take the same steps; between them pass only sums of gradients
and the results of work that they share. No torch is imported here, so that any room may hold them.
"""

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnncast.errors import RnncastError
from rnncast.training.checkpoint import Arrays

if TYPE_CHECKING:
    from torch import Tensor

T = TypeVar("T")
OWN = ("state.", "generator.")  # arrays of a learner that differ between ranks


class Exchange(Protocol):
    """Exchange between ranks. Both methods raise RnncastError if another rank has ended or does not answer."""

    def add(self, values: "Tensor") -> None:
        """Replace values by their sum over all ranks, the same to the bit on each."""

    def gather(self, data: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Return the bytes of each rank, in their order."""


@dataclass(frozen=True)
class Ranks:
    """Rank of this process, counted from 0, among `size` that train together.

    exchange: None for a process that trains alone, for which every method returns what it is given.
    """

    rank: int = 0
    size: int = 1
    exchange: Exchange | None = field(default=None, compare=False)

    @property
    def first(self) -> bool:
        """True for the rank that speaks and writes."""
        return self.rank == 0

    def own_of_batch(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the rank's series of a batch: every Nth of them, so that all have series of all lengths."""
        return rows if self.size == 1 else rows[self.rank :: self.size]

    def own_of(self, number: int) -> NDArray[np.int64]:
        """Return the rank's part of things that are counted from 0: neighbours, in the order of the ranks."""
        return np.array_split(np.arange(number), self.size)[self.rank]

    def add(self, tensors: "Iterable[Tensor]") -> None:
        """Replace tensors of one kind by their sums over all ranks."""
        if self.exchange is None:
            return
        import torch

        tensors = list(tensors)
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        self.exchange.add(flat)
        start = 0
        for tensor in tensors:
            tensor.copy_(flat[start : start + tensor.numel()].view_as(tensor))
            start += tensor.numel()

    def total(self, value: "Tensor") -> "Tensor":
        """Return the sum of a value over all ranks."""
        if self.exchange is None:
            return value
        summed = value.detach().clone()
        self.exchange.add(summed)
        return summed

    def summed(self, *values: float) -> tuple[float, ...]:
        """Return the sum of each number over all ranks."""
        if self.exchange is None:
            return values
        import torch

        sums = torch.tensor(values, dtype=torch.float64)
        self.exchange.add(sums)
        return tuple(sums.tolist())

    def any(self, flag: bool) -> bool:
        """Return whether a flag is set on any rank."""
        return flag if self.exchange is None else self.summed(float(flag))[0] > 0

    def of_first(self, value: float) -> float:
        """Return the number that the first rank has, for decisions that must be the same on all."""
        if self.exchange is None or math.isnan(value):
            return value
        return self.summed(value if self.first else 0.0)[0]

    def gathered(self, arrays: Mapping[str, NDArray[Any]]) -> list[Arrays]:
        """Return the named arrays of each rank, in their order."""
        if self.exchange is None:
            return [dict(arrays)]
        return [_unpacked(data) for data in self.exchange.gather(_packed(arrays))]

    def told(self, plain: Any) -> list[Any]:
        """Return the plain values, such as JSON holds, of each rank, in their order."""
        if self.exchange is None:
            return [plain]
        text = np.frombuffer(json.dumps(plain).encode(), np.uint8)
        return [json.loads(data.tobytes()) for data in self.exchange.gather(text)]

    def together(self, work: Callable[[], T]) -> T:
        """Return the result of work that all ranks do. Raises the error of the first of them that cannot, on all."""
        if self.exchange is None:
            return work()
        result, error = list[T](), None
        try:
            result.append(work())
        except RnncastError as found:
            error = found
        told = self.told(None if error is None else [error.message, error.hint, int(error.exit_code)])
        failed = next((rank for rank, each in enumerate(told) if each is not None), None)
        if failed is None:
            return result[0]
        if failed == self.rank and error is not None:
            raise error
        message, hint, code = told[failed]
        error = RnncastError(message, hint)
        error.exit_code = type(error.exit_code)(code)
        raise error

    def joined(self, parts: Sequence[NDArray[Any]]) -> list[NDArray[Any]]:
        """Return arrays of which each rank has the rows `own_of` it, whole."""
        if self.exchange is None:
            return list(parts)
        every = self.gathered({str(number): part for number, part in enumerate(parts)})
        return [np.concatenate([each[str(number)] for each in every]) for number in range(len(parts))]

    def kept(self, arrays: Arrays) -> Arrays:
        """Return the arrays of a learner with those of the other ranks that differ, for a checkpoint."""
        every = self.gathered({name: array for name, array in arrays.items() if name.startswith(OWN)})
        others = [(rank, name) for rank in range(1, self.size) for name in every[rank]]
        return arrays | {f"rank.{rank}.{name}": every[rank][name] for rank, name in others}

    def restored(self, arrays: Arrays) -> Arrays:
        """Return the arrays of this rank's learner among those that `kept` returned."""
        shared = {name: array for name, array in arrays.items() if not name.startswith("rank.")}
        if self.first:
            return shared
        prefix = f"rank.{self.rank}."
        own = {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}
        return {name: array for name, array in shared.items() if not name.startswith(OWN)} | own


ALONE = Ranks()


def _packed(arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.uint8]:
    file = BytesIO()
    np.savez(file, **dict(arrays))  # type: ignore[arg-type]
    return np.frombuffer(file.getbuffer(), np.uint8)


def _unpacked(data: NDArray[np.uint8]) -> Arrays:
    with np.load(BytesIO(data.tobytes())) as file:
        return {name: file[name] for name in file.files}

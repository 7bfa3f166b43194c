"""Ranks of one training in this process: threads that take turns, and pass on what they exchange."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rnncast.errors import RnncastError
from rnncast.training.ranks import Ranks

T = TypeVar("T")


@dataclass
class Table:
    """Where all lay what they pass on. One computes at a time, since torch has generators and settings for all."""

    size: int
    turn: threading.Condition = field(default_factory=threading.Condition)
    laid: dict[int, Any] = field(default_factory=dict)
    here: int = 0
    round: int = 0
    ended: bool = False

    def wait(self) -> None:
        """Wait until all are here, or one of them has ended by an error and will never be."""
        self.here, now = self.here + 1, self.round
        if self.here == self.size:
            self.here, self.round = 0, now + 1
            self.turn.notify_all()
        elif not self.turn.wait_for(lambda: self.round > now or self.ended, timeout=60) or self.round == now:
            raise RnncastError("another rank has ended")


@dataclass
class Seat:
    """The exchange of one of them."""

    table: Table
    rank: int

    def laid(self, value: Any) -> list[Any]:
        self.table.laid[self.rank] = value
        self.table.wait()
        every = [self.table.laid[rank] for rank in range(self.table.size)]
        self.table.wait()
        return every

    def add(self, values: Tensor) -> None:
        first, *others = self.laid(values.clone())
        values.copy_(sum(others, start=first))

    def gather(self, data: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        return self.laid(data)


def in_ranks(size: int, work: Callable[[Ranks], T]) -> list[T | BaseException]:
    """What the work of each rank returns, or raises."""
    table, found = Table(size), dict[int, T | BaseException]()

    def run(rank: int) -> None:
        with table.turn:
            try:
                found[rank] = work(Ranks(rank, size, Seat(table, rank)))
            except BaseException as error:
                found[rank], table.ended = error, True
                table.turn.notify_all()

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [found[rank] for rank in range(size)]

"""Cached values that depend on the grid position alone, computed for a block of positions at a time.

A stream asks for the times and calendar of almost the same steps again and again, one or a few at a time.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.times.frequency import Frequency, Positions

BLOCK = 256  # positions
BLOCKS = 64  # kept in the cache


def in_blocks(made: Callable[[Positions], NDArray[Any]], frequency: Frequency) -> Callable[[int, int], NDArray[Any]]:
    """Return a cached form of `made`, which computes a value for each grid position on its own.

    The result takes the first position and the number of positions.
    """

    @lru_cache(maxsize=BLOCKS)
    def block(number: int) -> NDArray[Any]:
        positions = np.arange(number * BLOCK, (number + 1) * BLOCK)
        return made(np.clip(positions, *frequency.reach))  # positions outside the calendar are never asked for

    def of(first: int, steps: int) -> NDArray[Any]:
        number, start = divmod(first, BLOCK)
        if start + steps <= BLOCK:
            return block(number)[start : start + steps]
        blocks = [block(each) for each in range(number, (first + steps - 1) // BLOCK + 1)]
        return np.concatenate(blocks)[start : start + steps]

    return of

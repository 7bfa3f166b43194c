"""Runs of rows of the same series, so that work on series need not look at every row."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.files.formats.cells import CellCodes, Mask
from rnncast.times.frequency import Positions


class Runs(NamedTuple):
    """Runs of rows of the same series: the series, the first row, and the row after the last, each [R]."""

    series: CellCodes
    start: NDArray[np.int64]
    stop: NDArray[np.int64]

    @classmethod
    def of(cls, series: CellCodes) -> "Runs":
        """Find the runs in the series [N] of rows."""
        borders = np.flatnonzero(series[1:] != series[:-1]) + 1
        start = np.concatenate([[0], borders]) if len(series) else borders
        return cls(series[start], start, np.append(start[1:], len(series)) if len(series) else borders)

    def counts(self, size: int) -> NDArray[np.int64]:
        """Return the number of rows of each of `size` series."""
        return np.bincount(self.series, self.stop - self.start, size).astype(np.int64)

    def rows(self, chosen: Mask) -> NDArray[np.int64]:
        """Return the rows of the chosen series [S], grouped by series."""
        picked = np.flatnonzero(chosen[self.series])
        picked = picked[np.argsort(self.series[picked], kind="stable")]
        start, length = self.start[picked], (self.stop - self.start)[picked]
        return np.repeat(start - (np.cumsum(length) - length), length) + np.arange(length.sum())

    def extents(self, places: CellCodes, size: int) -> tuple[Positions, Positions]:
        """Return the lowest and the highest place [N] of each of `size` series; 0 and -1 for one without rows."""
        low, high = np.full(size, np.iinfo(np.int64).max), np.full(size, np.iinfo(np.int64).min)
        if len(self.start):
            np.minimum.at(low, self.series, np.minimum.reduceat(places, self.start))
            np.maximum.at(high, self.series, np.maximum.reduceat(places, self.start))
        none = low > high
        return np.where(none, 0, low), np.where(none, -1, high)

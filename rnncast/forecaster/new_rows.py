"""Checks that new rows follow the saved state of their series, with the same errors for `update` and for streams."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rnncast.errors import DataError
from rnncast.series.panel import Columns
from rnncast.times.frequency import Frequency

MOST_GAP = 10_000  # steps that may be missing at once; more indicates a mistaken time


@dataclass(frozen=True)
class Kept:
    """Series with a saved state, the grid of their times, and the columns by which they are shown."""

    ids: tuple[str, ...]
    frequency: Frequency
    columns: Columns

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {name: s for s, name in enumerate(self.ids)}

    def place(self, name: str) -> int:
        """Return the place of a series among those kept. Raises DataError if it is not one of them."""
        if name not in self._places:
            raise DataError(
                f"the model has no state for series {self.columns.label(name)!r}",
                hint="train with it, or forecast from its whole history, without --continue or --follow",
            )
        return self._places[name]

    def check(self, name: str, first: int, cutoff: int, *, gaps: bool, single: bool = False) -> None:
        """Raise DataError if new rows of a series, from grid position `first`, do not follow a state that ends at
        `cutoff`.

        That is so if the state holds them already, or steps are missing. gaps: whether some may be missing. single:
        whether it is one row of a stream.
        """
        missing = first - cutoff - 1
        if 0 <= missing <= (MOST_GAP if gaps else 0):
            return
        begin, end = self.columns.written(self.frequency.times(np.array([first, cutoff])))
        rows = (
            f"the row{self.columns.of_series(name)} is" if single else f"the rows{self.columns.of_series(name)} begin"
        )
        if missing < 0:
            raise DataError(
                f"{rows} at {begin}, but the state already includes everything up to {end}",
                hint="give only rows after that",
            )
        gone = "1 step is" if missing == 1 else f"{missing} steps are"
        raise DataError(
            f"{rows} at {begin}, but the state ends at {end}: {gone} missing",
            hint="give those rows too, or count them as missing with --gaps mask",
        )

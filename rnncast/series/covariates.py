"""Covariates: the exogenous inputs of a Panel, as columns of numbers.

Known covariates are given for future steps too (a price, a holiday), past ones only up to the present (a temperature),
static ones once for each series (the type of a shop). N values, R further steps of known covariates, S series.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.config import ROLES
from rnncast.times.frequency import Positions
from rnncast.values import Values


class Covariate(NamedTuple):
    """A column of covariates: numbers, or if it has levels, categories given as places in `levels`."""

    name: str
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """Columns of covariates: values [n, C], NaN = missing."""

    columns: tuple[Covariate, ...] = ()
    values: Values = field(default_factory=lambda: np.zeros((0, 0)))

    def __post_init__(self) -> None:
        assert not self.columns or self.values.shape[1] == len(self.columns)
        self.values.setflags(write=False)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns."""
        return tuple(column.name for column in self.columns)

    def rows(self, index: NDArray[Any]) -> Values:
        """Return the values at an index of any shape [..., C]; NaN where the index is negative."""
        if not self.columns:
            return np.zeros((*index.shape, 0))
        if not len(self.values):
            return np.full((*index.shape, len(self)), np.nan)
        return np.where((index >= 0)[..., None], self.values[np.maximum(index, 0)], np.nan)

    def take(self, index: NDArray[Any]) -> "Block":
        """Return the chosen rows."""
        return replace(self, values=self.rows(index)) if self.columns else self


@dataclass(frozen=True)
class Covariates:
    """Covariates of a Panel.

    known [N + R], past [N], static [S]; reach [S]: number of steps known beyond each series' end.
    """

    known: Block = field(default_factory=Block)
    past: Block = field(default_factory=Block)
    static: Block = field(default_factory=Block)
    reach: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def blocks(self) -> dict[str, Block]:
        """Blocks by role."""
        return {role: getattr(self, role) for role in ROLES}

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Column names by role."""
        return {role: block.names for role, block in self.blocks.items()}

    def select(self, keep: NDArray[np.int64], before: NDArray[np.int64], lengths: NDArray[np.int64]) -> "Covariates":
        """Return the covariates of the chosen series, each cut from its length `before` [S] to `lengths`.

        Known covariates of the steps cut off stay known.
        """
        there = before + self.reach
        ahead, observed = ragged(_starts(there)[keep], there[keep]), ragged(_starts(before)[keep], lengths)
        places = {role: (ahead if kind.ahead else observed) if kind.by_step else keep for role, kind in ROLES.items()}
        blocks = {role: block.take(places[role]) for role, block in self.blocks.items()}
        return replace(self, reach=there[keep] - lengths, **blocks)

    def until(self, lengths: NDArray[np.int64]) -> "Covariates":
        """Return the covariates without anything known beyond the ends of series of these lengths [S]."""
        if not len(self.known):
            return self
        known = self.known.take(ragged(_starts(lengths + self.reach), lengths))
        return replace(self, known=known, reach=np.zeros_like(self.reach))

    def begun_at(self, before: NDArray[np.int64], lengths: NDArray[np.int64]) -> "Covariates":
        """Return the covariates of series of these lengths [S], with `before` [S] steps in front of which nothing is
        known."""

        def later(block: Block, there: NDArray[np.int64]) -> Block:
            within = ragged(np.zeros_like(there), before + there) - np.repeat(before, before + there)
            first = np.repeat(_starts(there), before + there)
            return block.take(np.where(within < 0, -1, first + within))

        moved = {
            role: later(self.blocks[role], lengths + self.reach if kind.ahead else lengths)
            for role, kind in ROLES.items()
            if kind.by_step
        }
        return replace(self, reach=self.reach, **moved)

    def extended(self, future: "Future", ids: Sequence[str], start: Positions, lengths: Positions) -> "Covariates":
        """Return the covariates with those known of the future, which replace known ones where they overlap."""
        series, ahead, block = future.placed(ids, start + lengths - 1)
        series, ahead, block = series[ahead > 0], ahead[ahead > 0], block.take(np.flatnonzero(ahead > 0))
        reach = self.reach.copy()
        np.maximum.at(reach, series, ahead)
        known = np.full((int((lengths + reach).sum()), len(self.known)), np.nan)
        known[ragged(_starts(lengths + reach), lengths + self.reach)] = self.known.values
        columns = []
        for i, column in enumerate(self.known.columns):
            given = block.columns[block.names.index(column.name)]
            levels = tuple(dict.fromkeys((*column.levels, *given.levels)))
            columns.append(Covariate(column.name, levels))
            values = recoded(block.values[:, block.names.index(column.name)], given, levels)
            known[(_starts(lengths + reach) + lengths)[series] + ahead - 1, i] = values
        return replace(self, known=Block(tuple(columns), known), reach=reach)


@dataclass(frozen=True)
class Future:
    """Known covariates of future steps: rows [n] of the series ids[series[i]] at grid positions [n].

    positions: None if steps are merely numbered; the rows of a series then follow its end one by one. every: whether
    the rows belong to every series.
    """

    ids: tuple[str, ...]
    series: NDArray[np.int64]
    positions: Positions | None
    known: Block
    every: bool = False

    def placed(self, ids: Sequence[str], ends: Positions) -> tuple[NDArray[np.int64], NDArray[np.int64], Block]:
        """Return the rows that belong to `ids` [S]: series, number of steps after its end (1 = next), and values."""
        if self.every:
            rows = len(self.series)
            series = np.repeat(np.arange(len(ids)), rows)
            positions = None if self.positions is None else np.tile(self.positions, len(ids))
            each = self.known.take(np.tile(np.arange(rows), len(ids)))
            return Future(tuple(ids), series, positions, each).placed(ids, ends)
        place = {name: s for s, name in enumerate(ids)}
        codes = np.array([place.get(name, -1) for name in self.ids], np.int64)[self.series]
        kept = np.flatnonzero(codes >= 0)
        positions = self.positions
        ahead = 1 + _counted(self.series)[kept] if positions is None else positions[kept] - ends[codes[kept]]
        return codes[kept], ahead, self.known.take(kept)


def recoded(values: Values, column: Covariate, levels: tuple[str, ...]) -> Values:
    """Return categories as places in other levels; len(levels) for one that is not among them."""
    if not column.levels:
        return values
    place = {level: i for i, level in enumerate(levels)}
    codes = np.array([*(place.get(level, len(levels)) for level in column.levels), np.nan])
    result: Values = codes[np.where(np.isnan(values), len(column.levels), values).astype(np.int64)]
    return result


def ragged(starts: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return starts[i], starts[i] + 1, ..., lengths[i] of them, one series after another."""
    within = np.arange(int(lengths.sum())) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return np.repeat(starts, lengths) + within


def _starts(lengths: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.cumsum(lengths) - lengths


def _counted(series: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the number of earlier rows of the same series before each row."""
    order = np.argsort(series, kind="stable")
    counts = np.bincount(series)
    counted = np.empty(len(series), np.int64)
    counted[order] = ragged(np.zeros(len(counts), np.int64), counts)
    return counted

"""Encoding of covariates for a net: standardised numbers, one column for each category, and 0 for missing values.

A number becomes two columns, (x - mean) / deviation and a 1 for "present", so that a missing value is never taken for
the mean. A category becomes a column for each level; a level not seen in training is 0 in all of them.
"""

import math
from collections import Counter
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from rnncast.config import ROLES
from rnncast.errors import DataError, UsageError
from rnncast.plain import from_plain, shown, table
from rnncast.series.covariates import Block, Covariate, Covariates, recoded
from rnncast.series.panel import Panel
from rnncast.values import Values

MOST_LEVELS = 50  # of a category: the most frequent ones; others count as unknown


@dataclass(frozen=True)
class Code:
    """Encoding of one column: by mean and deviation, or by its levels; no column at all if it is not used."""

    name: str
    levels: tuple[str, ...] = ()
    mean: float = 0.0
    deviation: float = 1.0
    used: bool = True

    def __post_init__(self) -> None:
        """Raise ValueError, naming the column, for a field that cannot encode anything."""
        if len(set(self.levels)) < len(self.levels):
            raise ValueError(f"the column {self.name!r} has two levels of one name")
        if not (math.isfinite(self.mean) and 0 < self.deviation < math.inf):
            raise ValueError(f"the column {self.name!r} has mean {self.mean} and deviation {self.deviation}")

    @property
    def width(self) -> int:
        """Number of encoded columns."""
        return (len(self.levels) or 2) * self.used

    def encoded(self, values: Values) -> Values:
        """Return values [...], NaN = missing, as columns [..., width]."""
        if not self.used:
            return np.zeros((*values.shape, 0))
        if self.levels:
            one_hot: Values = (values[..., None] == np.arange(len(self.levels))).astype(np.float64)
            return one_hot
        there = ~np.isnan(values)
        standardised = (np.where(there, values, self.mean) - self.mean) / self.deviation
        return np.stack((standardised, there), -1)


Codes = tuple[Code, ...]


@dataclass(frozen=True)
class Encoding:
    """Encoding of a panel's covariates, fixed once a net is trained on it."""

    known: Codes = ()
    past: Codes = ()
    static: Codes = ()

    @classmethod
    def of(cls, panel: Panel, unused: Collection[str] = ()) -> "Encoding":
        """Return the encoding that suits a panel's covariates, up to the end of each series; some may be unused."""
        if panel.covariates is None:
            return cls()
        given = panel.covariates.until(panel.lengths)
        codes = {role: _codes(block) for role, block in given.blocks.items()}
        return cls(**{r: tuple(replace(c, used=c.name not in unused) for c in own) for r, own in codes.items()})

    @property
    def codes(self) -> dict[str, Codes]:
        """Codes by role."""
        return {role: getattr(self, role) for role in ROLES}

    @property
    def widths(self) -> dict[str, int]:
        """Number of encoded columns, by role."""
        return {role: sum(code.width for code in codes) for role, codes in self.codes.items()}

    @property
    def unused(self) -> tuple[str, ...]:
        """Names of the covariates that are not used."""
        return tuple(code.name for codes in self.codes.values() for code in codes if not code.used)

    def encode(self, panel: Panel) -> Panel:
        """Return the panel with its covariates encoded. Raises DataError if they are not those of this encoding."""
        given = panel.covariates or Covariates()
        for role, block in given.blocks.items():
            names = tuple(code.name for code in self.codes[role])
            if names != block.names:
                raise DataError(
                    f"the model was trained with --{role} {','.join(names) or '(none)'}, "
                    f"and the data have --{role} {','.join(block.names) or '(none)'}",
                    hint="give the columns that it was trained with",
                )
        if panel.covariates is None:
            return panel
        encoded = {
            role: _encoded(recode(block, self.codes[role]), self.codes[role]) for role, block in given.blocks.items()
        }
        return replace(panel, covariates=replace(given, reach=given.reach, **encoded))

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return {role: [asdict(code) for code in codes] for role, codes in self.codes.items()}

    @classmethod
    def from_dict(cls, values: Any) -> "Encoding":
        """Return the Encoding that `to_dict` wrote. Raises UsageError or ValueError, naming the field, if a value is
        invalid."""
        given = table(values, ROLES, ROLES, "role of covariates")
        for role, codes in given.items():
            if not isinstance(codes, list):
                raise UsageError(f"the {role} covariates are {shown(codes)}, but must be a list")
        made = {role: tuple(from_plain(Code, each, "covariate's field") for each in given[role]) for role in ROLES}
        names = [code.name for codes in made.values() for code in codes]
        if twice := next((name for i, name in enumerate(names) if name in names[:i]), None):
            raise UsageError(f"two covariates are called {twice!r}")
        return cls(**made)


def recode(block: Block, codes: Codes) -> Block:
    """Return the same values with categories as places in the levels of their codes.

    Raises DataError if a column of numbers became categories, or the reverse.
    """
    columns = []
    for i, (column, code) in enumerate(zip(block.columns, codes, strict=True)):
        if bool(column.levels) != bool(code.levels) and not np.isnan(block.values[:, i]).all():
            kinds = ("categories", "numbers") if code.levels else ("numbers", "categories")
            raise DataError(f"{column.name!r} held {kinds[0]} in training but holds {kinds[1]} now")
        columns.append(recoded(block.values[:, i], column, code.levels))
    named = tuple(Covariate(code.name, code.levels) for code in codes)
    return Block(named, np.stack(columns, 1)) if columns else Block()


def expand(values: Values, codes: Codes) -> Values:
    """Return recoded values [..., C] as encoded columns [..., width]."""
    parts = [code.encoded(values[..., i]) for i, code in enumerate(codes)]
    return np.concatenate(parts, -1) if parts else np.zeros((*values.shape[:-1], 0))


def _encoded(block: Block, codes: Codes) -> Block:
    names = tuple(Covariate(f"{code.name}.{i}") for code in codes for i in range(code.width))
    return Block(names, expand(block.values, codes)) if names else Block()


def _codes(block: Block) -> list[Code]:
    codes = []
    for i, column in enumerate(block.columns):
        known = block.values[~np.isnan(block.values[:, i]), i]
        if column.levels:
            counts = Counter(known.astype(np.int64).tolist())
            kept = sorted(level for level, _ in counts.most_common(MOST_LEVELS))
            codes.append(Code(column.name, tuple(column.levels[level] for level in kept)))
            continue
        mean, deviation = (float(known.mean()), float(known.std())) if known.size else (0.0, 0.0)
        codes.append(Code(column.name, (), mean, deviation if deviation > 1e-12 * abs(mean) else 1.0))
    return codes

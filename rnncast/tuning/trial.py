"""Trials: settings, and how good they were."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from rnncast.values import Values

MOST_UNITS = 1000  # series scored apart; more are joined into groups of neighbours
PRUNED = "pruned"


@dataclass(frozen=True)
class Trial:
    """A trial of a search; number 0 has the default settings.

    settings: those searched, by name. mase: the score on the held-out origins, None if the trial did not end; why then
    says what ended it: "pruned", or an error. by_series, by_origin: the same score for each series (or group of
    neighbours) and for each origin, NaN where there is none. scores: as in a model.
    """

    number: int
    settings: Mapping[str, Any]
    seconds: float
    mase: float | None = None
    why: str = ""
    by_series: tuple[float, ...] = ()
    by_origin: tuple[float, ...] = ()
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def finished(self) -> bool:
        """True if it was judged."""
        return self.mase is not None

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as plain values, None for NaN."""
        known = {name: [None if np.isnan(v) else v for v in getattr(self, name)] for name in ("by_series", "by_origin")}
        return asdict(self) | known

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Trial":
        """Return the trial that `to_dict` gave."""
        units = {
            name: tuple(np.nan if v is None else float(v) for v in values[name]) for name in ("by_series", "by_origin")
        }
        return cls(**{**values, **units})


def units_of(losses: Values) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return the mean loss [O, S] of each series, or group of neighbours, and of each origin."""
    groups = np.array_split(np.arange(losses.shape[1]), min(losses.shape[1], MOST_UNITS))
    return tuple(_mean(losses[:, group]) for group in groups), tuple(_mean(row) for row in losses)


def _mean(values: Values) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")

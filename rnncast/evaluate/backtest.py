"""Rolling origins: each candidate forecasts from the same pasts, and is scored on what came after."""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.series.forecast import Forecast
from rnncast.series.metrics import mae, mase, seasonal_error, smape
from rnncast.series.panel import Panel
from rnncast.series.splits import Split


class Candidate(NamedTuple):
    """Something that forecasts: its name, and what it makes of the past. It sees nothing else."""

    name: str
    forecast: Callable[[Panel], Forecast]


@dataclass(frozen=True)
class Score:
    """What a candidate scored. mase, smape, mae: [origin], each the mean over series. seconds: all its work."""

    name: str
    mase: NDArray[np.float64]
    smape: NDArray[np.float64]
    mae: NDArray[np.float64]
    seconds: float


@dataclass(frozen=True)
class Comparison:
    """The scores of candidates on the same origins, the best (by mean MASE) first. season: the m of MASE."""

    scores: tuple[Score, ...]
    horizon: int
    season: int
    origins: int
    series: int

    @property
    def names(self) -> list[str]:
        """Column names of `rows`."""
        return ["model", "mase", "smape", "mae", "season", "horizon", "origins", "series", "seconds"]

    @property
    def rows(self) -> list[list[Any]]:
        """A row per candidate, the best first, metrics averaged over origins."""
        facts = [self.season, self.horizon, self.origins, self.series]
        return [
            [
                s.name,
                float(s.mase.mean()),
                float(s.smape.mean()),
                float(s.mae.mean()),
                *facts,
                round(s.seconds, 3),
            ]
            for s in self.scores
        ]

    def __getitem__(self, name: str) -> Score:
        return next(score for score in self.scores if score.name == name)


def backtest(
    candidates: list[Candidate],
    splits: Iterable[Split],
    season: int,
    done: Callable[[str, int], None] = lambda name, origin: None,
) -> Comparison:
    """Score each candidate at each origin; `done` is told after each (its name, the number of the origin)."""
    kept = list(splits)
    assert kept, "a backtest needs an origin"
    rows: dict[str, list[tuple[float, ...]]] = {c.name: [] for c in candidates}
    for origin, split in enumerate(kept, 1):
        scale = seasonal_error(split.seen, season)
        for candidate in candidates:
            began = time.perf_counter()
            point = candidate.forecast(split.seen).point
            seconds = time.perf_counter() - began
            metrics = (mase(split.actual, point, scale), smape(split.actual, point), mae(split.actual, point))
            rows[candidate.name].append((*(_mean(metric) for metric in metrics), seconds))
            done(candidate.name, origin)
    scores = [_score(name, np.array(values)) for name, values in rows.items()]
    ranked = sorted(scores, key=lambda score: float(np.nan_to_num(score.mase.mean(), nan=np.inf)))
    return Comparison(tuple(ranked), kept[0].actual.shape[1], season, len(kept), len(kept[-1].seen))


def _mean(values: NDArray[np.float64]) -> float:
    """The mean over the series that can be scored; NaN if none can."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")


def _score(name: str, values: NDArray[np.float64]) -> Score:
    return Score(name, values[:, 0], values[:, 1], values[:, 2], float(values[:, 3].sum()))

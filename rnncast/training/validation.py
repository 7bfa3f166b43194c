"""Validation of a net while it learns, on origins near the end of the data, nothing of which it has seen after the
first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnncast.choices.effort import FEW_SERIES
from rnncast.choices.task import shortest_series
from rnncast.frame.frame import Frame
from rnncast.intervals.conformal import interval_factors, series_factors, widened
from rnncast.runtime.head import shrunk
from rnncast.runtime.runtime import Runtime
from rnncast.runtime.states import SeriesState
from rnncast.series.metrics import mase, seasonal_error
from rnncast.series.naive import repeat_season
from rnncast.series.panel import Panel
from rnncast.series.splits import Split, rolling_origins
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Weights
from rnncast.training.ranks import ALONE, Ranks
from rnncast.values import Values

ORIGINS = 4  # for few series, if a quarter of the longest has room for them
HELD_BACK = 0.25  # of the longest series, at most, unless there is only one origin
MOST_ORIGINS = 24  # if a tenth of the longest series has room for them: more to judge intervals by
SPARED = 0.1
MOST_OF_MANY = 4  # of many series
FEWEST_SCORED = 24  # values needed for a conclusion
CLEARLY = 0.5  # error ratio that is clearly better
PARTS = (0.5, 0.25)  # candidates for the remaining distance from the naive forecast, relative to that asked for


@dataclass(frozen=True)
class Validation:
    """Origins, and the mean MASE of seasonal naive on them. Training data end at the first.

    spec: of the nets that are judged. ranks: among which their forecasts are divided.
    """

    spec: ModelSpec
    splits: tuple[Split, ...]
    naive: float
    ranks: Ranks = ALONE

    @classmethod
    def of(cls, panel: Panel, spec: ModelSpec, ranks: Ranks = ALONE) -> "Validation | None":
        """Make the validation of a spec, with a net of each kind; None if the panel is too short to spare an
        origin."""
        horizon = spec.task.horizon
        splits = tuple(rolling_origins(panel, horizon, _origins(panel, horizon), shortest_series(horizon)))
        if not splits:
            return None
        season = spec.task.season
        naive = _mean_mase(splits, [repeat_season(split.seen, horizon, season) for split in splits], season)
        return cls(spec.of_members(spec.kinds) if spec.net.members else spec, splits, naive, ranks)

    def of_one_net(self, member: int) -> "Validation":
        """Return the same origins for one of the members alone."""
        return replace(self, spec=self.spec.of_one_net(member))

    def of_pretrained(self) -> "Validation":
        """Return the same origins for the pretrained net alone."""
        return replace(self, spec=self.spec.with_share(0, 1.0))

    @property
    def seen(self) -> Panel:
        """Training data."""
        return self.splits[0].seen

    @property
    def last_value(self) -> float:
        """Mean MASE of repeating the last value, which needs neither a season nor a window."""
        points = [repeat_season(split.seen, split.actual.shape[1], 1) for split in self.splits]
        return _mean_mase(self.splits, points, self.spec.task.season)

    @property
    def horizons(self) -> int:
        """Number of horizons scored, over all series and origins."""
        return sum(self._scored)

    @property
    def independent(self) -> float:
        """Number of horizons that count as independent: series share surprises, so S at one origin count as the root
        of S."""
        return float(np.sqrt(self._scored).sum())

    @property
    def _scored(self) -> list[int]:
        return [int((~np.isnan(split.actual)).any(1).sum()) for split in self.splits]

    @property
    def facts(self) -> dict[str, float]:
        """Return the scores of naive forecasts, by their names in a model, and the number of origins."""
        return {
            "seasonal_naive_mase": self.naive,
            "naive_mase": self.last_value,
            "origins": len(self.splits),
        }

    def score(self, weights: Weights) -> float:
        """Return the mean MASE of the weights' forecasts over series and origins; infinite if nothing can be scored."""
        return self.score_of(self.quantiles(weights))

    def score_of(self, quantiles: Sequence[Values]) -> float:
        """Return the mean MASE of forecasts [S, H, Q] at each origin."""
        points = [each[:, :, each.shape[2] // 2] for each in quantiles]
        return _mean_mase(self.splits, points, self.spec.task.season)

    def losses_of(self, quantiles: Sequence[Values]) -> list[Values]:
        """Return the MASE of each series [S] at each origin, of forecasts [S, H, Q]; NaN if it cannot be scored."""
        points = [each[:, :, each.shape[2] // 2] for each in quantiles]
        return _mases(self.splits, points, self.spec.task.season)

    def factors_of(self, quantiles: Sequence[Values], ids: Sequence[str]) -> tuple[NDArray[np.float32], ...]:
        """Return the factors [H, L] for the widths of the intervals of forecasts [S, H, Q] at each origin, and those of
        each series.

        See `intervals.conformal`. ids: of all series, of which some may be too short to be held out.
        """
        frame, probabilities = Frame.of(self.spec), self.spec.task.quantiles
        actual = frame.transform(np.concatenate([split.actual for split in self.splits]))
        transformed = frame.transform(np.concatenate(list(quantiles)))
        origins = np.repeat(np.arange(len(self.splits)), [len(split.seen) for split in self.splits])
        place = {name: s for s, name in enumerate(ids)}
        series = np.array([place[name] for split in self.splits for name in split.seen.ids])
        known, of_others = series_factors(actual, transformed, probabilities, (origins, series))
        factors = interval_factors(actual, widened(transformed, of_others), probabilities, origins)
        own = np.concatenate((known, np.ones(len(ids) - len(known))))
        return factors.astype(np.float32), own.astype(np.float32)

    def quantiles(self, weights: Weights) -> list[Values]:
        """Return the weights' forecasts [S, H, Q] at each origin."""
        runtime, horizon = Runtime(self.spec, weights), self.spec.task.horizon
        ranks = self.ranks if min(len(split.seen) for split in self.splits) >= self.ranks.size else ALONE
        states = self._states(runtime, [_own_part(split, ranks) for split in self.splits])
        return ranks.joined([runtime.forecast_panel(split.seen, horizon, state) for split, state in states])

    def _states(self, runtime: Runtime, splits: Sequence[Split]) -> Iterator[tuple[Split, SeriesState]]:
        """Yield each origin with the state there, continued from the origin before if that had the same series."""
        before, state = None, None
        for split in splits:
            if before is not None and state is not None and before.ids == split.seen.ids:
                state = runtime.replay(split.seen, state, self.spec.task.horizon)
            else:
                state = runtime.replay(split.seen)
            before = split.seen
            yield split, state

    def shrinkage(self, weights: Weights) -> tuple[float, float]:
        """Return the shrinkage of weights towards the naive forecast, from 0 (none) to 1, and their score with it.

        It is that of the spec, but none if the net is clearly better than that, and more if the naive forecast is no
        worse, over enough values to tell.
        """
        asked = self.spec.train.shrinkage
        score, whole = self.score(shrunk(weights, asked)), self.score(weights)
        if asked < 1 and whole < CLEARLY * score:
            return 0.0, whole
        scored = sum(int((~np.isnan(split.actual)).sum()) for split in self.splits)
        if scored < FEWEST_SCORED:
            return asked, score
        naive = self.score(shrunk(weights, 1.0))
        if score < naive:
            return asked, score
        further = [1 - part * (1 - asked) for part in PARTS]
        scores = {**{each: self.score(shrunk(weights, each)) for each in further}, 1.0: naive}
        shrinkage = min(scores, key=lambda each: scores[each])
        return shrinkage, scores[shrinkage]


def _own_part(split: Split, ranks: Ranks) -> Split:
    """Return a rank's part of the series at an origin."""
    if ranks.size == 1:
        return split
    rows = ranks.own_of(len(split.seen))
    return Split(split.seen.select(rows, split.seen.lengths[rows]), split.actual[rows])


def _origins(panel: Panel, horizon: int) -> int:
    """Return the number of origins, a horizon apart, that can be held out."""
    longest = int(panel.lengths.max())
    spared = int(SPARED * longest / horizon)
    if len(panel) >= FEW_SERIES:
        return max(1, min(spared, MOST_OF_MANY))
    return max(1, min(int(HELD_BACK * longest / horizon), ORIGINS), min(spared, MOST_ORIGINS))


def _mean_mase(splits: tuple[Split, ...], points: list[NDArray[np.float64]], season: int) -> float:
    known = np.concatenate(_mases(splits, points, season))
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else float("inf")


def _mases(splits: tuple[Split, ...], points: list[NDArray[np.float64]], season: int) -> list[Values]:
    return [
        mase(split.actual, point, seasonal_error(split.seen, season))
        for split, point in zip(splits, points, strict=True)
    ]

"""Judging a net while it learns: on origins near the end of the data, of which it has seen nothing beyond the first."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncast.choices import FEW_SERIES, shortest_series
from rnncast.config import Config
from rnncast.runtime.head import tempered
from rnncast.runtime.runtime import Runtime
from rnncast.runtime.states import SeriesState
from rnncast.series.metrics import mase, seasonal_error
from rnncast.series.naive import repeat_season
from rnncast.series.panel import Panel
from rnncast.series.splits import Split, rolling_origins

Weights = dict[str, NDArray[np.float32]]
MOST_ORIGINS = 4  # of few series; more series need but one
HELD_BACK = 0.25  # of the longest series, at most, where it is not one origin alone
FEWEST_SCORED = 24  # values, that say anything
PART_TRUSTS = (0.5, 0.25)  # shares of the way from the naive forecast to the net's


@dataclass(frozen=True)
class Validation:
    """The origins, and the mean MASE of seasonal naive on them. What is trained on ends at the first."""

    config: Config
    splits: tuple[Split, ...]
    naive: float

    @classmethod
    def of(cls, panel: Panel, config: Config) -> "Validation | None":
        """The validation of a resolved Config on a panel; None if the panel is too short to spare an origin."""
        horizon = config.task.horizon or 1
        several = int(HELD_BACK * panel.lengths.max() / horizon) if len(panel) < FEW_SERIES else 1
        origins = min(max(several, 1), MOST_ORIGINS)
        splits = tuple(rolling_origins(panel, horizon, origins, shortest_series(horizon)))
        if not splits:
            return None
        season = (config.task.seasons or (1,))[0]
        naive = _mean_mase(splits, [repeat_season(split.seen, horizon, season) for split in splits], season)
        return cls(config, splits, naive)

    @property
    def seen(self) -> Panel:
        """What may be trained on."""
        return self.splits[0].seen

    def score(self, weights: Weights) -> float:
        """Mean MASE of the weights' forecasts over series and origins; infinite where nothing could be scored."""
        runtime, horizon = Runtime(self.config.of_one_net(), weights), self.config.task.horizon or 1
        middle = runtime.head.middle
        points = [
            runtime.forecast_panel(split.seen, horizon, state)[:, :, middle] for split, state in self._states(runtime)
        ]
        return _mean_mase(self.splits, points, (self.config.task.seasons or (1,))[0])

    def _states(self, runtime: Runtime) -> Iterator[tuple[Split, SeriesState]]:
        """Each origin with the state there, which goes on from the origin before if that had the same series."""
        before, state = None, None
        for split in self.splits:
            if before is not None and state is not None and before.ids == split.seen.ids:
                state = runtime.state_after(state, split.seen, self.config.task.horizon or 1)
            else:
                state = runtime.final_state(split.seen)
            before = split.seen
            yield split, state

    def trusted(self, weights: Weights, score: float) -> tuple[float, float]:
        """How far to trust weights of a known score, from 0, the naive forecast, to 1; and the score they then have.

        Less than 1 only where the naive forecast is no worse than the net, over enough values to tell.
        """
        scored = sum(int((~np.isnan(split.actual)).sum()) for split in self.splits)
        if scored < FEWEST_SCORED:
            return 1.0, score
        naive = self.score(tempered(weights, 0.0))
        if score < naive:
            return 1.0, score
        scores = {**{trust: self.score(tempered(weights, trust)) for trust in PART_TRUSTS}, 0.0: naive}
        trust = min(scores, key=lambda each: scores[each])
        return trust, scores[trust]


def _mean_mase(splits: tuple[Split, ...], points: list[NDArray[np.float64]], season: int) -> float:
    scores = [
        mase(split.actual, point, seasonal_error(split.seen, season))
        for split, point in zip(splits, points, strict=True)
    ]
    known = np.concatenate(scores)
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else float("inf")

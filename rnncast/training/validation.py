"""Judging a net while it learns: on origins near the end of the data, of which it has seen nothing beyond the first."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnncast.choices import shortest_series
from rnncast.config import Config
from rnncast.runtime.head import tempered
from rnncast.runtime.runtime import Runtime
from rnncast.runtime.states import SeriesState
from rnncast.series.beside import ahead
from rnncast.series.metrics import mase, seasonal_error
from rnncast.series.naive import repeat_season
from rnncast.series.panel import Panel
from rnncast.series.splits import Split, rolling_origins

Weights = dict[str, NDArray[np.float32]]
FEW_SERIES = 10  # so few are judged on several origins, if they are long enough; more need but one
MOST_ORIGINS = 4
HELD_BACK = 0.25  # of the longest series, at most, where it is not one origin alone
FEWEST_SCORED = 24  # values, that say anything
TRUSTS = (0.5, 0.25, 0.0)  # shares of the way from the naive forecast to the net's


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
        alone = replace(self.config, train=replace(self.config.train, members=1))
        runtime, horizon = Runtime(alone, weights), self.config.task.horizon or 1
        middle = runtime.head.middle
        points = []
        for split, state in self._states(runtime):
            known_ahead = ahead(split.seen, np.arange(len(split.seen)), runtime.frame.cycles, horizon)
            points.append(runtime.forecast_all(state, known_ahead)[:, :, middle])
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

    def trusted(self, weights: Weights) -> tuple[float, float]:
        """How far to trust the weights, from 0, the naive forecast, to 1; and the score that they then have.

        Less than 1 only where the naive forecast is no worse than the net, over enough values to tell.
        """
        whole = self.score(weights)
        scored = sum(int((~np.isnan(split.actual)).sum()) for split in self.splits)
        if scored < FEWEST_SCORED or whole < self.score(tempered(weights, 0.0)):
            return 1.0, whole
        scores = [(self.score(tempered(weights, share)), share) for share in TRUSTS]
        score, trust = min(scores, key=lambda each: each[0])
        return trust, score


def _mean_mase(splits: tuple[Split, ...], points: list[NDArray[np.float64]], season: int) -> float:
    scores = [
        mase(split.actual, point, seasonal_error(split.seen, season))
        for split, point in zip(splits, points, strict=True)
    ]
    known = np.concatenate(scores)
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else float("inf")

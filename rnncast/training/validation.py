"""Judging a net while it learns: on origins near the end of the data, of which it has seen nothing beyond the first."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rnncast.choices import shortest_series
from rnncast.config import Config
from rnncast.runtime.runtime import Runtime
from rnncast.series.metrics import mase, seasonal_error
from rnncast.series.naive import repeat_season
from rnncast.series.panel import Panel
from rnncast.series.splits import Split, rolling_origins

FEW_SERIES = 10  # so few are judged on two origins, if they are long enough; more need but one
HORIZONS_FOR_TWO = 6  # in the longest series


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
        two = len(panel) < FEW_SERIES and panel.lengths.max() >= HORIZONS_FOR_TWO * horizon
        splits = tuple(rolling_origins(panel, horizon, 2 if two else 1, shortest_series(horizon)))
        if not splits:
            return None
        season = (config.task.seasons or (1,))[0]
        naive = _mean_mase(splits, [repeat_season(split.seen, horizon, season) for split in splits], season)
        return cls(config, splits, naive)

    @property
    def seen(self) -> Panel:
        """What may be trained on."""
        return self.splits[0].seen

    def score(self, weights: dict[str, NDArray[np.float32]]) -> float:
        """Mean MASE of the weights' forecasts over series and origins; infinite where nothing could be scored."""
        alone = replace(self.config, train=replace(self.config.train, members=1))
        runtime, horizon = Runtime(alone, weights), self.config.task.horizon or 1
        middle = runtime.head.middle
        points = [runtime.forecast_panel(split.seen, horizon)[:, :, middle] for split in self.splits]
        return _mean_mase(self.splits, points, (self.config.task.seasons or (1,))[0])


def _mean_mase(splits: tuple[Split, ...], points: list[NDArray[np.float64]], season: int) -> float:
    scores = [
        mase(split.actual, point, seasonal_error(split.seen, season))
        for split, point in zip(splits, points, strict=True)
    ]
    known = np.concatenate(scores)
    known = known[~np.isnan(known)]
    return float(known.mean()) if known.size else float("inf")

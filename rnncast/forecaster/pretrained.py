"""Forecasts of a panel by the pretrained net, which has not seen it and is not trained on it. NumPy alone.

B series side by side, T steps, H steps ahead, P paths.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnncast.choices.choice import GIVEN
from rnncast.choices.task import bounds_of, horizon_of, seasons_of
from rnncast.config import PRETRAINED, Config, TaskConfig
from rnncast.errors import DataError
from rnncast.forecaster.given import check_finite, check_reach
from rnncast.intervals.copula import Copula, templates_of
from rnncast.intervals.quantiles import requantiled, scores_at, values_at
from rnncast.pretrained.net import CELLS, PROBABILITIES, Local, Weights, local_forecast
from rnncast.pretrained.past import Seasons
from rnncast.pretrained.weights import pretrained_weights
from rnncast.runtime.memory import check_paths
from rnncast.series.forecast import ANYTHING, Bounds, Forecast, Paths, within
from rnncast.series.panel import Panel
from rnncast.series.sizes import check_sizes
from rnncast.series.splits import aligned_origins, drawn_origins
from rnncast.values import Values

ROWS = 512  # series side by side, at most
FEWEST_ORIGINS = 5  # past origins needed to learn the correlation of lead times
SEED = 1


@dataclass(frozen=True)
class Pretrained:
    """Pretrained net, set to a horizon and to the seasons of some data, the main one first, each with a reason.

    No series is remembered: a forecast depends on the panel that is given, and on nothing else.
    """

    horizon: int
    seasons: tuple[int, ...]
    why: tuple[str, str, str] = (GIVEN, GIVEN, GIVEN)  # of the horizon, of the seasons, of the lower bound
    bounds: Bounds = ANYTHING

    @classmethod
    def of(cls, panel: Panel, asked: TaskConfig) -> "Pretrained":
        """Return the net with the horizon and seasons asked for, or else those that training on the panel would choose.

        Raises DataError if the panel holds a value that is too large; UsageError if one lies beyond a bound.
        """
        check_sizes(panel)
        config = Config(task=asked)
        seasons, why_seasons = seasons_of(config, panel, int(panel.lengths.max(initial=0)))
        horizon, why_horizon = horizon_of(config, seasons[0] if seasons else 1)
        (minimum, why_minimum), (maximum, _) = bounds_of(asked, panel).values()
        return cls(horizon, seasons, (why_horizon, why_seasons, why_minimum), (minimum, maximum))

    @property
    def floored(self) -> bool:
        """True if there is a lower bound."""
        return self.bounds[0] > ANYTHING[0]

    @cached_property
    def weights(self) -> Weights:
        """Weights shipped with the package."""
        return pretrained_weights()

    def predict(self, panel: Panel, probabilities: tuple[float, ...], *, by_level: bool = True) -> Forecast:
        """Forecast the next values of each series, with quantiles at rising probabilities.

        Raises DataError if a forecast leaves the calendar; ForecastError if it is not finite.
        """
        check_sizes(panel)
        check_reach(panel.frequency, panel.ids, panel.ends, self.horizon, panel.columns)
        wanted = tuple(sorted({*probabilities, 0.5}))
        found = self._each(panel, len(wanted), lambda rows, local: requantiled(local.quantiles, PROBABILITIES, wanted))
        shown = [wanted.index(p) for p in probabilities]
        point, quantiles = found[:, :, wanted.index(0.5)], found[:, :, shown]
        ids, cutoff, columns = panel.ids, panel.ends, panel.columns
        forecast = Forecast(ids, cutoff, point, quantiles, probabilities, panel.frequency, columns)
        return replace(forecast, by_level=by_level, bounds=self.bounds)

    def sample(self, panel: Panel, paths: int) -> Paths:
        """Draw sample paths of each series, with the quantiles of `predict` at each lead time.

        The correlation of lead times is learnt from past origins of the panel. Raises DataError if it has too few of
        them; other errors as `predict`.
        """
        check_sizes(panel)
        check_reach(panel.frequency, panel.ids, panel.ends, self.horizon, panel.columns)
        check_paths(paths, len(panel) * self.horizon)
        copula = self._copula(panel)

        def drawn(rows: NDArray[np.int64], local: Local) -> Values:
            scores = copula.scores(paths, SEED, [panel.ids[s] for s in rows])  # [B, H, P]
            return values_at(local.quantiles, PROBABILITIES, scores)

        return Paths(panel.ids, panel.ends, self._each(panel, paths, drawn), panel.frequency, panel.columns)

    def _each(self, panel: Panel, width: int, values: Callable[[NDArray[np.int64], Local], Values]) -> Values:
        """Return `values` of the quantiles of the chosen series [B], [B, H, width], for all series and in their
        units."""
        found = np.empty((len(panel), self.horizon, width))
        for rows, local in self._local(panel):
            found[rows] = within(local.in_units(values(rows, local)), self.bounds)
        check_finite(found, PRETRAINED, panel.ids, panel.columns)
        return found

    def _local(self, panel: Panel) -> Iterator[tuple[NDArray[np.int64], Local]]:
        """Yield quantiles of series of similar length, which are stepped side by side."""
        season, second = (*sorted(self.seasons[:2]), 0, 0)[:2]
        order, lengths = np.argsort(panel.lengths, kind="stable"), panel.lengths
        behind = Seasons(season or 1, second).lookback // 8  # the lookback takes less memory per step than the steps
        first = 0
        while first < len(order):
            some = order[first : first + ROWS]
            widest = np.maximum(lengths[some], max(self.horizon, behind))
            rows = some[: max(1, int((np.arange(1, len(some) + 1) * widest <= CELLS).sum()))]
            y = panel.padded(rows, align="end")
            yield rows, local_forecast(self.weights, y, self.horizon, season or 1, second)
            first += len(rows)

    def _copula(self, panel: Panel) -> Copula:
        """Return the copula learnt from values observed after past origins, as normal scores in the forecasts made
        there."""
        aligned = aligned_origins(panel, self.horizon) if len(panel) > 1 else None
        seen, actual = drawn_origins(panel, self.horizon, SEED) if aligned is None else aligned.split
        if len(seen) < FEWEST_ORIGINS:
            raise DataError(
                f"too few rows for --paths: the correlation between {self.horizon} steps is learnt from at least "
                f"{FEWEST_ORIGINS} past forecasts, and these series have room for {len(seen)}",
                hint="give more history, or a smaller --horizon",
            )
        scores = np.empty(actual.shape)
        for rows, local in self._local(seen):
            came = np.where(local.logs[:, None], np.log(np.maximum(actual[rows], np.finfo(float).tiny)), actual[rows])
            scores[rows] = scores_at(local.quantiles, PROBABILITIES, came)
        return Copula.alone(templates_of(scores)) if aligned is None else Copula.of(aligned.laid(scores))

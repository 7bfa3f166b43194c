"""Linear forecasts: each lead time from the last values of a series, by weights that all series share.

    forecast(h) = level + sum over lags k of weight(k, h) * (value(t-k) - level)

The level is the mean of the last span values, so that the forecast moves with the level of a series and grows with its
scale, and nothing else of a series needs to be known (NLinear: Zeng et al. 2023, Are transformers effective for time
series forecasting?). The weights are those of a ridge regression (`training.regression`).

B series side by side, L lags, H horizon, Q quantiles. Transformed values, in NumPy arrays and torch tensors alike.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnncast.series.arrays import Array
from rnncast.spec import ModelSpec
from rnncast.values import Values

WEIGHT = "linear.weight"  # its name in a model


@dataclass(frozen=True)
class LinearForecast:
    """Weights [L, H] of the lags, the oldest first, and the values whose mean is the level."""

    weight: Array
    span: int

    @classmethod
    def of(cls, spec: ModelSpec, weights: Mapping[str, NDArray[np.float32]]) -> "LinearForecast":
        """Return the linear forecast of a model."""
        return cls(weights[WEIGHT].astype(np.float64), spec.task.season)

    def points(self, values: Array) -> Array:
        """Return forecasts [B, H] of what follows values [B, >= L]; NaN where one of the last L is missing."""
        seen = values[:, -len(self.weight) :]
        level = seen[:, -self.span :].mean(1)[:, None]
        return level + (seen - level) @ self.weight


def moved(quantiles: Values, points: Values, share: float) -> Values:
    """Move quantiles [B, H, Q] by a share of the way from their median to points [B, H], where those are not NaN."""
    way = points - quantiles[:, :, quantiles.shape[2] // 2]
    return quantiles + share * np.where(np.isfinite(way), way, 0.0)[:, :, None]


def linear_shapes(spec: ModelSpec) -> dict[str, tuple[int, ...]]:
    """Return the shapes of its weights by name."""
    return {WEIGHT: (spec.net.lags, spec.task.horizon)}

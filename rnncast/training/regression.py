"""Learn the linear forecast by ridge regression, pooled over all series, and judge how much of it is worth having.

The normal equations are summed over windows of every series, each divided by its mean distance from the level, so that
series of any size teach alike. The penalty is the best of a few on the windows that end last, for which the same sums
serve (Toner and Darlow 2024, An analysis of linear time series forecasting models, has the closed form).

S series, L lags, H horizon, N windows.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from rnncast.frame.frame import Frame
from rnncast.frame.imputation import imputed
from rnncast.runtime.regression import WEIGHT, LinearForecast, moved
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.checkpoint import Weights
from rnncast.training.shares import ALONE, NONE, chosen_share
from rnncast.training.validation import Validation
from rnncast.values import Values

LINEAR, LINEAR_MEAN, NETS = "linear_mase", "linear_mean_mase", "nets_mase"  # scores
MOST_WINDOWS = 60_000
HELD_OUT = 0.2  # of the windows of a series, the last, by which the penalty is chosen
PENALTIES = (0.001, 0.01, 0.1, 1.0)  # of the mean square of a lag
LIMIT = 10.0  # scales, beyond which a value teaches no more

Sums = tuple[NDArray[np.float64], NDArray[np.float64], float]  # x'x [L, L], x'y [L, H] and y'y of windows


@dataclass(frozen=True)
class LinearShare:
    """Forecasts of the nets at each held-out origin [S, H, Q], moved towards the linear forecast by the chosen share.

    scores: by their names in a model.
    """

    quantiles: list[Values]
    share: float
    scores: dict[str, float]

    @classmethod
    def of(cls, validation: Validation, trained: Sequence[Values]) -> "LinearShare":
        """Choose the share that suits a validation, by the likelihood of the observed values, as in
        `training.shares`."""
        spec = validation.spec.with_linear(ALONE)
        frame = Frame.of(spec)
        linear = LinearForecast.of(spec, linear_weights(validation.seen, spec))
        points = [linear.points(_last(split.seen, frame, spec.net.lags)) for split in validation.splits]

        def mixed(share: float) -> list[Values]:
            pairs = zip(trained, points, strict=True)
            return [frame.restore(moved(frame.transform(found), point, share)) for found, point in pairs]

        alone, nets = validation.score_of(mixed(ALONE)), validation.score_of(trained)
        share = chosen_share(alone, nets, validation.horizons)
        quantiles = list(trained) if share == NONE else mixed(share)
        score = validation.score_of(quantiles)
        named = {"linear": share, "mase": score, LINEAR: alone, NETS: nets}
        return cls(quantiles, share, named | ({LINEAR_MEAN: score} if NONE < share < ALONE else {}))


def linear_weights(panel: Panel, spec: ModelSpec) -> Weights:
    """Return the weights of the linear forecast of an encoded panel; 0, for the level, where no window is whole."""
    frame, lags, horizon = Frame.of(spec), spec.net.lags, spec.task.horizon
    early, late = _nothing(lags, horizon), _nothing(lags, horizon)
    for first, last in _windows(panel, frame, lags, horizon, spec.task.season):
        early, late = _added(early, first, lags), _added(late, last, lags)
    penalty = min(PENALTIES, key=lambda each: _error(late, _solved(early, each)))
    weight = _solved((early[0] + late[0], early[1] + late[1], 0.0), penalty)
    return {WEIGHT: weight.astype(np.float32)}


def _windows(panel: Panel, frame: Frame, lags: int, horizon: int, span: int) -> Iterator[tuple[Values, Values]]:
    """Yield windows [N, L + H] of each series, in units of their own: those that end before its last part, and those
    whose horizon lies in it."""
    width = lags + horizon
    step = max(1, int(np.maximum(panel.lengths - width, 0).sum()) // MOST_WINDOWS)
    for _, _, y in panel:
        if len(y) < width:
            continue
        windows = sliding_window_view(frame.transform(y), width)[::-step][::-1]
        whole = windows[~np.isnan(windows).any(1)]
        level = whole[:, lags - span : lags].mean(1, keepdims=True)
        scale = np.abs(whole[:, :lags] - level).mean(1, keepdims=True)
        local = np.clip((whole - level) / np.where(scale > 0, scale, 1.0), -LIMIT, LIMIT)
        late = max(1, round(HELD_OUT * len(local)))
        yield local[: max(0, len(local) - late - horizon // step)], local[len(local) - late :]


def _nothing(lags: int, horizon: int) -> Sums:
    return np.zeros((lags, lags)), np.zeros((lags, horizon)), 0.0


def _added(sums: Sums, windows: Values, lags: int) -> Sums:
    x, y = windows[:, :lags], windows[:, lags:]
    return sums[0] + x.T @ x, sums[1] + x.T @ y, sums[2] + float((y * y).sum())


def _solved(sums: Sums, penalty: float) -> NDArray[np.floating]:
    """Return the weights [L, H] with the least squares and penalty."""
    square, product, _ = sums
    size = float(np.trace(square)) / len(square)
    return np.linalg.solve(square + (penalty * size + np.finfo(float).tiny) * np.eye(len(square)), product)


def _error(sums: Sums, weight: NDArray[np.floating]) -> float:
    """Return the sum of squares that weights leave in windows."""
    square, product, whole = sums
    return float(whole - 2 * (weight * product).sum() + ((square @ weight) * weight).sum())


def _last(panel: Panel, frame: Frame, lags: int) -> Values:
    """Return the last L transformed values of each series [S, L], missing ones imputed; NaN before the start."""
    y = panel.padded(np.arange(len(panel)), align="end")[:, -frame.lookback :]
    before = np.full((len(y), max(0, lags - y.shape[1])), np.nan)
    found: Values = imputed(frame.transform(np.concatenate([before, y], 1)), frame.imputed_lags)[:, -lags:]
    return found

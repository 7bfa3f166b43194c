"""Which base forecast is the best to start from: the one that would have been off least, over the panel itself."""

import numpy as np
from numpy.typing import NDArray

from rnncast.series.frame import Frame
from rnncast.series.panel import Panel

MOST_SERIES = 50  # looked at; more would not change the answer
MOST_ORIGINS = 64  # of each
NOTHING = 1e-6  # local units, that an error of 0 is taken for
SEASONS_BEFORE = 2  # before the first origin


def best_base(panel: Panel, frame: Frame) -> tuple[str, float]:
    """The name of the best base forecast of a frame, and its error relative to that of the last season repeated.

    Errors are in local units, over origins all along each series; relative ones are averaged over series in logs. Where
    nothing can be told, it is the frame's own base, and its error NaN.
    """
    errors = np.array([_errors(y, frame) for y in panel.sample(MOST_SERIES)])  # [S, K]
    errors = errors[~np.isnan(errors).any(1)]
    if not len(errors):
        return frame.base, float("nan")
    logs = np.log(errors + NOTHING).mean(0)
    logs -= logs[frame.base_names.index(f"last-{frame.season}")]
    if frame.seasons:  # a net does better to learn how far to move a season on than to unlearn it
        logs[frame.base_names.index(f"drift-{frame.season}")] = np.inf
    best = int(logs.argmin())
    return frame.base_names[best], float(np.exp(logs[best]))


def _errors(y: NDArray[np.float64], frame: Frame) -> NDArray[np.float64]:
    """The mean error of each base forecast of a series [K]; NaN if the series is too short to tell."""
    first, steps = SEASONS_BEFORE * frame.season, len(y) - 1
    if steps <= first:
        return np.full(len(frame.base_names), np.nan)
    y = frame.transform(y)[None]
    state = frame.init_state(1, y)
    units, _ = frame.advance(y, state)
    past = np.concatenate((state.history, y), 1)
    origins = slice(first, steps, max(1, (steps - first) // MOST_ORIGINS))
    view = frame.view(past, units, None, origins)
    ends = np.concatenate((y[0], np.full(frame.horizon, np.nan)))
    future = ends[np.arange(len(y[0]))[origins, None] + np.arange(1, frame.horizon + 1)]
    targets = frame.targets(future[None], view.level, view.scale)  # [1, T, H]
    error = np.abs(view.bases - targets[:, :, None])  # [1, T, K, H]
    known = ~np.isnan(error)
    total, number = np.where(known, error, 0.0).sum((0, 1, 3)), known.sum((0, 1, 3))
    means: NDArray[np.float64] = np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)
    return means

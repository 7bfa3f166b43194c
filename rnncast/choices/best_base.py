"""Choice of the base forecast to start from: the one with the smallest error over the panel itself."""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.frame.frame import Frame
from rnncast.frame.past import Past
from rnncast.series.panel import Panel

MOST_SERIES = 50  # examined; more would not change the answer
MOST_ORIGINS = 64  # of each
NOTHING = 1e-6  # local units: floor of errors, because their logarithms are averaged
SEASONS_BEFORE = 2  # before the first origin
ALIKE = 1.0  # logarithm of how much less likely than the best a base may be that is not distinguishable from it


class BestBases(NamedTuple):
    """Names of the best base forecasts, the best first; their error, and that of the last value, relative to last
    season's."""

    names: tuple[str, ...]
    error: float
    of_last_value: float


def best_bases(panel: Panel, frame: Frame) -> BestBases:
    """Return the best base forecast of a frame, and those that are not distinguishable from it.

    Errors are in local units, over origins all along each series; relative errors are averaged over series in logs.
    With n non-overlapping horizons, a base with an error exp(1/n) times as large has a likelihood 1/e of the best's,
    under Laplace errors, and counts as not distinguishable. If the series are too short, the frame's own base is
    returned, with NaN errors.
    """
    frame = replace(frame, window=1)  # base forecasts do not use the window, which would take memory at every step
    errors = np.array([_errors(y, frame) for y in panel.sample(MOST_SERIES)])  # [S, K]
    errors = errors[~np.isnan(errors).any(1)]
    if not len(errors):
        return BestBases(frame.base, float("nan"), float("nan"))
    logs = np.log(errors + NOTHING).mean(0)
    logs -= logs[frame.base_names.index(f"last-{frame.season}")]
    of_last_value = float(np.exp(logs[frame.base_names.index("last-1")]))
    if frame.seasons:  # a net learns the drift of a season better than it unlearns a wrong one
        logs[frame.base_names.index(f"drift-{frame.season}")] = np.inf
    order = np.argsort(logs, kind="stable")
    horizons = (panel.lengths - SEASONS_BEFORE * frame.season).clip(0).sum() / frame.horizon
    alike = [int(k) for k in order if logs[k] - logs[order[0]] <= ALIKE / max(horizons, 1)]
    return BestBases(tuple(frame.base_names[k] for k in alike), float(np.exp(logs[order[0]])), of_last_value)


def _errors(y: NDArray[np.float64], frame: Frame) -> NDArray[np.float64]:
    """Return the mean error of each base forecast of a series [K]; NaN if the series is too short."""
    first, steps = SEASONS_BEFORE * frame.season, len(y) - 1
    if steps <= first:
        return np.full(len(frame.base_names), np.nan)
    past = Past.of(frame, frame.transform(y)[None])
    origins = slice(first, steps, max(1, (steps - first) // MOST_ORIGINS))
    view = past.view(origins=origins)
    ends = np.concatenate((past.values[0, -len(y) :], np.full(frame.horizon, np.nan)))
    future = ends[np.arange(len(y))[origins, None] + np.arange(1, frame.horizon + 1)]
    targets = past.targets(future[None], origins)  # [1, T, H]
    viewed = (*frame.matched, *frame.base, *frame.others())
    bases = view.bases[:, :, [viewed.index(name) for name in frame.base_names]]  # [1, T, K, H]
    error = np.abs(bases - targets[:, :, None])
    known = ~np.isnan(error)
    total, number = np.where(known, error, 0.0).sum((0, 1, 3)), known.sum((0, 1, 3))
    means: NDArray[np.float64] = np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)
    return means

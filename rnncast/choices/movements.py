"""Measure whether the movements of a series keep their size or grow with its level: in plain units or in logs."""

import numpy as np
from numpy.typing import NDArray

from rnncast.series.panel import Panel

BLOCKS = 8
MOST_SERIES = 500  # examined; more would not change the answer


def scale_drift(panel: Panel, season: int) -> float:
    """Return how much the size of seasonal movements drifts within a series: 0 if it stays the same.

    For each series, the standard deviation over eight stretches of the log of the mean |y(t) - y(t-m)|; the median over
    series. NaN if no series has two stretches that move.
    """
    chosen = np.linspace(0, len(panel) - 1, min(len(panel), MOST_SERIES)).astype(int)
    drifts = [_scale_drift(panel[int(s)].y, season) for s in chosen]
    known = [value for value in drifts if np.isfinite(value)]
    return float(np.median(known)) if known else float("nan")


def _scale_drift(y: NDArray[np.float64], season: int) -> float:
    lag = season if len(y) > 2 * season else 1
    moves = np.abs(y[lag:] - y[:-lag])
    moves = moves[~np.isnan(moves)]
    stretches = min(BLOCKS, len(moves) // 4)
    if stretches < 2:
        return float("nan")
    sizes = [stretch.mean() for stretch in np.array_split(moves, stretches)]
    logs = np.log([size for size in sizes if size > 0])
    return float(logs.std()) if len(logs) > 1 else float("nan")

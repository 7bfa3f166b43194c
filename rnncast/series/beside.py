"""What stands beside the values of series side by side: encoded covariates, and where in the calendar a step is.

B series, T steps, H horizon, K known, P past and N other columns: cycles of the calendar, then static covariates. Every
width may be 0. A missing covariate is 0 throughout (see `rnncast.series.encoding`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.config import CYCLES
from rnncast.series.arrays import Array
from rnncast.series.covariates import Block
from rnncast.series.panel import Panel
from rnncast.times.frequency import Frequency, Positions

Values = NDArray[np.float64]


class Beside(NamedTuple):
    """Of T steps: covariates [B, T, K+P], other columns now [B, T, N]; and known ahead [B, H, K] of the steps after."""

    covariates: Array
    now: Array
    ahead: Array


class Ahead(NamedTuple):
    """Of the H steps after the last: known [B, H, K] and other columns now [B, H, N]."""

    known: Values
    now: Values


def beside(panel: Panel, rows: NDArray[np.int64], cycles: tuple[str, ...], horizon: int, *, align: str) -> Beside:
    """Beside the chosen series [B] of an encoded panel, aligned as `Panel.padded` aligns their values."""
    lengths = panel.lengths[rows]
    steps = int(lengths.max(initial=0))
    shift = np.zeros_like(lengths) if align == "start" else steps - lengths
    step = np.arange(steps + horizon) - shift[:, None]  # [B, T+H], counted from each series' start
    known, past = _known(panel, rows, step), _past(panel, rows, step[:, :steps])
    covariates = np.concatenate((known[:, :steps], past), -1)
    return Beside(covariates, _now(panel, rows, cycles, step[:, :steps]), known[:, steps:])


def ahead(panel: Panel, rows: NDArray[np.int64], cycles: tuple[str, ...], horizon: int) -> Ahead:
    """What is known of the steps after the end of the chosen series [B] of an encoded panel."""
    step = panel.lengths[rows][:, None] + np.arange(horizon)  # [B, H]
    return Ahead(_known(panel, rows, step), _now(panel, rows, cycles, step))


def calendar(frequency: Frequency, positions: Positions, cycles: tuple[str, ...]) -> Values:
    """Sine and cosine of each cycle [..., 2C] at grid positions [...]."""
    if not cycles:
        return np.zeros((*positions.shape, 0))
    times = frequency.times(positions).astype("datetime64[us]")
    day = times.astype("datetime64[D]")
    clock = (times - day).astype(np.int64) / np.timedelta64(1, "D").astype("timedelta64[us]").astype(np.int64)
    year = day.astype("datetime64[Y]")
    shares = {
        "day": clock,
        "week": ((day.astype(np.int64) + 3) % 7 + clock) / 7,  # 1970-01-01 was a Thursday
        "year": ((day - year.astype("datetime64[D]")).astype(np.int64) + clock) / CYCLES["year"],
    }
    angles = [2 * np.pi * shares[cycle] for cycle in cycles]
    return np.stack([wave(angle) for angle in angles for wave in (np.sin, np.cos)], -1)


def _known(panel: Panel, rows: NDArray[np.int64], step: NDArray[np.int64]) -> Values:
    if panel.covariates is None:
        return np.zeros((*step.shape, 0))
    there = panel.lengths + panel.covariates.reach
    return _found(panel.covariates.known, (np.cumsum(there) - there)[rows], there[rows], step)


def _past(panel: Panel, rows: NDArray[np.int64], step: NDArray[np.int64]) -> Values:
    if panel.covariates is None:
        return np.zeros((*step.shape, 0))
    return _found(panel.covariates.past, panel.indptr[:-1][rows], panel.lengths[rows], step)


def _found(block: Block, first: NDArray[np.int64], there: NDArray[np.int64], step: NDArray[np.int64]) -> Values:
    index = np.where((step >= 0) & (step < there[:, None]), first[:, None] + step, -1)
    return np.nan_to_num(block.rows(index))


def _now(panel: Panel, rows: NDArray[np.int64], cycles: tuple[str, ...], step: NDArray[np.int64]) -> Values:
    cyclic = calendar(panel.frequency, panel.start[rows][:, None] + step, cycles)
    if panel.covariates is None or not len(panel.covariates.static):
        return cyclic
    static = panel.covariates.static.values[rows]  # [B, M]
    return np.concatenate((cyclic, np.broadcast_to(static[:, None], (*step.shape, static.shape[1]))), -1)

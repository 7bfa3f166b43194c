"""Exogenous inputs of series side by side: encoded covariates, and where in the calendar a step is.

This is the one place that lays them out. Which kinds of covariates there are is said by `config.ROLES`: those by step
stand next to each value, first the ones known ahead, then the others; those by series are the same at each step.

B series, T steps, H horizon, K columns known ahead, P of other covariates by step, N other columns: cycles of the
calendar, then covariates by series. Every width may be 0. A missing covariate is 0 throughout (see
`rnncast.series.encoding`).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.config import CYCLES, ROLES
from rnncast.series.arrays import Array, namespace
from rnncast.series.panel import Panel
from rnncast.times.frequency import Frequency, Positions
from rnncast.values import Values


class Exogenous(NamedTuple):
    """Of T steps: covariates [B, T, K+P], other columns now [B, T, N]; and known ahead [B, H, K] of the steps after."""

    covariates: Array
    now: Array
    ahead: Array


class Ahead(NamedTuple):
    """Of the H steps after the last: known [B, H, K] and other columns now [B, H, N]."""

    known: Values
    now: Values


def exogenous_of(
    panel: Panel, rows: NDArray[np.int64], cycles: tuple[str, ...], horizon: int, *, align: str
) -> Exogenous:
    """The exogenous inputs of the chosen series [B] of an encoded panel, aligned as `Panel.padded` aligns values."""
    lengths = panel.lengths[rows]
    steps = int(lengths.max(initial=0))
    shift = np.zeros_like(lengths) if align == "start" else steps - lengths
    step = np.arange(steps + horizon) - shift[:, None]  # [B, T+H], counted from each series' start
    known, observed = _by_step(panel, rows, step, ahead=True), _by_step(panel, rows, step[:, :steps], ahead=False)
    covariates = np.concatenate((known[:, :steps], observed), -1)
    return Exogenous(covariates, _now(panel, rows, cycles, step[:, :steps]), known[:, steps:])


def ahead(panel: Panel, rows: NDArray[np.int64], cycles: tuple[str, ...], horizon: int) -> Ahead:
    """What is known of the steps after the end of the chosen series [B] of an encoded panel."""
    step = panel.lengths[rows][:, None] + np.arange(horizon)  # [B, H]
    return Ahead(_by_step(panel, rows, step, ahead=True), _now(panel, rows, cycles, step))


def unobserved(covariates: Array, known: int) -> Array:
    """Covariates [..., K+P] of steps still to come: the K that are known ahead, the others missing."""
    xp = namespace(covariates)
    return xp.concatenate((covariates[..., :known], xp.zeros_like(covariates[..., known:])), -1)


def columns_now(cyclic: Values, like: Values) -> Values:
    """Other columns [B, T, N] of steps at these places in the calendar [B, T, 2C], of series for which they were `like`
    [B, N] at an earlier step."""
    by_series = like[:, None, cyclic.shape[2] :]
    return np.concatenate((cyclic, np.repeat(by_series, cyclic.shape[1], axis=1)), -1) if by_series.size else cyclic


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


def _by_step(panel: Panel, rows: NDArray[np.int64], step: NDArray[np.int64], *, ahead: bool) -> Values:
    """The covariates by step, those that are known ahead or the others, at steps counted from each series' start."""
    given = panel.covariates
    if given is None:
        return np.zeros((*step.shape, 0))
    there = panel.lengths + given.reach if ahead else panel.lengths
    first = (np.cumsum(there) - there)[rows]
    index = np.where((step >= 0) & (step < there[rows][:, None]), first[:, None] + step, -1)
    kinds = [role for role, kind in ROLES.items() if kind.by_step and kind.ahead == ahead]
    return np.concatenate([np.nan_to_num(given.blocks[role].rows(index)) for role in kinds], -1)


def _now(panel: Panel, rows: NDArray[np.int64], cycles: tuple[str, ...], step: NDArray[np.int64]) -> Values:
    cyclic = calendar(panel.frequency, panel.start[rows][:, None] + step, cycles)
    given = panel.covariates
    if given is None:
        return cyclic
    by_series = [given.blocks[role].rows(rows) for role, kind in ROLES.items() if not kind.by_step]
    return columns_now(cyclic, np.concatenate((np.zeros((len(rows), cyclic.shape[2])), *by_series), -1))

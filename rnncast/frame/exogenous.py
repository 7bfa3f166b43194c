"""Exogenous inputs of series side by side: encoded covariates, and the position of a step in the calendar.

This is the only place that lays them out. `config.ROLES` says which kinds of covariates there are: those that change by
step stand next to each value, the ones known ahead first; those that are constant in a series are the same at each
step.

B series, T steps, H horizon, K columns known ahead, P other columns by step, N columns of calendar cycles and then of
static covariates. Every width may be 0. A missing covariate is 0 throughout (see `rnncast.series.encoding`).
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
    """Exogenous inputs of T steps: covariates [B, T, K+P], other columns [B, T, N]; and known ahead [B, H, K] for the
    next H."""

    covariates: Array
    now: Array
    ahead: Array


class Ahead(NamedTuple):
    """Exogenous inputs of the H steps after the last: known covariates [B, H, K] and other columns [B, H, N]."""

    known: Values
    now: Values


def exogenous_of(
    panel: Panel, rows: NDArray[np.int64], cycles: tuple[str, ...], horizon: int, *, align: str, steps: int = 0
) -> Exogenous:
    """Return the exogenous inputs of the chosen series [B] of an encoded panel, laid out as `Panel.padded` lays out
    values."""
    lengths = panel.lengths[rows]
    steps = int(lengths.max(initial=steps))
    shift = np.zeros_like(lengths) if align == "start" else steps - lengths
    step = np.arange(steps + horizon) - shift[:, None]  # [B, T+H], counted from each series' start
    known, observed = _by_step(panel, rows, step, ahead=True), _by_step(panel, rows, step[:, :steps], ahead=False)
    covariates = np.concatenate((known[:, :steps], observed), -1)
    return Exogenous(covariates, _now(panel, rows, cycles, step[:, :steps]), known[:, steps:])


def ahead(panel: Panel, rows: NDArray[np.int64], cycles: tuple[str, ...], horizon: int) -> Ahead:
    """Return what is known of the steps after the end of the chosen series [B] of an encoded panel."""
    step = panel.lengths[rows][:, None] + np.arange(horizon)  # [B, H]
    return Ahead(_by_step(panel, rows, step, ahead=True), _now(panel, rows, cycles, step))


def unobserved(covariates: Array, known: int) -> Array:
    """Return covariates [..., K+P] as they are for future steps: the K known ahead kept, the others missing."""
    xp = namespace(covariates)
    return xp.concatenate((covariates[..., :known], xp.zeros_like(covariates[..., known:])), -1)


def columns_now(cyclic: Values, like: Values) -> Values:
    """Return the other columns [B, T, N] of steps at these places in the calendar [B, T, 2C].

    like [B, N]: the same series' columns at an earlier step, for their static covariates.
    """
    by_series = like[:, None, cyclic.shape[2] :]
    return np.concatenate((cyclic, np.repeat(by_series, cyclic.shape[1], axis=1)), -1) if by_series.size else cyclic


def calendar(frequency: Frequency, positions: Positions, cycles: tuple[str, ...]) -> Values:
    """Return the sine and cosine of each cycle [..., 2C] at grid positions [...]."""
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
    """Return the covariates by step, either known ahead or not, at steps counted from each series' start."""
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

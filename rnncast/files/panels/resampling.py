"""Resampling: one row for each period of a series, made of the rows that lie in it.

A period without a value is missing, also in a sum. One at either end of a series that its rows do not cover is not
known as a whole, and so is missing too. N rows, P periods of all series.
"""

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnncast.files.formats.cells import Mask
from rnncast.series.covariates import Block
from rnncast.times.frequency import Frequency, Positions, Times
from rnncast.values import Values

USUAL = 0.9  # of the other periods, by whose quiet stretches at either end one is judged
FEWEST = 5  # of them that tell
SLACK = 0.5  # steps that a time may be early or late
LITTLE = 0.05  # of a period
ONE_ROW = 0.75  # of a period, from which a step is one


class Resampled(NamedTuple):
    """A row per period, by series and time.

    series [P], positions [P] on the grid, values [P], covariates [P]. first [P]: the first row in each. partial [P]:
    whether the rows do not cover it, so that its value is missing.
    """

    series: NDArray[np.int64]
    positions: Positions
    values: Values
    covariates: Block
    first: NDArray[np.int64]
    partial: Mask


def resampled(
    keys: tuple[NDArray[np.int64], Times],
    values: Values,
    covariates: Block,
    frequency: Frequency,
    how: str,
    *,
    throughout: tuple[str, ...] = (),
    keep: bool = False,
) -> Resampled:
    """Merge the rows in each period of the grid.

    keys: the series [N] and the time [N] of each row. how: "mean", "sum" or "last". Covariates that are numbers are
    averaged; of words, and of those that are the same `throughout` a series, the last counts. keep: whether partial
    periods have values too.
    """
    series, times = keys
    order = np.lexsort((times.astype(np.int64), series))
    series, times, values = series[order], times[order], values[order]
    positions = frequency.positions(times)
    begins = np.ones(len(series), bool)
    begins[1:] = (np.diff(series) != 0) | (np.diff(positions) != 0)
    period = np.cumsum(begins) - 1  # [N]
    starts = np.flatnonzero(begins)
    grouped = pd.Series(values).groupby(period)
    merged = np.asarray(grouped.sum(min_count=1) if how == "sum" else getattr(grouped, how)(), np.float64)
    found = Resampled(
        series[starts],
        positions[starts],
        merged,
        _merged(covariates.take(order), period, throughout),
        order[starts],
        _partial((series, times), values, period, frequency, leading=how != "last"),
    )
    return found if keep else found._replace(values=np.where(found.partial, np.nan, merged))


def step_of(series: NDArray[np.int64], times: Times) -> float:
    """Return the median time, in microseconds, from a row to the next of its series; NaN if there is none."""
    order = np.lexsort((times.astype(np.int64), series))
    gaps, same = np.diff(times[order].astype(np.int64)), np.diff(series[order]) == 0
    gaps = gaps[same & (gaps > 0)]
    return float(np.median(gaps)) if len(gaps) else float("nan")


def _merged(block: Block, period: NDArray[np.int64], throughout: tuple[str, ...]) -> Block:
    if not len(block):
        return block
    columns = []
    for place, column in enumerate(block.columns):
        grouped = pd.Series(block.values[:, place]).groupby(period)
        last = bool(column.levels) or column.name in throughout
        columns.append((grouped.last() if last else grouped.mean()).to_numpy(float))
    return Block(block.columns, np.stack(columns, 1))


def _partial(
    keys: tuple[NDArray[np.int64], Times],
    values: Values,
    period: NDArray[np.int64],
    frequency: Frequency,
    *,
    leading: bool,
) -> Mask:
    """Return which periods [P] at an end of their series, or of the table, the rows do not cover.

    The rows of a whole period may begin late and end early: by a step, or by as much as in nine of ten other periods.
    Where a period has one row, it is whole.
    """
    partial = np.zeros(int(period[-1]) + 1 if len(period) else 0, bool)
    present = ~np.isnan(values)
    series, times, within = keys[0][present], keys[1][present], period[present]
    step = step_of(series, times)
    if np.isnan(step):
        return partial
    positions, numbers = frequency.positions(times), times.astype(np.int64)
    rows = pd.DataFrame({"series": series, "period": within, "position": positions, "low": numbers, "high": numbers})
    extent = {"series": "first", "position": "first", "low": "min", "high": "max"}
    own = rows.groupby("period").agg(extent)
    table = rows.assign(series=0).groupby("position").agg(extent)
    length = float(np.median(np.diff(_starts(frequency, own["position"].to_numpy()), axis=0)))
    if step > ONE_ROW * length:
        return partial
    partial[own.index[_uncovered(own, frequency, (1 + SLACK) * step, SLACK * step, leading=leading)]] = True
    # Series with few rows say little of where they end; that the whole table ends there, says more.
    of_table, little = step_of(np.zeros(len(times), np.int64), times), min(SLACK * step, LITTLE * length)
    slacks = max((1 + SLACK) * of_table, little), max(SLACK * of_table, little)
    outer = table["position"][_uncovered(table, frequency, *slacks, leading=leading)]
    partial[own.index[own["position"].isin(outer).to_numpy()]] = True
    return partial


def _starts(frequency: Frequency, positions: Positions) -> NDArray[np.int64]:
    """Return the starts [2, P] of periods, and of those after them, in microseconds."""
    times: Times = frequency.times(np.stack([positions, positions + 1])).astype("datetime64[us]")
    return times.astype(np.int64)


def _uncovered(periods: pd.DataFrame, frequency: Frequency, early: float, late: float, *, leading: bool) -> Mask:
    """Return which periods are at an end of their series and not covered. periods: by series and time. early, late:
    microseconds by which the rows of a whole one may end early and begin late in any case."""
    series = periods["series"].to_numpy()
    begin, end = _starts(frequency, periods["position"].to_numpy())
    first, last = np.ones(len(series), bool), np.ones(len(series), bool)
    first[1:], last[:-1] = (np.diff(series) != 0,) * 2
    inner = ~(first | last)
    before, after = periods["low"].to_numpy() - begin, end - periods["high"].to_numpy()
    uncovered: Mask = last & (after > np.maximum(_usual(after, series, inner), early))
    if leading:
        uncovered |= first & (before > np.maximum(_usual(before, series, inner), late))
    return uncovered


def _usual(stretches: NDArray[np.int64], series: NDArray[np.int64], inner: Mask) -> Values:
    """Return, for each period, the stretch that is usual in the others of its series; 0 if these are too few."""
    grouped = pd.Series(stretches[inner].astype(float)).groupby(series[inner])
    usual = grouped.quantile(USUAL, interpolation="higher").where(grouped.count() >= FEWEST)
    found: Values = usual.reindex(series).fillna(0.0).to_numpy()
    return found

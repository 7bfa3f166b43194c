"""Rows on the grid of --resample: the periods that they are made into, instead of the times that they have."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.files.panels.grid import (
    Gridded,
    Laid,
    Rows,
    Schema,
    checked,
    compact,
    followed,
    lay_gridded,
    repeated_times,
)
from rnncast.files.panels.resampling import Resampled, resampled, step_of
from rnncast.files.panels.stamps import Stamps
from rnncast.plain import counted
from rnncast.times.formats import WHOLE_NUMBER
from rnncast.times.frequency import DAY
from rnncast.times.resampling import Period, period_of, suggested
from rnncast.values import Values

MOST_SHOWN = 3  # steps left out that are named
COARSER = 1.5  # periods, beyond which a step of the rows is too long to be resampled


def lay_periods(rows: Rows, asked: TableConfig, schema: Schema | None = None) -> Laid:
    """Lay the periods that rows are resampled to, on their grid or on the schema's, and find what does not fit.

    Raises DataError if the rows have no times, or too few.
    """
    rows, defects = checked(rows, asked)
    stamps, period = _periods(rows, asked, schema)
    frequency = schema.frequency if schema else period.frequency
    sound = np.flatnonzero(stamps.sound[rows.stamps.codes] & ~np.isinf(rows.values))
    codes = rows.stamps.codes[sound].astype(np.int64)
    series, values, covariates = rows.series[sound].astype(np.int64), rows.values[sound], rows.covariates.take(sound)
    cell = series * len(stamps.times) + codes
    again = pd.Series(cell).duplicated().to_numpy()
    if again.any():
        if asked.duplicates == "error":
            defects += repeated_times(rows, cell, sound)
        values, kept = _once(cell, values, asked.duplicates)
        sound, series, codes, covariates = sound[kept], series[kept], codes[kept], covariates.take(kept)
    times = stamps.times[codes]
    _check_files(rows, sound, times)
    _check_step(rows, step_of(series, times), period, asked)
    merged = resampled(
        (series, times), values, covariates, frequency, asked.how, throughout=asked.static, keep=asked.partial == "keep"
    )
    base, places = compact(merged.positions)
    found, codes = np.unique(merged.positions, return_inverse=True)
    columns = replace(rows.columns, time_format=stamps.form, time_zone=stamps.zone, in_utc=stamps.in_utc)
    made = replace(
        rows,
        series=merged.series,
        values=merged.values,
        columns=schema.columns if schema else columns,
        stamps=replace(stamps, codes=codes, times=frequency.times(found), wall=None, faults={}),
        numbers=rows.places(sound[merged.first]),
        covariates=merged.covariates,
    )
    notes = _in_words(made, merged, len(sound), asked)
    return lay_gridded(Gridded(made, frequency, None, base, places, defects, notes), asked)


def _check_files(rows: Rows, sound: NDArray[np.int64], times: NDArray[np.int64]) -> None:
    """Raise DataError if two files without an id cover the same time, because their rows would be merged."""
    ends = np.cumsum([count for _, count in rows.table.files()])
    if len(rows.names) != 1 or len(ends) < 2:
        return
    file = np.searchsorted(ends, rows.places(sound), side="right")
    spans = pd.Series(times).groupby(file).agg(["min", "max"]).sort_values("min")
    overlap = np.flatnonzero(spans["min"].to_numpy()[1:] <= np.maximum.accumulate(spans["max"].to_numpy())[:-1])
    if len(overlap):
        first, second = sorted(rows.table.files()[int(spans.index[overlap[0] + place])][0] for place in (0, 1))
        raise DataError(
            f"{first} and {second} cover the same time, and no column says which series a row belongs to",
            hint="add an id column; or forecast each file by itself, into a folder: rnncast forecast FOLDER/ -o OUT/",
        )


def _periods(rows: Rows, asked: TableConfig, schema: Schema | None) -> tuple[Stamps, Period]:
    """Return the times, by the clocks that periods start by, and the periods."""
    stamps = rows.stamps
    assert asked.resample is not None
    if stamps.form == WHOLE_NUMBER:
        what = f"column {rows.columns.time!r} counts steps" if rows.columns.time else "there is no time column"
        raise DataError(f"{rows.table.name}: --resample needs times, and {what}", hint="leave out --resample")
    if schema is not None:
        _, stamps = followed(rows, schema)
        return stamps, period_of(asked.resample)
    if stamps.wall is None:
        return stamps, period_of(asked.resample)
    period = period_of(asked.resample)
    if period.frequency.unit == "month" or period.length % DAY == 0:  # by local midnights, however long the day is
        return stamps.in_local_time(), period
    ahead = int((stamps.wall[0] - stamps.times[0]).astype(np.int64))
    return stamps, period_of(asked.resample, ahead)


def _in_words(made: Rows, merged: Resampled, rows: int, asked: TableConfig) -> tuple[str, ...]:
    """Return the notes on a resampling: what was made of what, and which steps are left out."""
    steps = len(merged.series)
    words = f"{counted(rows, 'row')} resampled by {asked.resample} to {counted(steps, 'step')}: the {asked.how} of each"
    partial = np.flatnonzero(merged.partial)
    if not len(partial):
        return (words,)
    times = dict.fromkeys(made.stamps.shown(int(row)) for row in partial)
    series = len(set(merged.series[partial].tolist()))
    which = ", ".join(list(times)[:MOST_SHOWN]) + ("..." if len(times) > MOST_SHOWN else "")
    of = f" (of {series:,} series)" if series > 1 else ""
    if asked.partial == "keep":
        return words, f"steps that the rows cover in part only, and that are kept: {which}{of}"
    return words, f"left out steps that the rows cover in part only: {which}{of}; --partial keep keeps them"


def _once(cell: NDArray[np.int64], values: Values, duplicates: str) -> tuple[Values, NDArray[np.int64]]:
    """Return a value for each distinct cell, as --duplicates says, and the first row that it stands in."""
    grouped = pd.Series(values).groupby(cell, sort=False)
    kept = np.flatnonzero(~pd.Series(cell).duplicated().to_numpy())
    merged: Any = (
        grouped.sum(min_count=1)
        if duplicates == "sum"
        else getattr(grouped, "first" if duplicates == "error" else duplicates)()
    )
    return merged.to_numpy(float), kept


def _check_step(rows: Rows, step: float, period: Period, asked: TableConfig) -> None:
    """Refuse periods that are shorter than the usual step of the rows, with a DataError."""
    if np.isnan(step):
        raise DataError(
            f"{rows.table.name}: cannot resample: no series has two different times",
            hint="if every row became a series of its own, check --id",
        )
    if step > COARSER * period.length:
        raise DataError(
            f"{rows.table.name}: --resample {asked.resample} is finer than the rows, which are about a "
            f"{suggested(int(step))} apart",
            hint=f"--resample {suggested(int(step))} or coarser; nothing is invented between rows",
        )

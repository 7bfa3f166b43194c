"""Check of a table: what it holds, what is wrong with it, series by series, and whether it can be trained on."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.choices.decide import resolve
from rnncast.choices.seasonality import strongest_season
from rnncast.config import Config, TableConfig
from rnncast.errors import DataError, RnncastError
from rnncast.files.formats.folders import Tables, named
from rnncast.files.formats.sources import Progress
from rnncast.files.panels.readings import Reading
from rnncast.files.panels.tables import study_table
from rnncast.series.panel import Columns, Panel
from rnncast.times.frequency import Times
from rnncast.times.numeric import NUMERIC

NAMES = ("start", "end", "length", "missing", "duplicates", "zeros", "constant", "season", "strength", "left out")


@dataclass(frozen=True)
class Check:
    """Findings. names and rows: a row for each series, its ids first; `facts`: of the table as a whole.

    refusal: why `train` would refuse the table; None if it would not. panel: every series that has a value, in the
    order of the first rows; None if nothing could be read.
    """

    names: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]
    facts: dict[str, Any]
    notes: tuple[str, ...]
    refusal: RnncastError | None
    panel: Panel | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain values, for JSON."""
        refusal = {"error": self.refusal.message, "hint": self.refusal.hint} if self.refusal else {}
        series = [dict(zip(self.names, row, strict=True)) for row in self.rows]
        return {"ok": self.refusal is None, **refusal, **self.facts, "notes": list(self.notes), "series": series}


def check_table(
    path: Tables, table: TableConfig, config: Config, progress: Progress = lambda done, total: None
) -> Check:
    """Read a table and report what is in it. A table that cannot be read has a refusal and no rows."""
    try:
        reading = study_table(path, table, progress=progress)
    except DataError as error:
        return Check(NAMES, (), {"file": named(path)}, (), error)
    columns, frequency = reading.whole.columns, reading.whole.frequency
    facts = {
        "file": named(path),
        "time": columns.time,
        "target": columns.target,
        "ids": list(columns.ids),
        "time_zone": columns.time_zone,
        "frequency": frequency.name,
        "steps": len(reading.whole.y),
    }
    if reading.whole.covariates is not None:
        facts |= {role: list(names) for role, names in reading.whole.covariates.names.items()}
    rows = (*_series(reading), *_valueless(reading))
    return Check((*columns.ids, *NAMES), tuple(rows), facts, reading.notes, _refusal(reading, config), reading.whole)


def _refusal(reading: Reading, config: Config) -> RnncastError | None:
    try:
        resolve(config, reading.panel)
    except RnncastError as error:
        return error
    return None


def _series(reading: Reading) -> list[tuple[Any, ...]]:
    panel = reading.whole
    ends = panel.frequency.times(np.stack([panel.start, panel.ends], axis=1))  # [S, 2]
    times = _dates(panel.columns, ends)
    rows = []
    for s, (name, _, y) in enumerate(panel):
        known = y[~np.isnan(y)]
        season, strength = strongest_season(panel, s)
        constant = bool((known == known[0]).all())
        seasonal = (season, round(strength, 3)) if season > 1 else (None, None)
        counts = (len(y), len(y) - len(known), reading.repeats.get(name, 0), int((known == 0).sum()))
        rows.append((*panel.columns.parts(name), *times[s], *counts, constant, *seasonal, reading.reasons.get(name)))
    return rows


def _dates(columns: Columns, times: Times) -> NDArray[np.object_]:
    """Return times as the user writes them; those written as numbers, which nobody can read, as dates."""
    if columns.time_format not in NUMERIC:
        return columns.written(times)
    whole = (times == times.astype("datetime64[D]")).all()
    return replace(columns, time_format="%Y-%m-%d" if whole else "%Y-%m-%d %H:%M:%S").written(times)


def _valueless(reading: Reading) -> list[tuple[Any, ...]]:
    """Return the series that have no value at all."""
    known = set(reading.whole.ids)
    nothing = (None, None, 0, 0, 0, 0, False, None, None)
    names = [name for name in reading.reasons if name not in known]
    return [(*reading.whole.columns.parts(name), *nothing, reading.reasons[name]) for name in names]

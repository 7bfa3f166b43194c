"""Data of the accuracy benchmark, read from their official layout and cut into the past and the values after it.

M4: train and test tables, a series a row. ETTh1: hours in rows, 8640 / 2880 / 2880 for training, validation and test.
Single series: AirPassengers, monthly sunspots, monthly milk with missing rows, each column of quarterly Australian
tourism, and M4 series drawn by seed, each taken alone.
"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnncast import Panel
from rnncast.config import TableConfig
from rnncast.files.panels.tables import read_table
from rnncast.series.splits import Split, hold_out

ETT_TRAIN, ETT_VALIDATION, ETT_TEST = 8640, 2880, 2880
M4_DRAWN, M4_SEED = 15, 1  # series drawn from each of the two M4 tables


class Task(NamedTuple):
    """A split to be forecast; horizon and season are what `rnncast train -H --season` is given (season 1: nothing)."""

    split: Split
    horizon: int
    season: int


class Single(NamedTuple):
    """A series taken alone, the set it belongs to, and its season, given by the data's description."""

    group: str
    name: str
    panel: Panel
    horizon: int
    season: int


def m4_train(folder: Path, name: str) -> Panel:
    """Return the training rows of "hourly" or "weekly"."""
    return read_table(str(folder / f"m4-{name}-train.csv"), TableConfig(layout="rows"))


def m4_hourly(folder: Path, *, inside: bool) -> Task:
    """Return the official split; `inside`: the last 48 training values held out instead."""
    train = m4_train(folder, "hourly")
    if inside:
        return Task(hold_out(train, 48, 48, 1), 48, 24)
    test = read_table(str(folder / "m4-hourly-test.csv"), TableConfig(layout="rows"))
    assert test.ids == train.ids
    return Task(Split(train, test.y.reshape(len(test), 48)), 48, 24)


def m4_weekly(folder: Path, *, inside: bool) -> Task:
    """Return the last 13 training values held out; `inside`: the 13 before them, with the last never seen."""
    return Task(hold_out(m4_train(folder, "weekly"), 13, 26 if inside else 13, 1), 13, 52)


def every(task: Task, nth: int) -> Task:
    """Return every nth series of a task."""
    chosen = np.arange(0, len(task.split.seen), nth)
    seen = task.split.seen
    return task._replace(split=Split(seen.select(chosen, seen.lengths[chosen]), task.split.actual[chosen]))


def etth1(folder: Path, *, inside: bool) -> tuple[Panel, Panel]:
    """Return the training data, standardised by the training rows, and the values after them.

    For the test these are the validation rows, which no net is trained on, then the test rows; `inside`: the validation
    rows alone.
    """
    table = etth1_whole(folder)
    rows = np.stack([y for _, _, y in table], 1)[: ETT_TRAIN + ETT_VALIDATION + ETT_TEST]
    known = rows[:ETT_TRAIN]
    rows = (rows - known.mean(0)) / known.std(0)
    last = ETT_TRAIN + ETT_VALIDATION if inside else len(rows)

    def panel(start: int, stop: int) -> Panel:
        series = {name: rows[start:stop, s] for s, name in enumerate(table.ids)}
        return Panel.from_series(series, frequency=table.frequency, start=table.start + start)

    return panel(0, ETT_TRAIN), panel(ETT_TRAIN, last)


def etth1_whole(folder: Path) -> Panel:
    """Return all rows, in the units of the data."""
    return read_table(str(folder / "etth1.csv"), TableConfig(layout="wide"))


def single_series(folder: Path) -> Iterator[Single]:
    """Return every single series, with its horizon."""
    for file, horizon in (("air-passengers", 12), ("monthly-sunspots", 24), ("monthly-milk-incomplete", 12)):
        yield Single(file, file, read_table(str(folder / f"{file}.csv")), horizon, 12)
    text = (folder / "australian-tourism.csv").read_text().splitlines()
    columns = np.array([[float(cell) for cell in line.split(",")] for line in text[1:]])
    names = [name.strip().strip('"') for name in text[0].split(",")]
    for number, name in enumerate(names):
        yield Single("tourism", f"tourism {name}", Panel.from_series({name: columns[:, number]}), 4, 4)
    random = np.random.default_rng(M4_SEED)
    for name, horizon, season in (("hourly", 48, 24), ("weekly", 13, 52)):
        panel = m4_train(folder, name)
        for s in sorted(random.choice(len(panel), M4_DRAWN, replace=False)):
            alone = panel.select(np.array([s]), panel.lengths[[s]])
            yield Single(f"m4-{name}", panel.ids[s], alone, horizon, season if len(panel[s].y) > 3 * season else 1)


class Sample(NamedTuple):
    """Sample data, with the origins to score, and after how many of them to train anew."""

    name: str
    panel: Panel
    horizon: int
    season: int
    origins: int
    refit: int


def sample_data() -> Iterator[Sample]:
    """Yield the data sets shipped with the project."""
    folder = Path(__file__).parents[1] / "sample_data"

    def read(name: str, **columns: object) -> Panel:
        return read_table(str(folder / f"{name}.csv"), replace(TableConfig(), **columns))

    yield Sample("air_passengers", read("air_passengers"), 12, 12, 8, 1)
    yield Sample("sunspots", read("sunspots"), 12, 1, 40, 8)
    yield Sample("store_sales", read("store_sales", target="sales"), 14, 7, 8, 8)

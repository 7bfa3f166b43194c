"""Cost of missing values: the score with a share of the history removed at random, by that of the whole.

    python benchmarks/holes.py                                  # AirPassengers
    python benchmarks/holes.py --m4-hourly m4-hourly-train.csv  # and three series of the M4 competition, a row each

Both are trained and scored at the same origins, on the same values that came after, all of which are there. Which
values are removed is drawn anew for each of --draws; the ratio is of the mean MASE over draws to that of the whole.
"""

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from rnncast.choices.decide import resolve
from rnncast.choices.task import shortest_series
from rnncast.config import Config, TableConfig, TaskConfig, TrainConfig
from rnncast.files.panels.tables import read_table
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.metrics import mase, seasonal_error
from rnncast.series.panel import Panel
from rnncast.series.splits import Split, rolling_origins

AIR_PASSENGERS = Path(__file__).resolve().parent.parent / "sample_data" / "air_passengers.csv"
M4_SERIES = ("H1", "H150", "H400")  # of 700, 1,008 and 960 hours


def with_holes(panel: Panel, share: float, seed: int) -> Panel:
    """Return the panel without a share of its values, its first and last kept."""
    y = panel.y.copy()
    gone = np.random.default_rng(seed).random(len(y)) < share
    gone[panel.indptr[:-1]] = gone[panel.indptr[1:] - 1] = False
    y[gone] = np.nan
    return replace(panel, y=y)


def score(split: Split, seen: Panel, config: Config) -> float:
    """Return MASE of a net trained on `seen`, in units of the whole history."""
    forecaster = Forecaster.fit(seen, config)
    return float(
        mase(split.actual, forecaster.predict().point, seasonal_error(split.seen, forecaster.spec.task.season)).mean()
    )


def ratio_of(panel: Panel, config: Config, share: float, draws: int, folds: int) -> tuple[float, float]:
    """Return mean MASE of the whole, and of it with holes."""
    task = resolve(config, panel).task
    config = replace(config, task=replace(config.task, horizon=task.horizon, seasons=task.seasons_to_ask))
    splits = list(rolling_origins(panel, task.horizon, folds, shortest_series(task.horizon)))
    whole = [score(split, split.seen, config) for split in splits]
    holes = [
        score(split, with_holes(split.seen, share, 100 * draw + fold), config)
        for draw in range(draws)
        for fold, split in enumerate(splits)
    ]
    return float(np.mean(whole)), float(np.mean(holes))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--share", type=float, default=0.2)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--m4-hourly", type=Path, metavar="FILE")
    given = parser.parse_args()
    torch.set_num_threads(1)
    train = TrainConfig(validate=False)
    panels = [("AirPassengers", read_table(str(AIR_PASSENGERS)), Config(train=train))]
    if given.m4_hourly:
        hourly = read_table(str(given.m4_hourly), TableConfig(layout="rows"))
        for name in M4_SERIES:
            s = np.array([hourly.ids.index(name)])
            config = Config(task=TaskConfig(horizon=48, seasons=(24, 168)), train=train)
            panels.append((f"M4 {name}", hourly.select(s, hourly.lengths[s]), config))
    table = Table("series", "MASE", f"with {given.share:.0%} missing", "ratio")
    ratios = []
    for name, panel, config in panels:
        whole, holes = ratio_of(panel, config, given.share, given.draws, given.folds)
        ratios.append(holes / whole)
        table.add_row(name, f"{whole:.3f}", f"{holes:.3f}", f"{holes / whole:.3f}")
    table.add_row("geometric mean", "", "", f"{float(np.exp(np.mean(np.log(ratios)))):.3f}")
    Console().print(table)


if __name__ == "__main__":
    main()

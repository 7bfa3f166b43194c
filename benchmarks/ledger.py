"""Cost of the gradient ledger: the share of a training's time that goes into it. The aim is less than 5 %.

    python benchmarks/ledger.py                          # sunspots, and a panel of 64 series

The time inside the ledger is set against the rest of the same run, so that what else the machine does weighs on both
alike: two runs, one with the ledger and one without, differ by more than it costs. Time is that of the processor.

Without the ledger there is nothing to cost: the loop asks once an epoch whether there is one.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.files.panels.tables import read_table
from rnncast.forecaster.forecaster import Forecaster
from rnncast.nets.model import Model
from rnncast.series.panel import Panel
from rnncast.training.batches import Batches
from rnncast.training.ledger import Ledger
from rnncast.training.watch import Watch

SUNSPOTS = Path(__file__).resolve().parent.parent / "sample_data" / "sunspots.csv"
AIM = 0.05


def sunspots() -> tuple[Panel, Config]:
    """Return one series of 2,819 months, forecast two years ahead."""
    return read_table(str(SUNSPOTS)), Config(task=TaskConfig(horizon=24))


def many() -> tuple[Panel, Config]:
    """Return 64 noisy waves of 500 steps."""
    random = np.random.default_rng(0)
    t = np.arange(500)
    waves = {str(s): 10 * np.sin(2 * np.pi * t / 12 + s) + random.normal(0, 1, len(t)) for s in range(64)}
    return Panel.from_series(waves), Config(task=TaskConfig(horizon=12, seasons=(12,)))


def seconds_of(panel: Panel, config: Config) -> tuple[float, list[float]]:
    """Return seconds of processor time that a training takes without the ledger, and those of each measurement."""
    measure = Ledger.measure
    spent = []

    def timed(self: Ledger, model: Model, batches: Batches, epoch: int) -> dict[int, float]:
        began = time.process_time()
        found = measure(self, model, batches, epoch)
        spent.append(time.process_time() - began)
        return found

    began = time.process_time()
    with mock.patch.object(Ledger, "measure", timed):
        Forecaster.fit(panel, config, watch=Watch(lambda run, step: None, ledger=True))
    return time.process_time() - began - sum(spent), spent


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", help="rnn and lstm, unless given")
    parser.add_argument("--runs", type=int, default=3, help="of which the median counts")
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="two runs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    runs = 2 if given.quick else given.runs

    table = Table(title=f"the ledger's share of training, torch threads: {given.threads}", title_justify="left")
    for header in ("data", "net", "epochs", "training, s", "ledger, s", "cost", "below 5 %"):
        table.add_column(header, justify="left" if header in ("data", "net") else "right")
    rows = []
    for name, (panel, config) in {"sunspots": sunspots(), "64 series": many()}.items():
        for model in given.model or ("rnn", "lstm"):
            train = TrainConfig(epochs=given.epochs, validate=False)
            asked = replace(config, net=NetConfig(model=model), train=train)
            seconds_of(panel, replace(asked, train=replace(train, epochs=2)))  # warm
            took = [seconds_of(panel, asked) for _ in range(runs)]
            training = float(np.median([rest for rest, _ in took]))
            ledger = float(np.median([sum(spent) for _, spent in took]))
            cost = ledger / training
            below = "yes" if cost < AIM else "NO"
            table.add_row(name, model, str(given.epochs), f"{training:.2f}", f"{ledger:.2f}", f"{cost:.1%}", below)
            rows.append({"data": name, "model": model, "took": took})
    Console().print(table)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()

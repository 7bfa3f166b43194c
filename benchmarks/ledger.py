"""What the gradient ledger costs: the same training with it and without it, in turn. The aim is less than 5 %.

    python benchmarks/ledger.py                          # sunspots, and a panel of 64 series

Each pair is timed one after the other, with and without in changing order; the cost is the median over the pairs of
how much longer the run with the ledger took. The spread says how far to trust it: the middle half of the pairs. Time is
that of the processor, so that waiting for other programs does not count.

Without the ledger there is nothing to cost: the loop asks once an epoch whether there is one.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.files.tables import read_table
from rnncast.forecaster import Forecaster
from rnncast.series.panel import Panel
from rnncast.training.step import Step, Watch

SUNSPOTS = Path(__file__).resolve().parent.parent / "sample_data" / "sunspots.csv"
AIM = 0.05


def sunspots() -> tuple[Panel, Config]:
    """One series of 2,819 months, forecast two years ahead."""
    return read_table(str(SUNSPOTS)), Config(task=TaskConfig(horizon=24))


def many() -> tuple[Panel, Config]:
    """64 noisy waves of 500 steps."""
    random = np.random.default_rng(0)
    t = np.arange(500)
    waves = {str(s): 10 * np.sin(2 * np.pi * t / 12 + s) + random.normal(0, 1, len(t)) for s in range(64)}
    return Panel.from_series(waves), Config(task=TaskConfig(horizon=12, seasons=(12,)))


def seconds_of(panel: Panel, config: Config, *, ledger: bool) -> tuple[float, int]:
    """Seconds of processor time that a training takes, and how many epochs of it were measured."""
    measured = []

    def told(run: str, step: Step) -> None:
        if step.gradient_by_lag:
            measured.append(step.epoch)

    began = time.process_time()
    Forecaster.fit(panel, config, watch=Watch(told, ledger=ledger))
    return time.process_time() - began, len(measured)


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", action="append", help="rnn and lstm, unless given")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="three pairs")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    pairs = 3 if given.quick else given.pairs

    table = Table(title=f"training with and without the ledger, torch threads: {given.threads}", title_justify="left")
    for header in ("data", "net", "epochs", "measured", "without, s", "cost", "middle half", "below 5 %"):
        table.add_column(header, justify="left" if header in ("data", "net") else "right")
    rows = []
    for name, (panel, config) in {"sunspots": sunspots(), "64 series": many()}.items():
        for model in given.model or ("rnn", "lstm"):
            train = TrainConfig(epochs=given.epochs, validate=False)
            asked = replace(config, net=NetConfig(model=model), train=train)
            seconds_of(panel, replace(asked, train=replace(train, epochs=2)), ledger=True)  # warm
            costs, without, measured = [], [], 0
            for pair in range(pairs):
                order = (True, False) if pair % 2 else (False, True)
                took = {ledger: seconds_of(panel, asked, ledger=ledger) for ledger in order}
                costs.append(took[True][0] / took[False][0] - 1)
                without.append(took[False][0])
                measured = took[True][1]
            low, cost, high = (float(x) for x in np.quantile(costs, (0.25, 0.5, 0.75)))
            table.add_row(
                name,
                model,
                str(given.epochs),
                str(measured),
                f"{np.median(without):.2f}",
                f"{cost:.1%}",
                f"{low:.1%} to {high:.1%}",
                "yes" if cost < AIM else "NO",
            )
            rows.append({"data": name, "model": model, "measured": measured, "seconds": without, "costs": costs})
    Console().print(table)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""Speed-up of a Jordan net by teacher forcing: its steps no longer wait for each other.

    python benchmarks/teacher_forcing.py                 # T = 128, 512, 2048

One series of T steps, one net, one update an epoch. Under teacher forcing what was observed stands in for the net's own
last output, so all T steps are one matrix product; under --training bptt each step waits for the output of the one
before it, and the gradient goes back through all of them. The two are timed in turn, epoch by epoch, in one process.

Under bptt the net also runs a horizon ahead from every horizon-th step. That is why a short horizon makes it slower: at
--horizon 1 every step is such an origin.
"""

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import torch
from rich.console import Console
from rich.table import Table

from rnncast.choices.decide import resolve
from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.frame.frame import Frame
from rnncast.nets.model import build_model
from rnncast.series.panel import Panel
from rnncast.training.batches import Batches
from rnncast.training.epoch import EpochReport
from rnncast.training.loop import train

LENGTHS = (128, 512, 2048)
TRAININGS = ("teacher-forcing", "bptt")


def epochs_of(training: str, steps: int, horizon: int, epochs: int) -> Iterator[EpochReport]:
    """Return a training run of one series of so many steps that yields after each epoch."""
    random = np.random.default_rng(steps)
    y = 10 * np.sin(2 * np.pi * np.arange(steps) / 12) + random.normal(0, 1, steps)
    panel = Panel.from_series({"wave": y})
    config = Config(
        task=TaskConfig(horizon=horizon, seasons=(12,)),
        net=NetConfig(model="jordan"),
        train=TrainConfig(training=training, bptt_steps=steps, epochs=epochs, validate=False),
    )
    spec = resolve(config, panel)
    model = build_model(spec)
    course = train(model, Batches(panel, Frame.of(spec), spec.train, torch.device("cpu")), spec)
    return (step for step in course if isinstance(step, EpochReport))


def seconds_an_epoch(steps: int, horizon: int, repeats: int) -> dict[str, float]:
    """Return median time of an epoch by training method, after one that is not counted; the methods take turns."""
    runs = {training: epochs_of(training, steps, horizon, repeats + 1) for training in TRAININGS}
    times: dict[str, list[float]] = {training: [] for training in TRAININGS}
    for _ in range(repeats + 1):
        for training, run in runs.items():
            began = time.perf_counter()
            next(run)
            times[training].append(time.perf_counter() - began)
    return {training: median(each[1:]) for training, each in times.items()}


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, action="append", metavar="T", help="length of the series (several times)")
    parser.add_argument("--horizon", type=int, default=12)
    parser.add_argument("--repeats", type=int, default=5, help="epochs that are timed, of each method")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="without the longest series")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)

    table = Table(
        title=f"jordan, one series of T steps, horizon {given.horizon}, torch threads: {given.threads}",
        title_justify="left",
    )
    for header in ("T", "teacher-forcing, ms an epoch", "bptt, ms an epoch", "ratio"):
        table.add_column(header, justify="right")
    rows = []
    for steps in given.steps or (LENGTHS[:-1] if given.quick else LENGTHS):
        seconds = seconds_an_epoch(steps, given.horizon, given.repeats)
        forced, free = (seconds[training] for training in TRAININGS)
        table.add_row(str(steps), f"{1000 * forced:.1f}", f"{1000 * free:.1f}", f"{free / forced:.0f}")
        rows.append({"steps": steps, "horizon": given.horizon, "threads": given.threads, **seconds})
    Console().print(table)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()

"""What only memory can do: three tasks whose answer lies further back than any window, and how each net fares.

    python benchmarks/memory.py                      # all three tables, about ten minutes on two cores
    python benchmarks/memory.py --quick              # the shorter spans only, about two minutes
    python benchmarks/memory.py --task copy --bptt-steps 16

copy: a value is shown, a beat goes on for L steps, a missed beat says "now": the value must come back.
counter: a beat, and every P steps a pulse. Nothing else tells when the next one is due.
sine: a sine of period P under noise, at a level and a phase of its own: where is it half a period from now?

Every net sees the last 8 values (--window) and goes through the same head, loop and budget. An error of 1 is that of a
naive guess, which knows the task but not the past: the mean value, the beat, the middle of the sine. 0 is perfect. Nets
are scored on series that they have not been trained on, and only where memory is needed.

What the frame does matters here: it puts values in units of the last one and of the mean movement, so the series are
made such that neither tells anything about the past. In copy and counter the mean movement is the same whatever the
value or the phase (in copy, to a quarter of a percent).
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.forecaster import Forecaster
from rnncast.series.panel import Panel

Values = NDArray[np.float64]
Made = tuple[Values, int, float, float]  # a series, the step to be forecast, its true value, the naive guess at it

COPY_GAP = 4  # beats between a recall and the next value
MOST = 0.8  # size of a value to copy; a beat is 1
NOISE = 0.5  # standard deviation, of a sine of amplitude 1


@dataclass(frozen=True)
class Task:
    """A task: what it asks, its spans in steps (for --quick, the first two), and how to make a series of it."""

    name: str
    asks: str
    span: str
    spans: tuple[int, ...]
    make: Callable[[int, int, np.random.Generator], Made]
    horizon: Callable[[int], int]


class Settings(NamedTuple):
    """What is the same for all nets."""

    window: int
    hidden_size: int
    epochs: int
    learning_rate: float
    bptt_steps: int
    series: int
    steps: int
    seed: int


@dataclass(frozen=True)
class Score:
    """The error of one net on one task, 1 = a naive guess; and what training took."""

    task: str
    span: int
    model: str
    error: float
    seconds: float


def copy(lag: int, steps: int, random: np.random.Generator) -> Made:
    """A value; beats; a missed beat; the same value, `lag` steps after it was shown; beats; and again.

    Values and missed beats come between a beat of 1 and one of -1, so that the movements around them add up to the
    same whatever the value.
    """
    y: list[float] = []
    beat, recalls = 1.0, []
    while len(y) < steps or len(recalls) < 2:
        value = random.uniform(-MOST, MOST)
        y.append(value)
        for _ in range(lag - 2):
            beat = -beat
            y.append(beat)
        y.append(beat)
        recalls.append((len(y), value))
        y.append(value)
        for _ in range(COPY_GAP):
            beat = -beat
            y.append(beat)
    skipped = int(random.integers(0, lag + COPY_GAP + 1))  # begin anywhere in a cycle
    at, value = recalls[-1]
    return np.array(y[skipped:]), at - skipped, value, 0.0


def counter(period: int, steps: int, random: np.random.Generator) -> Made:
    """0, 1, 0, 1, ... with a 2 in the place of every (period / 2)th 0: every step is a movement of 1."""
    cycles = 2 + -(-steps // period)
    y = np.tile([2.0, 1.0] + [0.0, 1.0] * (period // 2 - 1), cycles)
    at = period * (cycles - 1)
    skipped = int(random.integers(0, period))
    return y[skipped:], at - skipped, 2.0, 0.0


def sine(period: int, steps: int, random: np.random.Generator) -> Made:
    """A sine at a level and phase of its own, under noise; scored against the sine itself."""
    steps += period
    level, phase = random.normal(0, 10), random.uniform(0, 2 * np.pi)
    clean = level + np.sin(2 * np.pi * np.arange(steps) / period + phase)
    return clean + random.normal(0, NOISE, steps), steps - period // 2, float(clean[-1]), float(level)


TASKS = {
    task.name: task
    for task in (
        Task("copy", "copy a value seen L steps ago", "L", (4, 16, 64, 128), copy, lambda span: 1),
        Task("counter", "when is the next pulse, one every P steps?", "P", (4, 16, 64, 128), counter, lambda span: 1),
        Task("sine", "half a period ahead, noise aside", "P", (16, 32, 64, 128), sine, lambda span: span // 2),
    )
}


def measure(task: Task, span: int, model: str, settings: Settings) -> Score:
    """Train a net on a task and score it on fresh series."""
    steps = max(settings.steps, 3 * span)
    random = np.random.default_rng([settings.seed, span])
    made = [task.make(span, steps, random) for _ in range(settings.series)]
    fresh = [task.make(span, steps, random) for _ in range(settings.series)]
    horizon = task.horizon(span)
    config = Config(
        task=TaskConfig(horizon=horizon, seasons=(), transform="none"),
        net=NetConfig(model=model, hidden_size=settings.hidden_size, window=settings.window),
        train=TrainConfig(
            epochs=settings.epochs,
            learning_rate=settings.learning_rate,
            bptt_steps=settings.bptt_steps,
            weight_decay=0.0,
            validate=False,
            seed=settings.seed,
        ),
    )
    began = time.perf_counter()
    forecaster = Forecaster.fit(panel_of([y for y, *_ in made]), config)
    seconds = time.perf_counter() - began
    # What is known: everything before the step that is to be forecast, or before the last `horizon` steps.
    forecast = forecaster.predict(panel_of([y[:at] for y, at, *_ in fresh]))
    points = forecast.point[:, -1]
    truth, naive = (np.array([row[i] for row in fresh]) for i in (2, 3))
    error = np.abs(points - truth).mean() / np.abs(naive - truth).mean()
    return Score(task.name, span, model, float(error), seconds)


def panel_of(series: list[Values]) -> Panel:
    """A Panel of numbered series."""
    return Panel.from_series({str(s): y for s, y in enumerate(series)})


def table_of(task: Task, scores: list[Score]) -> Table:
    """Error by span and net."""
    table = Table(title=f"{task.name}: {task.asks}", title_justify="left")
    table.add_column(task.span, justify="right")
    models = list(dict.fromkeys(score.model for score in scores))
    for model in models:
        table.add_column(model, justify="right")
    for span in dict.fromkeys(score.span for score in scores):
        errors = {score.model: score.error for score in scores if score.span == span}
        table.add_row(str(span), *(f"{errors[model]:.2f}" for model in models))
    return table


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=TASKS, action="append", help="this task only (may be given again)")
    parser.add_argument("--model", action="append", help="this net only (may be given again)")
    parser.add_argument("--span", type=int, action="append", help="this span only (may be given again)")
    parser.add_argument("--window", type=int, default=8)
    parser.add_argument("--hidden-size", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=150)
    parser.add_argument("--learning-rate", type=float, default=0.01)
    parser.add_argument("--bptt-steps", type=int, default=512)
    parser.add_argument("--series", type=int, default=64, help="to train on, and as many to be scored on")
    parser.add_argument("--steps", type=int, default=128, help="length of a series, at least (or three spans)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="the two shorter spans of each task")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    settings = Settings(*(getattr(given, name) for name in Settings._fields))
    console, everything = Console(), []
    for name in given.task or TASKS:
        task = TASKS[name]
        spans = given.span or (task.spans[:2] if given.quick else task.spans)
        scores = []
        for span in spans:
            for model in given.model or ("window", "rnn", "gru", "lstm"):
                scores.append(measure(task, span, model, settings))
                print(f"{name} {span} {model}: {scores[-1].error:.3f} in {scores[-1].seconds:.1f} s", flush=True)
        console.print(table_of(task, scores))
        everything += scores
    if given.json:
        given.json.write_text(json.dumps([asdict(score) for score in everything], indent=1) + "\n")


if __name__ == "__main__":
    main()

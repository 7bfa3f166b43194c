"""Tasks for memory alone: three tasks whose answer lies further back than any window, and how each net fares.

    python benchmarks/memory.py                      # all three tables, about six minutes on two cores
    python benchmarks/memory.py --quick              # the shorter spans only, about one minute
    python benchmarks/memory.py --task copy --span 24 --model lstm --no-mixing

copy: a value is shown, a beat goes on, a missed beat says "now": the value must come back, L steps after it was shown.
counter: a beat, and every P steps a pulse. Nothing else tells when the next one is due.
sine: a sine of period P under noise, at a level and a phase of its own: where is it half a period from now?

A gradient that has vanished teaches nothing, so the series to train on mix easier spans in: a net that can already look
back a little learns to look back further (--no-mixing: without). What is scored is the full span alone.

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
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.panel import Panel
from rnncast.training.watch import Watch

Values = NDArray[np.float64]
Made = tuple[Values, int, float, float]  # a series, the step to be forecast, its true value, the naive guess at it

REST = 4  # beats between a recall and the next value
SHORTEST = 4  # lag or period of those that are mixed
CYCLES = 3  # values or pulses in a series, at least
MOST = 0.8  # size of a value to copy; a beat is 1
MODELS = ("window", "rnn", "gru", "lstm")
NOISE = 0.5  # standard deviation, of a sine of amplitude 1


@dataclass(frozen=True)
class Task:
    """A task: what it asks, how long its series are at least, and how to make one.

    spans: in steps (for --quick, the first two), with the epochs to train for each.
    """

    name: str
    asks: str
    span: str
    spans: dict[int, int]
    steps: int
    make: Callable[[int, int, np.random.Generator, bool], Made]
    horizon: Callable[[int], int]


class Settings(NamedTuple):
    """Settings that are the same for all nets."""

    window: int
    hidden_size: int
    learning_rates: tuple[float, ...]
    bptt_steps: int
    series: int
    batch_size: int
    mixing: bool
    seed: int
    effort: float


@dataclass(frozen=True)
class Score:
    """Error of one net on one task, 1 = a naive guess, at one learning rate; and what training took.

    choice: the same error on series of a third kind, by which a learning rate is chosen.
    """

    task: str
    span: int
    model: str
    learning_rate: float
    loss: float
    choice: float
    error: float
    seconds: float


def copy(lag: int, steps: int, random: np.random.Generator, mixed: bool) -> Made:
    """Return a value; beats of 1 and -1; a beat that repeats the last; the same value, `lag` steps after it was shown.

    Mixed: each value has a lag of its own, drawn evenly on the scale of logs; that of the last one is `lag`. A value
    lies between a beat of 1 and one of -1, so that the movements around it add up to the same whatever it is.
    """
    lags = [lag]
    while sum(lags) + len(lags) * (1 + REST) < steps:
        lags.insert(0, round(np.exp(random.uniform(np.log(SHORTEST), np.log(lag)))) if mixed else lag)
    y: list[float] = []
    beat, value = 1.0, 0.0
    for each in lags:
        value = random.uniform(-MOST, MOST)
        beats = [beat * (-1) ** i for i in range(1, each - 1 + REST)]
        before, after = beats[: each - 2], beats[each - 2 :]
        y += [value, *before, before[-1], value, *after]
        beat = beats[-1]
    skipped = int(random.integers(0, lags[0] + 1 + REST)) if len(lags) > 1 else 0  # begin anywhere in a cycle
    return np.array(y[skipped:]), len(y) - REST - 1 - skipped, value, 0.0


def counter(period: int, steps: int, random: np.random.Generator, mixed: bool) -> Made:
    """Return 0, 1, 0, 1, ... with a 2 in the place of every (period / 2)th 0: every step is a movement of 1.

    Mixed: half of the series have the period, a quarter half of it, an eighth ... (at least 4).
    """
    while mixed and period % 4 == 0 and period > SHORTEST and random.random() < 0.5:
        period //= 2
    cycles = max(CYCLES, -(-steps // period))
    y = np.tile([2.0, 1.0] + [0.0, 1.0] * (period // 2 - 1), cycles)
    at = period * (cycles - 1)
    skipped = int(random.integers(0, period))
    return y[skipped:], at - skipped, 2.0, 0.0


def sine(period: int, steps: int, random: np.random.Generator, mixed: bool) -> Made:
    """Return a sine at a level and phase of its own, under noise; scored against the sine itself. There is nothing to
    mix."""
    steps = max(steps, 2 * period) + period // 2
    level, phase = random.normal(0, 10), random.uniform(0, 2 * np.pi)
    clean = level + np.sin(2 * np.pi * np.arange(steps) / period + phase)
    return clean + random.normal(0, NOISE, steps), steps - period // 2, float(clean[-1]), float(level)


def one_step(span: int) -> int:
    """Return the horizon of copy and counter."""
    return 1


def half(span: int) -> int:
    """Return the horizon of the sine: half a period."""
    return span // 2


HARD = {4: 60, 16: 250, 24: 250}  # what takes long to learn, whatever the net
TASKS = {
    task.name: task
    for task in (
        Task("copy", "copy a value seen L steps ago", "L", HARD, 72, copy, one_step),
        Task("counter", "when is the next pulse, one every P steps?", "P", HARD, 144, counter, one_step),
        Task("sine", "half a period ahead, noise aside", "P", {16: 40, 32: 40, 64: 40}, 72, sine, half),
    )
}


def measure(task: Task, span: int, model: str, settings: Settings) -> list[Score]:
    """Train a net on a task, at each learning rate, and score it on fresh series."""
    torch.set_num_threads(1)
    random = np.random.default_rng([settings.seed, span])
    made, chosen_by, fresh = (
        [task.make(span, task.steps, random, mixed) for _ in range(settings.series)]
        for mixed in (settings.mixing, False, False)
    )
    scores = []
    for rate in settings.learning_rates:
        losses: list[float] = []
        began = time.perf_counter()
        forecaster = Forecaster.fit(
            panel_of([y for y, *_ in made]),
            config_of(task, span, model, rate, settings),
            watch=Watch(lambda run, step: losses.append(step.loss)),  # noqa: B023
        )
        seconds = time.perf_counter() - began
        choice, error = (error_of(forecaster, series) for series in (chosen_by, fresh))
        scores.append(Score(task.name, span, model, rate, losses[-1], choice, error, seconds))
    return scores


def error_of(forecaster: Forecaster, series: list[Made]) -> float:
    """Return the mean error where the answer is, by that of the naive guess."""
    points = forecaster.predict(panel_of([y[:known] for y, known, *_ in series])).point[:, -1]
    truth, naive = (np.array([row[i] for row in series]) for i in (2, 3))
    return float(np.abs(points - truth).mean() / np.abs(naive - truth).mean())


def config_of(task: Task, span: int, model: str, learning_rate: float, settings: Settings) -> Config:
    """Return the same for all nets, but for the net."""
    return Config(
        task=TaskConfig(horizon=task.horizon(span), seasons=(1,), transform="none"),
        net=NetConfig(model=model, hidden_size=settings.hidden_size, window=settings.window),
        train=TrainConfig(
            epochs=max(1, round(task.spans.get(span, max(task.spans.values())) * settings.effort)),
            learning_rate=learning_rate,
            bptt_steps=settings.bptt_steps,
            batch_size=settings.batch_size,
            stride=1,
            weight_decay=0.0,
            validate=False,
            seed=settings.seed,
        ),
    )


def panel_of(series: list[Values]) -> Panel:
    """Return a Panel of numbered series."""
    return Panel.from_series({str(s): y for s, y in enumerate(series)})


def table_of(task: Task, scores: list[Score]) -> Table:
    """Return error by span and net, at the learning rate that did best on other series."""
    table = Table()
    table.add_column(task.span, justify="right")
    best: dict[tuple[int, str], Score] = {}
    for score in sorted(scores, key=lambda score: score.choice, reverse=True):
        best[score.span, score.model] = score
    models = list(dict.fromkeys(score.model for score in scores))
    for model in models:
        table.add_column(model, justify="right")
    for span in dict.fromkeys(score.span for score in scores):
        table.add_row(str(span), *(f"{best[span, model].error:.2f}" for model in models))
    return table


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=TASKS, action="append", help="this task only (may be given again)")
    parser.add_argument("--model", action="append", help="this net only (may be given again)")
    parser.add_argument("--span", type=int, action="append", help="this span only (may be given again)")
    parser.add_argument("--window", type=int, default=8)
    parser.add_argument("--hidden-size", type=int, default=32)
    parser.add_argument("--learning-rates", type=float, nargs="+", default=(0.02,), metavar="RATE")
    parser.add_argument("--bptt-steps", type=int, default=512)
    parser.add_argument("--series", type=int, default=128, help="to train on, and as many to be scored on")
    parser.add_argument("--batch-size", type=int, default=8, help="small, for many updates in little time")
    parser.add_argument("--mixing", action=argparse.BooleanOptionalAction, default=True, help="easier spans beside")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--effort", type=float, default=1.0, help="multiplies the epochs")
    parser.add_argument("--workers", type=int, default=2, help="nets trained side by side, on one thread each")
    parser.add_argument("--quick", action="store_true", help="the two shorter spans of each task, half the effort")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here")
    given = parser.parse_args()
    if given.quick:
        given.effort /= 2
    settings = Settings(*(getattr(given, name) for name in Settings._fields))
    everything: list[Score] = []
    began = time.perf_counter()
    with ProcessPoolExecutor(given.workers, mp_context=get_context("spawn")) as pool:
        runs = {
            name: [
                pool.submit(measure, TASKS[name], span, model, settings)
                for span in given.span or list(TASKS[name].spans)[: 2 if given.quick else None]
                for model in given.model or MODELS
            ]
            for name in given.task or TASKS
        }
        for name, waiting in runs.items():
            scores = [score for run in waiting for score in run.result()]
            everything += scores
            Console().print(f"{name}: {TASKS[name].asks}", table_of(TASKS[name], scores), sep="\n", highlight=False)
            if given.json:
                given.json.write_text(json.dumps([asdict(score) for score in everything], indent=1) + "\n")
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()

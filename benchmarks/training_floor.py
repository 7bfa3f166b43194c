"""An update of training beside its floor: what bare torch takes for the operations that the net cannot do without.

    python benchmarks/training_floor.py m4-hourly-train.csv                    # results/training_floor.json
    python benchmarks/training_floor.py m4-hourly-train.csv --profile          # and where an update's time goes
    python benchmarks/training_floor.py m4-hourly-train.csv --device cuda --batches 64,256,1024,4096,16384

The floor is torch's own recurrent net on inputs that are there already, a linear layer as wide as the head at the same
origins, the mean square of its outputs, the backward pass, and AdamW: of the same shapes, with the same threads. It and
the update of rnncast, with all that makes its batch, take turns, chunk after chunk of an epoch. Time is that of the
processor, which other work on the machine disturbs less than the clock; on a GPU, of the clock until it has finished.
With --batches, the series are repeated until they fill the largest, and the table has a row for each.

Chunks at the borders of series are shorter: the medians are of whole chunks, the totals of all.
"""

import argparse
import cProfile
import pstats
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import quantiles
from typing import Any

import numpy as np
import torch
from machine import write_results
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from rnncast.choices.decide import resolve
from rnncast.config import Config, NetConfig, TaskConfig
from rnncast.files.panels.tables import read_table
from rnncast.frame.frame import Frame
from rnncast.nets.model import build_model
from rnncast.runtime.members import head_of
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.batches import Batches, Chunk
from rnncast.training.device import find_device
from rnncast.training.learner import Learner

RATE = 0.001
CPU = torch.device("cpu")
AIM, STRETCH = 1.5, 1.2
CELLS = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
OPERATIONS, FUNCTIONS = 16, 22  # in a profile


def updates(batches: Batches, spec: ModelSpec) -> Iterator[Chunk]:
    """Updates of rnncast, epoch after epoch; each chunk after its update."""
    model = build_model(spec).to(batches.device).train()
    learner, state = Learner.of(model, spec), ()
    while True:
        for chunk in batches.epoch():
            if chunk.start == 0:
                state = model.init_state(chunk.rows)
            outcome = learner.objective(chunk, state, 0.5)
            state = tuple(part.detach() for part in outcome.state)
            if outcome.weight > 0:  # otherwise there is nothing to learn, and no update
                learner.update(outcome, RATE, "a benchmark")
                yield chunk


def floor_of(spec: ModelSpec, device: torch.device) -> Callable[[Chunk], Callable[[], None]]:
    """A function that prepares the floor of a chunk's update."""
    head, features = head_of(spec), Frame.of(spec).features
    net = CELLS[spec.net.model](features, spec.net.hidden_size, spec.net.layers, batch_first=True).to(device)
    linear = nn.Linear(spec.net.hidden_size, head.shapes["bias"][0], device=device)
    optimiser = torch.optim.AdamW([*net.parameters(), *linear.parameters()], lr=RATE)

    def prepared(chunk: Chunk) -> Callable[[], None]:
        inputs = torch.randn(chunk.rows, chunk.stop - chunk.start, features, device=device)

        def update() -> None:
            seen, _ = net(inputs)
            outputs: Tensor = linear(seen[:, chunk.origins])
            optimiser.zero_grad()
            outputs.square().mean().backward()  # type: ignore[no-untyped-call]
            optimiser.step()

        return update

    return prepared


def milliseconds(work: Callable[[], Any], device: torch.device = CPU) -> float:
    """Of processor time that a work takes, or, on a GPU, of the clock."""
    on_gpu = device.type != "cpu"
    clock = time.perf_counter if on_gpu else time.process_time
    began = clock()
    work()
    if on_gpu:
        torch.cuda.synchronize(device)
    return 1000 * (clock() - began)


def measured(batches: Batches, spec: ModelSpec, number: int) -> dict[str, Any]:
    """So many updates of both in turn: the time of each, and their ratio."""
    device = batches.device
    ours, floor = updates(batches, spec), floor_of(spec, device)
    found: list[tuple[int, float, float]] = []
    for done in range(number + len(batches)):  # the first epoch warms both up
        chunks: list[Chunk] = []
        taken = milliseconds(lambda: chunks.append(next(ours)), device)  # noqa: B023
        least = milliseconds(floor(chunks[0]), device)
        if done >= len(batches):
            found.append((chunks[0].stop - chunks[0].start, taken, least))
    whole = [(a, b) for steps, a, b in found if steps == spec.train.bptt_steps] or [(a, b) for _, a, b in found]
    spread = {
        name: dict(zip(("lower_quartile", "median", "upper_quartile"), quantiles(values, n=4), strict=True))
        for name, values in {
            "update_ms": [a for a, _ in whole],
            "floor_ms": [b for _, b in whole],
            "ratio": [a / b for a, b in whole],
        }.items()
    }
    total = sum(a for _, a, _ in found) / sum(b for *_, b in found)
    return {"chunks": len(found), "whole_chunks": len(whole), **spread, "ratio_of_totals": total}


def profiled(batches: Batches, spec: ModelSpec) -> dict[str, Any]:
    """Where the time of an epoch's updates goes: by operation of torch, whose profiler goes by the clock, so that other
    work on the machine is in it, and by function, in ms of the processor an update."""
    course, number = updates(batches, spec), len(batches)
    for _ in range(number):
        next(course)
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU]) as seen:
        for _ in range(number):
            next(course)
    each = sorted(seen.key_averages(), key=lambda event: -event.self_cpu_time_total)
    operations = {event.key: round(event.self_cpu_time_total / 1000 / number, 3) for event in each[:OPERATIONS]}
    watched = cProfile.Profile(time.process_time)
    watched.enable()
    for _ in range(number):
        next(course)
    watched.disable()
    stats: dict[Any, Any] = pstats.Stats(watched).stats  # type: ignore[attr-defined]
    own = {
        f"{Path(file).stem}.{name}" if line else name: round(1000 * cumulative / number, 3)
        for (file, line, name), (*_, cumulative, _) in stats.items()
        if "rnncast" in Path(file).parts or "run_backward" in name or "torch.lstm" in name
    }
    functions = dict(sorted(own.items(), key=lambda item: -item[1])[:FUNCTIONS])
    return {"ms_of_the_clock_by_operation": operations, "ms_by_function_with_what_it_calls": functions}


def by_batch(
    panel: Panel, spec: ModelSpec, sizes: list[int], device: torch.device, number: int
) -> list[dict[str, Any]]:
    """Updates of batches of each size, by size: updates and series steps a second, and the ratio to the floor."""
    found = []
    for size in sizes:
        rows = np.resize(np.arange(len(panel)), max(size, len(panel)))
        ours = replace(spec, train=replace(spec.train, batch_size=size))
        batches = Batches(panel.select(rows, panel.lengths[rows]), Frame.of(ours), ours.train, device)
        one = measured(batches, ours, number)
        rate = 1000 / one["update_ms"]["median"]
        found.append(
            {"batch": size, "updates_a_second": rate, "steps_a_second": rate * size * ours.train.bptt_steps, **one}
        )
    return found


def show_batches(found: list[dict[str, Any]]) -> None:
    """Print the table of batch sizes."""
    table = Table()
    for header in ("series in a batch", "updates a second", "steps a second", "floor, ms", "ratio"):
        table.add_column(header, justify="right")
    for one in found:
        table.add_row(
            f"{one['batch']:,}",
            f"{one['updates_a_second']:.1f}",
            f"{one['steps_a_second']:,.0f}",
            f"{one['floor_ms']['median']:.2f}",
            f"{one['ratio']['median']:.2f}",
        )
    Console().print(table)


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="a table to train on")
    parser.add_argument("--horizon", type=int, default=48)
    parser.add_argument("--model", choices=CELLS, default="lstm")
    parser.add_argument("--segment", type=int, help="steps from one update of the state to the next")
    parser.add_argument("--updates", type=int, default=150)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu", help="cpu, cuda or cuda:1")
    parser.add_argument("--batches", default="", help="64,256,1024: sizes of batches to measure, one after the other")
    parser.add_argument("--profile", action="store_true", help="also say where an update's time goes")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    panel = read_table(given.data)
    config = Config(
        task=TaskConfig(horizon=given.horizon), net=NetConfig(model=given.model, segment=(given.segment or 1,))
    )
    spec = resolve(config, panel).of_one_net(0)
    device = find_device(given.device)
    if given.batches:
        sizes = [int(size) for size in given.batches.split(",")]
        rows = by_batch(panel, spec, sizes, device, given.updates)
        show_batches(rows)
        write_results(f"training_batches_{device.type}", {"model": given.model, "sizes": rows}, given.json)
        return
    batches: list[Batches] = []
    preparing = milliseconds(lambda: batches.append(Batches(panel, Frame.of(spec), spec.train, device)))
    found = {"data": Path(given.data).name, "model": given.model, "preparing_ms": preparing}
    found |= measured(batches[0], spec, given.updates)
    table = Table(title=f"{Path(given.data).name}, {given.model}, torch threads: {given.threads}", title_justify="left")
    for header in ("", "lower quartile", "median", "upper quartile"):
        table.add_column(header, justify="right" if header else "left")
    for name in ("update_ms", "floor_ms", "ratio"):
        table.add_row(name, *(f"{value:.2f}" for value in found[name].values()))
    Console().print(table)
    print(f"ratio of totals {found['ratio_of_totals']:.3f}; to reach {AIM}, stretch {STRETCH}")
    print(f"making the batches, once a training: {preparing:.0f} ms")
    if given.profile:
        found |= profiled(batches[0], spec)
        for title in ("ms_of_the_clock_by_operation", "ms_by_function_with_what_it_calls"):
            print(title, *(f"  {value:8.3f}  {name}" for name, value in found[title].items()), sep="\n")
    write_results("training_floor", found, given.json)


if __name__ == "__main__":
    main()

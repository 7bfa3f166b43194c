"""Speed and memory of forecasts: each aim beside its measurement, all in one run.

    python benchmarks/forecasting.py [--m4 FILE] [--peers PYTHON] [--runs N] [--long ROWS] [--only PART] [--json FILE]

The models are trained here for two epochs, as speed does not depend on skill; their sizes are those that train would
choose. Each measurement is repeated in turn with those that it is held against, and the quickest of each counts, as
everything slower is the machine's doing. Beside the seconds stand those of the processor, which other work on the
machine disturbs less: both are held against the aims.

--m4: the table of M4's hourly series, one a row. --peers: an interpreter that has darts and neuralforecast; plain torch
is always measured. --folder: where the models are kept, to be used again.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from forecasting_models import FEW, MANY, MORE, prepare, warm

AIR_PASSENGERS = Path(__file__).resolve().parent.parent / "sample_data" / "air_passengers.csv"
PEERS = Path(__file__).with_name("forecasting_peers.py")


class Cost(NamedTuple):
    """Cost of a process: seconds, seconds of the processor, and megabytes at the peak."""

    seconds: float
    cpu: float
    megabytes: float


class Line(NamedTuple):
    """A measurement: what, how much by the clock and by the processor, its unit, and the aim, if there is one."""

    what: str
    found: float
    cpu: float | None
    unit: str
    aim: float | None = None
    at_least: bool = False

    @property
    def met(self) -> str:
        """True if the aim is met; "" where there is none."""
        if self.aim is None:
            return ""
        return "yes" if (self.found >= self.aim if self.at_least else self.found <= self.aim) else "NO"


def cost(command: list[str | Path], output: Path) -> Cost:
    """Return the cost of a process whose output goes to a file, and which must succeed."""
    with output.open("wb") as out:
        began = time.perf_counter()
        process = subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(map(str, command))} ended with {process.returncode}")
    return Cost(seconds, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


def best(runs: int, measured: dict[str, Callable[[], Cost]]) -> dict[str, Cost]:
    """Return the least cost of each of several measurements, taken in turn."""
    found = [{name: measure() for name, measure in measured.items()} for _ in range(runs)]
    return {name: Cost(*map(min, zip(*(each[name] for each in found), strict=True))) for name in measured}


def cold(folder: Path, runs: int, peers: str | None) -> list[Line]:
    """Measure whole processes that forecast air passengers, beside an import of pandas and the same by others."""
    program = ["rnncast", "forecast", "-q", "-m", folder / "air.safetensors", "--format", "csv"]
    out = folder / "out.csv"
    others = {name: _peer(name, folder, peers) for name in ("torch", *(("darts", "neuralforecast") if peers else ()))}
    found = best(
        runs,
        {
            "pandas": lambda: cost([sys.executable, "-c", "import pandas"], out),
            "state": lambda: cost(program, out),
            "csv": lambda: cost([*program, AIR_PASSENGERS], out),
            **{name: (lambda command=command: cost(command, out)) for name, command in others.items()},  # type: ignore[misc]
        },
    )
    pandas = found["pandas"]
    aims = {"state": ("cold, from the saved state", 0.7), "csv": ("cold, from a CSV", 1.4)}
    lines = [Line("cold, python -c 'import pandas'", pandas.seconds, pandas.cpu, "s")]
    for name, (what, aim) in aims.items():
        lines.append(Line(what, found[name].seconds, found[name].cpu, "s"))
        ratio = found[name].cpu / pandas.cpu
        lines.append(Line(f"{what}, by import pandas", found[name].seconds / pandas.seconds, ratio, "times", aim))
    return lines + [Line(f"cold, {name}", found[name].seconds, found[name].cpu, "s") for name in others]


def predicted(folder: Path, runs: int, peers: str | None) -> list[Line]:
    """Measure a forecast of air passengers in a warm process, ours and others'."""
    lines = []
    for what, found in json.loads(_told([sys.executable, __file__, "--warm", folder])).items():
        lines.append(Line(f"warm, {what}", *found, "ms", 1.2 if "state" in what else None))
    for name in ("torch", *(("darts", "neuralforecast") if peers else ())):
        found = json.loads(_told([*_peer(name, folder, peers), "--warm"]))
        lines.append(Line(f"warm, {name}", *found, "ms"))
    return lines


def panels(folder: Path, runs: int, m4: Path | None) -> list[Line]:
    """Measure M4's hourly series from their whole history, and a great many series from their state."""
    lines, out = [], folder / "out.csv"
    if m4 is not None:
        command = ["rnncast", "forecast", "-q", "-m", folder / "m4.safetensors", "--layout", "rows", m4]
        found = best(runs, {"m4": lambda: cost(command, out)})["m4"]
        lines.append(Line("M4 hourly, 414 series, whole history", found.seconds, found.cpu, "s", 3.0))
    command = ["rnncast", "forecast", "-q", "-m", folder / "many.safetensors", "-H", "12"]
    found = best(runs, {"many": lambda: cost(command, out)})["many"]
    lines.append(Line(f"{MANY:,} series x 12 steps, from the state", found.seconds, found.cpu, "s", 10.0))
    return [*lines, Line(f"{MANY:,} series x 12 steps, peak memory", found.megabytes, None, "MB", 2000.0)]


def followed(folder: Path, runs: int, long: int) -> list[Line]:
    """Measure rows per second, from the additional cost of more rows, and their memory."""
    lines, out = [], folder / "out.csv"
    kinds = {
        "one": "monthly, after 144 rows, a single net",
        "air": "monthly, after 144 rows",
        "short": "hourly, after 1,000 rows",
        "long": f"hourly, after {long:,} rows",
    }
    measured = {}
    for name in kinds:
        program = ["rnncast", "forecast", "-q", "--follow", "-m", folder / f"{name}.safetensors"]
        for rows in (FEW, MORE):
            command = [*program, folder / f"{name}-{rows}.csv"]
            measured[f"{name}-{rows}"] = lambda command=command: cost(command, out)  # type: ignore[misc]
    found = best(runs, measured)
    for name, what in kinds.items():
        few, more = found[f"{name}-{FEW}"], found[f"{name}-{MORE}"]
        rate, cpu = (MORE - FEW) / (more.seconds - few.seconds), (MORE - FEW) / (more.cpu - few.cpu)
        lines.append(Line(f"--follow, {what}", rate, cpu, "rows/s", 2000.0 if name == "one" else 1500.0, at_least=True))
        grown = more.megabytes - few.megabytes
        lines.append(Line(f"--follow, {what}, memory for {MORE - FEW:,} rows", grown, None, "MB", 2.0))
    return lines


def _peer(name: str, folder: Path, peers: str | None) -> list[str | Path]:
    interpreter = sys.executable if name == "torch" or peers is None else peers
    return [interpreter, "-W", "ignore", PEERS, name, AIR_PASSENGERS, folder]


def _told(command: list[str | Path]) -> str:
    done = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, text=True, check=True)
    return done.stdout.splitlines()[-1]


def main() -> None:
    """Prepare, measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--m4", type=Path, metavar="FILE", help="M4's hourly series, one a row")
    parser.add_argument("--peers", metavar="PYTHON", help="an interpreter that has darts and neuralforecast")
    parser.add_argument("--runs", type=int, default=5, help="of which the quickest counts")
    parser.add_argument("--long", type=int, default=1_000_000, help="rows of the longest history that is followed")
    parser.add_argument("--folder", type=Path, help="keep the models here, or use those that are")
    parser.add_argument("--only", choices=("cold", "warm", "panels", "follow"), action="append", help="measure this")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the numbers here")
    parser.add_argument("--prepare", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--warm", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.warm:
        print(json.dumps(warm(given.warm, AIR_PASSENGERS)))
        return
    if given.prepare:
        prepare(given.prepare, AIR_PASSENGERS, given.m4, given.long)
        return
    # One thread each, so that seconds and seconds of the processor tell the same.
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        own = [sys.executable, __file__, "--prepare", folder, "--long", str(given.long)]
        subprocess.run(list(map(str, own + (["--m4", given.m4] if given.m4 else []))), check=True)
        measures: dict[str, Callable[[], list[Line]]] = {
            "cold": lambda: cold(folder, given.runs, given.peers),
            "warm": lambda: predicted(folder, given.runs, given.peers),
            "panels": lambda: panels(folder, given.runs, given.m4),
            "follow": lambda: followed(folder, given.runs, given.long),
        }
        lines = [line for name in given.only or measures for line in measures[name]()]
    print(f"{'':58} {'by clock':>10} {'by CPU':>10}  {'':6} {'aim':>10}  met")
    for line in lines:
        cpu = "" if line.cpu is None else f"{line.cpu:,.4g}"
        aim = "" if line.aim is None else f"{'>=' if line.at_least else '<='} {line.aim:,g}"
        print(f"{line.what:58} {line.found:>10,.4g} {cpu:>10}  {line.unit:6} {aim:>10}  {line.met}")
    if given.json:
        given.json.write_text(json.dumps([{**line._asdict(), "met": line.met} for line in lines], indent=1) + "\n")


if __name__ == "__main__":
    main()

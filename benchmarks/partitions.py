"""How much processor time a partition takes: reading, forecasting with the pretrained net, and writing.

Process time, so that other work on the machine does not count; one thread. The figures go into docs/scale.md.

    OMP_NUM_THREADS=1 python benchmarks/partitions.py [--series N] [--steps T] [--output FILE.json]
"""

import argparse
import json
import platform
import resource
import tempfile
import time
from pathlib import Path

import numpy as np

from rnncast.config import TaskConfig
from rnncast.files.formats.folders import Part
from rnncast.files.panels.tables import read_table
from rnncast.scale.partitions import Job, Task, forecast_part

HORIZON, SEASON = 14, 7


def make(path: Path, series: int, steps: int) -> None:
    """Write a table of daily series, or of hourly ones where the days would not fit in the calendar."""
    random = np.random.default_rng(0)
    unit = "D" if steps < 100_000 else "h"
    times = np.datetime_as_string(np.datetime64("2000-01-01", unit) + np.arange(steps)).tolist()
    times = times if unit == "D" else [f"{each}:00" for each in times]
    week = 10 * np.sin(2 * np.pi * np.arange(steps) / SEASON)
    with path.open("w") as file:
        file.write("unique_id,ds,y\n")
        for s in range(series):
            values = np.round(100 + week + random.normal(0, 5, steps), 2).tolist()
            file.writelines(f"series-{s:06d},{at},{value}\n" for at, value in zip(times, values, strict=True))


def main() -> None:
    """Make a partition, forecast it, and print where the time goes."""
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("--series", type=int, default=10_000)
    options.add_argument("--steps", type=int, default=100)
    options.add_argument("--output", type=Path)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.csv"
        make(path, given.series, given.steps)
        began = time.process_time()
        read_table(str(path))
        read = time.process_time() - began
        began = time.process_time()
        job = Job(task=TaskConfig(horizon=HORIZON, seasons=(SEASON,)))
        outcome = forecast_part(Task(Part(str(path)), str(Path(folder) / "out" / "part.csv")), job)
        assert not outcome.error, outcome.error
        whole = time.process_time() - began
        found = {
            "series": given.series,
            "steps": given.steps,
            "horizon": HORIZON,
            "megabytes read": path.stat().st_size / 1e6,
            "seconds of reading": read,
            "seconds in all": whole,
            "series per second of one core": given.series / whole,
            "peak megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            "machine": f"{platform.machine()}, Python {platform.python_version()}",
        }
    print(json.dumps(found, indent=1))
    if given.output:
        given.output.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()

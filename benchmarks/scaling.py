"""How the cost of training grows: with the number of series, with their length, and with the horizon.

    python benchmarks/scaling.py                        # results/scaling.json; some ten minutes on one core
    python benchmarks/scaling.py --quick                # without the two large trainings

Each training is one epoch of one net, in a process of its own, one thread. What is counted is the processor time of
`Forecaster.fit`, without loading the libraries, and the memory at its peak above what they take. A slope is that of the
logarithms of time over those of size, by least squares: 1 is linear. Over the smaller sizes it is less, as what every
training costs is not small beside them; the slope from the second largest to the largest says most.

The two large ones are a single series of 1,000,000 steps, and 100,000 series of 100.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
from machine import write_results
from rich.console import Console
from rich.table import Table

SERIES, STEPS, HORIZONS = (20, 200, 2000), (1_000, 10_000, 100_000), (4, 40, 400)
AIM = 1.05
ALLOWED = 300e6, 3  # bytes, and times the data, at the peak above the libraries
RUN = """
import json, resource, sys, time
import numpy as np, pandas, torch
from rnncast.config import Config
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.panel import Panel

def peak():
    number = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return number if sys.platform == "darwin" else 1024 * number

series, steps, horizon = json.loads(sys.argv[1])
torch.set_num_threads(1)
random = np.random.default_rng(0)
y = 20 + 5 * np.sin(2 * np.pi * np.arange(steps) / 12) + random.normal(0, 1, (series, steps))
panel = Panel.from_series({str(s): row for s, row in enumerate(y)})
del y
config = Config(horizon=horizon, season=12, epochs=1, members=1, validate=False, start="scratch", stride=4,
                hidden_size=32, transform="none")
Forecaster.fit(Panel.from_series({"warm": np.arange(60.0)}), Config(horizon=4, season=12, epochs=1, members=1,
               validate=False, start="scratch"))
before, began = peak(), time.process_time()
Forecaster.fit(panel, config)
print(json.dumps({"seconds": time.process_time() - began, "peak": peak() - before, "libraries": before,
                  "data": 8 * series * steps}))
"""


def measured(series: int, steps: int, horizon: int) -> dict[str, Any]:
    """Seconds and bytes of one epoch on so much data."""
    line = [sys.executable, "-c", RUN, json.dumps([series, steps, horizon])]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return {"series": series, "steps": steps, "horizon": horizon, **found}


def slopes(sizes: tuple[int, ...], seconds: list[float]) -> dict[str, float]:
    """Of time over size, both in logarithms: over all sizes, and over the two largest."""
    x, y = np.log(sizes), np.log(seconds)
    return {"slope": float(np.polyfit(x, y, 1)[0]), "last_slope": float((y[-1] - y[-2]) / (x[-1] - x[-2]))}


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="without the two large trainings")
    parser.add_argument("--only", choices=("series", "steps", "horizon", "large"), help="this one only")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    given = parser.parse_args()
    found: dict[str, Any] = {}
    plans = {
        "series": (SERIES, [(size, 100, 12) for size in SERIES]),
        "steps": (STEPS, [(1, size, 12) for size in STEPS]),
        "horizon": (HORIZONS, [(64, 600, size) for size in HORIZONS]),
    }
    table = Table(title="one epoch of training, processor time", title_justify="left")
    for header in ("by", "sizes", "seconds", "slope", "of the largest", f"<= {AIM}"):
        table.add_column(header)
    for name, (sizes, plan) in plans.items():
        if given.only in (None, name):
            runs = [measured(*each) for each in plan]
            seconds = [run["seconds"] for run in runs]
            found[name] = {"runs": runs, **slopes(sizes, seconds)}
            slope, last = found[name]["slope"], found[name]["last_slope"]
            shown = " ".join(f"{each:.2f}" for each in seconds)
            fine = "yes" if max(slope, last) <= AIM else "no"
            table.add_row(name, " ".join(map(str, sizes)), shown, f"{slope:.2f}", f"{last:.2f}", fine)
    Console().print(table)
    if not given.quick and given.only in (None, "large"):
        fixed, times = ALLOWED
        found["large"] = [measured(1, 1_000_000, 12), measured(100_000, 100, 12)]
        for run in found["large"]:
            allowed = fixed + times * run["data"]
            print(
                f"{run['series']:,} series of {run['steps']:,} steps: {run['seconds']:.0f} s, "
                f"peak {run['peak'] / 1e6:.0f} MB above the libraries' {run['libraries'] / 1e6:.0f}; "
                f"allowed {allowed / 1e6:.0f} MB"
            )
    write_results("scaling", found, given.json)


if __name__ == "__main__":
    main()

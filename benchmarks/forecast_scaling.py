"""How the cost of forecasting grows: with the number of series, with their length, and with the horizon.

    OMP_NUM_THREADS=1 python benchmarks/forecast_scaling.py          # results/forecast_scaling.json; some ten minutes
    OMP_NUM_THREADS=1 python benchmarks/forecast_scaling.py --quick  # without the four large forecasts

Each forecast is one run of the command `rnncast forecast`, from a CSV file to a CSV file, without training: by the
pretrained net, or by a model file that was trained on other series. What is counted is the processor time of the
process, with the start of Python (shown as a forecast of one short series), and its memory at the peak, libraries
included. A slope is that of the logarithms of time beyond the start over those of size, by least squares: 1 is linear.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from machine import write_results
from partitions import make
from scaling import AIM, slopes

SERIES, STEPS, HORIZONS = (50, 500, 5_000), (2_000, 20_000, 200_000), (4, 40, 400)
LARGE = (1, 1_000_000), (100_000, 100)
HORIZON = 14
RUN = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], check=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(used.ru_utime + used.ru_stime, used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10))
"""


def run(*words: str) -> tuple[float, float]:
    """Run the command with its output thrown away; return processor seconds and peak megabytes."""
    line = [sys.executable, "-c", RUN, sys.executable, "-m", "rnncast", *words]
    seconds, megabytes = subprocess.run(line, stdout=subprocess.PIPE, text=True, check=True).stdout.split()
    return float(seconds), float(megabytes)


def measured(folder: Path, series: int, steps: int, horizon: int, model: str = "pretrained") -> dict[str, Any]:
    """Seconds and megabytes of one forecast, and the rows that it wrote."""
    path, out = folder / f"{series}x{steps}.csv", folder / "out.csv"
    if not path.exists():
        make(path, series, steps)
    given = ["--season", "7", "-H", str(horizon)] if model == "pretrained" else []
    seconds, megabytes = run("forecast", str(path), "-m", model, *given, "-q", "-o", str(out))
    with out.open() as file:
        rows = sum(1 for _ in file) - 1
    by = "pretrained" if model == "pretrained" else "model file"
    print(
        f"{by}: {series:,} x {steps:,}, {horizon} ahead: {seconds:.1f} s, {megabytes:.0f} MB, {rows:,} rows", flush=True
    )
    found = {"by": by, "series": series, "steps": steps, "horizon": horizon, "rows": rows}
    return {**found, "seconds": seconds, "megabytes": megabytes, "megabytes read": path.stat().st_size / 1e6}


def main() -> None:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="without the four large forecasts")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        start = measured(folder, 1, 50, 4)
        found: dict[str, Any] = {"start": start}
        plans = {
            "series": (SERIES, [(size, 100, HORIZON) for size in SERIES]),
            "steps": (STEPS, [(1, size, HORIZON) for size in STEPS]),
            "horizon": (HORIZONS, [(1000, 100, size) for size in HORIZONS]),
        }
        for by, (sizes, plan) in plans.items():
            runs = [measured(folder, *each) for each in plan]
            found[by] = {"runs": runs, **slopes(sizes, [each["seconds"] - start["seconds"] for each in runs])}
            print(f"by {by}: slope {found[by]['slope']:.2f}, of the largest {found[by]['last_slope']:.2f} (<= {AIM})")
        if not given.quick:
            found["large"] = []
            for (series, steps), like in zip(LARGE, ("1x200000.csv", "500x100.csv"), strict=True):
                few, model = folder / "few.csv", folder / f"{series}.safetensors"
                few.write_text("".join((folder / like).read_text().splitlines(keepends=True)[:5001]))
                asked = ["-H", str(HORIZON), "--season", "7", "--epochs", "2", "--members", "1"]
                run("train", str(few), *asked, "-q", "-o", str(model))
                found["large"] += [measured(folder, series, steps, HORIZON, by) for by in ("pretrained", str(model))]
    write_results("forecast_scaling", found, given.json)


if __name__ == "__main__":
    main()

"""Time and memory of reading, beside a bare pandas.read_csv of the same file.

A long CSV of 10 million rows (10,000 daily series) is made from a fixed seed. Each reader runs in a process of its own,
several times in turn; the quickest of each counts, as everything slower is the machine's doing.

    python benchmarks/reading.py [--rows N] [--runs N] [--file FILE]
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

SERIES = 10_000
READERS = ("pandas c", "pandas pyarrow", "rnncast")


def make(path: Path, rows: int) -> None:
    """Write the table, a series after another."""
    random = np.random.default_rng(0)
    days = np.datetime_as_string(np.datetime64("2021-01-01") + np.arange(rows // SERIES)).tolist()
    with path.open("w") as file:
        file.write("unique_id,ds,y\n")
        for s in range(SERIES):
            values = np.round(100 + random.normal(0, 10, len(days)), 3).tolist()
            file.writelines(f"series-{s:05d},{day},{value}\n" for day, value in zip(days, values, strict=True))


def measure(reader: str, path: Path) -> dict[str, float]:
    """Return seconds, seconds of CPU and peak megabytes of one reader, in a process of its own; importing is not
    timed."""
    import pandas

    from rnncast.files.panels.tables import read_table

    if reader != "pandas c":
        import pyarrow.csv  # noqa: F401
    began, worked = time.perf_counter(), time.process_time()
    rows = len(read_table(str(path)).y if reader == "rnncast" else pandas.read_csv(path, engine=reader.split()[1]))
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    return {
        "rows": rows,
        "seconds": seconds,
        "cpu": cpu,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def main() -> None:
    """Make the table if it is not there, measure all readers, print the ratios."""
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("--rows", type=int, default=10_000_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--file", type=Path, help="keep the table here, or use the one that is")
    options.add_argument("--reader", choices=READERS, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.reader:
        print(json.dumps(measure(given.reader, given.file)))
        return
    with tempfile.TemporaryDirectory() as folder:
        path = given.file or Path(folder) / "long.csv"
        if not path.exists():
            make(path, given.rows)
        best: dict[str, dict[str, float]] = {}
        for _ in range(given.runs):
            for reader in READERS:
                command = [sys.executable, __file__, "--file", str(path), "--reader", reader]
                found = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
                before = best.get(reader, found)
                best[reader] = {key: min(before[key], found[key]) for key in found}
        fastest = min(READERS[:2], key=lambda reader: best[reader]["seconds"])
        print(f"{path.stat().st_size / 1e6:.0f} MB, {best['rnncast']['rows']:,.0f} rows, best of {given.runs}")
        for reader, found in best.items():
            print("{:15} {seconds:6.2f} s {cpu:6.2f} s CPU {megabytes:6.0f} MB peak".format(reader, **found))
        wall, cpu, memory = (best["rnncast"][key] / best[fastest][key] for key in ("seconds", "cpu", "megabytes"))
        print(f"rnncast / {fastest}: {wall:.2f} x the time, {cpu:.2f} x the CPU time (target 1.5)")
        print(f"rnncast / {fastest}: {memory:.2f} x the memory (target 2)")


if __name__ == "__main__":
    main()

"""Time and memory of reading, beside a bare pandas.read_csv of the same file, with and without pyarrow.

Three tables of as many values, from a fixed seed: a panel (daily series of 1,000 steps, one after another), one series
whose times are all distinct, and series in rows (--layout rows). pandas reads them to a DataFrame with parsed dates, by
each of its engines. Each reader runs in a process of its own, all in turn, several times; importing is not counted.
What is compared are medians of processor time, beside the least and the most.

    OMP_NUM_THREADS=1 python benchmarks/reading.py [--rows N] [--runs N] [--json FILE]      # results/reading.json
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

STEPS = 1_000  # of a series in the panel and in the rows
TABLES = ("panel", "distinct times", "rows")
PANDAS, OURS = ("pandas c", "pandas pyarrow"), "rnncast"
AIM = 1.5


def make(path: Path, table: str, rows: int) -> None:
    """Write a table."""
    random = np.random.default_rng(0)
    steps = rows if table == "distinct times" else STEPS
    times = np.datetime_as_string(np.datetime64("2000-01-01T00:00", "m") + 60 * np.arange(steps)).tolist()
    if table == "panel":
        times = np.datetime_as_string(np.datetime64("2021-01-01") + np.arange(steps)).tolist()
    with path.open("w") as file:
        if table == "rows":
            file.write(",".join(["id", *(f"V{i}" for i in range(2, steps + 2))]) + "\n")
        else:
            file.write("unique_id,ds,y\n")
        for s in range(rows // steps):
            values = np.round(100 + random.normal(0, 10, steps), 3).tolist()
            if table == "rows":
                file.write(",".join([f"series-{s:05d}", *map(str, values)]) + "\n")
            else:
                file.writelines(f"series-{s:05d},{at},{value}\n" for at, value in zip(times, values, strict=True))


def measure(reader: str, table: str, path: Path, *, arrow: bool) -> dict[str, float]:
    """Return seconds, processor seconds and peak megabytes of one reader in this process."""
    if not arrow:
        sys.modules["pyarrow"] = None  # type: ignore[assignment]  # an import of it fails from now on
    import pandas

    from rnncast.config import TableConfig
    from rnncast.files.panels.tables import read_table

    if arrow:
        import pyarrow.csv  # noqa: F401

    def read(file: Path) -> None:
        if reader == OURS:
            read_table(str(file), TableConfig(layout="rows" if table == "rows" else "auto"))
        else:
            engine: Any = reader.split()[1]
            pandas.read_csv(file, engine=engine, parse_dates=[] if table == "rows" else ["ds"])

    with tempfile.TemporaryDirectory() as folder:
        make(small := Path(folder) / "small.csv", table, 2 * STEPS)
        read(small)
    began, worked = time.perf_counter(), time.process_time()
    read(path)
    seconds, cpu = time.perf_counter() - began, time.process_time() - worked
    return {"seconds": seconds, "cpu": cpu, "megabytes": peak()}


def peak() -> float:
    """Return the megabytes of this process at their peak; the system's own figure may be that of the process that
    started it."""
    status = Path("/proc/self/status")
    if status.exists():
        return float(status.read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def compared(table: str, path: Path, runs: int, *, arrow: bool) -> dict[str, Any]:
    """Measure all readers of a table in turn, and compare ours with the fastest of pandas'."""
    readers = (*(PANDAS if arrow else PANDAS[:1]), OURS)
    found: dict[str, list[dict[str, float]]] = {reader: [] for reader in readers}
    for _ in range(runs):
        for reader in readers:
            line = [sys.executable, __file__, "--one", reader, table, str(path), str(int(arrow))]
            found[reader].append(json.loads(subprocess.run(line, capture_output=True, check=True, text=True).stdout))
    shown: dict[str, Any] = {}
    for reader, each in found.items():
        cpu = [one["cpu"] for one in each]
        shown[reader] = {"cpu": float(np.median(cpu)), "least": min(cpu), "most": max(cpu)}
        shown[reader] |= {key: float(np.median([one[key] for one in each])) for key in ("seconds", "megabytes")}
    fastest = min(readers[:-1], key=lambda reader: float(shown[reader]["cpu"]))
    ratio, memory = (shown[OURS][key] / shown[fastest][key] for key in ("cpu", "megabytes"))
    print(
        f"{table}, {'with' if arrow else 'without'} pyarrow: {ratio:.2f} x {fastest} (aim {AIM}), memory {memory:.2f} x"
    )
    for reader, one in shown.items():
        print("    {:15} {cpu:6.3f} s of CPU ({least:.3f} to {most:.3f}), {megabytes:4.0f} MB".format(reader, **one))
    sys.stdout.flush()
    return {"table": table, "pyarrow": arrow, "fastest": fastest, "ratio": ratio, "readers": shown}


def main() -> None:
    """Make the tables, measure all readers, print and write the ratios."""
    options = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    options.add_argument("--rows", type=int, default=1_000_000, help="values in a table")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    options.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        reader, table, path, arrow = given.one
        print(json.dumps(measure(reader, table, Path(path), arrow=arrow == "1")))
        return
    from machine import write_results

    found = []
    with tempfile.TemporaryDirectory() as folder:
        for table in TABLES:
            make(path := Path(folder) / "table.csv", table, given.rows)
            megabytes = path.stat().st_size / 1e6
            for arrow in (True, False):
                found.append({"megabytes": megabytes, **compared(table, path, given.runs, arrow=arrow)})
    write_results("reading", {"values": given.rows, "runs": given.runs, "tables": found}, given.json)


if __name__ == "__main__":
    main()

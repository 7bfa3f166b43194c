"""Partitions are forecast one by one, by one process, by shards or by workers, to the same bytes."""

import ast
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rnncast
from rnncast.files.formats.folders import find_files
from rnncast.scale.partitions import tasks_of
from tests.conftest import ROOT, Program

PARTS = 4


def fill(folder: Path, parts: int = PARTS, series: int = 3) -> None:
    """Write a table of daily series into a folder, a few series a file."""
    folder.mkdir()
    days = pd.date_range("2024-01-01", periods=60).strftime("%Y-%m-%d")
    for part in range(parts):
        rows = [
            f"s{part}-{s},{day},{100 + s + part + 3 * (i % 7)}" for s in range(series) for i, day in enumerate(days)
        ]
        (folder / f"p{part}.csv").write_text("\n".join(["id,date,y", *rows, ""]))


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def whole(program: Program) -> Program:
    """The program beside a folder of partitions, and the forecasts of all by one process."""
    fill(program.folder / "sales")
    done = program("forecast", "sales", "-H", "3", "-o", "out/")
    assert done.returncode == 0, done.stderr
    assert "12 series in 4 partitions to out/" in done.stderr
    return program


def test_a_part_has_the_forecasts_of_its_file(whole: Program) -> None:
    alone = whole("forecast", "sales/p2.csv", "-H", "3").stdout
    assert (whole.folder / "out" / "p2.csv").read_text() == alone
    assert sorted(name for name in contents(whole.folder / "out") if not name.startswith(".")) == [
        f"p{part}.csv" for part in range(PARTS)
    ]


def test_what_is_finished_is_skipped_and_what_has_changed_is_not(whole: Program) -> None:
    out = whole.folder / "out"
    before = contents(out)
    stamps = {path.name: path.stat().st_mtime_ns for path in out.glob("p*.csv")}
    assert (
        "0 series in 0 partitions to out/; 4 were finished before"
        in whole("forecast", "sales", "-H", "3", "-o", "out/").stderr
    )
    assert {path.name: path.stat().st_mtime_ns for path in out.glob("p*.csv")} == stamps
    (out / "p0.csv").write_text("cut off")
    (out / "p1.csv").unlink()
    with (whole.folder / "sales" / "p2.csv").open("a") as file:
        file.write("s2-0,2024-03-01,100\n")
    assert (
        "9 series in 3 partitions to out/; 1 was finished before"
        in whole("forecast", "sales", "-H", "3", "-o", "out/").stderr
    )
    after = contents(out)
    assert {name for name in before if after[name] != before[name]} == {"p2.csv", ".p2.csv.json"}
    # Other settings are another forecast.
    assert "12 series in 4 partitions" in whole("forecast", "sales", "-H", "2", "-o", "out/").stderr


def test_a_part_that_fails_is_named_and_the_others_go_on(program: Program) -> None:
    fill(program.folder / "sales")
    bad = program.folder / "sales" / "p1.csv"
    bad.write_text(bad.read_text().replace("2024-01-05,", "2024-01-05,oops"))
    done = program("forecast", "sales", "-H", "3", "-o", "out/")
    assert done.returncode == 1
    assert "failed: sales/p1.csv:6: 'oops113' in column 'y' is not a number" in done.stderr
    assert "1 partition of 4 failed; run again to try only those" in done.stderr
    assert "p1.csv" not in contents(program.folder / "out")
    assert len(list((program.folder / "out").glob("p*.csv"))) == PARTS - 1


def test_a_part_without_a_row_is_passed_over_and_named(program: Program) -> None:
    fill(program.folder / "sales", parts=2)
    for name in ("o.csv", "p0b.csv"):
        (program.folder / "sales" / name).write_text("id,date,y\n")
    done = program("forecast", "sales", "-H", "3", "-o", "out/")
    assert done.returncode == 0, done.stderr
    assert "6 series in 2 partitions to out/" in done.stderr
    assert "2 partitions are empty and passed over: sales/o.csv, sales/p0b.csv" in done.stderr
    assert sorted(name for name in contents(program.folder / "out") if name[0] != ".") == ["p0.csv", "p1.csv"]
    shard = program("forecast", "sales", "-H", "3", "-o", "shard/", "--shard", "1/4")
    assert shard.returncode == 0, shard.stderr
    for name in ("p0.csv", "p1.csv"):
        (program.folder / "sales" / name).unlink()
    none = program("forecast", "sales", "-H", "3", "-o", "out/")
    assert (none.returncode, "no partition holds a row: sales/o.csv" in none.stderr) == (1, True)


def test_shards_make_the_same_files(whole: Program) -> None:
    for shard in ("1/3", "2/3", "3/3"):
        done = whole("forecast", "sales", "-H", "3", "-o", "shards/", "--shard", shard)
        assert done.returncode == 0, done.stderr
    assert contents(whole.folder / "shards") == contents(whole.folder / "out")


def test_a_trained_model_forecasts_partitions(program: Program) -> None:
    fill(program.folder / "sales", parts=2)
    assert program("train", "sales/p0.csv", "-H", "3", "--epochs", "0").returncode == 0
    done = program("forecast", "sales", "-o", "out/")
    assert done.returncode == 0, done.stderr
    for part in ("p0", "p1"):
        alone = program("forecast", f"sales/{part}.csv").stdout
        assert (program.folder / "out" / f"{part}.csv").read_text() == alone


def test_keys_of_partitions_are_ids(program: Program) -> None:
    for store in (3, 4):
        (program.folder / "sales" / f"store={store}").mkdir(parents=True)
        rows = [f"{day:%Y-%m-%d},{i % 7 + store}" for i, day in enumerate(pd.date_range("2024-01-01", periods=40))]
        (program.folder / "sales" / f"store={store}" / "part-0.csv").write_text("\n".join(["date,y", *rows, ""]))
    assert program("forecast", "sales", "-H", "1", "-o", "out/", "--id", "store").returncode == 0
    lines = (program.folder / "out" / "store=4" / "part-0.csv").read_text().splitlines()
    assert lines[0].startswith("store,date,forecast")
    assert lines[1].startswith("4,2024-02-10,")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sales", "-o", "sales/"), "sales/ is read, and forecasts would be mixed with it"),
        (("sales", "-o", "out/", "--total"), "--total needs all series at once"),
        (("sales", "-o", "out/", "--continue"), "--continue needs all series at once"),
        (("sales", "--shard", "1/2"), "partitions are written into a folder"),
        (("sales", "-o", "out/", "--shard", "3/2"), "--shard is '3/2', but must be I/N"),
        (("sales", "-o", "out/", "--cluster", "two"), "--cluster is 'two', but must be local:N"),
        (("sales", "-o", "out/", "--format", "xlsx"), "--format xlsx is not for partitions"),
        (("sales/p0.csv", "-o", "out/"), "sales/p0.csv is one table"),
    ],
)
def test_what_cannot_be_done_in_partitions_is_refused(program: Program, arguments: tuple[str, ...], said: str) -> None:
    fill(program.folder / "sales", parts=1)
    done = program("forecast", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert not (program.folder / "out").exists()


def test_files_that_would_be_written_to_one_are_refused(tmp_path: Path) -> None:
    fill(tmp_path / "sales", parts=1)
    (tmp_path / "sales" / "p0.tsv").write_text("id\tdate\ty\n")
    found = find_files(str(tmp_path / "sales"))
    assert found is not None
    with pytest.raises(rnncast.RnncastError, match="would both be written"):
        tasks_of(found, "out", "csv")


def test_a_partition_in_memory(program: Program) -> None:
    """What engines call on a partition gives what the command writes for it."""
    fill(program.folder / "sales", parts=1)
    frame = pd.read_csv(program.folder / "sales" / "p0.csv", parse_dates=["date"])
    found = rnncast.forecast_partition(frame, horizon=3)
    assert program("forecast", "sales", "-H", "3", "-o", "out/", "--digits", "full").returncode == 0
    expected = pd.read_csv(program.folder / "out" / "p0.csv", parse_dates=["date"])
    assert list(found.columns) == list(expected.columns)
    np.testing.assert_allclose(found["forecast"], expected["forecast"], rtol=1e-12)


@pytest.mark.slow
def test_workers_make_the_same_files_and_one_may_die(program: Program) -> None:
    pytest.importorskip("distributed")
    import psutil

    fill(program.folder / "sales", parts=24, series=40)
    assert program("forecast", "sales", "-H", "3", "-o", "out/").returncode == 0
    arguments = ["rnncast", "forecast", "sales", "-H", "3", "-o", "cluster/", "--cluster", "local:2"]
    with subprocess.Popen(arguments, cwd=program.folder, env=program.environment, stderr=subprocess.PIPE) as running:
        while running.poll() is None and len(list((program.folder / "cluster").glob("p*.csv"))) < 3:
            time.sleep(0.01)
        workers = [
            child
            for child in psutil.Process(running.pid).children(recursive=True)
            if "spawn_main" in " ".join(child.cmdline())
        ]
        assert len(workers) == 2
        assert len(list((program.folder / "cluster").glob("p*.csv"))) < 24, (
            "it was over before a worker could be killed"
        )
        os.kill(workers[0].pid, signal.SIGKILL)
        _, said = running.communicate(timeout=500)
    assert running.returncode == 0, said.decode()
    assert b"960 series in 24 partitions to cluster/" in said
    made = contents(program.folder / "cluster")
    left = [name for name in made if name.startswith(".rnncast-")]  # what a killed process was writing
    assert len(left) <= 2
    assert {name: data for name, data in made.items() if name not in left} == contents(program.folder / "out")


@contextmanager
def dask_cluster(program: Program, workers: int) -> Iterator[str]:
    """A scheduler and its workers, as processes of their own in other folders; its address."""
    address, elsewhere = program.folder / "scheduler.json", program.folder / "elsewhere"
    elsewhere.mkdir()
    options = {"cwd": elsewhere, "env": program.environment, "stderr": subprocess.DEVNULL}
    dask, own = [sys.executable, "-m", "dask"], ["--no-dashboard", "--scheduler-file", str(address)]
    commands = [[*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", *own]]
    commands += workers * [[*dask, "worker", "--nthreads", "1", *own]]
    running = [subprocess.Popen(command, **options) for command in commands]  # type: ignore[call-overload]
    try:
        while not address.exists():
            assert running[0].poll() is None
            time.sleep(0.05)
        yield json.loads(address.read_text())["address"]
    finally:
        for process in reversed(running):
            process.terminate()
            process.wait()


@pytest.mark.slow
def test_the_workers_of_a_scheduler_make_the_same_files(whole: Program) -> None:
    """A cluster that runs already, by its address; its workers read and write by absolute paths."""
    pytest.importorskip("distributed")
    with dask_cluster(whole, workers=2) as address:
        assert address.startswith("tcp://127.0.0.1:")
        done = whole.process("forecast", "sales", "-H", "3", "-o", "cluster/", "--cluster", address)
    assert done.returncode == 0, done.stderr
    assert "12 series in 4 partitions to cluster/" in done.stderr
    assert contents(whole.folder / "cluster") == contents(whole.folder / "out")


def recipes() -> list[str]:
    """The recipes for other engines on the page, up to where they need the engine."""
    page = (ROOT / "docs" / "scale.md").read_text()
    return [text for text in re.findall(r"```text\n(.*?)```", page, re.DOTALL) if "def forecasts" in text]


@pytest.mark.parametrize("recipe", recipes(), ids=["spark", "ray"])
def test_the_functions_given_to_other_engines_run_on_their_batches(program: Program, recipe: str) -> None:
    """What an engine does around them is not tried: it hands over frames of whole series, as here."""
    days = pd.date_range("2024-01-01", periods=60)
    frames = [
        pd.DataFrame({"store": f"s{s}", "date": days, "y": 100.0 + s + 3 * (np.arange(60) % 7)}) for s in range(4)
    ]
    defined = [part for part in ast.parse(recipe).body if isinstance(part, ast.FunctionDef)]
    given = {"rnncast": rnncast, "MODEL": "pretrained"}
    exec(compile(ast.Module(list(defined), []), "scale.md", "exec"), given)
    whole = rnncast.forecast_partition(pd.concat(frames), horizon=14, id="store", time="date", target="y")
    made = given["forecasts"](pd.concat(frames))  # type: ignore[operator]
    pd.testing.assert_frame_equal(made, whole)
    assert [*made.columns] == [
        "store",
        "date",
        "forecast",
        *(f"forecast-{e}-{n}" for n in (80, 95) for e in ("lo", "hi")),
    ]
    assert made["date"].dtype.kind == "M"
    # A part of a partition at a time.
    if "in_parts" in given:
        (together,) = given["in_parts"](iter(frames))  # type: ignore[operator]
        pd.testing.assert_frame_equal(together, whole)


COMPARED = ("--model", "pretrained", "--baseline", "drift", "-H", "7", "--folds", "3", "--format", "csv")


@pytest.mark.slow
def test_a_comparison_in_partitions_is_that_of_the_whole_table(program: Program) -> None:
    pytest.importorskip("distributed")
    fill(program.folder / "sales", parts=3)
    for part in range(3):  # not the same course in every week, which would leave no errors
        path = program.folder / "sales" / f"p{part}.csv"
        random, (header, *rows) = np.random.default_rng(part), path.read_text().splitlines()
        kept = rows[20 * part :]  # the first series of a part may have fewer origins
        path.write_text("\n".join([header, *(f"{row}.{random.integers(1000)}" for row in kept), ""]))
    (program.folder / "sales" / "o.csv").write_text("id,date,y\n")
    whole = program("compare", "sales", *COMPARED)
    parts = program("compare", "sales", *COMPARED, "--cluster", "local:2")
    assert (whole.returncode, parts.returncode) == (0, 0), parts.stderr
    assert "1 partition is empty and passed over: sales/o.csv" in parts.stderr
    found, expected = (pd.read_csv(StringIO(each.stdout)).drop(columns=["seconds"]) for each in (parts, whole))
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)
    assert parts.stderr.splitlines()[-1] == whole.stderr.splitlines()[-1]  # the verdict


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("sales",), "lstm would be trained in each partition by itself"),
        (("sales", "--model", "gru"), "gru would be trained in each partition by itself"),
        (("sales", "--model", "pretrained", "--report", "r.html"), "--report needs all series at once"),
        (("sales/p0.csv", "--model", "pretrained"), "sales/p0.csv is one table, and has no partitions"),
    ],
)
def test_what_cannot_be_compared_in_partitions_is_refused(
    program: Program, arguments: tuple[str, ...], said: str
) -> None:
    pytest.importorskip("distributed")
    fill(program.folder / "sales", parts=1)
    done = program("compare", *arguments, "--cluster", "local:2")
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr

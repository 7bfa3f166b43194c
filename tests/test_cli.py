"""The program as its users meet it: commands, files, exit codes, real pipes, a real terminal."""

import csv
import io
import json
import os
import pty
import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import AIR_PASSENGERS, ROOT, Program

HEADER = "Month,forecast,forecast-lo-80,forecast-hi-80,forecast-lo-95,forecast-hi-95"


def in_a_terminal(program: Program, *arguments: str, columns: int = 80, term: str = "xterm") -> tuple[int, str]:
    """Run rnncast with a terminal as stdin, stdout and stderr: its exit code and all that is shown."""
    ours, theirs = pty.openpty()
    environment = {**program.environment, "COLUMNS": str(columns), "TERM": term}
    process = subprocess.Popen(
        ["rnncast", *arguments], stdin=theirs, stdout=theirs, stderr=theirs, cwd=program.folder, env=environment
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # how Linux says that the other end is closed
        pass
    os.close(ours)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).replace("\r", "")
    return process.wait(timeout=60), plain


def test_train_writes_a_model_and_says_what_it_did(trained: Program) -> None:
    assert (trained.folder / "rnncast.safetensors").exists()
    done = trained("train", "air_passengers.csv", "--epochs", "1", "-o", "other.safetensors")
    assert done.stdout == ""
    assert "time 'Month', target '#Passengers'; 144 steps, monthly" in done.stderr
    assert "horizon 12 (one season); season 12; transform log" in done.stderr
    assert trained("train", "air_passengers.csv", "--epochs", "1", "-q", "-o", "other.safetensors").stderr == ""


def test_forecast_continues_in_csv(trained: Program) -> None:
    done = trained("forecast")
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == HEADER
    assert [line.split(",")[0] for line in lines[1:]] == [f"1961-{month:02d}" for month in range(1, 13)]
    for row in csv.DictReader(io.StringIO(done.stdout)):
        numbers = [float(row[name]) for name in HEADER.split(",")[1:]]
        middle, low_80, high_80, low_95, high_95 = numbers
        assert low_95 < low_80 < middle < high_80 < high_95


def test_forecast_of_given_data_is_that_of_the_saved_state(trained: Program) -> None:
    assert trained("forecast", "air_passengers.csv").stdout == trained("forecast").stdout
    piped = trained("forecast", "-", stdin=AIR_PASSENGERS.read_bytes())
    assert piped.stdout == trained("forecast").stdout


def test_forecast_formats(trained: Program) -> None:
    rows = list(csv.DictReader(io.StringIO(trained("forecast").stdout)))
    objects = json.loads(trained("forecast", "--format", "json").stdout)
    lines = [json.loads(line) for line in trained("forecast", "--format", "jsonl").stdout.splitlines()]
    assert objects == lines
    assert [{name: str(value) for name, value in each.items()} for each in objects] == rows
    trained("forecast", "-o", "out.json")
    assert json.loads((trained.folder / "out.json").read_text()) == objects
    assert "1961-01" in trained("forecast", "--format", "table").stdout


def test_a_terminal_gets_a_table(trained: Program) -> None:
    code, shown = in_a_terminal(trained, "forecast")
    assert code == 0
    assert "1961-12" in shown
    assert not re.search(r",(?!\d{3})", shown)  # thousands apart, and no CSV
    assert all(len(line) <= 80 for line in shown.splitlines())


def test_compare_needs_nothing_but_the_model_file(trained: Program) -> None:
    done = trained("compare", "--baseline", "window", "--folds", "2")
    assert done.returncode == 0
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert {row["model"] for row in rows} == {"lstm", "window", "naive", "seasonal-naive"}
    assert [float(row["mase"]) for row in rows] == sorted(float(row["mase"]) for row in rows)
    assert "No verdict: lstm is" in done.stderr
    shown = trained("compare", "--folds", "1", "--format", "table").stdout
    assert "seasonal-naive" in shown
    assert "MASE with m = 12" in shown


def test_compare_says_if_the_data_are_gone_or_changed(program: Program) -> None:
    data = program.folder / "sales.csv"
    data.write_bytes(AIR_PASSENGERS.read_bytes())
    program("train", "sales.csv", "--epochs", "1")
    data.write_text(data.read_text().replace("432", "433"))
    changed = program("compare")
    assert (changed.returncode, changed.stdout) == (1, "")
    assert "sales.csv has changed since the model was trained on it" in changed.stderr
    data.unlink()
    gone = program("compare")
    assert (gone.returncode, gone.stdout) == (1, "")
    assert "there is no file sales.csv" in gone.stderr


def test_require_win_is_an_exit_code(trained: Program) -> None:
    # An untrained net is seasonal naive, and cannot beat itself.
    done = trained.process("compare", "air_passengers.csv", "--epochs", "0", "--folds", "1", "--require-win")
    assert done.returncode == 3
    assert done.stdout.startswith("model,mase")


def test_pipes(trained: Program) -> None:
    assert trained.shell("rnncast forecast | head -1").stdout == f"{HEADER}\n"
    no_reader = trained.shell("rnncast forecast | true; echo ${PIPESTATUS[@]}")
    assert (no_reader.stdout, no_reader.stderr) == ("141 0\n", "")
    brief = "--epochs 1 --members 1"
    both = trained.shell(f"rnncast train - -o - {brief} -q < air_passengers.csv | rnncast forecast -m - | wc -l")
    assert both.stdout.strip() == "13"
    data = trained.shell("cat air_passengers.csv | rnncast forecast | tail -1")
    assert data.stdout.startswith("1961-12,")
    assert trained.shell("rnncast forecast < /dev/null | wc -l").stdout.strip() == "13"
    assert trained.shell("true | rnncast forecast | wc -l").stdout.strip() == "13"


def test_columns_come_back_under_their_own_names(program: Program) -> None:
    rows = [f"{shop};0{day}/0{month}/2024;{day * month}" for shop in ("n", "s") for month in (1, 2) for day in (1, 2)]
    days = [f"{shop};{day:02d}.01.2024;{day + 9}" for shop in ("north", "south") for day in range(1, 31)]
    assert len(rows) == 8
    (program.folder / "shops.csv").write_text("\n".join(["shop;day;sold", *days]))
    done = program("train", "shops.csv", "-H", "3", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    lines = program("forecast", "--format", "csv").stdout.splitlines()
    assert lines[0].startswith("shop;day;forecast;")  # in the dialect of the data
    assert [line.split(";")[:2] for line in lines[1:]] == [
        [shop, f"{day}.01.2024" if day == 31 else f"0{day - 31}.02.2024"]
        for shop in ("north", "south")
        for day in (31, 32, 33)
    ]


def test_the_ledger_is_a_line_an_epoch(program: Program) -> None:
    done = program(
        "train", AIR_PASSENGERS, "--model", "rnn", "--epochs", "2", "--members", "1", "--ledger", "ledger.jsonl", "-v"
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (program.folder / "ledger.jsonl").read_text().splitlines()]
    assert [(line["run"], line["epoch"]) for line in lines] == [
        ("validation", 1),
        ("validation", 2),
        ("training", 1),
        ("training", 2),
    ]
    assert list(lines[0]["gradient_by_lag"]) == ["1", "2", "4", "8", "16", "32", "64"]
    assert {"gradient_norm", "gradient_norm_95", "clipped", "loss", "seconds"} <= lines[0].keys()
    assert "by lag 1: " in done.stderr
    assert "on held-out data: rnn" in done.stderr


def test_recursive_models_go_on_beyond_their_horizon(program: Program) -> None:
    program("train", AIR_PASSENGERS, "--model", "jordan", "--training", "teacher-forcing", "--epochs", "2", "-q")
    lines = program("forecast", "-H", "30").stdout.splitlines()
    assert len(lines) == 31
    assert lines[-1].startswith("1963-06,")


def test_a_run_that_diverges_ends_in_one_sentence(program: Program) -> None:
    done = program("train", AIR_PASSENGERS, "--learning-rate", "1000", "--weight-decay", "1000", "--no-validate")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no longer finite at update 1 of epoch" in done.stderr
    assert "try a smaller --learning-rate than 1000" in done.stderr
    if "the best weights so far are in rnncast.safetensors" in done.stderr:
        # Its forecasts may overflow, which NumPy warns of; here a warning would be an error.
        assert program.process("forecast").returncode == 0


def test_a_bare_column_comes_back_with_its_step(program: Program) -> None:
    column = "\n".join(str(10 + i % 4) for i in range(40))
    assert program("train", "-", "-H", "2", "--season", "4", "--epochs", "0", stdin=column).returncode == 0
    lines = program("forecast").stdout.splitlines()
    assert lines[0].startswith("step,forecast,")
    assert [line.split(",")[0] for line in lines[1:]] == ["41", "42"]
    assert [round(float(line.split(",")[1])) for line in lines[1:]] == [10, 11]


BAD_INPUT = {
    "no such file": (["train", "nowhere.csv"], None, 1, "there is no file nowhere.csv"),
    "empty": (["train", "file"], b"", 1, "file is empty"),
    "not a table": (["train", "file"], bytes(range(256)), 1, "is not a table"),
    "no numeric column": (["train", "file"], b"date,name\n2024-01-01,x\n2024-01-02,y\n", 1, "no numeric column"),
    "no rows": (["train", "file"], b"date,sales\n", 1, "has a header and no rows"),
    "too few rows": (
        ["train", "file", "-H", "5"],
        b"date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,3\n",
        1,
        "the longest series has 3, and a horizon of 5 needs at least 7",
    ),
    "a word among numbers": (["train", "file"], b"date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-03,x\n", 1, "file:4"),
    "ragged": (["train", "file"], b"date,y\n2024-01-01,1\n2024-01-02,2,9\n", 1, "file:3: has 3 fields"),
    "two targets": (["train", "file"], b"date,a,b\n2024-01-01,1,1\n2024-01-02,2,2\n", 1, "2 numeric columns: a, b"),
    "no such column": (["train", "file", "--target", "z"], b"date,y\n2024-01-01,1\n", 2, "no column 'z'"),
    "repeated time": (["train", "file"], b"date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-01,3\n", 1, "file:4"),
    "not a model file": (["forecast", "-m", "file"], b"date,y\n", 1, "is not a rnncast model file"),
    "no model file": (["forecast", "-m", "nowhere"], None, 1, "there is no model file nowhere"),
    "bad setting": (["train", "file", "--epochs", "-1"], b"1\n2\n", 2, "--epochs is -1, but must be at least 0"),
    "bad list": (["train", "file", "--season", "a"], b"1\n2\n", 2, "--season is 'a'"),
    "unknown net": (["train", "file", "--model", "oracle"], b"1\n2\n3\n4\n5\n", 2, "no net called 'oracle'"),
    "nothing to feed back": (
        ["train", "file", "--strategy", "direct", "--training", "scheduled"],
        b"1\n2\n3\n4\n5\n",
        2,
        "but --strategy direct feeds nothing back",
    ),
    "no such device": (["train", "file", "--device", "cuda:99"], b"1\n2\n3\n4\n5\n", 2, "there is no device cuda:99"),
    "unknown option": (["train", "file", "--horizn", "3"], b"1\n2\n", 2, "--horizn"),
}


IN_A_PROCESS = ("no such file", "bad setting", "unknown option")


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input(program: Program, case: str) -> None:
    arguments, data, code, words = BAD_INPUT[case]
    if data is not None:
        (program.folder / "file").write_bytes(data)
    done = program.process(*arguments) if case in IN_A_PROCESS else program(*arguments)
    assert words in " ".join(done.stderr.split())
    assert (done.returncode, done.stdout) == (code, "")
    assert "Traceback" not in done.stderr
    assert not (program.folder / "rnncast.safetensors").exists()


def test_a_terminal_without_data_is_told_how_and_does_not_hang(program: Program) -> None:
    code, shown = in_a_terminal(program, "train")
    assert code == 2
    assert "name a file, or pipe a table in" in shown


def test_version(program: Program) -> None:
    assert program.process("--version").stdout.startswith("rnncast 0.")


NEVER_BY_A_FORECAST = {
    "torch",
    "scipy",
    "statsforecast",
    "rnncast.choices",
    "rnncast.nets",
    "rnncast.training",
    "rnncast.evaluate",
    "rnncast.runtime.footprint",
    "rnncast.cli.train",
    "rnncast.cli.compare",
}
READERS = {"opening", "delimited", "lines", "cells", "numbers"}  # of files.formats, whose `folders` names files
FROM_THE_STATE = {"pandas", "rich", "rnncast.files.panels", *(f"rnncast.files.formats.{each}" for each in READERS)}


@pytest.mark.parametrize(("data", "unneeded"), [("", FROM_THE_STATE), (AIR_PASSENGERS, set())], ids=["state", "csv"])
def test_a_forecast_imports_only_what_it_needs(trained: Program, data: str, unneeded: set[str]) -> None:
    """What starts each forecast anew is paid for at each start."""
    loaded = modules_after(trained, f"forecast {data}")
    assert {"numpy", "rnncast.forecaster.forecaster"} <= loaded
    assert ("pandas" in loaded) == bool(data)
    assert not (NEVER_BY_A_FORECAST | unneeded) & loaded


@pytest.mark.parametrize(
    "arguments", ["--help", "train --help", "forecast --help", "compare --help", "tune --help", "--version"]
)
def test_help_loads_nothing_heavy(program: Program, arguments: str) -> None:
    assert not {"torch", "pandas", "numpy", "safetensors"} & modules_after(program, arguments)


def modules_after(program: Program, arguments: str) -> set[str]:
    """Every module that a run of rnncast imports."""
    done = program.after("atexit.register(lambda: print(*sys.modules, sep='\\n', file=sys.stderr))", arguments)
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


def test_sample_store_sales_are_what_their_script_makes(program: Program) -> None:
    made = program.shell(f"python {ROOT / 'sample_data' / 'make_store_sales.py'}").stdout
    assert made == Path(ROOT / "sample_data" / "store_sales.csv").read_text()

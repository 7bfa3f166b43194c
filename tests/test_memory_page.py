"""docs/memory.md keeps its promises: its commands run, with one epoch instead of many, and so do its Python blocks; run
in full, which takes a while, they print what stands there."""

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from rnncast.cli.app import run
from rnncast.errors import ExitCode
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "memory.md").read_text()
BLOCKS = re.findall(r"^```(console|python)\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS = re.findall(r"^\$ (.*)$", PAGE, re.MULTILINE)
# What makes each benchmark on the page a matter of seconds.
SHORT = {
    "benchmarks/teacher_forcing.py": ["--steps", "32", "--repeats", "1"],
    "benchmarks/ledger.py": ["--quick", "--epochs", "1", "--model", "rnn"],
    "benchmarks/memory.py": ["--quick", "--effort", "0.01", "--series", "8", "--workers", "1"],
}


ROWS = 400  # of each table are enough


def quick(command: str) -> list[str]:
    """The arguments of the same command with one net, one epoch, and without the run that only judges; what is piped
    on is left out."""
    shorter = re.sub(r" (--epochs \d+|--no-validate)| 2>&1.*| > .*", "", command.removeprefix("rnncast "))
    training = ["--members", "1", "--epochs", "1", "--no-validate"] if shorter.startswith("train") else []
    return [*shorter.split(), *training]


def test_commands_and_python_blocks_run_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sample_data").mkdir()
    for table in (ROOT / "sample_data").glob("*.csv"):
        rows = table.read_text().splitlines(keepends=True)[:ROWS]
        (tmp_path / "sample_data" / table.name).write_text("".join(rows))
    monkeypatch.chdir(tmp_path)
    ran = 0
    for language, block in BLOCKS:
        if language == "python":
            exec(compile(block, "memory.md", "exec"), {"__name__": "page"})
        for command in re.findall(r"^\$ (.*)$", block, re.MULTILINE) if language == "console" else ():
            if command.startswith("rnncast "):
                assert run(quick(command)) == ExitCode.DONE, command
                ran += 1
            elif not command.startswith("python "):
                subprocess.run(["bash", "-c", command], check=True)
    assert ran >= 10


@pytest.mark.parametrize("command", [command for command in COMMANDS if command.startswith("python ")])
def test_every_other_command_is_a_benchmark_that_is_there(command: str) -> None:
    words = command.split()
    assert words[0] == "python"
    assert words[1] in SHORT
    assert (ROOT / words[1]).is_file()


@pytest.mark.slow
@pytest.mark.parametrize("script", SHORT)
def test_benchmarks_run(script: str, tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, str(ROOT / script), *SHORT[script], "--json", str(tmp_path / "numbers.json")],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "numbers.json").stat().st_size > 2


@pytest.mark.slow
def test_the_page_says_what_its_commands_print(tmp_path: Path) -> None:
    """All but the benchmarks, within the tolerances of `docs/make_memory.py`."""
    maker = ROOT / "docs" / "make_memory.py"
    words = [sys.executable, str(maker), "--check", "--folder", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_number_that_drifts_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    drifts = importlib.import_module("make_memory").drifts
    said = "lstm 0.881, better than naive 1.348; trained lstm in 88.1 s; gradient 2e-10 at 128"
    assert drifts(said, said.replace("88.1", "13.0").replace("0.881", "0.879").replace("2e-10", "9e-11")) == []
    assert drifts(said, said.replace("0.881", "1.081")) == ["0.881 -> 1.081"]
    assert drifts(said, said.replace("2e-10", "2e-12")) == ["2e-10 -> 2e-12"]
    assert len(drifts(said, said.replace("better", "NO BETTER"))) == 1


def test_every_picture_is_there_and_is_one() -> None:
    pictures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", PAGE)
    assert len(pictures) >= 5
    for picture in pictures:
        assert (ROOT / "docs" / picture).read_text().startswith("<?xml")


def test_every_linked_or_named_file_exists() -> None:
    for name in re.findall(r"`((?:rnncast|tests|benchmarks|sample_data)/[\w./]*)`", PAGE):
        assert (ROOT / name).exists(), name

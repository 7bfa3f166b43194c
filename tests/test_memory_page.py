"""docs/memory.md keeps its promises: its commands run, with one epoch instead of many, and so do its Python blocks."""

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
    """The arguments of the same command with one net, one epoch, and without the run that only judges."""
    shorter = re.sub(r" (--epochs \d+|--no-validate)", "", command.removeprefix("rnncast "))
    return [*shorter.split(), "--members", "1", "--epochs", "1", "--no-validate"]


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
        for command in re.findall(r"^\$ (rnncast .*)$", block, re.MULTILINE) if language == "console" else ():
            assert run(quick(command)) == ExitCode.DONE, command
            ran += 1
    assert ran >= 10


@pytest.mark.parametrize("command", [command for command in COMMANDS if not command.startswith("rnncast ")])
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


def test_every_linked_or_named_file_exists() -> None:
    for name in re.findall(r"`((?:rnncast|tests|benchmarks|sample_data)/[\w./]*)`", PAGE):
        assert (ROOT / name).exists(), name

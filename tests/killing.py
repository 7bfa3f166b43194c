"""The program run, killed and run again, as often as asked: forked from a process that has imported everything.

python -m tests.killing          # is that process: it reads a command a line, and tells the child and its end
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.random import Generator

from rnncast.training.checkpoint_folder import NAME, TEMPORARY, load_checkpoint
from tests.conftest import ROOT

Arguments = list[str]


@dataclass(frozen=True)
class Lives:
    """A process that forks one that runs the program, again and again, in a folder."""

    folder: Path
    process: "subprocess.Popen[str]"

    def begin(self, arguments: Arguments) -> int:
        """Run the program with these arguments; the number of its process."""
        assert self.process.stdin is not None
        print(json.dumps(arguments), file=self.process.stdin, flush=True)
        return int(self._told())

    def end(self) -> int:
        """Wait for it: its exit code, or minus the signal that killed it."""
        return int(self._told())

    def _told(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline()


@contextmanager
def lives(folder: Path, threads: int) -> Iterator[Lives]:
    """Lives in a folder, each with so many threads."""
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "tests.killing"]
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        yield Lives(folder, process)
        assert process.stdin is not None
        process.stdin.close()


# When to kill: told the moment that a life began and how long a whole one takes, it waits for the moment.
Moment = Callable[[Path, float, Generator], Iterator[bool]]


def anywhere(folder: Path, seconds: float, random: Generator) -> Iterator[bool]:
    """At any moment of a training."""
    at = time.monotonic() + random.uniform(0, seconds)
    while True:
        yield time.monotonic() >= at


def at_a_checkpoint(folder: Path, seconds: float, random: Generator) -> Iterator[bool]:
    """Shortly after one of the next checkpoints has taken its place."""
    seen, wanted, before = 0, int(random.integers(1, 8)), _number(folder / NAME)
    while True:
        now = _number(folder / NAME)
        seen, before = seen + (now != before), now
        if seen >= wanted:
            time.sleep(random.uniform(0, 0.01))
            yield True
        yield False


def while_writing(folder: Path, seconds: float, random: Generator) -> Iterator[bool]:
    """While a checkpoint, or the model, is being written under its temporary name."""
    seen, wanted, before = 0, int(random.integers(1, 8)), set[str]()
    while True:
        now = {path.name for each in (folder, folder.parent) for path in each.glob(TEMPORARY)}
        seen, before = seen + bool(now - before), now
        yield bool(now) and seen >= wanted


def _number(path: Path) -> int:
    try:
        return path.stat().st_ino
    except FileNotFoundError:
        return 0


def survived(train: Arguments, moment: Moment, kills: int, there: Lives, seed: int = 0) -> Counter[str]:
    """Kill a training so many times, resuming it each time, and hold all that it writes against one left alone.

    What is counted: kills, those that caught a file half written, and trainings brought to their end.
    """
    random, counts = np.random.default_rng(seed), Counter[str]()
    began = time.monotonic()
    there.begin([*train, "-o", "whole.safetensors", "--ledger", "whole.jsonl", "--checkpoint", "unused"])
    assert there.end() == 0
    seconds = time.monotonic() - began
    whole, ledger = (there.folder / "whole.safetensors").read_bytes(), _timeless(there.folder / "whole.jsonl")
    output, old = there.folder / "model.safetensors", b"an old model"
    resume = [*train, "-o", output.name, "--ledger", "ledger.jsonl"]
    resume += ["--checkpoint", "checkpoints", "--every", "0s", "--resume"]
    output.write_bytes(old)
    while True:
        pid = there.begin(resume)
        last = counts["kills"] == kills
        if not last:
            _kill(pid, moment(there.folder / "checkpoints", seconds, random))
        code = there.end()
        halves = [*there.folder.glob(TEMPORARY), *(there.folder / "checkpoints").glob(TEMPORARY)]
        if code == 0:
            assert output.read_bytes() == whole
            assert _timeless(there.folder / "ledger.jsonl") == ledger
            assert not list((there.folder / "checkpoints").iterdir())
            counts["trainings"] += 1
            output.write_bytes(old)
            if last:
                return counts
        else:
            assert code == -signal.SIGKILL
            assert output.read_bytes() in (old, whole)
            load_checkpoint(str(there.folder / "checkpoints"))  # or there is none yet
            counts["kills"] += 1
            counts["half written"] += bool(halves)
        for path in there.folder.glob(TEMPORARY):
            path.unlink()


def _kill(pid: int, moment: Iterator[bool]) -> None:
    """Kill a process when the moment has come, unless it has ended by then."""
    while not next(moment):
        if not _runs(pid):
            return
        time.sleep(0.0002)
    os.kill(pid, signal.SIGKILL)


def _runs(pid: int) -> bool:
    """Whether a process is there, and has not ended already."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def _timeless(path: Path) -> list[str]:
    """The rows of a ledger, without the clock; of runs side by side, those of each together."""
    rows = [json.loads(line) | {"seconds": 0} for line in path.read_text().splitlines()]
    return [json.dumps(row) for row in sorted(rows, key=lambda row: (row["run"], row["epoch"]))]


def serve(commands: IO[str]) -> None:
    """Run each command in a child, and tell its number and how it ended."""
    from importlib import import_module

    from rnncast.cli.app import run

    for name in (
        "rnncast.forecaster.forecaster",
        "rnncast.training.fit",
        "rnncast.files.panels.tables",
        "rnncast.report.words",
    ):
        import_module(name)
    for line in commands:
        pid = os.fork()
        if pid == 0:
            os._exit(run(json.loads(line)))
        print(pid, flush=True)
        # The zombie stays until the other side cannot mistake another process for it.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve(sys.stdin)

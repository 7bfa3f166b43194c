"""What all tests share. Take what is here before starting a process or training a model of your own:

- `program`: rnncast in an empty folder. `program("train", "x.csv")` runs it within this process, without the 2 s of a
  start and its imports; `program.process(...)` runs the same in a process of its own, and `program.shell(line)` a line
  in a real shell: for tests of pipes, signals, exit codes and cold starts.
- `trained`: the same, in a folder that holds air_passengers.csv and a model trained on it.
- `shared(name, make)`: a folder that is made once in a run of the tests, by whichever worker comes first.
- `BRIEFLY`: put before lines of a shell, it has their `train`, `compare` and `tune` learn for as short as can be.
- `waves`, `small_config`: a small panel, and a config that trains in a moment.
- `fitted(config)`: a forecaster trained on those waves, once for each config in each worker.
"""

import functools
import io
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO
from unittest import mock

import numpy as np
import pytest
from filelock import FileLock
from hypothesis import settings

from rnncast.cli.app import run
from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.panel import Panel

# Tests are never timed: on a busy machine, or at a first import, any of them may be slow.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
AIR_PASSENGERS = ROOT / "sample_data" / "air_passengers.csv"
# A shell's rnncast that learns for as short as can be: of an option given twice, the last counts.
BRIEFLY = """
rnncast() {
  case $1 in
    train) command rnncast "$@" --epochs 1 --members 1 ;;
    compare) command rnncast "$@" --epochs 1 --members 1 --no-validate ;;
    tune) command rnncast "$@" --epochs 1 --members 1 --trials 2 ;;
    *) command rnncast "$@" ;;
  esac
}
"""


class Program:
    """The installed program in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # The console script lies beside the interpreter that runs the tests.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"}

    def __call__(self, *arguments: str | Path, stdin: str | bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run rnncast within this process, with `stdin` redirected in and its streams real files."""
        words = [str(word) for word in arguments]
        with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            given.write(stdin.encode() if isinstance(stdin, str) else stdin)
            given.seek(0)
            streams = [io.TextIOWrapper(each, "utf-8", write_through=True) for each in (given, out, err)]
            before = os.getcwd()
            os.chdir(self.folder)
            try:
                with (
                    mock.patch.dict(os.environ, self.environment),
                    mock.patch.multiple(sys, stdin=streams[0], stdout=streams[1], stderr=streams[2]),
                ):
                    code = run(words)
            finally:
                os.chdir(before)
                for stream in streams:
                    stream.detach()
            return subprocess.CompletedProcess(["rnncast", *words], code, _whole(out), _whole(err))

    def process(self, *arguments: str | Path, stdin: str | bytes = b"") -> subprocess.CompletedProcess[str]:
        """Run rnncast as a real process, with `stdin` piped in."""
        data = stdin.encode() if isinstance(stdin, str) else stdin
        done = subprocess.run(
            ["rnncast", *map(str, arguments)], input=data, capture_output=True, cwd=self.folder, env=self.environment
        )
        return subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())

    def shell(self, line: str) -> subprocess.CompletedProcess[str]:
        """Run a line in a real shell."""
        return subprocess.run(
            ["bash", "-c", line],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env=self.environment,
        )

    def after(self, code: str, arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the program in a process that runs some code first, with `atexit` and `sys` at hand."""
        run = f"sys.argv = ['rnncast', *{arguments.split()!r}]\nfrom rnncast.__main__ import main; main()"
        return self.shell(f'python -c "import atexit, sys\n{code}\n{run}"')


def _whole(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program in an empty folder."""
    return Program(tmp_path)


Shared = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Shared:
    """A folder by name that `make` fills once, for all workers: to be read and copied, not written to."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # each worker has a folder in that of the run

    def of(name: str, make: Callable[[Path], None]) -> Path:
        folder = base / f"shared-{name}"
        with FileLock(f"{folder}.lock"):
            if not folder.exists():
                begun = Path(tempfile.mkdtemp(dir=base))
                make(begun)
                begun.rename(folder)
        return folder

    return of


def _air_passengers(folder: Path) -> None:
    (folder / "air_passengers.csv").write_bytes(AIR_PASSENGERS.read_bytes())
    done = Program(folder)("train", "air_passengers.csv", "--epochs", "3")
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, shared: Shared) -> Program:
    """The program in a folder that holds air_passengers.csv and a model quickly trained on it."""
    folder = tmp_path_factory.mktemp("trained")
    shutil.copytree(shared("air-passengers", _air_passengers), folder, dirs_exist_ok=True)
    return Program(folder)


def waves(series: int = 3, steps: int = 90, season: int = 6, seed: int = 0) -> Panel:
    """Noisy seasonal series of different lengths, around 100."""
    random = np.random.default_rng(seed)
    return Panel.from_series(
        {
            f"series-{s}": 100
            + 10 * np.sin(2 * np.pi * np.arange(steps + 7 * s) / season + s)
            + random.normal(0, 2, steps + 7 * s)
            for s in range(series)
        }
    )


SMALL = {"epochs": 3, "members": 1, "bptt_steps": 24, "validate": False, "shrinkage": 0.0}


SEGMENTED = ("rnn/4", "gru/4", "lstm/4")  # nets in segments, for `net_config`


def net_config(name: str, **settings: object) -> NetConfig:
    """A net by its name, or "lstm/4": in segments of 4 steps; "lstm/1+4": members of both kinds."""
    model, _, segment = name.partition("/")
    segments = tuple(map(int, segment.split("+"))) if segment else None
    return NetConfig(model=model, segment=segments, **settings)  # type: ignore[arg-type]


def small_config(model: str = "lstm", **train: object) -> Config:
    """A config that trains in a moment: horizon 4, season 6, 8 hidden units."""
    return Config(
        task=TaskConfig(horizon=4, seasons=(6,)),
        net=net_config(model, hidden_size=8, window=7 if "/24" not in model else 24),
        train=TrainConfig(**{**SMALL, **train}),  # type: ignore[arg-type]
    )


@functools.cache
def fitted(config: Config) -> Forecaster:
    """A forecaster trained on waves()."""
    return Forecaster.fit(waves(), config)

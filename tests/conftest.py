"""What all tests share: the repository, the program as a subprocess, and small panels."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import settings

from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.series.panel import Panel

# Tests are never timed: on a busy machine, or at a first import, any of them may be slow.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

ROOT = Path(__file__).resolve().parent.parent
AIR_PASSENGERS = ROOT / "sample_data" / "air_passengers.csv"


class Program:
    """The installed program in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # The console script lies beside the interpreter that runs the tests.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**os.environ, "PATH": path, "COLUMNS": "100", "NO_COLOR": "1"}

    def __call__(self, *arguments: str | Path, stdin: str | bytes = b"") -> subprocess.CompletedProcess[str]:
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


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """The program in an empty folder."""
    return Program(tmp_path)


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program in a folder that holds air_passengers.csv and a model quickly trained on it."""
    folder = tmp_path_factory.mktemp("trained")
    (folder / "air_passengers.csv").write_bytes(AIR_PASSENGERS.read_bytes())
    there = Program(folder)
    done = there("train", "air_passengers.csv", "--epochs", "3")
    assert done.returncode == 0, done.stderr
    return there


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


def small_config(model: str = "lstm", **train: object) -> Config:
    """A config that trains in a moment: horizon 4, season 6, 8 hidden units."""
    return Config(
        task=TaskConfig(horizon=4, seasons=(6,)),
        net=NetConfig(model=model, hidden_size=8, window=7),
        train=TrainConfig(**{"epochs": 3, "members": 1, "bptt_steps": 24, "validate": False, "trust": 1.0, **train}),  # type: ignore[arg-type]
    )

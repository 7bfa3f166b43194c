"""A training that is killed, at any moment and as often as you like, ends in the model of one that never was."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.killing import Lives, anywhere, at_a_checkpoint, lives, survived, while_writing

SMALL = ["train", "data.csv", "-q", "--hidden-size", "4", "--window", "4", "-H", "3", "--season", "4", "--epochs", "3"]
TRAININGS = {
    "validated members": [*SMALL, "--members", "2", "--level-span", "4", "--bptt-steps", "16"],
    "fed back": [*SMALL, "--members", "1", "--no-validate", "--model", "gru", "--training", "scheduled"],
    "dropout": [*SMALL, "--members", "1", "--model", "rnn", "--dropout", "0.3", "--patience", "1"],
}
MOMENTS = {"anywhere": anywhere, "at a checkpoint": at_a_checkpoint, "while writing": while_writing}


def table(path: Path, series: int) -> None:
    """Noisy waves in a long table."""
    random = np.random.default_rng(0)
    rows = [
        f"{name},{step},{10 + 3 * np.sin(step * np.pi / 2 + name) + random.normal():.3f}"
        for name in range(series)
        for step in range(48 + name)
    ]
    path.write_text("id,step,value\n" + "\n".join(rows) + "\n")


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Lives]:
    """One net after the other, as few series are trained."""
    table(tmp_path / "data.csv", 3)
    with lives(tmp_path, threads=1) as there:
        yield there


@pytest.fixture
def side_by_side(tmp_path: Path) -> Iterator[Lives]:
    """Two nets at once, each in a thread, as more series are trained."""
    table(tmp_path / "data.csv", 6)
    with lives(tmp_path, threads=2) as there:
        yield there


def test_three_kills(alone: Lives) -> None:
    assert survived(TRAININGS["validated members"], at_a_checkpoint, 3, alone)["kills"] == 3


def test_two_kills_side_by_side(side_by_side: Lives) -> None:
    assert survived(TRAININGS["validated members"], while_writing, 2, side_by_side)["kills"] == 2


@pytest.mark.slow
def test_twenty_five_kills(alone: Lives, capsys: pytest.CaptureFixture[str]) -> None:
    _killed(25, "validated members", "anywhere", alone, capsys)


@pytest.mark.slow
def test_twenty_five_kills_side_by_side(side_by_side: Lives, capsys: pytest.CaptureFixture[str]) -> None:
    _killed(25, "validated members", "while writing", side_by_side, capsys)


@pytest.mark.campaign
@pytest.mark.parametrize(
    ("training", "moment"),
    [*(("validated members", moment) for moment in MOMENTS), ("fed back", "anywhere"), ("dropout", "at a checkpoint")],
)
def test_fifty_kills(alone: Lives, training: str, moment: str, capsys: pytest.CaptureFixture[str]) -> None:
    _killed(50, training, moment, alone, capsys)


@pytest.mark.campaign
@pytest.mark.parametrize("moment", MOMENTS)
def test_fifty_kills_side_by_side(side_by_side: Lives, moment: str, capsys: pytest.CaptureFixture[str]) -> None:
    _killed(50, "validated members", moment, side_by_side, capsys)


def _killed(kills: int, training: str, moment: str, there: Lives, capsys: pytest.CaptureFixture[str]) -> None:
    counts = survived(TRAININGS[training], MOMENTS[moment], kills, there)
    with capsys.disabled():
        print(f"\n{training}, {moment}: {dict(counts)}")
    assert counts["kills"] == kills

"""The M competitions' files from end to end: a series a row, no times, forecasts by position."""

import csv
import io

import numpy as np
import pytest

from rnncast.config import TableConfig
from rnncast.files.panels.tables import read_table
from tests.conftest import Program

HORIZON, SEASON = 8, 4
EXACT = ("--digits", "full")


@pytest.fixture
def contest(program: Program) -> Program:
    """Three quarterly series of unequal lengths, as train.csv and test.csv in the layout of M4, and their parts."""
    rng = np.random.default_rng(3)
    lengths = {"Q1": 40, "Q2": 52, "Q3": 64}
    longest = max(lengths.values())
    series = {
        name: np.round(100 + 10 * np.tile([3, 1, -2, -2], 20)[: n + HORIZON] + rng.normal(0, 1, n + HORIZON), 2)
        for name, n in lengths.items()
    }

    def table(columns: int, rows: dict[str, np.ndarray]) -> str:
        lines = [",".join(f'"V{i}"' for i in range(1, columns + 2))]
        lines += [",".join([f'"{name}"', *map(str, y), *[""] * (columns - len(y))]) for name, y in rows.items()]
        return "\n".join(lines) + "\n"

    past = {name: y[:-HORIZON] for name, y in series.items()}
    future = {name: y[-HORIZON:] for name, y in series.items()}
    (program.folder / "train.csv").write_text(table(longest, past))
    (program.folder / "test.csv").write_text(table(HORIZON, future))
    naive = {name: np.tile(y[-SEASON:], 2) for name, y in past.items()}
    lines = ["id," + ",".join(f"F{h}" for h in range(1, HORIZON + 1))]
    lines += [",".join([name, *map(str, y)]) for name, y in naive.items()]
    (program.folder / "naive.csv").write_text("\n".join(lines) + "\n")
    scale = [np.abs(y[SEASON:] - y[:-SEASON]).mean() for y in past.values()]
    errors = [np.abs(naive[name] - y).mean() for name, y in future.items()]
    program.expected = float(np.mean(np.array(errors) / scale))  # type: ignore[attr-defined]
    return program


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_the_layout_is_told_from_its_header(contest: Program) -> None:
    panel = read_table(str(contest.folder / "train.csv"), TableConfig())
    assert panel.ids == ("Q1", "Q2", "Q3")
    assert panel.lengths.tolist() == [40, 52, 64]


@pytest.mark.parametrize("header", ["date,1,2,3", "id,a,b,c", "id,2,3,4", "V2,V3,V4,V5", "when,F1,F2,F3"])
def test_other_headers_are_not(program: Program, header: str) -> None:
    """A wide table whose series have numbers for names is none, for it begins with a time."""
    body = "".join(f"2024-01-{d:02d},{d},{d + 1},{d + 2}\n" for d in range(1, 29))
    (program.folder / "x.csv").write_text(f"{header}\n{body}")
    done = program("check", "x.csv")
    assert "a series in each row" not in done.stdout + done.stderr


def test_a_submission_is_scored_by_position(contest: Program) -> None:
    done = contest(
        "score", "naive.csv", "--actual", "test.csv", "--history", "train.csv", "--season", str(SEASON), *EXACT
    )
    assert done.returncode == 0, done.stderr
    (row,) = rows(done.stdout)
    assert int(row["values"]) == 3 * HORIZON
    assert float(row["mase"]) == pytest.approx(contest.expected)  # type: ignore[attr-defined]


def test_the_season_is_found_and_said(contest: Program) -> None:
    found = contest("score", "naive.csv", "--actual", "test.csv", "--history", "train.csv")
    given = contest("score", "naive.csv", "--actual", "test.csv", "--history", "train.csv", "--season", "4")
    assert found.stdout == given.stdout
    assert "MASE with m = 4, a season found in the data" in found.stderr
    assert given.stderr == ""


def test_from_training_to_the_official_test(contest: Program) -> None:
    assert contest("train", "train.csv", "-H", str(HORIZON), "--epochs", "0", "--members", "1").returncode == 0
    assert contest("forecast", "-o", "own.csv").returncode == 0
    done = contest("score", "own.csv", "--actual", "test.csv", "--history", "train.csv")
    assert done.returncode == 0, done.stderr
    (row,) = rows(done.stdout)
    assert int(row["values"]) == 3 * HORIZON
    assert 0 < float(row["mase"]) < 2


def test_actual_values_that_hold_their_history_stay_where_they_are(contest: Program) -> None:
    lines = [(contest.folder / name).read_text().splitlines()[1:] for name in ("train.csv", "test.csv")]
    whole = [f"{a.rstrip(',')},{b.partition(',')[2]}" for a, b in zip(*lines, strict=True)]
    width = max(line.count(",") for line in whole)
    header = ",".join(f"V{i}" for i in range(1, width + 2))
    (contest.folder / "whole.csv").write_text("\n".join([header, *whole]) + "\n")
    assert contest("train", "train.csv", "-H", str(HORIZON), "--epochs", "0", "--members", "1").returncode == 0
    contest("forecast", "-o", "own.csv")
    after = contest("score", "own.csv", "--actual", "test.csv", "--history", "train.csv")
    within = contest("score", "own.csv", "--actual", "whole.csv", "--history", "train.csv")
    assert within.stdout == after.stdout

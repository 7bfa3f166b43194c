"""`rnncast check`, and the strength of seasons that it reports."""

import json

import numpy as np
import pytest

from rnncast.choices.seasonality import seasonal_strength
from tests.conftest import AIR_PASSENGERS, Program
from tests.tables import as_csv

DAYS = [f"2024-01-{day:02d}" for day in range(1, 31)]


def test_a_season_that_repeats_exactly_has_strength_one() -> None:
    y = np.tile([3.0, 1.0, 4.0, 1.0, 5.0], 20)
    assert seasonal_strength(y, 5) == pytest.approx(1)
    assert seasonal_strength(1e6 + 2.0 * np.arange(100) + y, 5) > 0.9  # whatever the trend
    assert seasonal_strength(np.tile([1.0, 2, 1, 3], 25) * 1e-12, 4) == pytest.approx(1)


def test_noise_has_none_and_what_cannot_be_told_is_not_told() -> None:
    noise = np.random.default_rng(0).normal(size=2000)
    assert abs(seasonal_strength(noise, 7)) < 0.2
    assert np.isnan(seasonal_strength(np.full(50, 7.3), 7))
    assert np.isnan(seasonal_strength(np.zeros(50), 7))
    assert np.isnan(seasonal_strength(noise[:13], 7))
    assert np.isnan(seasonal_strength(noise * 1e300, 7))
    holes = np.tile([3.0, 1.0, 4.0, 1.0, 5.0], 40)
    holes[np.random.default_rng(1).permutation(200)[:40]] = np.nan
    assert seasonal_strength(holes, 5) > 0.8


def test_what_a_table_holds(program: Program) -> None:
    done = program("check", AIR_PASSENGERS, "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert (found["ok"], found["time"], found["target"], found["ids"]) == (True, "Month", "#Passengers", [])
    assert found["frequency"] == "monthly"
    (series,) = found["series"]
    assert (series["start"], series["end"], series["length"], series["missing"]) == ("1949-01", "1960-12", 144, 0)
    assert series["season"] == 12
    assert series["strength"] > 0.9


def test_what_is_wrong_with_it(program: Program) -> None:
    rows: list[list[str | float | int | None]] = []
    for s in range(20):
        rows += [[f"fine-{s}", day, float(i % 7)] for i, day in enumerate(DAYS)]
    rows += [["flat", day, 5.0] for day in DAYS]
    rows += [["holes", day, None if i in (3, 4) else 1.0 + i] for i, day in enumerate(DAYS) if i != 9]
    rows += [["nothing", day, None] for day in DAYS]
    rows += [["twice", day, 1.0 + i] for i, day in enumerate([*DAYS, DAYS[7]])]
    (program.folder / "x.csv").write_bytes(as_csv(["id", "ds", "y"], rows))
    done = program("check", "x.csv", "--json")
    found = {series["id"]: series for series in json.loads(done.stdout)["series"]}
    assert done.returncode == 0, done.stderr
    assert found["fine-0"]["zeros"] == 5
    assert found["fine-0"]["strength"] == 1
    assert found["flat"]["constant"]
    assert found["holes"]["missing"] == 3
    assert found["twice"]["duplicates"] == 1
    assert "repeats (first at line" in found["twice"]["left out"]
    assert found["nothing"]["left out"] == "it has no value"
    seen = program("check", "x.csv")
    assert "left out series 'twice'" in seen.stderr
    assert "duplicates" in seen.stdout
    assert max(map(len, seen.stdout.splitlines())) < 120
    assert program("check", "x.csv", "--strict").returncode == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("ds,y\n2024-01-01,1\n2024-01-02,2\n2024-01-02,2\n", "repeats (first at line 3)"),
        ("ds,y\n2024-01-01,1\n2024-01-02,2\n", "too few rows"),
        ("ds,y\n2024-01-01,\n2024-01-02,\n", "has no value"),
        ("ds,a,b\n2024-01-01,1,2\n", "has 2 numeric columns"),
    ],
)
def test_it_fails_where_train_would(program: Program, text: str, error: str) -> None:
    (program.folder / "x.csv").write_text(text)
    train, check, as_json = (
        program(*words) for words in (("train", "x.csv"), ("check", "x.csv"), ("check", "x.csv", "--json"))
    )
    assert train.returncode == check.returncode == as_json.returncode == 1
    assert train.stderr.splitlines()[-1] == check.stderr.splitlines()[-1]
    found = json.loads(as_json.stdout)
    assert not found["ok"]
    assert error in found["error"]
    assert error in check.stderr


@pytest.mark.parametrize("value", [1e151, 1e301, -1.7e308])
def test_a_value_too_large_to_compute_with_is_named_and_nothing_else_is_said(program: Program, value: float) -> None:
    text = as_csv(["date", "y"], [[day, value * (1 - i % 7 / 10)] for i, day in enumerate(DAYS)])
    done = program("check", "-", "--json", stdin=text)
    assert done.returncode == 1
    assert f"the value {value:g} is too large to compute with" in json.loads(done.stdout)["error"]
    assert done.stderr.startswith("rnncast: the value")
    assert "Warning" not in done.stderr


def test_long_lists_are_cut_on_a_screen(program: Program) -> None:
    rows = [[f"s{s}", day, 1.0] for s in range(100) for day in DAYS[:5]]
    (program.folder / "x.csv").write_bytes(as_csv(["id", "ds", "y"], rows))
    done = program("check", "x.csv")
    assert "and 60 more series" in done.stdout
    assert len(json.loads(program("check", "x.csv", "--json").stdout)["series"]) == 100


@pytest.mark.parametrize(
    ("starts", "step", "ends"),
    [
        (45292, 1, ("2024-01-01", "2024-01-30")),  # serial dates of a spreadsheet
        (1704070800, 3600, ("2024-01-01 01:00:00", "2024-01-02 06:00:00")),  # Unix seconds
    ],
)
def test_times_that_are_numbers_are_shown_as_dates(
    program: Program, starts: int, step: int, ends: tuple[str, str]
) -> None:
    rows = [f"{starts + step * n},{n % 5}" for n in range(30)]
    (program.folder / "x.csv").write_text("\n".join(["date,sold", *rows]) + "\n")
    (series,) = json.loads(program("check", "x.csv", "--json").stdout)["series"]
    assert (series["start"], series["end"]) == ends
    assert ends[0] in program("check", "x.csv", "--no-plot").stdout

"""Forecasts made elsewhere, beside nets and baselines: `compare --with`."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rnncast
from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError
from rnncast.evaluate.given import Given
from rnncast.evaluate.laid import Laid
from rnncast.evaluate.significance import paired_p
from rnncast.files.panels.forecast_tables import ForecastSource, read_several
from rnncast.files.panels.tables import read_table
from tests.conftest import AIR_PASSENGERS, Program

EXACT = ("--digits", "full")
PLAIN = ("--model", "drift", "--baseline", "mean")
SCORES = ("mase", "smape", "mae", "rank", "skill", "coverage-80", "coverage-95", "p", "dm_p")


def rows(text: str) -> dict[str, dict[str, str]]:
    return {row["model"]: row for row in csv.DictReader(io.StringIO(text))}


@pytest.fixture
def saved(trained: Program) -> Program:
    """A folder with forecasts of drift, mean and the naive ones from six origins, and of drift alone."""
    done = trained("compare", "air_passengers.csv", "--folds", "6", "--save-forecasts", "all.csv", *PLAIN, *EXACT)
    assert done.returncode == 0, done.stderr
    trained.first = rows(done.stdout)  # type: ignore[attr-defined]
    table = pd.read_csv(trained.folder / "all.csv")
    one = table[["Month", "cutoff", "drift", "drift-lo-80", "drift-hi-80"]]
    one.rename(columns=lambda name: name.replace("drift", "forecast")).to_csv(trained.folder / "own.csv", index=False)
    return trained


def test_forecasts_that_are_read_score_as_those_that_are_made(saved: Program) -> None:
    done = saved("compare", "air_passengers.csv", "--with", "all.csv", *PLAIN, *EXACT)
    assert done.returncode == 0, done.stderr
    found = rows(done.stdout)
    assert set(found) == {f"{prefix}{name}" for name in saved.first for prefix in ("", "all-")}  # type: ignore[attr-defined]
    for name, before in saved.first.items():  # type: ignore[attr-defined]
        for score in set(SCORES) - {"rank"}:
            assert found[name][score] == before[score], (name, score)
            if name != "drift":  # it is judged, and has no p against itself
                assert found[f"all-{name}"][score] == before[score], (name, score)
    assert float(found["all-drift"]["p"]) == 1
    assert found["drift"]["origins"] == "6"


def test_one_model_goes_by_the_name_of_its_file_and_can_be_judged(saved: Program) -> None:
    beside = saved("compare", "air_passengers.csv", "--with", "own.csv", "--model", "mean")
    assert set(rows(beside.stdout)) == {"own", "mean", "naive", "seasonal-naive"}  # and no net was trained
    assert "own" in beside.stderr.splitlines()[-1]
    judged = saved("compare", "air_passengers.csv", "--with", "mine=own.csv", "--model", "mine", "--format", "json")
    found = json.loads(judged.stdout)
    assert found["model"] == "mine"
    assert {score["model"] for score in found["scores"]} == {"mine", "naive", "seasonal-naive"}
    (mine,) = [score for score in found["scores"] if score["model"] == "mine"]
    assert mine["coverage-80"] is not None
    assert mine["coverage-95"] is None  # for which it has no interval


def test_the_verdict_speaks_of_own_forecasts(saved: Program) -> None:
    """Whatever else beats the model, or is beaten."""
    worse = saved("compare", "air_passengers.csv", "--with", "own.csv", "--model", "mean").stderr.splitlines()[-1]
    assert worse.startswith("own beats mean by 64 % (p < 0.001, 6 origins): own forecasts better here.")
    table = pd.read_csv(saved.folder / "all.csv")[["Month", "cutoff", "mean"]]
    table.to_csv(saved.folder / "poor.csv", index=False)
    better = saved("compare", "air_passengers.csv", "--with", "poor.csv", "--model", "drift").stderr.splitlines()[-1]
    assert better.startswith("seasonal naive beats drift by 28 % (p = 0.043, 6 origins)")
    assert better.endswith(". drift is 64 % ahead of poor (p < 0.001).")


def test_the_horizon_and_the_origins_are_those_of_the_forecasts(saved: Program) -> None:
    all_of_it = rows(saved("compare", "air_passengers.csv", "--with", "own.csv", "--model", "mean").stdout)["own"]
    assert (all_of_it["horizon"], all_of_it["origins"]) == ("12", "6")
    fewer = ("--folds", "2", "-H", "3")
    some = rows(saved("compare", "air_passengers.csv", "--with", "own.csv", "--model", "mean", *fewer).stdout)["own"]
    assert (some["horizon"], some["origins"]) == ("3", "2")
    far = saved("compare", "air_passengers.csv", "--with", "own.csv", "--model", "mean", "-H", "13")
    assert far.returncode == 2
    assert "own.csv goes 12 steps ahead, but the horizon is 13" in far.stderr
    assert "-H 12" in far.stderr
    many = saved("compare", "air_passengers.csv", "--with", "own.csv", "--model", "mean", "--folds", "7")
    assert many.returncode == 1
    assert "own.csv has 6 origins" in many.stderr


def test_only_values_that_all_have_a_forecast_of_count(saved: Program) -> None:
    table = pd.read_csv(saved.folder / "own.csv")
    table[table.index % 12 != 5].to_csv(saved.folder / "holes.csv", index=False)
    table.iloc[:24].to_csv(saved.folder / "early.csv", index=False)
    done = saved("compare", "air_passengers.csv", "--with", "own.csv", "--with", "holes.csv", "--model", "mean")
    found = rows(done.stdout)
    assert found["own"]["mase"] == found["holes"]["mase"]
    early = saved("compare", "air_passengers.csv", "--with", "own.csv", "--with", "early.csv", "--model", "mean")
    assert rows(early.stdout)["own"]["origins"] == "2"
    assert "left out 4 origins that not all forecasts have" in early.stderr


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("after", {"Month": 240, "cutoff": 240}, "no time of after.csv has an actual value"),
        ("before", {"Month": -72, "cutoff": -72}, "before.csv has 0 origins that can be compared"),
        ("crossed", {"cutoff": 3}, "holds a time that is not after its cutoff"),
    ],
)
def test_cutoffs_that_cannot_be_are_refused(saved: Program, name: str, change: dict[str, int], message: str) -> None:
    table = pd.read_csv(saved.folder / "own.csv").iloc[:12]
    for column, months in change.items():
        moved = pd.to_datetime(table[column]) + pd.DateOffset(months=months)
        table[column] = moved.dt.strftime("%Y-%m")
    table.to_csv(saved.folder / f"{name}.csv", index=False)
    done = saved("compare", "air_passengers.csv", "--with", f"{name}.csv", "--model", "mean")
    assert done.returncode == 1, done.stdout
    assert message in done.stderr
    assert "hint: " in done.stderr


def test_two_forecasts_of_one_name_are_refused(saved: Program) -> None:
    done = saved("compare", "air_passengers.csv", "--with", "own.csv", "--with", "own.csv", "--model", "mean")
    assert done.returncode == 2
    assert "two forecasts are called 'own'" in done.stderr


def test_from_python_by_name_and_as_a_frame(saved: Program) -> None:
    data = pd.read_csv(saved.folder / "air_passengers.csv")
    own = pd.read_csv(saved.folder / "own.csv")
    found = rnncast.compare(data, model="mean", with_={"mine": own}, quiet=True).to_frame().set_index("model")
    expected = saved.first["drift"]["mase"]  # type: ignore[attr-defined]
    assert found.loc["mine", "mase"] == pytest.approx(float(expected))


def _panel_of(tmp_path: Path, lengths: tuple[int, ...]) -> Path:
    path = tmp_path / "data.csv"
    noise = np.random.default_rng(0)
    lines = [f"{chr(97 + s)},{t},{noise.normal():.3f}" for s, n in enumerate(lengths) for t in range(1, n + 1)]
    path.write_text("id,step,y\n" + "\n".join(lines) + "\n")
    return path


def _own(tmp_path: Path, origins: list[tuple[str, int]], horizon: int, name: str = "own") -> ForecastSource:
    lines = [f"{series},{cutoff + h},{cutoff},0.5" for series, cutoff in origins for h in range(1, horizon + 1)]
    path = tmp_path / f"{name}.csv"
    path.write_text("id,step,cutoff,forecast\n" + "\n".join(lines) + "\n")
    return ForecastSource(str(path))


def test_origins_are_shared_by_time_or_by_steps_before_the_end(tmp_path: Path) -> None:
    panel = read_table(str(_panel_of(tmp_path, (30, 40))), TableConfig(), note=lambda text: None)
    for origins, count in (
        ([("a", 20), ("a", 24), ("b", 20), ("b", 24)], 2),  # the same times
        ([("a", 20), ("a", 24), ("b", 30), ("b", 34)], 2),  # as many steps before the end of each
        ([("a", 20), ("b", 31)], 2),  # neither
    ):
        given = Given.of(read_several([_own(tmp_path, origins, 4)], TableConfig(), panel), panel)
        splits = given.splits(panel, 4, None, 6)
        assert len(splits) == count
        assert [len(split.seen) for split in splits] == [len(origins) // count] * count
        for split in splits:
            for s, (series, start, y) in enumerate(split.seen):
                whole = panel[panel.ids.index(series)].y
                np.testing.assert_array_equal(np.append(y, split.actual[s]), whole[: len(y) + 4])
                assert (series, start + len(y) - 1) in origins


@pytest.mark.parametrize(("apart", "lags"), [(1, 3), (2, 1), (3, 1), (4, 0), (9, 0)])
def test_overlapping_forecasts_are_counted(tmp_path: Path, apart: int, lags: int) -> None:
    panel = read_table(str(_panel_of(tmp_path, (90,))), TableConfig(), note=lambda text: None)
    origins = [("a", cutoff) for cutoff in range(20, 80, apart)]
    forecasts = read_several([_own(tmp_path, origins, 4)], TableConfig(), panel)
    assert Laid.of(forecasts, forecasts.series >= 0, panel).numbered(panel).lags == lags


def test_overlapping_forecasts_are_tested_as_such(tmp_path: Path) -> None:
    """The p-value over origins has as many lags as forecasts overlap."""
    path = _panel_of(tmp_path, (90,))
    source = _own(tmp_path, [("a", cutoff) for cutoff in range(30, 86)], 4)
    found = rnncast.compare(str(path), model="mean", with_=source.data, quiet=True).findings.comparison
    assert found is not None
    assert found.origins == 56
    difference = found["own"].mase[:, 0] - found["mean"].mase[:, 0]
    assert found.p("own", "mean") == paired_p(difference, 3)
    assert found.p("own", "mean") != paired_p(difference)
    assert found.by_step_p("own", "mean") is None


def test_what_has_no_origin_in_common_is_refused(tmp_path: Path) -> None:
    panel = read_table(str(_panel_of(tmp_path, (40,))), TableConfig(), note=lambda text: None)
    sources = [_own(tmp_path, [("a", 20)], 4, "one"), _own(tmp_path, [("a", 24)], 4, "two")]
    with pytest.raises(DataError, match=r"one.csv and .*two.csv have no origin in common"):
        Given.of(read_several(sources, TableConfig(), panel), panel)


def test_a_name_may_stand_before_a_file(tmp_path: Path) -> None:
    assert ForecastSource.of("mine=x.csv") == ForecastSource("x.csv", "mine")
    assert ForecastSource.of("x.csv") == ForecastSource("x.csv")
    assert ForecastSource.of("folder/x.csv.gz").called == "x"
    odd = tmp_path / "a=b.csv"
    odd.write_text("")
    assert ForecastSource.of(str(odd)) == ForecastSource(str(odd))
    panel = read_table(str(AIR_PASSENGERS), TableConfig(), note=lambda text: None)
    source = tmp_path / "lstm.csv"
    source.write_text("Month,forecast\n1960-01,3\n")
    with pytest.raises(UsageError, match="two forecasts are called"):
        read_several([ForecastSource.of(str(source))], TableConfig(), panel, ("lstm",))

"""`rnncast score`: anybody's forecasts against what came, by command and in pipes."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from rnncast.config import TableConfig
from rnncast.evaluate.scoring import score_forecasts
from rnncast.files.panels.forecast_table import read_forecasts
from rnncast.files.panels.tables import read_table
from tests.conftest import AIR_PASSENGERS, Program

DAYS = 40
COLUMNS = {"mae", "rmse", "mape", "smape", "mase", "rmsse", "bias", "wql", "crps", "coverage-80", "msis-95", "owa"}


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    """Two series, the second ten times the first: 1, 2, 3, ... and 10, 20, 30, ..."""
    rows = [f"{name},{_day(d)},{size * (d + 1)}" for name, size in (("a", 1), ("b", 10)) for d in range(DAYS)]
    path = tmp_path / "sales.csv"
    path.write_text("shop,day,sold\n" + "\n".join(rows) + "\n")
    return path


def _day(d: int) -> str:
    return str(np.datetime64("2024-01-01") + d)


def scored(forecasts: Path, actual: Path, by: str = "overall", season: int = 1) -> list[dict[str, object]]:
    panel = read_table(str(actual), TableConfig())
    scores = score_forecasts(read_forecasts(str(forecasts), TableConfig(), panel), panel, None, season, by)
    return [dict(zip(scores.names, row, strict=True)) for row in scores.rows]


def table_of(tmp_path: Path, header: str, rows: list[str]) -> Path:
    path = tmp_path / "forecasts.csv"
    path.write_text(header + "\n" + "\n".join(rows) + "\n")
    return path


def test_a_pipe_from_forecast_to_score(program: Program) -> None:
    lines = AIR_PASSENGERS.read_text().splitlines(keepends=True)
    (program.folder / "x.csv").write_text("".join(lines[:-12]))
    (program.folder / "y.csv").write_text("".join([lines[0], *lines[-12:]]))
    assert program("train", "x.csv", "--epochs", "2", "-o", "m.safetensors").returncode == 0
    pipe = "cat x.csv | rnncast forecast - -m m.safetensors | rnncast score - --actual y.csv --history x.csv"
    done = program.shell(f"set -o pipefail; {pipe}")
    assert (done.returncode, done.stderr) == (0, "")
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert set(row) > COLUMNS
    assert (row["model"], row["values"], row["season"]) == ("forecast", "12", "12")
    assert 0 < float(row["mase"]) < 3
    whole = program.shell(
        f"rnncast forecast -m m.safetensors | rnncast score - --actual {AIR_PASSENGERS} --format json"
    )
    assert json.loads(whole.stdout)[0]["mase"] == pytest.approx(float(row["mase"]))


def test_scores_are_those_worked_out_by_hand(sales: Path, tmp_path: Path) -> None:
    # From day 31 on (values 31 and 310) both are forecast one step too high; the scale of each is one step.
    rows = [
        f"{name},{_day(d)},{size * (d + 2)},{0},{size * (d + 1)}"
        for name, size in (("a", 1), ("b", 10))
        for d in (30, 31)
    ]
    path = table_of(tmp_path, "shop,day,mine,mine-lo-80,mine-hi-80", rows)
    (row,) = scored(path, sales)
    assert row["mase"] == row["rmsse"] == pytest.approx(1)
    assert (row["mae"], row["bias"], row["values"]) == (pytest.approx(5.5), pytest.approx(5.5), 4)
    assert row["coverage-80"] == 100
    first, second = scored(path, sales, by="series")
    assert [(each["shop"], each["mae"]) for each in (first, second)] == [
        ("a", pytest.approx(1)),
        ("b", pytest.approx(10)),
    ]
    by_lead = scored(path, sales, by="lead")
    assert [(each["lead"], each["mase"], each["values"]) for each in by_lead] == [
        (1, pytest.approx(1), 2),
        (2, pytest.approx(1), 2),
    ]


@pytest.mark.parametrize(
    ("header", "cells", "models"),
    [
        ("unique_id,ds,LSTM,LSTM-lo-90,LSTM-hi-90,AutoETS", "30,29,33,31", {"LSTM": 0.5, "AutoETS": 0.5}),
        ("unique_id,ds,NHITS,NHITS-ql0.1,NHITS-ql0.9,y", "30,29,33,31", {"NHITS": 1}),
        ("item_id,timestamp,mean,0.1,0.5,0.9", "30,29,30,33", {"mean": 1}),
        ("id,ds,yhat,yhat_lower,yhat_upper,trend", "30,29,33,999", {"yhat": 1}),
        ("item_id,timestamp,predictions,0.1,0.5,0.9", "30,29,31,33", {"predictions": 1}),
    ],
)
def test_the_names_of_other_libraries(
    sales: Path, tmp_path: Path, header: str, cells: str, models: dict[str, float]
) -> None:
    found = scored(table_of(tmp_path, header, [f"a,{_day(30)},{cells}"]), sales)
    assert {row["model"] for row in found} == set(models)
    assert found[0]["mae"] == pytest.approx(1)  # 30 for 31
    assert found[0].get("coverage-80", found[0].get("coverage-90")) == 100


def test_several_origins_need_a_cutoff(sales: Path, tmp_path: Path) -> None:
    rows = [f"a,{_day(d)},{_day(c)},{d}" for c in (28, 29) for d in range(c + 1, c + 4)]
    whole = table_of(tmp_path, "shop,day,cutoff,mine", rows)
    (row,) = scored(whole, sales)
    assert (row["values"], row["mase"]) == (6, pytest.approx(1))
    assert [each["values"] for each in scored(whole, sales, by="lead")] == [2, 2, 2]
    without = table_of(tmp_path, "shop,day,mine", [",".join((*r.split(",")[:2], "1")) for r in rows])
    with pytest.raises(Exception, match="twice"):
        scored(without, sales)


def test_what_cannot_be_scored_is_counted_and_said(program: Program, sales: Path) -> None:
    rows = [f"a,{_day(39)},40", f"a,{_day(40)},41", f"c,{_day(39)},1"]
    path = table_of(program.folder, "shop,day,mine", rows)
    done = program("score", path, "--actual", sales)
    assert "left out 1 forecast of series that have no actual values" in done.stderr
    assert "left out 1 forecast of times that have no actual value" in done.stderr
    assert done.stdout.splitlines()[1].startswith("mine,1,0.0")
    late = table_of(program.folder, "shop,day,mine", [f"a,{_day(60)},1"])
    done = program("score", late, "--actual", sales)
    assert done.returncode == 1
    assert "begin at 2024-03-01, and the actual values end at 2024-02-09" in done.stderr
    other = table_of(program.folder, "shop,day,mine", [f"z,{_day(39)},1"])
    done = program("score", other, "--actual", sales)
    assert "its first is 'z', that of the actual values is 'a'" in done.stderr


def test_without_a_history_there_is_no_scale(program: Program, sales: Path) -> None:
    path = table_of(program.folder, "shop,day,mine", [f"a,{_day(0)},2"])
    done = program("score", path, "--actual", sales)
    assert "give them with --history" in done.stderr
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert (row["mase"], row["mae"]) == ("", "1.0")


def test_the_forecasts_of_a_comparison_can_be_scored(program: Program) -> None:
    done = program(
        "compare", AIR_PASSENGERS, "--model", "rnn", "--epochs", "1", "--folds", "2", "--save-forecasts", "f.csv"
    )
    assert done.returncode == 0, done.stderr
    ours = {row["model"]: float(row["mae"]) for row in csv.DictReader(io.StringIO(done.stdout))}
    scores = program("score", "f.csv", "--actual", AIR_PASSENGERS).stdout
    theirs = {row["model"]: float(row["mae"]) for row in csv.DictReader(io.StringIO(scores))}
    assert theirs == pytest.approx(ours)

"""`rnncast score` of ragged, broken and odd tables: refused with the place, or scored as if that were not there."""

from pathlib import Path

import numpy as np
import pytest

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.evaluate.scoring import Scores, score_forecasts
from rnncast.files.panels.forecast_table import read_forecasts
from rnncast.files.panels.tables import read_table
from rnncast.series.metrics import wql
from tests.conftest import Program

NAN = float("nan")
DAYS = 40  # of series a: 1, 2, 3, ... and b: 10, 20, 30, ...


def _day(d: int) -> str:
    return str(np.datetime64("2024-01-01") + d)


@pytest.fixture
def sales(tmp_path: Path) -> Path:
    rows = [f"{name},{_day(d)},{size * (d + 1)}" for name, size in (("a", 1), ("b", 10)) for d in range(DAYS)]
    return _table(tmp_path / "sales.csv", "shop,day,sold", rows)


def _table(path: Path, header: str, rows: list[str]) -> Path:
    path.write_text("\n".join([header, *rows]) + "\n")
    return path


def _scores(forecasts: Path, actual: Path, history: Path | None = None, by: str = "overall") -> Scores:
    panel = read_table(str(actual), TableConfig())
    past = read_table(str(history), TableConfig()) if history else None
    return score_forecasts(read_forecasts(str(forecasts), TableConfig(), panel), panel, past, 1, by)


def _row(scores: Scores, place: int = 0) -> dict[str, object]:
    return dict(zip(scores.names, scores.rows[place], strict=True))


def test_a_missing_end_leaves_the_other_quantiles_where_they_are(sales: Path, tmp_path: Path) -> None:
    header = "shop,day,m,m-lo-95,m-lo-80,m-hi-80,m-hi-95"
    rows = [f"a,{_day(30)},31,29,30,32,33", f"a,{_day(31)},32,,31,33,34"]
    row = _row(_scores(_table(tmp_path / "f.csv", header, rows), sales))
    assert row["msis-80"] == pytest.approx(2)  # both are two steps wide, and miss nothing
    assert row["coverage-80"] == row["coverage-95"] == 100


def test_an_interval_upside_down_is_not_turned_round(sales: Path, tmp_path: Path) -> None:
    path = _table(tmp_path / "f.csv", "shop,day,m,m-lo-80,m-hi-80", [f"a,{_day(30)},31,33,29"])
    assert _row(_scores(path, sales))["coverage-80"] == 0


def test_a_word_among_forecasts_is_refused_with_its_place(sales: Path, tmp_path: Path) -> None:
    rows = [f"a,{_day(30 + i)},{cell}" for i, cell in enumerate(["30", "x", "33", "34"])]
    with pytest.raises(DataError, match=r"f.csv:3: 'x' in column 'm' is not a number"):
        _scores(_table(tmp_path / "f.csv", "shop,day,m", rows), sales)


@pytest.mark.parametrize("column", ["0.0", "m-lo-100", "m-ql0.0"])
def test_the_quantile_of_nothing_is_refused(sales: Path, tmp_path: Path, column: str) -> None:
    path = _table(tmp_path / "f.csv", f"shop,day,m,{column}", [f"a,{_day(30)},31,30"])
    with pytest.raises(DataError, match=f"{column}.*between 0 and 1"):
        _scores(path, sales)


def test_steps_without_a_forecast_do_not_make_wql_smaller(sales: Path, tmp_path: Path) -> None:
    quantiles = np.array([[[30.0, 31, 32], [NAN, NAN, NAN]]])
    alone = wql(np.array([[31.0]]), quantiles[:, :1] + 1, (0.1, 0.5, 0.9))
    assert wql(np.array([[31.0, 1000]]), quantiles + 1, (0.1, 0.5, 0.9)) == pytest.approx(alone)
    rows = [f"a,{_day(30)},30,31,32", *(f"b,{_day(30 + i)},290,300,310" for i in range(4))]
    ragged = _table(tmp_path / "f.csv", "shop,day,m-ql0.1,m-ql0.5,m-ql0.9", rows)
    own = _table(tmp_path / "g.csv", "shop,day,m-ql0.1,m-ql0.5,m-ql0.9", rows[:1])
    assert _row(_scores(ragged, sales, by="series"))["wql"] == pytest.approx(_row(_scores(own, sales))["wql"])


def test_only_what_was_forecast_counts_as_scored(sales: Path, tmp_path: Path) -> None:
    # The forecast is of a day without an actual value; the days between it and its cutoff have one.
    late = [f"a,{_day(50)},{_day(30)},1"]
    path = _table(tmp_path / "f.csv", "shop,day,cutoff,m", late)
    with pytest.raises(DataError, match="no time of"):
        _scores(path, sales)
    path = _table(tmp_path / "f.csv", "shop,day,cutoff,m", [*late, f"a,{_day(39)},{_day(30)},1"])
    assert any("1 forecast " in note for note in _scores(path, sales).notes)


def test_a_history_must_have_the_frequency_of_the_actual_values(sales: Path, tmp_path: Path) -> None:
    months = [f"a,{np.datetime64('2021-01') + i},{i}" for i in range(30)]
    history = _table(tmp_path / "months.csv", "shop,day,sold", months)
    path = _table(tmp_path / "f.csv", "shop,day,m", [f"a,{_day(30)},30"])
    with pytest.raises(DataError, match="history is monthly, but the actual values are daily"):
        _scores(path, sales, history)


def test_series_in_the_forecasts_alone(tmp_path: Path) -> None:
    single = _table(tmp_path / "one.csv", "day,sold", [f"{_day(d)},{d + 1}" for d in range(DAYS)])
    path = _table(tmp_path / "f.csv", "unique_id,day,m", [f"a,{_day(30)},30", f"b,{_day(30)},30"])
    with pytest.raises(DataError, match="twice") as caught:
        _scores(path, single)
    assert "'unique_id'" in caught.value.hint


def test_json_is_a_list_of_rows(program: Program, sales: Path) -> None:
    path = _table(program.folder / "f.csv", "shop,day,m", [f"a,{_day(30)},30"])
    asked, named = (program("score", path, "--actual", sales, *flags) for flags in (["--json"], ["--format", "json"]))
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout == named.stdout


def test_forecasts_far_after_their_cutoff_are_refused(program: Program) -> None:
    """Two of them, two billion steps apart, filled the memory."""
    (program.folder / "forecast.csv").write_text("step,forecast\n30,1\n2000000030,2\n")
    (program.folder / "actual.csv").write_text("step,y\n" + "".join(f"{step},{step}\n" for step in range(1, 31)))
    done = program("score", "forecast.csv", "--actual", "actual.csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert "forecast.csv holds a time 2,000,000,001 steps after its cutoff" in done.stderr

"""What the reader refuses, and what it says: the line, the dates, and the flag that helps."""

from pathlib import Path

import numpy as np
import pytest

from rnncast.config import TableConfig
from rnncast.errors import DataError, RnncastError, UsageError
from rnncast.files.formats import delimited
from rnncast.files.panels.tables import study_table
from tests.conftest import Program
from tests.tables import as_csv, read

DAYS = [[f"2024-01-{day:02d}", float(day)] for day in range(1, 31)]
HOURS = [[f"2024-03-{30 + hour // 24} {hour % 24:02d}:00", float(hour)] for hour in range(48)]


def refused(folder: Path, data: bytes | str, **asked: object) -> RnncastError:
    with pytest.raises(RnncastError) as info:
        read(folder, data, **asked)
    info.value.message = info.value.message.removeprefix(f"{folder}/")
    return info.value


@pytest.fixture(params=["arrow", "pandas"], autouse=True)
def _engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pandas":
        monkeypatch.setattr(delimited, "_with_arrow", lambda *_: None)


def test_a_time_that_repeats(tmp_path: Path) -> None:
    rows = [*HOURS, HOURS[26]]
    error = refused(tmp_path, as_csv(["ds", "y"], rows))
    assert error.message == "data.csv:50: 2024-03-31 02:00 repeats (first at line 28)"
    assert "--duplicates first, last, mean or sum" in error.hint
    assert "--zone" in error.hint


@pytest.mark.parametrize(("keep", "value"), [("first", 5), ("last", 7), ("mean", 6), ("sum", 12)])
def test_what_to_keep_of_repeated_times(tmp_path: Path, keep: str, value: float) -> None:
    rows = [*DAYS[:4], ["2024-01-05", 5.0], ["2024-01-05", 7.0], *DAYS[5:], ["2024-01-07", None]]
    panel = read(tmp_path, as_csv(["ds", "y"], rows), duplicates=keep)
    assert panel.y[4] == value
    assert np.isnan(panel.y[6]) == (keep == "last")
    assert len(panel.y) == 30


def test_a_time_off_the_grid(tmp_path: Path) -> None:
    error = refused(tmp_path, as_csv(["ds", "y"], [*HOURS[:20], ["2024-03-30 19:17", 1.0], *HOURS[20:]]))
    assert error.message == (
        "data.csv:22: 2024-03-30 19:17 is off the grid: the times look hourly (2024-03-30 19:00, then 2024-03-30 20:00)"
    )
    assert "--freq" in error.hint


def test_a_time_far_from_the_others(tmp_path: Path) -> None:
    error = refused(tmp_path, as_csv(["ds", "y"], [*DAYS, ["1024-02-01", 1.0]]))
    assert error.message.startswith("data.csv:32: 1024-02-01 lies far from the other times, which look daily")


def test_gaps(tmp_path: Path) -> None:
    data = as_csv(["ds", "y"], [*HOURS[:20], *HOURS[23:], ["2024-04-01 00:00", None], ["2024-04-01 01:00", 50.0]])
    error = refused(tmp_path, data, gaps="error")
    assert error.message == (
        "data.csv:22: 2024-03-30 23:00 follows 2024-03-30 19:00, and the times are hourly: 3 rows are missing"
    )
    assert "--gaps fill" in error.hint
    assert np.flatnonzero(np.isnan(read(tmp_path, data).y)).tolist() == [20, 21, 22, 48]
    filled = read(tmp_path, data, gaps="fill").y
    np.testing.assert_allclose(filled[19:24], [19, 20, 21, 22, 23])
    assert filled[48] == 48.5
    error = refused(tmp_path, as_csv(["ds", "y"], [*DAYS[:3], ["2024-01-04", None], *DAYS[4:]]), gaps="error")
    assert error.message == "data.csv:5: 2024-01-04 has no value"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("ds,y\n2024-01-01,1\n2024-01-02,abc\n2024-01-03,3\n", "data.csv:3: 'abc' in column 'y' is not a number"),
        ("ds,y\n2024-01-01,1\n2024-01-02,inf\n2024-01-03,3\n", "data.csv:3: 'inf' in column 'y' is not a number"),
        ("ds,y\n2024-01-01,1\n2024-01-32,2\n2024-01-03,3\n", "data.csv:3: '2024-01-32' in column 'ds' is not a time"),
        ("ds,y\n2024-01-01,1\n2024-02-30,2\n", "data.csv:3: '2024-02-30' in column 'ds' is not a time like 2024-12-31"),
        ("ds,y\n2024-01-01,1\n,2\n2024-01-03,3\n", "data.csv:3: there is no time in column 'ds'"),
        ("ds,y\n2024-01-01,1\n2024-01-02,2,3\n", "data.csv:3: has 3 fields where the first line has 2"),
        ("ds,y\n2024-01-01,1\n2024-01-02\n", "data.csv:3: has 1 fields where the first line has 2"),
        ("ds,y,y\n2024-01-01,1,2\n", "data.csv:1: two columns are called 'y'"),
        ("ds,y\n", "data.csv has a header and no rows"),
        ("ds,y\n2024-01-01,\n2024-01-02,\n", "data.csv has no value in column 'y'"),
        ("ds,name\n2024-01-01,a\n2024-01-02,b\n", "data.csv has no numeric column to forecast"),
        ("ds,a,b\n2024-01-01,1,2\n2024-01-02,2,3\n", "data.csv has 2 numeric columns: a, b"),
        ("one,two,y\n2024-01-01,2024-01-01,2\n", "data.csv has 2 time columns: one, two"),
        ("ds,y\n2024-01-01,1\n", "cannot tell the frequency: no series has two different times"),
        ('{"ds": "2024-01-01", "y": 1}\n{"ds": \n', "data.csv:2: this is not JSON"),
        ('{"ds": "2024-01-01", "y": 1}\n7\n', "data.csv:2: this is not a JSON object"),
        ('[{"ds": "2024-01-01", "y": 1}, 7]', "data.csv: item 2 is not an object"),
        ("PAR1 or so", "data.csv is not a Parquet file that can be read"),
        ("a\0b", "data.csv is not a table: it holds bytes that are not text"),
        (" \n\n", "data.csv is empty"),
    ],
)
def test_the_place_is_said(tmp_path: Path, text: str, message: str) -> None:
    error = refused(tmp_path, text)
    assert error.message.startswith(message)
    assert error.hint or "rows" in message or "Parquet" in message


def test_lines_are_counted_as_an_editor_counts_them(tmp_path: Path) -> None:
    text = '\n\nds,name,y\n2024-01-01,"two\nlines",1\n2024-01-02,x,2\n2024-01-03,x,abc\n'
    assert refused(tmp_path, text, target="y").message == "data.csv:7: 'abc' in column 'y' is not a number"


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    data = as_csv(["ds", "y"], DAYS)
    for role in ("time", "target", "id"):
        error = refused(tmp_path, data, **{role: "sales"})
        assert isinstance(error, UsageError)
        assert error.message == "data.csv has no column 'sales'"
        assert error.hint == "its columns: ds, y"


def test_ids_that_cannot_be_told(tmp_path: Path) -> None:
    rows = [[r, s, day, v] for r, s in (("a", "x"), ("a", "y"), ("b", "x")) for day, v in DAYS]
    error = refused(tmp_path, as_csv(["region", "shop", "ds", "y"], rows))
    assert error.message == "data.csv: cannot tell which column is the id: region, shop"
    assert error.hint == "say which with --id NAME, or --id region,shop"


def many(bad: dict[str, list[list[object]]], good: int = 30) -> bytes:
    rows = [[f"s{i:02d}", *row] for i in range(good) for row in DAYS]
    rows += [[name, *row] for name, own in bad.items() for row in own]
    return as_csv(["id", "ds", "y"], rows)  # type: ignore[arg-type]


BAD = {
    "twice": [*DAYS, DAYS[3]],
    "astray": [*DAYS[:5], ["2024-01-05 12:00", 1.0], *DAYS[5:]],
    "empty": [[day, None] for day, _ in DAYS],
    "wordy": [*DAYS[:5], ["2024-01-06", "abc"]],
    "ancient": [*DAYS, ["1024-01-01", 1.0]],
}


@pytest.mark.parametrize("kind", [kind for kind in BAD if kind != "astray"])
def test_one_bad_series_does_not_stop_the_others(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(many({kind: BAD[kind]}))  # type: ignore[dict-item]
    reading = study_table(str(path), TableConfig())
    assert len(reading.panel) == 30
    assert kind not in reading.panel.ids
    assert any(f"left out series {kind!r}" in note for note in reading.notes)
    with pytest.raises(DataError, match="empty" if kind == "empty" else r"data.csv:9\d\d: "):
        read(tmp_path, path.read_bytes(), strict=True)


def test_a_series_off_the_panels_grid_is_left_out_by_name(tmp_path: Path) -> None:
    hourly = [[f"2024-01-01 {hour:02d}:00", 1.0] for hour in range(24)]
    rows = [[f"s{i:02d}", f"{day} 00:00", v] for i in range(30) for day, v in DAYS]
    rows += [["hourly", *row] for row in hourly]
    path = tmp_path / "data.csv"
    path.write_bytes(as_csv(["id", "ds", "y"], rows))
    reading = study_table(str(path), TableConfig())
    assert reading.panel.frequency.name == "daily"
    assert list(reading.reasons) == ["hourly"]
    assert "is off the grid: the times look daily" in reading.reasons["hourly"]


def test_many_bad_series_are_the_tables_fault(tmp_path: Path) -> None:
    error = refused(tmp_path, many({f"twice-{i}": BAD["twice"] for i in range(4)}))  # type: ignore[misc]
    assert "repeats (first at line" in error.message


def test_errors_as_they_are_printed(program: Program) -> None:
    (program.folder / "sales.csv").write_bytes(as_csv(["ds", "y"], [*HOURS, HOURS[26]]))
    done = program("train", "sales.csv")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == "rnncast: sales.csv:50: 2024-03-31 02:00 repeats (first at line 28)"
    assert done.stderr.splitlines()[1].startswith("  hint: ")
    assert program("train", "nothing.csv").stderr.startswith("rnncast: there is no file nothing.csv\n  hint: ")

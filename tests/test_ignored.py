"""Whatever is ignored is said: what a table of the future holds in vain, and a time column that is passed over."""

from pathlib import Path

import pytest

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.files.panels.tables import read_table
from tests.conftest import Program

DAYS = [f"2024-{month:02d}-{day:02d}" for month in (1, 2) for day in range(1, 29)]


@pytest.fixture(scope="module")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A model of two shops whose promotions are known ahead."""
    program = Program(tmp_path_factory.mktemp("promoted"))
    rows = [
        f"{shop},{day},{20 + i % 7 + 5 * (i % 3)},{('plain', 'poster', 'radio')[i % 3]}"
        for shop in ("north", "south")
        for i, day in enumerate(DAYS[:28])
    ]
    (program.folder / "sales.csv").write_text("shop,date,sales,promotion\n" + "\n".join(rows) + "\n")
    quick = ("-H", "2", "--epochs", "1", "--members", "1", "--hidden-size", "4", "--no-validate")
    known = ("--target", "sales", "--id", "shop", "--known", "promotion")
    done = program("train", "sales.csv", *known, *quick)
    assert done.returncode == 0, done.stderr
    return program


def future(program: Program, *rows: str, header: str = "shop,date,promotion") -> str:
    plan = [f"{shop},2024-01-{day},plain" for shop in ("north", "south") for day in (29, 30)]
    given = {row.rpartition(",")[0] for row in rows}
    kept = [row for row in plan if row.rpartition(",")[0] not in given]
    (program.folder / "plan.csv").write_text("\n".join((header, *kept, *rows)) + "\n")
    done = program("forecast", "--future", "plan.csv")
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_nothing_is_said_where_all_is_used(promoted: Program) -> None:
    assert future(promoted) == ""


def test_an_unknown_category_is_named_with_the_nearest_known(promoted: Program) -> None:
    said = future(promoted, "north,2024-01-29,postre")
    assert "'postre' in column 'promotion' was not seen in training" in said
    assert "the nearest one that was is 'poster'" in said


def test_the_nearest_category_is_found_whatever_its_case(promoted: Program) -> None:
    assert "the nearest one that was is 'plain'" in future(promoted, "north,2024-01-29,PLAIN")


def test_a_category_like_none_that_is_known_is_named_with_those(promoted: Program) -> None:
    assert "; training saw 'plain', 'poster', 'radio'" in future(promoted, "north,2024-01-29,zzz")


def test_rows_of_other_series_and_other_times_are_said(promoted: Program) -> None:
    said = future(promoted, "west,2024-01-29,plain", "north,2024-01-31,plain", "south,2024-01-01,plain")
    assert "ignored the rows of other series: 'west'" in said
    assert "ignored 2 rows outside the 2 steps that are forecast" in said


def test_columns_that_are_not_used_are_said(promoted: Program) -> None:
    plan = promoted.folder / "plan.csv"
    future(promoted)
    lines = plan.read_text().splitlines()
    plan.write_text("\n".join((lines[0] + ",weather", *(line + ",rain" for line in lines[1:]))) + "\n")
    assert "plan.csv: not used: weather" in promoted("forecast", "--future", "plan.csv").stderr


def test_train_says_it_too(promoted: Program) -> None:
    future(promoted, "west,2024-01-29,plain", "north,2024-01-05,plain")
    settings = ("-H", "2", "--epochs", "1", "--members", "1", "--hidden-size", "4", "--no-validate", "-o", "other")
    done = promoted(
        "train",
        "sales.csv",
        "--target",
        "sales",
        "--id",
        "shop",
        "--known",
        "promotion",
        "--future",
        "plan.csv",
        *settings,
    )
    assert "rows of other series: 'west'" in done.stderr
    assert "ignored 1 row not after the data" in done.stderr


@pytest.mark.parametrize("name", ["ts", "event_ts", "epoch", "Unix Time"])
def test_a_time_column_that_is_passed_over_is_said(tmp_path: Path, name: str) -> None:
    """Numbers that rise under the name of a time, but are of no year."""
    path = tmp_path / "data.csv"
    path.write_text(f"{name},sensor,value\n" + "".join(f"{3 + i / 4},7,{i % 11}\n" for i in range(30)))
    notes: list[str] = []
    read_table(str(path), TableConfig(target="value"), note=notes.append)
    assert f"'{name}' looks like a time: --time {name} uses it" in notes[0]


def test_series_are_not_glued_together_in_silence(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("ts,sensor,value\n" + "".join(f"{3 + i},{s},{i % 11}\n" for i in range(30) for s in (7, 9)))
    with pytest.raises(DataError, match="'ts' looks like a time that repeats but is not used") as refused:
        read_table(str(path), TableConfig(target="value"))
    assert "--time ts" in refused.value.hint
    assert len(read_table(str(path), TableConfig(target="value", time="ts", id="sensor"))) == 2


def test_other_numbers_are_no_times(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("rank,sensor,value\n" + "".join(f"{3 + i},{s},{i % 11}\n" for i in range(30) for s in (7, 9)))
    notes: list[str] = []
    read_table(str(path), TableConfig(target="value"), note=notes.append)
    assert "looks like" not in notes[0]

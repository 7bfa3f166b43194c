"""Several files, a folder and a pattern are one table: the same as one file with all their rows."""

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rnncast
from rnncast.config import TableConfig
from rnncast.errors import DataError, RnncastError, UsageError
from rnncast.files.formats.folders import find_files, named
from rnncast.files.panels.tables import read_table
from rnncast.series.panel import Panel
from tests.conftest import Program

DAYS = 40


def rows(first: int, last: int, ids: str = "xy", name: str = "y") -> str:
    """A long table of some days of some series."""
    days = pd.date_range("2024-01-01", periods=DAYS).strftime("%Y-%m-%d")[first:last]
    lines = [f"{each},{day},{100 + ord(each) + i % 7}" for each in ids for i, day in enumerate(days, first)]
    return "\n".join([f"id,date,{name}", *lines, ""])


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a table in two files, and beside it the same in one."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sales").mkdir()
    (tmp_path / "sales" / "a.csv").write_text(rows(0, 15))
    (tmp_path / "sales" / "b.csv").write_text(rows(15, DAYS))
    (tmp_path / "whole.csv").write_text(rows(0, DAYS))
    return tmp_path


def same(panel: Panel, other: Panel) -> None:
    assert panel.fingerprint == other.fingerprint


NAMED = ["sales", "sales/", "sales/*.csv", ["sales/a.csv", "sales/b.csv"], ["sales"], ["sales/a*", Path("sales/b.csv")]]


@pytest.mark.parametrize("data", NAMED)
def test_files_are_one_table(here: Path, data: object) -> None:
    same(read_table(data), read_table("whole.csv"))


def test_a_folder_is_its_tables_alone(here: Path) -> None:
    folder = here / "sales"
    for name in ("_SUCCESS", "_metadata", ".hidden.csv", ".b.csv.crc"):
        (folder / name).write_text("not,a\ntable\n")
    (folder / "old").mkdir()
    (folder / "old" / "c.csv").write_text("not,a\ntable\n")
    (folder / "notes.md").write_text("for people\n")
    said: list[str] = []
    same(read_table("sales", note=said.append), read_table("whole.csv"))
    assert [each for each in said if "not read" in each] == [
        "sales: 1 file is not named like a table and not read: sales/notes.md"
    ]


def test_an_empty_file_is_passed_over_with_a_remark(here: Path) -> None:
    for name in ("0.csv", "c.csv"):
        (here / "sales" / name).touch()
    said: list[str] = []
    same(read_table("sales", note=said.append), read_table("whole.csv"))
    assert "sales: 2 files are empty and not read: sales/0.csv, sales/c.csv" in said
    for name in ("a.csv", "b.csv"):
        (here / "sales" / name).write_text("")
    assert refused(here, "sales").message == "sales/0.csv is empty"


HEADER = b"id,date,y\n"


@pytest.mark.parametrize("content", [HEADER, HEADER.strip(), b"\n \n", b"", gzip.compress(HEADER, mtime=0)])
@pytest.mark.parametrize("name", ["0.csv", "aa.csv", "z.csv"])
def test_a_file_without_a_row_counts_as_empty(
    here: Path, monkeypatch: pytest.MonkeyPatch, name: str, content: bytes
) -> None:
    """Also if it is met only after enough rows to recognise the table, and if a cell is looked up after it."""
    monkeypatch.setattr("rnncast.files.formats.several.SAMPLE", 10)
    (here / "sales" / name).write_bytes(content)
    (here / "sales" / "c.csv").write_text("id,date,y\nx,2024-02-10,oops\n")
    said: list[str] = []
    error = refused(here, "sales")
    assert error.message.startswith("sales/c.csv:2: 'oops")
    (here / "sales" / "c.csv").unlink()
    same(read_table("sales", note=said.append), read_table("whole.csv"))
    assert [each for each in said if "empty" in each] == [f"sales: 1 file is empty and not read: sales/{name}"]
    assert "sales: 2 files, sales/a.csv to sales/b.csv" in said
    for each in ("a.csv", "b.csv"):
        (here / "sales" / each).write_bytes(content)
    assert refused(here, "sales").message.startswith(f"sales/{min(name, 'a.csv')} ")
    assert refused(here, ["sales/a.csv"]).message.startswith("sales/a.csv ")


def test_packed_files_and_other_orders_of_columns_are_read(here: Path) -> None:
    packed = pd.read_csv("sales/b.csv")[["y", "id", "date"]].to_csv(index=False, sep=";").encode()
    (here / "sales" / "b.csv").unlink()
    (here / "sales" / "b.csv.gz").write_bytes(gzip.compress(packed))
    same(read_table("sales"), read_table("whole.csv"))


def test_a_column_that_is_no_number_in_one_file_is_read_as_in_one(here: Path) -> None:
    for path in ("sales/b.csv", "whole.csv"):
        text = Path(path).read_text()
        Path(path).write_text(text.replace("2024-02-01,2", "2024-02-01,$2"))
    same(read_table("sales"), read_table("whole.csv"))


def test_partitions_give_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pyarrow")
    monkeypatch.chdir(tmp_path)
    frame = pd.DataFrame(
        {
            "store": np.repeat([3, 4], DAYS),
            "date": [*pd.date_range("2024-01-01", periods=DAYS)] * 2,
            "y": np.arange(80.0),
        }
    )
    frame.to_parquet("h", partition_cols=["store"])
    assert {path.parent.name for path in tmp_path.rglob("*.parquet")} == {"store=3", "store=4"}
    for data in ("h", "h/store=*", "h/*/*.parquet"):
        panel = read_table(data)
        assert panel.ids == ("3", "4")
        assert panel.columns.ids == ("store",)
        np.testing.assert_array_equal(panel.y, frame["y"])


def test_names_of_partitions_are_unquoted(tmp_path: Path) -> None:
    for name in ("region=north%2Feast", "region=__HIVE_DEFAULT_PARTITION__"):
        (tmp_path / "t" / name).mkdir(parents=True)
        (tmp_path / "t" / name / "part-0").write_text("date,y\n")
    found = find_files(str(tmp_path / "t"))
    assert found is not None
    assert [part.keys for part in found.parts] == [(("region", ""),), (("region", "north/east"),)]


def test_a_series_may_be_spread_over_files_in_any_order(here: Path) -> None:
    same(read_table(["sales/b.csv", "sales/a.csv"]), read_table("whole.csv"))


def refused(here: Path, data: object, kind: type[RnncastError] = DataError) -> RnncastError:
    with pytest.raises(kind) as caught:
        read_table(data)
    return caught.value


def test_a_bad_cell_is_named_by_its_file_and_line(here: Path) -> None:
    text = (here / "sales" / "b.csv").read_text().splitlines()
    text[3] = "x,2024-01-18,oops"
    (here / "sales" / "b.csv").write_text("\n".join(text))
    error = refused(here, "sales")
    assert error.message == "sales/b.csv:4: 'oops' in column 'y' is not a number"
    assert (error.to_dict()["file"], error.to_dict()["line"]) == ("sales/b.csv", 4)


def test_a_repeated_time_names_both_files(here: Path) -> None:
    (here / "sales" / "c.csv").write_text(rows(14, 16, ids="x"))
    assert refused(here, "sales").message == "sales/c.csv:2: 2024-01-15 repeats (first at sales/a.csv:16)"


def test_different_columns_are_named_with_their_files(here: Path) -> None:
    (here / "sales" / "c.csv").write_text(rows(14, 16, name="z"))
    assert refused(here, "sales").message == (
        "sales/a.csv and sales/c.csv have different columns: 'y' is only in sales/a.csv, 'z' is only in sales/c.csv"
    )


def test_different_kinds_of_tables_in_a_folder_are_refused(here: Path) -> None:
    (here / "sales" / "c.jsonl").write_text('{"id": "x", "date": "2024-03-01", "y": 1}\n')
    error = refused(here, "sales")
    assert error.message == "sales holds tables of several kinds: CSV (2 files, a.csv); JSON (1 file, c.jsonl)"
    assert error.hint == "say which with a pattern in quotes: 'sales/*.csv'"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("empty", "empty is a folder without a table in it"),
        ("below", "below holds no table: it holds 2 folders, 2023 and 2024"),
        ("none/*.csv", "no file matches none/*.csv"),
        (["whole.csv", "gone.csv"], "there is no file gone.csv"),
        (["sales", "sales/a.csv"], "sales/a.csv is given twice"),
        (["whole.csv", "-"], "standard input cannot be one of several tables"),
    ],
)
def test_what_is_no_table_is_refused(here: Path, data: object, message: str) -> None:
    for name in ("empty", "below/2023", "below/2024"):
        (here / name).mkdir(parents=True)
    assert refused(here, data, RnncastError).message == message


def test_rows_of_series_are_one_file(here: Path) -> None:
    with pytest.raises(UsageError, match="--layout rows is for one file"):
        read_table("sales", TableConfig(layout="rows"))


def test_a_file_with_a_pattern_for_its_name_is_that_file(here: Path) -> None:
    Path("sales[1].csv").write_text(rows(0, DAYS))
    assert find_files("sales[1].csv") is None
    same(read_table("sales[1].csv"), read_table("whole.csv"))


def test_what_several_are_called() -> None:
    assert named("a") == named(("a",)) == "a"
    assert named(("a", "b")) == "a and b"
    assert named(("a", "b", "c")) == "a, b and c"
    assert named(tuple("abcdef")) == "a and 5 more"


def test_commands_take_several(program: Program) -> None:
    folder = program.folder / "sales"
    folder.mkdir()
    (folder / "a.csv").write_text(rows(0, 15))
    (folder / "b.csv").write_text(rows(15, DAYS))
    (program.folder / "whole.csv").write_text(rows(0, DAYS))
    expected = program("forecast", "whole.csv", "-H", "3").stdout
    for data in (["sales"], ["sales/a.csv", "sales/b.csv"], ["sales/*.csv"]):
        assert program("forecast", *data, "-H", "3").stdout == expected
    checked = program("check", "sales/a.csv", "sales/b.csv", "--json")
    assert checked.returncode == 0
    assert '"file": "sales/a.csv and sales/b.csv"' in checked.stdout
    assert (
        program("score", "whole.csv", "--actual", "sales").stdout
        == program("score", "whole.csv", "--actual", "whole.csv").stdout
    )
    for output in ("sales/a.csv", "sales/new.csv"):
        refused = program("forecast", "sales", "-o", output)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert output in refused.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    "command",
    [
        "forecast sales -H 3",
        "forecast sales -H 3 -o out/",
        "check sales",
        "train sales -H 2 --model gru --epochs 1 --members 1 --no-validate",
        "score whole.csv --actual sales --by id",
        "compare sales --model drift --baseline mean --folds 2",
    ],
)
def test_a_folder_is_walked_once(program: Program, command: str) -> None:
    folder = program.folder / "sales"
    folder.mkdir()
    (folder / "a.csv").write_text(rows(0, DAYS, ids="x"))
    (folder / "b.csv").write_text(rows(0, DAYS, ids="y"))
    (program.folder / "whole.csv").write_text(rows(0, DAYS))
    counting = (
        "import os; walked, scan = [], os.scandir\n"
        "os.scandir = lambda path='.': (walked.append(str(path)), scan(path))[1]\n"
        "atexit.register(lambda: print('walked', walked.count('sales'), file=sys.stderr))"
    )
    done = program.after(counting, command)
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[-1] == "walked 1"


def test_a_model_knows_the_files_that_it_was_trained_on(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(program.folder)
    for name, some in (("a.csv", rows(0, 15)), ("b.csv", rows(15, DAYS))):
        (program.folder / name).write_text(some)
    model = rnncast.train(["a.csv", "b.csv"], horizon=2, epochs=0, quiet=True)
    assert model.forecaster.source.path == ("a.csv", "b.csv")
    model.save("m.safetensors")
    again = rnncast.load("m.safetensors")
    assert again.forecaster.source == model.forecaster.source
    assert again.forecaster.training_data().fingerprint == model.forecaster.source.fingerprint
    assert "a.csv and b.csv" in program("inspect", "m.safetensors").stdout
    compared = program("compare", "-m", "m.safetensors", "--baseline", "naive", "--folds", "1", "--epochs", "1")
    assert compared.returncode == 0, compared.stderr
    assert "reading the data that the model file names: a.csv and b.csv" in compared.stderr


def test_a_pattern_in_a_model_file_leads_nowhere_else(
    program: Program, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(program.folder)
    secret = tmp_path_factory.mktemp("elsewhere") / "a.csv"
    secret.write_text(rows(0, DAYS))
    Path("in").symlink_to(secret.parent)
    Path("own.csv").write_text(rows(0, DAYS))
    model = rnncast.train("own.csv", horizon=2, epochs=0, quiet=True).forecaster
    with pytest.raises(DataError, match="lies outside the working folder"):
        model.from_source("in/*.csv", TableConfig()).training_data()

"""Workbooks in and out, and files that hold what their names say."""

import gzip
import io
import zipfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from rnncast.errors import DataError, RnncastError, UsageError
from rnncast.files.panels.tables import TableConfig, study_table
from tests.conftest import Program
from tests.tables import as_zst, read

calamine = pytest.importorskip("python_calamine")
xlsxwriter = pytest.importorskip("xlsxwriter")
DAYS = [datetime(2024, 1, 1) + timedelta(days=i) for i in range(40)]


def as_xlsx(*sheets: list[list[Any]], names: tuple[str, ...] = ("Tabelle1", "Tabelle2")) -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"default_date_format": "dd.mm.yyyy", "in_memory": True})
    for name, rows in zip(names, sheets, strict=False):
        sheet = book.add_worksheet(name)
        for r, row in enumerate(rows):
            for c, cell in enumerate(row):
                if cell is not None:
                    sheet.write(r, c, cell)
    book.close()
    return out.getvalue()


SALES: list[list[Any]] = [["Datum", "Umsatz"], *([day, 100.5 + i] for i, day in enumerate(DAYS))]


def test_dates_and_numbers_of_a_sheet(tmp_path: Path) -> None:
    panel = read(tmp_path, as_xlsx(SALES), "sales.xlsx")
    assert (panel.columns.time, panel.columns.target, panel.frequency.name) == ("Datum", "Umsatz", "daily")
    assert panel.y.tolist() == [row[1] for row in SALES[1:]]
    assert panel.time[0] == DAYS[0]


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(minutes=15)])
def test_moments_of_a_sheet_are_to_the_second(tmp_path: Path, step: timedelta) -> None:
    rows = [["Zeit", "Last"], *([DAYS[0] + i * step, float(i % 24)] for i in range(200))]
    panel = read(tmp_path, as_xlsx(rows), "load.xlsx")
    assert len(panel.y) == 200
    assert panel.time[-1] == DAYS[0] + 199 * step


def test_serial_numbers_titles_money_and_gaps_of_a_sheet(tmp_path: Path) -> None:
    """What an export holds whose columns nobody has formatted."""
    rows: list[list[Any]] = [["Umsatzbericht"], [], [None, "Tag", "Filiale", "Umsatz"]]
    rows += [[None, 45292 + i, name, f"{1000 + i},50 €"] for i in range(30) for name in ("Nord", "Süd")]
    path = tmp_path / "report.xlsx"
    path.write_bytes(as_xlsx(rows))
    reading = study_table(str(path), TableConfig())
    assert "skipped 1 line above the header: 'Umsatzbericht'" in reading.notes[0]
    assert reading.panel.ids == ("Nord", "Süd")
    assert reading.panel.columns.time_format == "excel"
    assert reading.panel.y[:2].tolist() == [1000.5, 1001.5]
    path.write_bytes(as_xlsx([*rows, [None, "Summe", None, "60.000,00 €"]]))
    with pytest.raises(DataError, match=r"report.xlsx: row 64: 'Summe' in column 'Tag' says that this row is a total"):
        study_table(str(path), TableConfig())


def test_which_sheet_is_read(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(as_xlsx([["Deckblatt"]], SALES))
    reading = study_table(str(path), TableConfig())
    assert "sheet 'Tabelle2', of 2; --sheet names another" in reading.notes[0]
    assert len(study_table(str(path), TableConfig(sheet="Tabelle2")).panel.y) == 40
    with pytest.raises(DataError, match="has no sheet 'Umsatz'") as refused:
        study_table(str(path), TableConfig(sheet="Umsatz"))
    assert "Tabelle1, Tabelle2" in refused.value.hint
    path.write_text("ds,y\n2024-01-01,1\n")
    with pytest.raises(UsageError, match="is not a spreadsheet"):
        study_table(str(path), TableConfig(sheet="Umsatz"))


@pytest.mark.parametrize("data", [b"PK\x03\x04 or so", b"\xd0\xcf\x11\xe0 or so"])
def test_what_is_no_spreadsheet(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(DataError, match="is not a spreadsheet that can be read"):
        read(tmp_path, data)


def test_a_zipped_table_is_no_spreadsheet(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("data.csv", "ds,y\n2024-01-01,1\n")
    with pytest.raises(DataError, match="unpack an archive first"):
        read(tmp_path, out.getvalue())


def test_a_cell_at_the_end_of_the_sheet_takes_no_memory(tmp_path: Path) -> None:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "x")
    sheet.write(1_048_575, 16_383, 1)
    book.close()
    with pytest.raises(DataError, match="a sheet has 2 cells in an area of 1,048,576 rows"):
        read(tmp_path, out.getvalue())


@pytest.mark.parametrize("seed", range(3))
def test_damaged_workbooks_are_refused(tmp_path: Path, seed: int) -> None:
    import random

    chance, whole = random.Random(seed), as_xlsx(SALES)
    for _ in range(40):
        data = bytearray(whole)
        for _ in range(chance.randint(1, 5)):
            data[chance.randrange(4, len(data))] = chance.randrange(256)
        try:
            read(tmp_path, bytes(data))
        except RnncastError:
            continue


@pytest.fixture(scope="module")
def sold(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A model of a workbook of days."""
    program = Program(tmp_path_factory.mktemp("sold"))
    (program.folder / "sales.xlsx").write_bytes(as_xlsx(SALES))
    quick = ("-H", "3", "--epochs", "1", "--members", "1", "--hidden-size", "4", "--no-validate", "--season", "7")
    done = program("train", "sales.xlsx", *quick)
    assert done.returncode == 0, done.stderr
    return program


def test_a_workbook_comes_back_as_one(sold: Program) -> None:
    done = sold("forecast", "-o", "forecast.xlsx")
    assert done.returncode == 0, done.stderr
    rows = calamine.CalamineWorkbook.from_path(str(sold.folder / "forecast.xlsx")).get_sheet_by_index(0).to_python()
    assert rows[0][:2] == ["Datum", "forecast"]
    assert [row[0] for row in rows[1:]] == [(DAYS[-1] + timedelta(days=i)).date() for i in (1, 2, 3)]
    assert all(isinstance(cell, float) for row in rows[1:] for cell in row[1:])
    again = (sold.folder / "forecast.xlsx").read_bytes()
    assert sold("forecast", "-o", "forecast.xlsx").returncode == 0
    assert (sold.folder / "forecast.xlsx").read_bytes() == again


def test_every_form_holds_the_same(sold: Program) -> None:
    plain = sold("forecast", "--format", "csv").stdout
    for name in ("f.csv", "f.csv.gz", "f.csv.zst", "f.txt", "f"):
        assert sold("forecast", "-o", name).returncode == 0
    folder = sold.folder
    assert (folder / "f.csv").read_text() == (folder / "f.txt").read_text() == (folder / "f").read_text() == plain
    assert gzip.decompress((folder / "f.csv.gz").read_bytes()).decode() == plain
    assert (folder / "f.csv.zst").read_bytes() == as_zst(plain.encode())
    assert sold("forecast", "-o", "f.parquet").returncode == 0
    frame = pd.read_parquet(folder / "f.parquet")
    pd.testing.assert_frame_equal(frame, pd.read_csv(io.StringIO(plain), parse_dates=["Datum"]), check_dtype=False)
    assert str(frame["Datum"].dtype).startswith("datetime64")
    piped = sold.shell("rnncast forecast --format parquet | rnncast score - --actual sales.xlsx; echo $?")
    assert "no step" in piped.stderr or piped.stdout.strip().endswith("1")


@pytest.mark.parametrize("name", ["f.xls", "f.ods", "f.feather", "f.csv.zip", "f.xlsx.gz"])
def test_a_name_that_says_another_form_is_refused(sold: Program, name: str) -> None:
    done = sold("forecast", "-o", name)
    assert done.returncode == 2
    assert "is not a form that can be written" in done.stderr
    assert not (sold.folder / name).exists()


def test_a_form_and_a_name_that_do_not_agree(sold: Program) -> None:
    done = sold("forecast", "-o", "f.xlsx", "--format", "csv")
    assert (done.returncode, "does not suit the name f.xlsx" in done.stderr) == (2, True)


def test_text_is_no_formula(sold: Program) -> None:
    from rnncast.files.output.binary import write_xlsx

    out = io.BytesIO()
    write_xlsx(["id", "y"], [["=1+1", 1.0], ["http://x", float("nan")]], out, {})
    out.seek(0)
    rows = calamine.CalamineWorkbook.from_filelike(out).get_sheet_by_index(0).to_python()
    assert rows == [["id", "y"], ["=1+1", 1.0], ["http://x", ""]]
    with zipfile.ZipFile(out) as archive:
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")

"""Tables as spreadsheets and people write them: money, per cent, titles, totals, other encodings, words for nothing."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncast.config import TableConfig
from rnncast.errors import DataError, RnncastError, UsageError
from rnncast.files.formats import delimited
from rnncast.files.formats.marks import is_number, undressed
from rnncast.files.panels.tables import read_table, study_table
from tests.conftest import Program
from tests.tables import as_csv, as_gz, read

MONTHS = [f"{m:02d}.{y}" for y in (2020, 2021) for m in range(1, 13)]
SALES = [2825.66 + 1000 * i for i in range(24)]


@pytest.fixture(params=["arrow", "pandas"], autouse=True)
def _engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pandas":
        monkeypatch.setattr(delimited, "_with_arrow", lambda *_: None)


def german(value: float) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def report(rows: list[str], *, above: str = "", below: str = "", header: str = "Monat;Umsatz") -> str:
    return above + header + "\n" + "\n".join(rows) + "\n" + below


PLAIN = [f"{month};{german(value)}" for month, value in zip(MONTHS, SALES, strict=True)]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.825,66 €", 2825.66),
        ("2.825,66\u00a0€", 2825.66),
        ("€ 2.825,66", 2825.66),
        ("-2.825,66 €", -2825.66),
        ("2.825,66- €", None),
        ("2.825,66 EUR", 2825.66),
        ("10,50 %", 10.5),
        ("CHF 1'234,50", 1234.5),
        ("12,- €", 12),
        ("−5,5 °C", None),
        ("5,5 €/$", None),
        ("€ 5,5 $", None),
        ("(5,5", None),
        ("--5,5", None),
    ],
)
def test_a_dressed_number_with_a_comma(tmp_path: Path, text: str, value: float | None) -> None:
    assert is_number(text) == (value is not None)
    if value is not None:
        rows = [f"{month};{text}" for month in MONTHS]
        assert set(read(tmp_path, report(rows), decimal="comma").y.tolist()) == {value}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("$10", 10),
        ("-$1,234.50", -1234.5),
        ("$-10", -10),
        ("($1,234.50)", -1234.5),
        ("10%", 10),
        ("12-", -12),
        ("+3 %", 3),
        ("£.5", 0.5),
        ("1e3 USD", 1000),
        ("US$ 7", 7),
    ],
)
def test_a_dressed_number_with_a_point(tmp_path: Path, text: str, value: float) -> None:
    rows = [[month, text] for month in MONTHS]
    assert set(read(tmp_path, as_csv(["Monat", "Umsatz"], rows), decimal="point").y.tolist()) == {value}


@given(
    value=st.floats(-1e9, 1e9, allow_nan=False).map(lambda v: round(v, 2)),
    unit=st.sampled_from(["€", "$", "%", "CHF", "kr"]),
    before=st.booleans(),
    blank=st.sampled_from(["", " ", "\u00a0"]),
)
@settings(derandomize=True)
def test_a_unit_changes_no_number(value: float, unit: str, before: bool, blank: str) -> None:
    bare = f"{value:.2f}"
    text = f"{unit}{blank}{bare}" if before and unit != "%" else f"{bare}{blank}{unit}"
    assert (float(undressed(text)[0]), undressed(text)[1]) == (value, unit)


@pytest.mark.parametrize("pair", [("10%", "0.1"), ("$10", "€10"), ("5 €", "7 %")])
def test_amounts_in_different_units_are_refused(tmp_path: Path, pair: tuple[str, str]) -> None:
    rows = [[month, pair[i % 2]] for i, month in enumerate(MONTHS)]
    with pytest.raises(DataError, match="are in different units"):
        read(tmp_path, as_csv(["Monat", "Umsatz"], rows))
    rows = [[month, pair[0] if i % 2 else "0"] for i, month in enumerate(MONTHS)]
    assert read(tmp_path, as_csv(["Monat", "Umsatz"], rows)).y[0] == 0


@pytest.mark.parametrize("padded", [True, False])
@pytest.mark.parametrize("packed", [True, False])
def test_lines_above_the_header_are_skipped_and_said(tmp_path: Path, padded: bool, packed: bool) -> None:
    above = (
        "Umsatzbericht Filialen;\n;\nStand 03.01.2022;\n" if padded else "Umsatzbericht Filialen\n\nStand 03.01.2022\n"
    )
    data = report(PLAIN, above=above).encode()
    path = tmp_path / "data.csv"
    path.write_bytes(as_gz(data) if packed else data)
    reading = study_table(str(path), TableConfig())
    np.testing.assert_allclose(reading.panel.y, SALES)
    assert "skipped 2 lines above the header: 'Umsatzbericht Filialen', 'Stand 03.01.2022'" in reading.notes[0]


def test_lines_are_still_counted_from_the_top(tmp_path: Path) -> None:
    rows = [*PLAIN[:3], "04.2020;abc", *PLAIN[4:]]
    with pytest.raises(DataError, match=r"data.csv:7: 'abc' in column 'Umsatz' is not a number"):
        read(tmp_path, report(rows, above="Umsatzbericht\n\n"))


@pytest.mark.parametrize(
    "text",
    ["y\n1,5\n2,5\n4,25\n7,5\n", "y\n1\n2\n4\n", "ds,y\n2024-01-01,1\n2024-01-02,2\n", "1,2\n2,3\n3,4\n"],
)
def test_a_table_without_a_title_has_none_cut_off(tmp_path: Path, text: str) -> None:
    path = tmp_path / "data.csv"
    path.write_text(text)
    reading = study_table(str(path), TableConfig(layout="wide" if text.startswith("1") else "auto", decimal="auto"))
    assert len(reading.whole.y) >= 2
    assert not any("skipped" in note for note in reading.notes)


TOTAL = r"data.csv:\d+: 'Summe' in column '\w+' says that this row is a total, not a value"


@pytest.mark.parametrize("series", [1, 2, 30])
def test_a_row_of_totals_is_refused(tmp_path: Path, series: int) -> None:
    rows = [f"{month};F{s};{german(value)}" for s in range(series) for month, value in zip(MONTHS, SALES, strict=True)]
    for total in ("Summe;;5.710.895,59\n", ";Summe;5.710.895,59\n"):
        with pytest.raises(DataError, match=TOTAL) as refused:
            read(tmp_path, report(rows, below=total, header="Monat;Filiale;Umsatz"))
        assert "delete that row" in refused.value.hint


def test_a_row_of_totals_of_columns_is_refused(tmp_path: Path) -> None:
    rows = [f"{month};{i};{i + 1};x" for i, month in enumerate(MONTHS)]
    with pytest.raises(DataError, match=TOTAL):
        read(tmp_path, report(rows, below="Summe;9;8;\n", header="Monat;Nord;Ost;Art"), layout="wide")
    with pytest.raises(DataError, match=TOTAL):
        read(tmp_path, report(rows, below=";9;8;Summe\n", header="Monat;Nord;Ost;Art"), layout="wide")


def test_a_total_of_rows_without_times_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=TOTAL):
        read(tmp_path, "art;y\n" + "".join(f"a{i};{i}\n" for i in range(9)) + "Summe;36\n", id="art")


def test_a_series_may_be_called_total(tmp_path: Path) -> None:
    rows = [[month, name, 1.0 * i] for i, month in enumerate(MONTHS) for name in ("Nord", "Gesamt")]
    assert read(tmp_path, as_csv(["Monat", "Region", "y"], rows)).ids == ("Nord", "Gesamt")  # type: ignore[arg-type]


@pytest.mark.parametrize("late", [0, 100_000])
def test_windows_1252_is_told_from_its_bytes(tmp_path: Path, late: int) -> None:
    text = report(PLAIN, header="Monat;Erlöse €") + "\n" * late
    path = tmp_path / "data.csv"
    path.write_bytes(text.encode("cp1252"))
    reading = study_table(str(path), TableConfig())
    assert reading.panel.columns.target == "Erlöse €"
    assert "read as Windows-1252" in reading.notes[0]


@pytest.mark.parametrize("encoding", ["cp1251", "utf-16-le", "shift_jis", "latin-1", "utf-8"])
def test_an_encoding_that_is_named(tmp_path: Path, encoding: str) -> None:
    header = {"cp1251": "дата;продажи", "shift_jis": "日付;売上"}.get(encoding, "Tag;Erlöse")
    rows = [f"2024-01-{day:02d};{day}" for day in range(1, 20)]
    panel = read(tmp_path, report(rows, header=header).encode(encoding), encoding=encoding)
    assert panel.columns.target == header.split(";")[1]


def test_bytes_of_another_encoding_are_refused(tmp_path: Path) -> None:
    rows = [f"2024-01-{day:02d};{day};привет" for day in range(1, 20)]
    with pytest.raises(DataError, match="not text in UTF-8") as refused:
        read(tmp_path, report(rows, header="дата;продажи;слово").encode("cp1251"))
    assert "--encoding" in refused.value.hint
    with pytest.raises(DataError, match="is not text in utf-8"):
        read(tmp_path, report(PLAIN, header="Monat;Erlöse").encode("cp1252"), encoding="utf-8")


@pytest.mark.parametrize("name", ["klingon", "hex", "", "base64"])
def test_what_is_no_encoding(name: str) -> None:
    with pytest.raises(UsageError, match="not a text encoding"):
        TableConfig(encoding=name)


def test_a_word_is_named_as_one_and_may_be_called_missing(tmp_path: Path) -> None:
    rows = [*PLAIN[:3], "04.2020;k.A.", *PLAIN[4:9], "10.2020;n.v.", *PLAIN[10:]]
    with pytest.raises(RnncastError, match=r"data.csv:5: 'k.A.' in column 'Umsatz' is not a number") as told:
        read(tmp_path, report(rows))
    assert told.value.hint == "if it means a missing value, add --missing 'k.A.'"
    y = read(tmp_path, report(rows), missing=("k.A.", "n.v.")).y
    assert np.flatnonzero(np.isnan(y)).tolist() == [3, 9]


def test_a_word_for_nothing_beyond_the_sample(tmp_path: Path) -> None:
    rows = [["a", f"{1500 + i}", "k.A." if i == 590 else float(i)] for i in range(600)]
    panel = read(tmp_path, as_csv(["id", "year", "y"], rows), missing=("k.A.",))  # type: ignore[arg-type]
    assert np.flatnonzero(np.isnan(panel.y)).tolist() == [590]


@pytest.mark.parametrize("numbers", [[1, 2, -999, 4.5] * 6, ["1", "2", "-999.0", "4"] * 6])
def test_a_number_may_be_called_missing(tmp_path: Path, numbers: list[object]) -> None:
    rows = [["a", f"{1500 + i}", value] for i, value in enumerate(numbers)]
    panel = read(tmp_path, as_csv(["id", "year", "y"], rows), missing=("k.A.", "-999"))  # type: ignore[arg-type]
    assert np.flatnonzero(np.isnan(panel.y)).tolist() == [2, 6, 10, 14, 18, 22]
    frame = pd.DataFrame({"year": range(1500, 1524), "y": [float(value) for value in numbers]})  # type: ignore[arg-type]
    of_frame = read_table(frame, TableConfig(missing=("-999",)))
    np.testing.assert_array_equal(of_frame.y, panel.y)


@pytest.mark.parametrize("header", ["", "id,V2,V3,V4,V5,V6\n"])
def test_words_for_a_missing_value_in_series_in_rows(tmp_path: Path, header: str) -> None:
    """As in any table; at the end of a row they are padding, like empty cells."""
    text = header + "a,1,k.A.,3,-999,k.A.\nb,k.A.,2,3,4,5\n"
    panel = read(tmp_path, text.encode(), layout="rows", missing=("k.A.", "-999"))
    np.testing.assert_array_equal(panel[0].y, [1, np.nan, 3])
    np.testing.assert_array_equal(panel[1].y, [2, 3, 4, 5])
    with pytest.raises(RnncastError, match="is not a number"):
        read(tmp_path, text.encode(), layout="rows", missing=("-999",))


def test_a_stream_takes_dressed_numbers(program: Program) -> None:
    rows = [[f"2024-01-{day:02d}", f"${day}"] for day in range(1, 29)]
    (program.folder / "data.csv").write_bytes(as_csv(["ds", "y"], rows))  # type: ignore[arg-type]
    quick = ("-H", "1", "--epochs", "1", "--members", "1", "--hidden-size", "4", "--no-validate")
    assert program("train", "data.csv", *quick).returncode == 0
    done = program("forecast", "--follow", stdin="ds,y\n2024-01-29,$29\n")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("2024-01-30,")

"""Forecasts go out as the data came in, and with no more digits than these justify."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncast.files.output.rows import Dialect, write_csv
from rnncast.series.digits import justified, rounded
from tests.conftest import Program
from tests.tables import read

DIALECTS = st.builds(Dialect, st.sampled_from([",", ";", "\t", "|"]), st.sampled_from([".", ","]), st.booleans())
CELLS = st.text(st.sampled_from('ab;,|"\t\n é'), max_size=5) | st.integers(-99, 99) | st.floats(allow_nan=False)


@given(rows=st.lists(st.lists(CELLS, min_size=3, max_size=3), min_size=1), dialect=DIALECTS)
@settings(derandomize=True)
def test_every_dialect_can_be_read_again(rows: list[list[object]], dialect: Dialect) -> None:
    out = io.StringIO()
    write_csv(["a", "b", "c"], rows, out, dialect)
    text = out.getvalue()
    assert text.startswith("\ufeff") == dialect.bom
    found = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=dialect.separator))
    wanted = [[shown(cell, dialect) for cell in row] for row in rows]
    assert found[1:] == wanted


def shown(cell: object, dialect: Dialect) -> str:
    if isinstance(cell, float):
        return repr(cell).replace(".", dialect.decimal) if abs(cell) < float("inf") else ""
    return str(cell)


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ([112, 118, 132], 1),
        ([5710895, 5710990], 0),
        ([2825.66, 3000.5], 2),
        ([0.53, 0.61], 4),
        ([0, 1, 0, 0], 4),
        ([0.1 + 0.2, 1 / 3], 6),
        ([1e6 / 3, 1e6 / 7], 0),
        ([np.nan], 3),
        ([0, 0], 3),
    ],
)
def test_digits_are_those_of_the_data(values: list[float], places: int) -> None:
    assert justified([np.array(values, float)]).tolist() == [places]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1), st.integers(0, 6))
@settings(derandomize=True)
def test_rounding_keeps_order(values: list[float], places: int) -> None:
    found = rounded(np.sort(np.array(values)), places)
    assert found == sorted(found)
    assert all(abs(a - b) <= 0.51 * 10.0**-places for a, b in zip(found, sorted(values), strict=True))


QUICK = ("-H", "2", "--epochs", "1", "--members", "1", "--hidden-size", "4", "--no-validate", "--season", "7")


@pytest.fixture(scope="module")
def german(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A model of a table as a German spreadsheet writes it."""
    program = Program(tmp_path_factory.mktemp("german"))
    rows = [
        f"{i % 28 + 1:02d}.{i // 28 + 1:02d}.2023;{f'{1000 + 37.25 * (i % 7):.2f}'.replace('.', ',')}"
        for i in range(28)
    ]
    (program.folder / "sales.csv").write_bytes(("\ufeffDatum;Umsatz\r\n" + "\r\n".join(rows) + "\r\n").encode())
    done = program("train", "sales.csv", *QUICK)
    assert done.returncode == 0, done.stderr
    return program


def test_a_german_table_is_answered_in_german(german: Program) -> None:
    header, *rows = german("forecast", "--format", "csv").stdout.splitlines()
    assert header == "\ufeffDatum;forecast;forecast-lo-80;forecast-hi-80;forecast-lo-95;forecast-hi-95"
    assert [row.split(";")[0] for row in rows] == ["29.01.2023", "30.01.2023"]
    assert all(len(cell.partition(",")[2]) <= 2 and "." not in cell for row in rows for cell in row.split(";")[1:])
    assert german("forecast", "sales.csv", "--format", "csv").stdout.splitlines()[0] == header
    plain = german("forecast", "--dialect", "plain", "--format", "csv").stdout.splitlines()
    assert [row.replace(";", "\t").replace(",", ".") for row in rows] == [row.replace(",", "\t") for row in plain[1:]]
    assert plain[0].startswith("Datum,forecast,")


def test_a_dialect_is_read_again(german: Program) -> None:
    """By score, beside data in the same dialect, also where a comma alone could be either mark."""
    out = german.folder / "forecast.csv"
    german("forecast", "-o", "forecast.csv", "--digits", "3")
    (german.folder / "came.csv").write_text("Datum;Umsatz\n29.01.2023;1000,5\n30.01.2023;1037,25\n")
    assert out.read_text().count(",") > 5
    done = german("score", "forecast.csv", "--actual", "came.csv", "--season", "1", "--json")
    assert done.returncode == 0, done.stderr
    stream = german("forecast", "--follow", stdin="Datum;Umsatz\n29.01.2023;1.000,25\n")
    assert stream.returncode == 0, stream.stderr
    assert stream.stdout.splitlines()[-1].startswith("31.01.2023;")


def test_a_tsv_has_tabs(german: Program) -> None:
    assert german("forecast", "-o", "f.tsv").returncode == 0
    assert (german.folder / "f.tsv").read_text().startswith("\ufeffDatum\tforecast\t")


def test_digits(german: Program) -> None:
    cells = (
        german("forecast", "--digits", "full", "--dialect", "plain", "--format", "csv")
        .stdout.splitlines()[1]
        .split(",")
    )
    assert max(len(cell) for cell in cells[1:]) > 12
    near = (
        german("forecast", "--digits", "1", "--dialect", "plain", "--format", "csv").stdout.splitlines()[1].split(",")
    )
    assert near[1:] == [repr(round(float(cell), 1)) for cell in cells[1:]]
    for flags in (("--digits", "-1"), ("--digits", "many"), ("--dialect", "german")):
        assert german("forecast", *flags).returncode == 2


@pytest.mark.parametrize(
    ("text", "decimal"), [("2;5", ","), ("2;5,5", ","), ("2;5.5", "."), ("2,5.5", "."), ("2\t5", ".")]
)
def test_the_decimal_mark_of_a_table(tmp_path: Path, text: str, decimal: str) -> None:
    mark = text[1]
    rows = "".join(f"2024-01-{day:02d}{mark}{text[2:]}\n" for day in range(1, 10))
    columns = read(tmp_path, f"ds{mark}y\n{rows}").columns
    assert (columns.separator, columns.decimal, columns.bom) == (mark, decimal, False)

"""Whatever form a table is written in, the same Panel is read back."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnncast.errors import DataError
from rnncast.files.formats import delimited
from rnncast.files.panels.tables import read_table
from rnncast.series.panel import KEY_MARK, Columns, Panel
from rnncast.times.frequency import DAY, HOUR, LAST_DAY, MINUTE, Frequency
from tests.conftest import Program
from tests.tables import Form, as_csv, as_gz, as_json, as_jsonl, as_parquet, as_zst, header, long_rows, read, same

GRIDS = {
    "15 minutes": (Frequency("span", 15 * MINUTE, 0), "%Y-%m-%d %H:%M", 1_800_000),
    "4 hours": (Frequency("span", 4 * HOUR, HOUR), "%Y-%m-%dT%H:%M:%S", 110_000),
    "days": (Frequency("span", DAY, 0), "%Y-%m-%d", 19_000),
    "days, German": (Frequency("span", DAY, 0), "%d.%m.%Y", 19_000),
    "business days": (Frequency("business day"), "%Y%m%d", 14_000),
    "weeks on Wednesday": (Frequency("span", 7 * DAY, 6 * DAY), "%Y/%m/%d", 2_700),
    "ISO weeks": (Frequency("span", 7 * DAY, 4 * DAY), "%G-W%V", 2_700),
    "month starts": (Frequency("month"), "%Y-%m-%d", 600),
    "month ends": (Frequency("month", day=LAST_DAY), "%Y-%m-%d", 600),
    "months by name": (Frequency("month"), "%b %Y", 600),
    "quarters": (Frequency("month", 3), "%YQ%q", 200),
    "quarter ends": (Frequency("month", 3, 2, LAST_DAY), "%d-%b-%Y", 200),
    "fiscal quarters": (Frequency("month", 3, 1), "%Y-%m", 200),
    "years": (Frequency("month", 12, 0), "%Y", 20),
    "steps": (Frequency("step"), "", 5),
    "steps of ten": (Frequency("step", 10, 3), "", 5_000),  # four digits under the name of a time are years
}
NAMES = st.text(st.sampled_from("abcXYZ019 ._-äß漢"), min_size=1, max_size=8).map(str.strip).filter(bool)
VALUES = st.floats(-1e15, 1e15, allow_nan=False) | st.integers(-1000, 1000).map(float) | st.just(0.1 + 0.2)
FORMS = st.builds(
    Form,
    separator=st.sampled_from([";", "\t", "|"]),
    decimal=st.sampled_from([".", ","]),
    newline=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    missing=st.sampled_from(["", "NA", "nan", "null"]),
    pack=st.sampled_from([bytes, as_gz, as_zst]),
)
QUICK = settings(
    max_examples=15,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@st.composite
def panels(draw: st.DrawFn, ids: int = 1, fewest: int = 12) -> Panel:
    """Series of at least a dozen steps, enough of them observed that their grid can be told."""
    frequency, form, about = GRIDS[draw(st.sampled_from(sorted(GRIDS)))]
    key = st.lists(NAMES, min_size=ids, max_size=ids).map(KEY_MARK.join)
    names = draw(st.lists(key, min_size=1 if ids == 0 else 2, max_size=1 if ids == 0 else 4, unique=True))
    series = {}
    for name in names:
        y = np.array(draw(st.lists(VALUES, min_size=fewest, max_size=fewest + 8)))
        holes = draw(st.lists(st.integers(3, len(y) - 4), max_size=2))
        y[holes] = np.nan
        series[name] = y
    start = np.array([about + draw(st.integers(0, 300)) for _ in names])
    columns = Columns(
        ids=("region", "unique_id")[-ids:] if ids else (),
        time="year" if form == "%Y" else "ds",
        target="y",
        time_format=form,
    )
    return Panel.from_series(series, start=start, frequency=frequency, columns=columns)


@pytest.fixture(params=["arrow", "pandas"])
def engine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "pandas":
        monkeypatch.setattr(delimited, "_with_arrow", lambda *_: None)
    return str(request.param)


@QUICK
@given(panel=panels(), form=FORMS, seed=st.integers(0, 100), holes=st.booleans())
def test_long_csv_in_every_form(engine: str, tmp_path: Path, panel: Panel, form: Form, seed: int, holes: bool) -> None:
    rows = long_rows(panel, holes=holes)
    first = {row[0]: i for i, row in reversed(list(enumerate(rows)))}
    rows[1:] = [rows[1 + i] for i in np.random.default_rng(seed).permutation(len(rows) - 1)]
    assert len(first) == len(panel)
    same(read(tmp_path, as_csv(header(panel), rows, form)), panel)


@QUICK
@given(panel=panels(ids=2))
def test_several_id_columns(tmp_path: Path, panel: Panel) -> None:
    same(read(tmp_path, as_csv(header(panel), long_rows(panel)), id="region,unique_id"), panel)


@QUICK
@given(panel=panels(ids=0), write=st.sampled_from([as_csv, as_jsonl, as_json, as_parquet]))
def test_one_series_without_an_id(tmp_path: Path, panel: Panel, write: object) -> None:
    rows = [row[1:] if len(row) > 2 else row for row in long_rows(panel)]
    same(read(tmp_path, write(header(panel), rows)), panel)  # type: ignore[operator]


@QUICK
@given(panel=panels(), write=st.sampled_from([as_jsonl, as_json, as_parquet]), packed=st.booleans())
def test_json_and_parquet(tmp_path: Path, panel: Panel, write: object, packed: bool) -> None:
    data = write(header(panel), long_rows(panel))  # type: ignore[operator]
    same(read(tmp_path, as_gz(data) if packed else data), panel)


@QUICK
@given(panel=panels(), write=st.sampled_from([as_csv, as_jsonl, as_parquet]))
def test_wide(tmp_path: Path, panel: Panel, write: object) -> None:
    cells = {(str(time), str(name)): value for name, time, value in long_rows(panel)}
    times = list(dict.fromkeys(time for time, _ in cells))
    stamps = {str(time): time for _, time, _ in long_rows(panel)}
    names = [f"series {name}" for name in panel.ids]  # so that none is a number, or the time's name
    rows = [[stamps[t], *(cells.get((t, name)) for name in panel.ids)] for t in times]
    got = read(tmp_path, write([panel.columns.time_name, *names], rows), layout="wide")  # type: ignore[operator]
    columns = Columns(("series",), panel.columns.time, "value", panel.columns.time_format)
    same(got, Panel(tuple(names), panel.start, panel.y, panel.indptr, panel.frequency, columns))


@QUICK
@given(
    lengths=st.lists(st.integers(1, 30), min_size=2, max_size=6),
    first=st.booleans(),
    form=FORMS,
    seed=st.integers(0, 9),
)
def test_series_in_rows(tmp_path: Path, lengths: list[int], first: bool, form: Form, seed: int) -> None:
    random = np.random.default_rng(seed)
    series = {f"M{i}": np.round(random.normal(0, 100, n), 2) for i, n in enumerate(lengths)}
    longest = max(lengths)
    rows = [[name, *y.tolist(), *[None] * (longest - len(y))] for name, y in series.items()]
    names = [f"V{i + 1}" for i in range(longest + 1)] if first else None
    expected = Panel.from_series(series, frequency=Frequency("step"), columns=Columns(("V1" if first else "series",)))
    if longest == 1:
        return  # one value a series has no frequency
    same(read(tmp_path, as_csv(names, rows, form), layout="rows"), expected)


@pytest.mark.parametrize("head", [[], ["sales"]])
@pytest.mark.parametrize("form", [Form(), Form(newline="\r\n"), Form(mark=b"\xef\xbb\xbf"), Form(pack=as_gz)])
def test_one_bare_column(engine: str, tmp_path: Path, head: list[str], form: Form) -> None:
    y = np.array([5.0, 6.5, np.nan, 7.0, -1e-12, 1e15])
    rows = [[None if np.isnan(value) else float(value)] for value in y]
    panel = read(tmp_path, as_csv(head or None, rows, form))
    columns = Columns(target=head[0] if head else "value")
    same(panel, Panel.from_series({"": y}, frequency=Frequency("step"), columns=columns))


def test_standard_input(program: Program) -> None:
    done = program("check", "--json", stdin="ds,y\n2024-01,1\n2024-02,2\n2024-03,4\n")
    assert '"file": "-"' in done.stdout
    assert '"frequency": "monthly"' in done.stdout


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["1,5", "2,25", "1.234,5"], [1.5, 2.25, 1234.5]),
        (["1,234.5", "12,345,678", "7"], [1234.5, 12345678, 7]),
        (["1 234,5", "1 234,5", "12,0"], [1234.5, 1234.5, 12]),
        (["1'234.5", "0.5", "-3"], [1234.5, 0.5, -3]),
        (["−5", "+7", "1e3"], [-5, 7, 1000]),
        (["1.5E-12", ".5", "5."], [1.5e-12, 0.5, 5]),
    ],
)
def test_numbers_as_people_write_them(engine: str, tmp_path: Path, texts: list[str], expected: list[float]) -> None:
    rows = [[f"2024-01-0{i + 1}", text] for i, text in enumerate(texts)]
    assert read(tmp_path, as_csv(["ds", "y"], rows)).y.tolist() == expected


def test_decimal_marks_that_can_be_read_in_two_ways_are_asked_about(tmp_path: Path) -> None:
    data = as_csv(["ds", "y"], [["2024-01-01", "1,234"], ["2024-01-02", "5,678"]])
    assert read(tmp_path, data, decimal="comma").y.tolist() == [1.234, 5.678]
    assert read(tmp_path, data, decimal="point").y.tolist() == [1234, 5678]


def test_what_spreadsheets_leave_behind(engine: str, tmp_path: Path) -> None:
    data = "\ufeff\r\n,ds,y,\r\n0,2024-01-01,1,\r\n1,2024-01-02,2,\r\n,,,\r\n,,,\r\n"
    assert read(tmp_path, data).y.tolist() == [1, 2]
    assert read(tmp_path, "ds;y\n2024-01-01;1\n2024-01-02;2\n".encode("utf-16")).y.tolist() == [1, 2]
    assert read(tmp_path, b"ds,y\r2024-01-01,1\r2024-01-02,2\r").y.tolist() == [1, 2]


def test_quoted_cells_may_hold_anything(engine: str, tmp_path: Path) -> None:
    rows = [[name, f"2024-01-0{i}", float(i)] for name in ('say "hi"', "a,b", "two\nlines", "x") for i in range(1, 5)]
    panel = read(tmp_path, as_csv(["id", "ds", "y"], rows))
    assert panel.ids == ('say "hi"', "a,b", "two\nlines", "x")


def test_ids_are_kept_as_they_were(engine: str, tmp_path: Path) -> None:
    rows = [[name, f"2024-01-0{i}", float(i)] for name in ("007", "7", "NA", "1.50") for i in range(1, 5)]
    assert read(tmp_path, as_csv(["id", "ds", "y"], rows)).ids == ("007", "7", "NA", "1.50")


def test_only_what_pyarrow_is_needed_for_asks_for_it(tmp_path: Path, program: Program) -> None:
    (program.folder / "pyarrow.py").write_text("raise ImportError")
    (program.folder / "x.parquet").write_bytes(as_parquet(["ds", "y"], [["2024-01", 1.0], ["2024-02", 2.0]]))
    (program.folder / "x.csv").write_bytes(as_csv(["ds", "y"], [[f"2024-0{i}", float(i)] for i in range(1, 6)]))
    program.environment["PYTHONPATH"] = str(program.folder)
    refused = program.process("check", "x.parquet")
    assert refused.returncode == 1
    assert "needs pyarrow" in refused.stderr
    assert "pip install 'rnncast[parquet]'" in refused.stderr
    assert program.process("check", "x.csv").returncode == 0


def test_blank_lines_before_a_table(tmp_path: Path) -> None:
    path = tmp_path / "late.csv"
    path.write_text("\n" * 50 + "step,y\n1,2\n2,3\n")
    assert read_table(str(path)).y.tolist() == [2.0, 3.0]


@pytest.mark.parametrize("blank", ["\u3000\n", "\u2028", "\x1f\n\x1f\n"])
def test_a_file_of_odd_blanks_is_empty(tmp_path: Path, blank: str) -> None:
    path = tmp_path / "blank.csv"
    path.write_text(blank, encoding="utf-8")
    with pytest.raises(DataError, match=r"empty|no cell with anything in it"):
        read_table(str(path))

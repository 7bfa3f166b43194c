"""Times that are numbers, and times in several columns: never dropped in silence, and given back as they came."""

import json
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError
from rnncast.files.panels.tables import read_table
from rnncast.series.panel import Panel
from rnncast.times.formats import format_fault, format_times, read_time
from rnncast.times.numeric import EXCEL, NUMERIC, UNIX, numbers_of_times, numeric_format, times_of_numbers
from tests.conftest import Program
from tests.tables import Cell, as_csv, read

HOURS = pd.date_range("2024-02-27 22:00", periods=60, freq="h")
DAYS = pd.date_range("2024-01-20", periods=60, freq="D")
GRIDS = {"h": "hourly", "15min": "every 15 minutes", "D": "daily", "W-MON": "weekly (Monday)", "MS": "monthly"}


def numbers(stamps: pd.DatetimeIndex, form: str) -> list[str]:
    """The stamps as numbers, by the library that everybody makes them with."""
    if form == EXCEL:
        days = (stamps - pd.Timestamp("1899-12-30")) / pd.Timedelta(days=1)
        return [f"{day:.10f}".rstrip("0").rstrip(".") for day in days]
    return [str(stamp.value // round(1000 * NUMERIC[form])) for stamp in stamps]


def table(texts: list[str], name: str = "timestamp") -> bytes:
    return as_csv([name, "y"], [[text, float(i)] for i, text in enumerate(texts)])


def out(panel: Panel) -> list[str]:
    return list(map(str, panel.columns.written(panel.time)))


@pytest.mark.parametrize("form", NUMERIC)
@pytest.mark.parametrize("freq", GRIDS)
def test_numbers_are_read_as_the_moments_that_they_are(tmp_path: Path, form: str, freq: str) -> None:
    stamps = pd.date_range("2024-01-01", periods=40, freq=freq)
    texts = numbers(stamps, form)
    panel = read(tmp_path, table(texts))
    assert panel.frequency.name == GRIDS[freq]
    assert panel.columns.time_format == form
    assert (panel.time == stamps.to_numpy("datetime64[us]")).all()
    assert [float(text) for text in out(panel)] == [float(text) for text in texts]


@given(
    moments=st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2099, 1, 1)).map(lambda m: m.replace(microsecond=0))),
    form=st.sampled_from(sorted(NUMERIC)),
)
@settings(derandomize=True)
def test_there_and_back(moments: list[datetime], form: str) -> None:
    """Whole seconds survive, also those that ten decimals of a day can only come near to."""
    times = np.array(moments, "datetime64[us]")
    texts = [str(number) for number in numbers_of_times(times, form)]
    assert (times_of_numbers(texts, form) == times).all()
    assert list(map(str, format_times(times, form))) == texts
    assert [read_time(text, form) for text in texts] == [(moment, 0) for moment in moments]
    assert format_fault(form) == ""


@pytest.mark.parametrize("decimals", [4, 5, 6, 8, 10])
def test_serial_dates_with_few_decimals_mean_the_minute_that_they_round(decimals: int) -> None:
    stamps = pd.date_range("2024-01-01", periods=100, freq="15min")
    texts = [f"{(stamp - pd.Timestamp('1899-12-30')) / pd.Timedelta(days=1):.{decimals}f}" for stamp in stamps]
    assert (times_of_numbers(texts, EXCEL) == stamps.to_numpy("datetime64[us]")).all()


def test_a_comma_may_be_the_decimal_mark_of_a_serial_date(tmp_path: Path) -> None:
    rows = [[text.replace(".", ","), float(i)] for i, text in enumerate(numbers(HOURS, EXCEL))]
    data = b"Datum;y\n" + "".join(f"{text};{value}\n" for text, value in rows).encode()
    assert read(tmp_path, data).frequency.name == "hourly"


@pytest.mark.parametrize("name", ["ts", "event_ts", "epoch", "Unix Time", "eventTime", "Messzeitpunkt"])
def test_jittered_seconds_are_times_where_the_header_says_so(name: str) -> None:
    chance = np.random.default_rng(1)
    texts = [str(1_700_000_000 + 60 * i + int(chance.integers(0, 20))) for i in range(50)]
    assert numeric_format(texts, name) == "unix"
    assert numeric_format(texts, "counter") == ""


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (numbers(HOURS, "unix"), "unix"),
        (numbers(HOURS, "unix-ms"), "unix-ms"),
        (numbers(HOURS, EXCEL), EXCEL),
        (numbers(pd.date_range("2020-01-01", periods=30, freq="MS"), EXCEL), EXCEL),
        (numbers(DAYS, EXCEL), ""),  # or row numbers
        ([str(40_000 + 10 * i) for i in range(50)], ""),
        ([str(1_000_000_001 + i) for i in range(50)], ""),  # numbers of orders
        ([str(1_400_000_000 + 13_111_111 * i) for i in range(30)], ""),  # people of a country
        ([str(45_000 + 31 * (i % 7)) for i in range(40)], ""),  # sold
    ],
)
def test_values_alone_tell_where_nothing_else_goes_so(texts: list[str], form: str) -> None:
    assert numeric_format(texts, "x") == form


@pytest.mark.parametrize("name", ["Datum", "date", "Buchungsdatum", "orderDate", "day"])
def test_serial_days_are_dates_under_a_name_that_says_so(name: str) -> None:
    assert numeric_format(numbers(DAYS, EXCEL), name) == EXCEL
    assert numeric_format([str(i) for i in range(1, 40)], name) == ""


@pytest.mark.parametrize("name", ["value", "target", "y"])
def test_a_target_is_no_time(tmp_path: Path, name: str) -> None:
    rows = [[f"2024-02-{day:02d}", 1_700_000_000 + 3600 * day] for day in range(1, 29)]
    assert read(tmp_path, as_csv(["date", name], rows)).columns.target == name


def test_written_dates_come_before_numbers(tmp_path: Path) -> None:
    rows: list[list[Cell]] = [[str(day.date()), int(day.timestamp()), float(i)] for i, day in enumerate(DAYS)]
    assert read(tmp_path, as_csv(["Tag", "epoch", "y"], rows)).columns.time == "Tag"


def test_gaps_of_a_sensor_are_seen(tmp_path: Path) -> None:
    """The rows that are missing were closed up, and a season of 24 looked like one of 23."""
    texts = numbers(pd.date_range("2024-01-01", periods=24 * 30, freq="h"), "unix")
    rows = [[text, 7, float(i % 24)] for i, text in enumerate(texts) if i % 97]
    notes: list[str] = []
    path = tmp_path / "sensor.csv"
    path.write_bytes(as_csv(["ts", "sensor", "temp"], rows))  # type: ignore[arg-type]
    panel = read_table(str(path), TableConfig(target="temp"), note=notes.append)
    assert "time 'ts'" in notes[0]
    assert panel.frequency.name == "hourly"
    assert int(np.isnan(panel.y).sum()) == 7


def test_stores_with_serial_dates_are_as_many_series(tmp_path: Path) -> None:
    rows = [[text, name, float(i)] for i, text in enumerate(numbers(DAYS, EXCEL)) for name in "NESW"]
    panel = read(tmp_path, as_csv(["Datum", "Filiale", "Umsatz"], rows))  # type: ignore[arg-type]
    assert panel.ids == tuple("NESW")
    assert panel.frequency.name == "daily"
    numbered = [[text, "NESW".index(str(name)), value] for text, name, value in rows]
    with pytest.raises(DataError, match="repeats") as refused:
        read(tmp_path, as_csv(["Datum", "Filiale", "Umsatz"], numbered), target="Umsatz")  # type: ignore[arg-type]
    assert "--id" in refused.value.hint


def test_a_zone_shows_moments_by_its_clocks(tmp_path: Path) -> None:
    """Midnights of Berlin are 22 or 23 o'clock in UTC."""
    stamps = pd.date_range("2024-03-20", periods=30, freq="D", tz="Europe/Berlin")
    texts = [str(stamp.value // 10**9) for stamp in stamps]
    panel = read(tmp_path, table(texts, "ts"), zone="Europe/Berlin")
    assert panel.frequency.name == "daily"
    assert out(panel) == texts


@pytest.mark.parametrize(("form", "step"), [("%Y%m%d%H", "h"), ("%Y%m%d%H%M", "10min"), ("%Y%m%d%H%M%S", "min")])
def test_compact_times_of_day(tmp_path: Path, form: str, step: str) -> None:
    stamps = pd.date_range("2024-01-31 21:00", periods=50, freq=step)
    texts = [stamp.strftime(form) for stamp in stamps]
    panel = read(tmp_path, table(texts, "MESS_DATUM"))
    assert (panel.time == stamps.to_numpy("datetime64[us]")).all()
    assert out(panel) == texts


def test_a_format_that_is_asked_for(tmp_path: Path) -> None:
    texts = [str(day) for day in range(5, 30)]
    assert read(tmp_path, table(texts, "t"), time="t", time_format="excel").columns.time_format == EXCEL
    with pytest.raises(DataError, match=r"data.csv:\d+: 'x' in column 't' is not a time like 45657.9999884259"):
        read(tmp_path, table([*texts, "x"], "t"), time="t", time_format="excel")
    with pytest.raises(UsageError, match="is not a time format") as refused:
        read(tmp_path, table(texts, "t"), time_format="serial")
    assert "unix-ms" in refused.value.hint


PARTS = {
    "year month": ("MS", "%Y %-m"),
    "Jahr Monat": ("MS", "%Y %m"),
    "year Month": ("MS", "%Y %b"),
    "Year quarter": ("QS", "%Y %q"),
    "year quarter": ("QS", "%Y Q%q"),
    "Jahr KW": ("W-MON", "%G %-V"),
    "year month day": ("D", "%Y %-m %-d"),
    "year month day hour": ("h", "%Y %m %d %-H"),
    "date hour": ("h", "%Y-%m-%d %-H"),
    "Datum Uhrzeit": ("15min", "%d.%m.%Y %H:%M"),
}


@pytest.mark.parametrize("names", PARTS)
def test_a_time_in_several_columns_is_one(tmp_path: Path, names: str) -> None:
    freq, forms = PARTS[names]
    stamps = pd.date_range("2023-01-02" if freq == "W-MON" else "2023-01-01", periods=60, freq=freq)
    cells = [format_times(stamps.to_numpy("datetime64[us]"), form) for form in forms.split()]
    rows = [[*row, float(i)] for i, row in enumerate(zip(*cells, strict=True))]
    panel = read(tmp_path, as_csv([*names.split(), "sales"], rows))
    assert (panel.time == stamps.to_numpy("datetime64[us]")).all()
    assert panel.columns.time_names == tuple(names.split())
    assert panel.columns.cells(panel.time).tolist() == [list(row) for row in zip(*cells, strict=True)]


def test_columns_that_are_no_time_together(tmp_path: Path) -> None:
    """A month beside a date is a number beside it."""
    rows: list[list[Cell]] = [[str(day.date()), day.year, day.month, float(i)] for i, day in enumerate(DAYS)]
    panel = read(tmp_path, as_csv(["date", "year", "month", "y"], rows))
    assert panel.columns.time_names == ("date",)
    rows = [[2024 + i, 1 + i % 12, 40 + i, float(i)] for i in range(12)]
    data = as_csv(["year", "month", "z", "y"], rows)
    assert read(tmp_path, data, past=("month",), target="y").columns.time_names == ("year",)
    assert read(tmp_path, data, time="year,month", target="y").columns.time_names == ("year", "month")


def monthly(program: Program) -> None:
    rows = [[2015 + i // 12, 1 + i % 12, 50.0 + i % 12] for i in range(72)]
    (program.folder / "sales.csv").write_bytes(as_csv(["year", "month", "sales"], rows[:60]))  # type: ignore[arg-type]
    (program.folder / "new.csv").write_bytes(as_csv(["year", "month", "sales"], rows[60:]))  # type: ignore[arg-type]
    done = program("train", "sales.csv", "-H", "3", "--epochs", "1", "--members", "1", "--hidden-size", "4")
    assert done.returncode == 0, done.stderr
    assert "time 'year' and 'month'" in done.stderr


def test_a_time_in_two_columns_from_end_to_end(program: Program) -> None:
    """Trained, forecast, continued, followed and scored."""
    monthly(program)
    done = program("forecast", "-q", "--format", "csv")
    assert [line.split(",")[:2] for line in done.stdout.splitlines()] == [
        ["year", "month"],
        *(["2020", month] for month in "123"),
    ]
    later = program("forecast", "new.csv", "--continue", "--format", "jsonl")
    assert later.returncode == 0, later.stderr
    assert [json.loads(line)["year"] for line in later.stdout.splitlines()] == ["2021"] * 3
    followed = program("forecast", "--follow", "-H", "1", stdin=(program.folder / "new.csv").read_text())
    assert followed.returncode == 0, followed.stderr
    assert followed.stdout.splitlines()[-1].startswith("2021,1,")
    paths = program("forecast", "--paths", "2", "-H", "1", "--format", "csv").stdout.splitlines()
    assert paths[0] == "path,year,month,forecast"
    (program.folder / "forecast.csv").write_text(done.stdout)
    scored = program("score", "forecast.csv", "--actual", "new.csv", "--json")
    assert scored.returncode == 0, scored.stderr


def test_a_stream_of_seconds(program: Program) -> None:
    rows = [[int(stamp.timestamp()), float(i % 24)] for i, stamp in enumerate(HOURS)]
    (program.folder / "meter.csv").write_bytes(as_csv(["ts", "y"], rows[:-2]))  # type: ignore[arg-type]
    quick = ("-H", "2", "--epochs", "1", "--members", "1", "--hidden-size", "4", "--season", "6", "--no-validate")
    assert program("train", "meter.csv", *quick).returncode == 0
    done = program("forecast", "--follow", stdin=as_csv(["ts", "y"], rows[-2:]))  # type: ignore[arg-type]
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].split(",")[0] == str(rows[-1][0] + 2 * 3600)


@pytest.mark.parametrize("form", UNIX)
def test_what_is_no_moment_is_no_time(form: str) -> None:
    texts = ["", "x", "1e99", "9" * 19, "-", "1,2,3"]
    assert all(np.isnat(time) or abs(time.astype(int)) < 3e17 for time in times_of_numbers(texts, form))

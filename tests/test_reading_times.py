"""Times: the grid they lie on, the zone they are in, and the way back out in the format they came in."""

from datetime import datetime, timedelta, timezone
from itertools import pairwise
from pathlib import Path
from time import process_time
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError
from rnncast.files.panels.tables import read_table
from rnncast.series.panel import Panel
from rnncast.times.inference import infer_frequency, parse_frequency
from rnncast.times.zones import utc_offsets, wall_to_utc
from tests.tables import as_csv, read

MOMENT = st.datetimes(datetime(1970, 1, 1), datetime(2060, 1, 1))


def table(times: list[str]) -> bytes:
    return as_csv(["ds", "y"], [[time, float(i)] for i, time in enumerate(times)])


def out(panel: Panel) -> list[str]:
    return list(panel.columns.written(panel.time))


@pytest.mark.parametrize("alias", ["D", "W-SUN", "W-WED", "MS", "ME", "QS", "QS-FEB", "QE", "QE-JAN", "YS", "YE", "B"])
@pytest.mark.parametrize("days", [0, 17])
@given(
    first=MOMENT,
    gap=st.integers(2, 20),
)
@settings(max_examples=5, derandomize=True)
def test_calendar_grids_are_told_as_pandas_makes_them(alias: str, days: int, first: datetime, gap: int) -> None:
    """The grid holds every time, goes on where pandas goes on, and a row left out does not change it."""
    times = pd.date_range(first.date(), periods=44 + days, freq=alias).to_numpy("datetime64[us]")
    grid = infer_frequency([np.delete(times[:-12], gap)])
    positions = grid.positions(times)
    assert (np.diff(positions) == 1).all()
    assert (grid.times(positions) == times).all()


@pytest.mark.parametrize("alias", ["15min", "4h", "h", "min", "30s", "2D", "12h", "2W-TUE", "2MS", "6MS"])
def test_multiples(alias: str) -> None:
    times = pd.date_range("2024-02-06 07:00:00", periods=30, freq=alias).to_numpy("datetime64[us]")
    grid = infer_frequency([np.delete(times, [5, 6, 11])])
    assert (np.diff(grid.positions(times)) == 1).all()
    assert (grid.times(grid.positions(times)) == times).all()


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("D", "daily"),
        ("B", "business days"),
        ("W", "weekly (Monday)"),
        ("W-MON", "weekly (Monday)"),
        ("MS", "monthly"),
        ("ME", "monthly"),
        ("M", "monthly"),
        ("QS", "quarterly"),
        ("QS-OCT", "quarterly"),
        ("QE-DEC", "quarterly"),
        ("YS", "yearly"),
        ("A", "yearly"),
        ("h", "hourly"),
        ("15min", "every 15 minutes"),
        ("4h", "every 4 hours"),
        ("2W", "every 14 days"),
    ],
)
def test_freq_overrides(word: str, name: str) -> None:
    monday = np.array([np.datetime64("2024-01-01", "us")])
    assert infer_frequency([monday], parse_frequency(word)).name == name


@pytest.mark.parametrize("word", ["", "fortnight", "0D", "W-NOON", "D-MON", "MX", "-1h", "15 min"])
def test_other_words_are_refused(word: str) -> None:
    with pytest.raises(UsageError, match="is not a frequency"):
        parse_frequency(word)


def test_freq_lays_rows_on_a_finer_grid(tmp_path: Path) -> None:
    data = table(["2024-01-01", "2024-01-03", "2024-01-07"])
    assert read(tmp_path, data, freq="D").frequency.name == "daily"
    assert len(read(tmp_path, data, freq="D").y) == 7
    with pytest.raises(DataError, match=r"data.csv:3: 2024-01-03 is off the grid: --freq says weekly \(Monday\)"):
        read(tmp_path, data, freq="W-MON")
    with pytest.raises(DataError, match="its times are whole numbers"):
        read(tmp_path, table(["1", "2"]), freq="D")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Asia/Kolkata", "UTC"])
@pytest.mark.parametrize("step", ["30min", "h"])
def test_both_changes_of_the_clock_round_trip(tmp_path: Path, zone: str, step: str) -> None:
    """Aware times and, under --zone, naive ones: regular inside, and out as they came in, an hour twice and all."""
    stamps = pd.date_range("2024-03-01", "2024-11-20", freq=step, tz=zone)
    for texts, asked in (
        ([stamp.isoformat() for stamp in stamps], {}),
        ([stamp.strftime("%Y-%m-%d %H:%M") for stamp in stamps], {"zone": zone}),
    ):
        panel = read(tmp_path, table(texts), **asked)
        assert len(panel.y) == len(stamps)
        assert not np.isnan(panel.y).any()
        assert out(panel) == texts


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
@pytest.mark.parametrize("step", ["D", "W-SUN", "MS"])
def test_days_are_regular_by_the_clock_on_the_wall(tmp_path: Path, zone: str, step: str) -> None:
    texts = [stamp.isoformat() for stamp in pd.date_range("2022-01-01", "2024-11-20", freq=step, tz=zone)]
    panel = read(tmp_path, table(texts))
    assert out(panel) == texts
    assert not np.isnan(panel.y).any()


def test_a_forecast_goes_on_through_a_change_of_the_clock(tmp_path: Path) -> None:
    texts = [s.isoformat() for s in pd.date_range("2024-01-01", "2024-10-27", freq="h", tz="Europe/Berlin")]
    panel = read(tmp_path, table(texts))
    ahead = panel.frequency.times(panel.ends[0] + np.arange(1, 5))
    assert [text[11:] for text in panel.columns.written(ahead)] == [
        "01:00:00+02:00",
        "02:00:00+02:00",
        "02:00:00+01:00",
        "03:00:00+01:00",
    ]


def test_a_time_that_never_was_and_one_that_was_elsewhere(tmp_path: Path) -> None:
    hours = [f"2024-03-31 0{hour}:00" for hour in range(6)]
    with pytest.raises(DataError, match=r"data.csv:4: 2024-03-31 02:00 does not exist"):
        read(tmp_path, table(hours), zone="Europe/Berlin")
    with pytest.raises(DataError, match=r"data.csv:2: the clocks of Asia/Tokyo do not show 2024-03-31 00:00\+01:00"):
        read(tmp_path, table([f"{hour}+01:00" for hour in hours]), zone="Asia/Tokyo")
    with pytest.raises(UsageError, match="there is no time zone 'Mars/Olympus'"):
        read(tmp_path, table(hours), zone="Mars/Olympus")


@given(moments=st.lists(MOMENT, min_size=1), zone=st.sampled_from(["Europe/London", "America/New_York", "+05:30"]))
@settings(max_examples=50, derandomize=True)
def test_offsets_are_the_standard_librarys(moments: list[datetime], zone: str) -> None:
    known = timezone(timedelta(hours=5, minutes=30)) if zone.startswith("+") else ZoneInfo(zone)
    utc = np.array(moments, "datetime64[us]")
    offsets = utc_offsets(utc, zone)
    expected = [m.replace(tzinfo=timezone.utc).astimezone(known).utcoffset() for m in moments]  # noqa: UP017
    assert [timedelta(microseconds=int(o)) for o in offsets] == expected
    wall = utc + offsets.astype("timedelta64[us]")
    first, skipped = wall_to_utc(wall, zone, np.zeros(len(wall), bool))
    second, _ = wall_to_utc(wall, zone, np.ones(len(wall), bool))
    assert ((first == utc) | (second == utc)).all()
    assert not skipped.any()


@pytest.mark.parametrize(
    "texts",
    [
        ["2024-1-9", "2024-1-10", "2024-1-11"],
        [f"1/{day}/2024" for day in range(9, 14)],
        [f"{day}.1.2024" for day in range(9, 14)],
        ["13.01.24", "14.01.24", "15.01.24"],
        ["13-JAN-2024", "14-JAN-2024", "15-JAN-2024"],
        ["13 Jan 2024", "14 Jan 2024", "15 Jan 2024"],
        ["January 9, 2024", "January 10, 2024", "January 11, 2024"],
        ["2024-01-13 9:00 PM", "2024-01-13 10:00 PM", "2024-01-13 11:00 PM"],
        ["01/13/2024 11:00am", "01/13/2024 12:00pm", "01/13/2024 01:00pm"],
        ["2024-01-13T10:00:00.000Z", "2024-01-13T10:00:00.500Z", "2024-01-13T10:00:01.000Z"],
        ["20240113T0900", "20240113T1000", "20240113T1100"],
        ["2024-01-13 09:00:00 UTC", "2024-01-13 10:00:00 UTC", "2024-01-13 11:00:00 UTC"],
        ["2024-01-13 09:00:00-0330", "2024-01-13 10:00:00-0330", "2024-01-13 11:00:00-0330"],
        ["2024-01-13 09:00:00+00", "2024-01-13 10:00:00+00", "2024-01-13 11:00:00+00"],
        ["2024Q4", "2025Q1", "2025Q2"],
        ["Q4 2024", "Q1 2025", "Q2 2025"],
        ["2024M11", "2024M12", "2025M01"],
        ["202411", "202412", "202501"],
        ["Nov-24", "Dec-24", "Jan-25"],
        ["2024-W52", "2025-W01", "2025-W02"],
        ["1999", "2000", "2001"],
    ],
    ids=lambda texts: texts[0],
)
def test_dates_come_out_in_the_format_they_came_in(tmp_path: Path, texts: list[str]) -> None:
    panel = read(tmp_path, as_csv(["date", "y"], [[text, float(i)] for i, text in enumerate(texts)]))
    assert out(panel) == texts
    assert panel.y.tolist() == list(range(len(texts)))


def test_days_and_months_that_cannot_be_told_apart_are_asked_about(tmp_path: Path) -> None:
    data = table(["01/02/2024", "01/03/2024", "01/04/2024"])
    with pytest.raises(DataError, match=r"data.csv:2: '01/02/2024' can be read as %m/%d/%Y or as %d/%m/%Y") as refused:
        read(tmp_path, data)
    assert refused.value.hint == "say which with --time-format '%m/%d/%Y' or --time-format '%d/%m/%Y'"
    assert read(tmp_path, data, time_format="%m/%d/%Y").frequency.name == "daily"
    assert read(tmp_path, data, time_format="%d/%m/%Y").frequency.name == "monthly"
    with pytest.raises(UsageError, match="is not a time format"):
        read(tmp_path, data, time_format="%Q")


def test_unsorted_rows_are_sorted(tmp_path: Path) -> None:
    times = [f"2024-01-{day:02d}" for day in range(1, 29)]
    rows = [[time, float(i)] for i, time in enumerate(times)]
    mixed = [rows[i] for i in np.random.default_rng(3).permutation(len(rows))]
    assert read(tmp_path, as_csv(["ds", "y"], mixed)).y.tolist() == list(range(28))


def test_the_panel_agrees_on_one_frequency(tmp_path: Path) -> None:
    """A series with every other day does not slow down a daily one, nor does one stray time hurry the panel."""
    days = [f"2024-01-{day:02d}" for day in range(1, 31)]
    rows = [["a", day, 1.0] for day in days] + [["b", day, 2.0] for day in days[::2]]
    panel = read(tmp_path, as_csv(["id", "ds", "y"], rows))
    assert panel.frequency.name == "daily"
    assert np.isnan(panel[1].y).sum() == 14
    assert all(early < late for early, late in pairwise(panel.indptr))


@pytest.mark.parametrize("end", ["9999-12-31", "0001-01-01"])
@pytest.mark.parametrize("zone", [None, "Pacific/Auckland"])
def test_a_time_at_the_end_of_the_calendar_is_named(tmp_path: Path, end: str, zone: str | None) -> None:
    """What stands for "never" in other programs. By the clocks of some zone it is in no year that there is."""
    path = tmp_path / "never.csv"
    path.write_text("ds,y\n" + "".join(f"2024-01-{day:02d},{day}\n" for day in range(1, 20)) + f"{end},5\n")
    with pytest.raises(DataError, match=f":21: '{end}' in column 'ds' is too close to the ends of the calendar"):
        read_table(str(path), TableConfig(zone=zone))


def test_a_mistyped_year_beside_offsets_is_soon_refused(tmp_path: Path) -> None:
    """Each of 600 zones was asked for all changes of its clocks in 2,841 years, which took longer than an hour."""
    path = tmp_path / "year.csv"
    path.write_text("ds,y\n2024-10-26T02:00:00+02:00,1\n2024-10-27T02:00:00+01:00,2\n4865-10-28T02:00:00+02:00,3\n")
    began = process_time()
    with pytest.raises(DataError, match="no time zone has all the offsets"):
        read_table(str(path))
    assert process_time() - began < 20


def test_whole_numbers_may_be_as_large_as_they_are_read(tmp_path: Path) -> None:
    path = tmp_path / "steps.csv"
    path.write_text("step,y\n-999999999999999999,1\n999999999999999999,2\n")
    panel = read_table(str(path))
    assert panel.frequency.times(panel.ends).tolist() == [999999999999999999]

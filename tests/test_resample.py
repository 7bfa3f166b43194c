"""Resampling: regular steps of irregular rows, and coarser steps of finer ones; what is not whole is left out."""

from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncast.config import TableConfig
from rnncast.errors import DataError, UsageError
from rnncast.files.panels.grid import Schema
from rnncast.files.panels.tables import read_table
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.panel import Panel
from rnncast.times.resampling import period_of, suggested
from tests.conftest import Program

BRIEF = ["--epochs", "1", "--members", "1", "--hidden-size", "4", "--no-validate", "--from", "scratch", "-q"]
WORDS = {"hour": "h", "day": "D", "month": "MS", "quarter": "QS", "year": "YS", "15min": "15min", "6h": "6h"}


def read(frame: pd.DataFrame, notes: "list[str] | None" = None, **asked: Any) -> Panel:
    said = notes if notes is not None else []
    return read_table(frame, TableConfig(**asked), note=said.append)


def times_of(panel: Panel) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(panel.frequency.times(panel.start[0] + np.arange(panel.lengths[0])))


def long(start: str, end: str, freq: str, seed: int = 0, **columns: Any) -> pd.DataFrame:
    times = pd.date_range(start, end, freq=freq)
    values = np.random.default_rng(seed).normal(50, 10, len(times)).round(3)
    return pd.DataFrame({"time": times, "value": values, **columns})


@settings(max_examples=40)
@given(st.sampled_from(sorted(WORDS)), st.sampled_from(["mean", "sum", "last"]), st.integers(6, 60), st.data())
def test_a_regular_series_at_its_own_step_stays_what_it_is(
    word: str, how: str, steps: int, data: st.DataObject
) -> None:
    times = pd.date_range("2021-01-01", periods=steps, freq=WORDS[word])
    values = np.random.default_rng(steps).normal(size=steps)
    gaps = data.draw(st.sets(st.integers(1, steps - 2), max_size=steps // 4))
    frame = pd.DataFrame({"time": times, "value": values}).drop(index=list(gaps))
    plain, resampled = read(frame, freq=WORDS[word]), read(frame, resample=word, how=how)
    np.testing.assert_array_equal(resampled.y, plain.y)
    assert (times_of(resampled) == times_of(plain)).all()
    assert resampled.frequency == plain.frequency


@settings(max_examples=30)
@given(st.sampled_from(["week", "month", "quarter"]), st.sampled_from(["mean", "sum", "last"]), st.integers(0, 9))
def test_it_is_what_pandas_makes_of_whole_periods(word: str, how: str, seed: int) -> None:
    rule = {"week": "W-MON", "month": "MS", "quarter": "QS"}[word]
    frame = long("2021-01-04", "2022-12-31", "D", seed).sample(frac=0.9, random_state=seed)
    frame = pd.concat([frame, long("2021-01-04", "2021-01-04", "D"), long("2022-12-31", "2022-12-31", "D")])
    frame = frame.drop_duplicates("time")
    series = frame.set_index("time")["value"].sort_index()
    ours = read(frame, resample=word, how=how, partial="keep")
    theirs = series.resample(rule, closed="left", label="left").agg(how)
    np.testing.assert_allclose(ours.y, theirs.to_numpy(), rtol=1e-12)
    assert (times_of(ours) == theirs.index).all()


def test_a_sum_over_months_is_that_of_a_groupby() -> None:
    frame = long("2021-01-01", "2023-12-31", "D")
    panel = read(frame, resample="month", how="sum")
    np.testing.assert_allclose(panel.y, frame.groupby(frame["time"].dt.to_period("M"))["value"].sum(), rtol=1e-12)
    assert panel.frequency.name == "monthly"


@pytest.mark.parametrize("how", ["mean", "sum"])
def test_what_is_not_whole_is_left_out_and_said(how: str) -> None:
    notes: list[str] = []
    panel = read(long("2021-01-10", "2023-06-20", "D"), notes, resample="month", how=how)
    assert [str(t.date()) for t in times_of(panel)[[0, -1]]] == ["2021-02-01", "2023-05-01"]
    said = "left out steps that the rows cover in part only: 2021-01-01, 2023-06-01; --partial keep keeps them"
    assert said in notes
    kept = read(long("2021-01-10", "2023-06-20", "D"), resample="month", how=how, partial="keep")
    assert len(kept.y) == len(panel.y) + 2
    last = read(long("2021-01-10", "2023-06-20", "D"), resample="month", how="last")
    assert [str(t.date()) for t in times_of(last)[[0, -1]]] == ["2021-01-01", "2023-05-01"]


@pytest.mark.parametrize("days", ["B", "C"], ids=["business days", "closed on Sundays"])
def test_a_period_is_whole_where_it_ends_as_others_do(days: str) -> None:
    """31 March 2024 is a Sunday."""
    frame = long("2022-01-03", "2024-03-30", "D")
    frame = frame[frame["time"].dt.day_of_week < (5 if days == "B" else 6)]
    assert times_of(read(frame, resample="month", how="sum"))[-1] == pd.Timestamp("2024-03-01")
    earlier = frame[frame["time"] < "2024-03-26"]
    assert times_of(read(earlier, resample="month", how="sum"))[-1] == pd.Timestamp("2024-02-01")


def test_series_with_few_rows_end_where_the_table_does() -> None:
    """A product that is sold on few days: its last month is as whole as the table's."""
    random = np.random.default_rng(0)
    days = pd.date_range("2022-01-01", "2023-11-14")
    parts = [
        pd.DataFrame({"time": np.sort(random.choice(days, 60, replace=False)), "id": f"p{s}", "value": 1.0})
        for s in range(40)
    ]
    frame = pd.concat(parts)
    panel = read(frame, resample="month", how="sum")
    ends = panel.frequency.times(panel.ends).astype("datetime64[M]")
    assert ends.max() == np.datetime64("2023-10")
    assert (ends == np.datetime64("2023-10")).mean() > 0.7


def test_empty_periods_are_missing_also_in_a_sum() -> None:
    frame = long("2021-01-01", "2021-12-31", "D")
    frame = frame[frame["time"].dt.month != 5]
    panel = read(frame, resample="month", how="sum")
    assert np.isnan(panel.y[4])
    assert np.isnan(panel.y).sum() == 1


def jittered(hours: int = 24 * 21) -> pd.DataFrame:
    """A sensor that reads every ten minutes, give or take 40 seconds, and sometimes not at all."""
    random, n = np.random.default_rng(0), hours * 6
    seconds = np.arange(n) * 600 + random.integers(0, 80, n)
    values = 20 + 5 * np.sin(2 * np.pi * np.arange(n) / 144) + random.normal(0, 0.5, n)
    frame = pd.DataFrame(
        {"ts": pd.Timestamp("2024-03-01") + pd.to_timedelta(seconds, unit="s"), "temp": values.round(2)}
    )
    return frame.drop(index=[*random.choice(np.arange(6, n - 6), 50, replace=False), *range(900, 915)])


def test_a_jittered_sensor_becomes_regular() -> None:
    with pytest.raises(DataError, match="off the grid") as raised:
        read(jittered())
    assert "--resample 10min or coarser" in raised.value.hint
    panel = read(jittered(), resample="hour")
    assert (panel.frequency.name, len(panel.y)) == ("hourly", 24 * 21)
    assert 1 <= np.isnan(panel.y).sum() <= 3
    finer = read(jittered(), resample="10min")
    assert finer.frequency.name == "every 10 minutes"
    assert len(read(jittered().iloc[:-3], resample="hour").y) == 24 * 21 - 1


def test_wide_tables_and_several_series(tmp_path: Path) -> None:
    frame = long("2021-01-01", "2022-12-31", "D").rename(columns={"value": "a"})
    frame["b"] = np.where(frame["time"] < "2021-07-01", np.nan, 2.0)
    panel = read(frame, resample="month", how="sum", layout="wide")
    assert panel.ids == ("a", "b")
    assert panel.lengths.tolist() == [24, 18]
    np.testing.assert_array_equal(panel.y[24:][:2], [62.0, 62.0])


def test_covariates_are_resampled_with_the_target() -> None:
    frame = long("2021-01-01", "2021-06-30", "D")
    frame["promo"] = (frame["time"].dt.day <= 10).astype(float)
    frame["kind"] = np.where(frame["time"].dt.day <= 10, "sale", "usual")
    frame["shop"] = 0.1
    frame.loc[frame["time"] >= "2021-06-01", "value"] = np.nan  # June is known ahead
    panel = read(frame, target="value", resample="month", how="sum", known=("promo", "kind"), static=("shop",))
    assert panel.covariates is not None
    promo, kind = panel.covariates.known.values.T
    np.testing.assert_allclose(promo, [10 / days for days in (31, 28, 31, 30, 31, 30)])
    assert {panel.covariates.known.columns[1].levels[int(each)] for each in kind} == {"usual"}
    assert panel.covariates.static.values.tolist() == [[0.1]]
    assert panel.covariates.reach.tolist() == [1]


def test_days_have_23_to_25_hours_by_local_clocks() -> None:
    times = pd.date_range("2024-03-01", "2024-11-30 23:00", freq="h", tz="Europe/Berlin")
    frame = pd.DataFrame({"time": [t.isoformat() for t in times], "value": 1.0})
    panel = read(frame, resample="day", how="sum")
    counts = dict(zip(times_of(panel).strftime("%m-%d"), panel.y, strict=True))
    assert (counts["03-31"], counts["04-01"], counts["10-27"]) == (23, 24, 25)
    assert len(panel.y) == 275
    assert set(panel.y) == {23, 24, 25}
    six = read(frame, resample="6h", how="sum")
    assert (set(six.y), six.columns.in_utc) == ({6.0}, True)


def test_hours_begin_by_local_clocks() -> None:
    times = pd.date_range("2024-03-01", periods=96, freq="30min", tz="Asia/Kolkata")
    frame = pd.DataFrame({"time": [t.isoformat() for t in times], "value": np.arange(96.0)})
    panel = read(frame, resample="hour")
    assert panel.columns.written(panel.frequency.times(panel.start))[0] == "2024-03-01T00:00:00+05:30"
    np.testing.assert_array_equal(panel.y, np.arange(48) * 2 + 0.5)


def test_repeated_times_are_still_asked_about() -> None:
    frame = pd.concat([long("2021-01-01", "2021-12-31", "D"), long("2021-03-03", "2021-03-03", "D")])
    with pytest.raises(DataError, match="2021-03-03 repeats") as raised:
        read(frame, resample="month", how="sum")
    assert "--duplicates" in raised.value.hint
    ones = frame.assign(value=1.0)
    assert read(ones, resample="month", how="sum", duplicates="sum").y[2] == 32
    assert read(ones, resample="month", how="sum", duplicates="mean").y[2] == 31


def test_bad_cells_are_still_found() -> None:
    frame = long("2021-01-01", "2021-12-31", "D").astype(str)
    frame.loc[40, "value"] = "much"
    with pytest.raises(DataError, match="'much' in column 'value'"):
        read(frame, resample="month", target="value")
    frame.loc[40, "value"], frame.loc[50, "time"] = "1", "someday"
    with pytest.raises(DataError, match="'someday' in column 'time' is not a time"):
        read(frame, resample="month", target="value", time="time")


@pytest.mark.parametrize(
    ("frame", "asked", "said"),
    [
        (long("2021-01-01", "2021-12-31", "D"), {"resample": "hour"}, "is finer than the rows"),
        (long("2021-01-01", "2021-12-31", "D"), {"resample": "decade"}, "'decade' is not a period"),
        (long("2021-01-01", "2021-12-31", "D"), {"resample": "B"}, "'B' is not a period"),
        (long("2021-01-01", "2021-12-31", "D"), {"resample": "7"}, "'7' is not a period"),
        (pd.DataFrame({"step": range(9), "value": range(9)}), {"resample": "day"}, "'step' counts steps"),
        (pd.DataFrame({"value": np.arange(9.0)}), {"resample": "day"}, "there is no time column"),
        (long("2021-01-01", "2021-01-01", "D"), {"resample": "day"}, "no series has two different times"),
    ],
)
def test_what_cannot_be_resampled_is_refused(frame: pd.DataFrame, asked: dict[str, Any], said: str) -> None:
    with pytest.raises((DataError, UsageError), match=said) as raised:
        read(frame, **asked)
    assert raised.value.hint


def test_a_frequency_beside_it_is_refused() -> None:
    with pytest.raises(UsageError, match="--resample hour makes the steps, and --freq D says"):
        TableConfig(resample="hour", freq="D")


def test_words_for_periods() -> None:
    assert period_of("week").frequency.name == "weekly (Monday)"
    assert period_of("W-SUN").frequency.name == "weekly (Sunday)"
    assert period_of("2weeks").length == 2 * period_of("week").length
    assert period_of("days") == period_of("day") == period_of("D")
    assert (suggested(10 * 60 * 10**6), suggested(3601 * 10**6), suggested(1)) == ("10min", "hour", "second")


def test_new_rows_are_read_the_same_way() -> None:
    frame = long("2021-01-01", "2023-12-31", "D")
    seen = read(frame[frame["time"] < "2023-06-15"], resample="month", how="sum")
    schema = Schema(seen.columns, seen.frequency)
    table = TableConfig(resample="month", how="sum")
    new = read_table(frame[frame["time"] >= "2023-06-01"], table, schema=schema)
    assert new.start[0] == seen.ends[0] + 1
    np.testing.assert_array_equal(np.concatenate([seen.y, new.y]), read(frame, resample="month", how="sum").y)


def test_a_sensor_is_forecast_in_a_real_process(program: Program) -> None:
    jittered().to_csv(program.folder / "sensor.csv", index=False)
    train = program.process("train", "sensor.csv", "--resample", "hour", "-H", "5", *BRIEF)
    assert train.returncode == 0, train.stderr
    done = program.process("forecast", "--format", "csv")
    assert done.returncode == 0, done.stderr
    table = pd.read_csv(StringIO(done.stdout))
    assert table["ts"].tolist() == [f"2024-03-22 0{hour}:00:00" for hour in range(5)]
    again = program.process("forecast", "sensor.csv", "-m", "rnncast.safetensors", "--format", "csv")
    assert again.stdout == done.stdout, again.stderr
    follow = program.process("forecast", "-", "-m", "rnncast.safetensors", "--follow", stdin="ts,temp\n")
    assert follow.returncode == 2
    assert "--follow takes a step a row" in follow.stderr


def test_a_forecast_continues_with_the_rows_of_whole_steps(program: Program) -> None:
    frame = long("2021-01-01", "2023-12-31", "D")
    for name, first, stop in (
        ("early", "2021", "2023-06-20"),
        ("june", "2023-06-01", "2023-09-15"),
        ("late", "2023-06-20", "2023-09-15"),
    ):
        frame[(frame["time"] >= first) & (frame["time"] < stop)].to_csv(program.folder / f"{name}.csv", index=False)
    train = program("train", "early.csv", "--resample", "month", "--how", "sum", "-H", "2", *BRIEF)
    assert train.returncode == 0, train.stderr
    more = program("forecast", "june.csv", "--continue", "-m", "rnncast.safetensors", "--format", "csv")
    assert more.returncode == 0, more.stderr
    assert [line.split(",")[0] for line in more.stdout.splitlines()[1:]] == ["2023-09-01", "2023-10-01"]
    gap = program("forecast", "late.csv", "--continue", "-m", "rnncast.safetensors")
    assert (gap.returncode, "1 step is missing" in gap.stderr) == (1, True), gap.stderr


def test_commands_agree_on_resampled_tables(program: Program) -> None:
    frame = long("2021-01-01", "2023-12-31", "D", promo=0.0)
    frame["promo"] = (frame["time"].dt.day <= 10) * 1.0
    early, plan = frame[frame["time"] < "2023-07-01"], frame[frame["time"] >= "2023-07-01"].drop(columns="value")
    for name, each in (("all", frame), ("early", early), ("plan", plan)):
        each.to_csv(program.folder / f"{name}.csv", index=False)
    ask = ["--resample", "month", "--how", "sum", "--target", "value"]
    train = program("train", "early.csv", *ask, "--known", "promo", "-H", "3", *BRIEF)
    assert train.returncode == 0, train.stderr
    done = program("forecast", "--future", "plan.csv", "-o", "f.csv")
    assert done.returncode == 0, done.stderr
    assert [line.split(",")[0] for line in (program.folder / "f.csv").read_text().splitlines()[1:]] == [
        "2023-07-01",
        "2023-08-01",
        "2023-09-01",
    ]
    score = program("score", "f.csv", "--actual", "all.csv", *ask, "--format", "csv")
    assert score.returncode == 0, score.stderr
    compare = program(
        "compare", "all.csv", *ask, "--baseline", "drift", "--model", "pretrained", "-H", "2", "--folds", "3"
    )
    assert compare.returncode == 0, compare.stderr
    model = Forecaster.load(str(program.folder / "rnncast.safetensors"))
    assert (model.source.table.resample, model.source.table.how) == ("month", "sum")


def test_files_without_an_id_that_cover_the_same_time_are_not_merged(program: Program) -> None:
    """Of two sensors, one in each file, nobody wants the mean; files that follow each other are one series."""
    times = [str(time).replace("T", " ") for time in np.datetime64("2024-01-01T00:00:05") + 600 * np.arange(400)]
    together, apart = program.folder / "together", program.folder / "apart"
    for folder, halves in ((together, (times, times)), (apart, (times[:200], times[200:]))):
        folder.mkdir()
        for name, stamps, shift in zip("ab", halves, ("", "1"), strict=True):
            rows = [f"{time[:-1]}{4 if shift else 5},{n % 6}" for n, time in enumerate(stamps)]
            (folder / f"{name}.csv").write_text("\n".join(["ts,temp", *rows]) + "\n")
    refused = program("forecast", "together", "--resample", "hour", "-H", "3")
    assert refused.returncode == 1
    assert "together/a.csv and together/b.csv cover the same time" in refused.stderr
    assert "-o OUT/" in refused.stderr
    assert program("forecast", "apart", "--resample", "hour", "-H", "3").returncode == 0

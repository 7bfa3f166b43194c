"""`score --by` id columns: sums of forecasts over groups of series against sums of what was observed."""

import csv
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rnncast
from rnncast.errors import DataError, UsageError
from tests.conftest import Program

KINDS = {"north": ("ice", "tea"), "south": ("ice",), "west": ("ice", "tea", "jam")}
DAYS, HORIZON = 42, 7
IDS = ("--target", "sold", "--id", "region,kind")
EXACT = ("--digits", "full")


def _tables(seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sales of kinds in regions, and two forecasts of their last week with an interval."""
    rng, sold, made = np.random.default_rng(seed), [], []
    for region, kinds in KINDS.items():
        for kind in kinds:
            y = 50 + rng.normal(scale=5, size=DAYS).round(2)
            days = pd.date_range("2024-01-01", periods=DAYS)
            sold.append(pd.DataFrame({"region": region, "kind": kind, "day": days, "sold": y}))
            point = y[-HORIZON:] + rng.normal(size=HORIZON)
            own = {"mine": point, "mine-lo-80": point - 1, "mine-hi-80": point + 1, "theirs": point + 2}
            made.append(pd.DataFrame({"region": region, "kind": kind, "day": days[-HORIZON:], **own}))
    return pd.concat(sold, ignore_index=True), pd.concat(made, ignore_index=True)


def _score(made: pd.DataFrame, sold: pd.DataFrame, **more: object) -> pd.DataFrame:
    ids = [name for name in ("region", "kind") if name in sold.columns]
    asked = {"id": ",".join(ids)} if ids else {}
    return rnncast.score(made, sold, target="sold", quiet=True, **asked, **more)  # type: ignore[arg-type]


def _agree(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Same rows, in the columns of the expected ones that both have."""
    names = [name for name in found.columns if name in expected.columns]
    assert {"model", "values", "mae", "mase", "rmsse", "bias"} <= set(names)
    pd.testing.assert_frame_equal(
        found[names].reset_index(drop=True), expected[names].reset_index(drop=True), check_exact=False
    )


@pytest.mark.parametrize("seed", range(3))
def test_sums_are_scored_as_tables_summed_by_pandas(seed: int) -> None:
    sold, made = _tables(seed)
    points = made[["region", "kind", "day", "mine", "theirs"]]
    found = _score(made, sold, by="region")
    assert list(found["region"]) == [*KINDS, "total"] * 2
    keys = ["region", "day"]
    summed = points.groupby(keys, as_index=False)[["mine", "theirs"]].sum()
    groups = _score(summed, sold.groupby(keys, as_index=False)["sold"].sum(), by="series")
    _agree(found[found["region"] != "total"], groups)
    all_of_it = points.groupby("day", as_index=False)[["mine", "theirs"]].sum()
    whole = _score(all_of_it, sold.groupby("day", as_index=False)["sold"].sum())
    _agree(found[found["region"] == "total"], whole)
    _agree(_score(made, sold, by="total"), whole)


def test_a_group_of_one_series_is_that_series_with_its_intervals() -> None:
    sold, made = _tables()
    found = _score(made, sold, by="region,kind")
    groups = found[found["region"] != "total"]
    expected = _score(made, sold, by="series")
    assert "coverage-80" in groups
    pd.testing.assert_frame_equal(groups[list(expected.columns)].reset_index(drop=True), expected)


def test_several_origins_are_summed_each_by_itself() -> None:
    sold, made = _tables()
    points = made[["region", "kind", "day", "mine"]]
    later = points.assign(mine=points["mine"] + 1, cutoff="2024-02-06")
    both = pd.concat([points.assign(cutoff="2024-02-04"), later[later["day"] > "2024-02-06"]])
    found = _score(both, sold, by="total")
    whole = both.groupby(["day", "cutoff"], as_index=False)["mine"].sum()
    _agree(found, _score(whole, sold.groupby("day", as_index=False)["sold"].sum()))


def test_a_time_that_a_series_lacks_is_left_out_and_counted(program: Program) -> None:
    sold, made = _tables()
    made = made.drop(index=made.index[-1])  # of west
    sold.loc[(sold["region"] == "north") & (sold["day"] == "2024-02-09"), "sold"] = np.nan
    sold.to_csv(program.folder / "sold.csv", index=False)
    made.to_csv(program.folder / "made.csv", index=False)
    options = ("--actual", "sold.csv", *IDS, "--gaps", "mask", "--by", "region", *EXACT)
    done = program.process("score", "made.csv", *options)
    assert done.returncode == 0, done.stderr
    assert "left out 2 sums over region, of 21: a series has no forecast or no observed value" in done.stderr
    assert "left out 2 sums over all series, of 7" in done.stderr
    assert "quantiles do not add up" in done.stderr
    assert "rnncast forecast --by region makes intervals of sums" in done.stderr
    rows = [row for row in csv.DictReader(io.StringIO(done.stdout)) if row["model"] == "mine"]
    assert {row["region"]: row["values"] for row in rows} == {"north": "6", "south": "7", "west": "6", "total": "5"}
    assert "coverage-80" not in rows[0]


def test_forecasts_of_sums_keep_their_intervals(program: Program) -> None:
    sold, _ = _tables()
    sold.to_csv(program.folder / "sold.csv", index=False)
    sold[sold["day"] < "2024-02-05"].to_csv(program.folder / "past.csv", index=False)
    forecast = ("forecast", "past.csv", *IDS, "-H", str(HORIZON), "-q", "--paths", "50")
    assert program(*forecast, "--by", "region", "-o", "regions.csv").returncode == 0
    assert program(*forecast, "--total", "-o", "whole.csv").returncode == 0
    actual = ("--actual", "sold.csv", *IDS, *EXACT, "--by")
    rows = list(csv.DictReader(io.StringIO(program("score", "regions.csv", *actual, "region").stdout)))
    assert [row["region"] for row in rows] == [*KINDS, "total"]
    assert all(row["coverage-80"] for row in rows[:3])
    assert not rows[3]["coverage-80"]
    made = pd.read_csv(program.folder / "regions.csv").groupby("day")["forecast"].sum()
    observed = sold.groupby("day")["sold"].sum().tail(HORIZON)
    assert float(rows[3]["mae"]) == pytest.approx(np.abs(made.to_numpy() - observed.to_numpy()).mean())
    for by, name in (("total", "series"), ("region", "region")):
        (row,) = csv.DictReader(io.StringIO(program("score", "whole.csv", *actual, by).stdout))
        assert (row[name], row["values"]) == ("total", str(HORIZON))
        assert row["coverage-80"]


def test_forecasts_of_series_and_of_sums_stand_side_by_side(program: Program) -> None:
    sold, made = _tables()
    sold.to_csv(program.folder / "sold.csv", index=False)
    made[["region", "kind", "day", "mine"]].to_csv(program.folder / "below.csv", index=False)
    sums = made.groupby(["region", "day"], as_index=False)["mine"].sum()
    sums.assign(mine=sums["mine"] + 5).to_csv(program.folder / "above.csv", index=False)
    arguments = ("--actual", "sold.csv", *IDS, "--by", "region", "--test")
    done = program("score", "above.csv", "below.csv", *arguments)
    assert done.returncode == 0, done.stderr
    assert "below beats above" in done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [(row["model"], row["region"]) for row in rows] == [
        (model, region) for model in ("above", "below") for region in (*KINDS, "total")
    ]


def test_a_column_that_is_no_id_is_refused_with_those_that_are() -> None:
    sold, made = _tables()
    with pytest.raises(UsageError) as caught:
        _score(made, sold, by="state")
    assert "state" in caught.value.message
    assert "region, kind" in caught.value.hint
    with pytest.raises(UsageError, match="weight"):
        _score(made, sold, by="region", weights=made[["region", "kind"]].drop_duplicates().assign(weight=1))
    with pytest.raises(DataError, match="at no time") as nothing:
        _score(made[made["kind"] != "ice"], sold, by="region")
    assert "'north/ice' has no forecast" in nothing.value.hint


def test_a_column_that_no_id_needs_groups_as_well(program: Program) -> None:
    sold, made = _tables()
    by_ids = _score(made, sold, by="region")
    numbers = {region: n for n, region in enumerate(KINDS)}
    for table in (sold, made):
        table["shop"] = table["region"] + "-" + table["kind"]
        table["zone"] = table["region"].map(numbers)
    made = made.drop(columns=["region", "kind", "zone"])
    for by, ids in (("region", [*KINDS, "total"]), ("zone", ["0", "1", "2", "total"])):
        found = rnncast.score(made, sold, target="sold", id="shop", by=by, quiet=True)
        assert list(found[by]) == ids * 2
        _agree(found, by_ids.drop(columns="region"))
    sold.drop(columns=["kind", "zone"]).to_csv(program.folder / "sold.csv", index=False)
    made.to_csv(program.folder / "made.csv", index=False)
    done = program.process("score", "made.csv", "--actual", "sold.csv", "--by", "region", *EXACT)
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [float(row["mase"]) for row in rows] == pytest.approx(by_ids["mase"].tolist())
    assert "rnncast forecast --id region,shop --by region makes intervals" in done.stderr


def test_sums_are_drawn(program: Program) -> None:
    sold, made = _tables()
    sold.to_csv(program.folder / "sold.csv", index=False)
    made.to_csv(program.folder / "made.csv", index=False)
    done = program("score", "made.csv", "--actual", "sold.csv", *IDS, "--by", "region", "--plot", "a.svg")
    assert done.returncode == 0, done.stderr
    assert Path(program.folder / "a.svg").stat().st_size > 1000

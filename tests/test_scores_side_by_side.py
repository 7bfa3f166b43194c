"""`score` of several forecasts: side by side, tested, weighted, over the same quantiles."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import rnncast
from rnncast.evaluate.significance import paired_p
from tests.conftest import AIR_PASSENGERS, Program

SHOPS, HISTORY, HORIZON = ("a", "b", "c", "d", "e", "f"), 40, 5
EXACT = ("--digits", "full")
RNG = np.random.default_rng(7)
SIZE = {shop: 10.0 * (s + 1) for s, shop in enumerate(SHOPS)}
VALUES = {shop: size * (1 + 0.1 * RNG.normal(size=HISTORY + HORIZON)) for shop, size in SIZE.items()}


def _table(off: dict[str, float], columns: str = "shop,day,forecast", quantiles: tuple[float, ...] = ()) -> str:
    """Forecasts that are so many times the standard deviation off, in each shop."""
    lines = []
    for shop in SHOPS:
        for h in range(HISTORY, HISTORY + HORIZON):
            point = VALUES[shop][h] + off[shop] * SIZE[shop]
            beside = [f"{point + SIZE[shop] * (p - 0.5):.6f}" for p in quantiles]
            lines.append(",".join([shop, _day(h), f"{point:.6f}", *beside]))
    return "\n".join([columns, *lines]) + "\n"


def _day(h: int) -> str:
    return str(np.datetime64("2024-01-01") + h)


@pytest.fixture
def shops(program: Program) -> Program:
    """Six shops, the second twice as large as the first and so on; good and poor forecasts of their last five days."""
    lines = [f"{s},{_day(h)},{y:.6f},{SIZE[s]}" for s in SHOPS for h, y in enumerate(VALUES[s])]
    (program.folder / "sized.csv").write_text("shop,day,sold,size\n" + "\n".join(lines) + "\n")
    lines = [line.rpartition(",")[0] for line in lines]
    (program.folder / "sales.csv").write_text("shop,day,sold\n" + "\n".join(lines) + "\n")
    good = {shop: 0.01 * (s + 1) for s, shop in enumerate(SHOPS)}
    poor = {shop: 0.05 + 0.01 * (s % 3) for s, shop in enumerate(SHOPS)}
    (program.folder / "good.csv").write_text(_table(good))
    (program.folder / "poor.csv").write_text(_table(poor))
    rivals = {shop: off + (0.004 if s % 2 else -0.004) for s, (shop, off) in enumerate(good.items())}
    (program.folder / "rival.csv").write_text(_table(rivals))
    return program


def _rows(text: str) -> dict[str, dict[str, str]]:
    return {row["model"]: row for row in csv.DictReader(io.StringIO(text))}


def _score(program: Program, *arguments: str) -> dict[str, dict[str, str]]:
    done = program("score", *arguments, "--actual", "sales.csv", "--season", "1", *EXACT)
    assert done.returncode == 0, done.stderr
    return _rows(done.stdout)


def test_tables_are_scored_as_each_alone(shops: Program) -> None:
    both = _score(shops, "good.csv", "theirs=poor.csv")
    assert list(both) == ["good", "theirs"]
    for name, file in (("good", "good.csv"), ("theirs", "poor.csv")):
        alone = _score(shops, file)["forecast"]
        assert {**both[name], "model": ""} == {**alone, "model": ""}


def test_a_clear_difference_is_told_from_none(shops: Program) -> None:
    clear = shops("score", "good.csv", "poor.csv", "--actual", "sales.csv", "--season", "1", *EXACT, "--test")
    assert clear.stderr.startswith("good beats poor by ")
    assert "of 6 series" in clear.stderr
    found = _rows(clear.stdout)
    assert found["good"]["p"] == ""
    each = {name: _by_series(shops, f"{name}.csv") for name in ("good", "poor")}
    assert float(found["poor"]["p"]) == pytest.approx(paired_p(each["good"] - each["poor"]))
    unclear = shops("score", "good.csv", "rival.csv", "--actual", "sales.csv", "--season", "1", *EXACT, "--test")
    assert unclear.stderr.startswith("Neither is clearly better: ")
    assert float(_rows(unclear.stdout)["good" if _rows(unclear.stdout)["rival"]["p"] == "" else "rival"]["p"]) > 0.05
    three = shops(
        "score", "good.csv", "rival.csv", "poor.csv", "--actual", "sales.csv", "--season", "1", *EXACT, "--test"
    )
    assert "beats poor" in three.stderr
    assert "but is not clearly better than" in three.stderr
    assert float(_rows(three.stdout)["poor"]["p"]) >= 2 * float(found["poor"]["p"]) * 0.5  # times two rivals


def _by_series(program: Program, file: str, *more: str) -> np.ndarray:
    how = ("--actual", "sales.csv", "--season", "1", *EXACT, "--by", "series", "--format", "json")
    done = program("score", file, *how, *more)
    return np.array([row["mase"] for row in json.loads(done.stdout)])


def test_one_origin_of_one_series_tells_nothing(shops: Program) -> None:
    for name in ("good", "poor"):
        lines = (shops.folder / f"{name}.csv").read_text().splitlines()
        (shops.folder / f"{name}.csv").write_text("\n".join(lines[: 1 + HORIZON]) + "\n")
    done = shops("score", "good.csv", "poor.csv", "--actual", "sales.csv", "--season", "1", *EXACT, "--test")
    assert done.returncode == 0
    assert done.stderr.startswith("No verdict: good is ")
    assert "1 origin of 1 series cannot tell skill from chance" in done.stderr


def test_a_test_needs_two(shops: Program) -> None:
    done = shops("score", "good.csv", "--actual", "sales.csv", "--test")
    assert done.returncode == 2
    assert "--test compares forecasts, and there is one" in done.stderr


@pytest.mark.parametrize("column", [False, True])
def test_means_are_weighted(shops: Program, column: bool) -> None:
    (shops.folder / "w.csv").write_text("shop,weight\n" + "".join(f"{s},{SIZE[s]}\n" for s in SHOPS))
    if column:
        (shops.folder / "sized.csv").replace(shops.folder / "sales.csv")
    found = _score(shops, "good.csv", "--weights", "size" if column else "w.csv", "--target", "sold")["forecast"]
    each, weights = _by_series(shops, "good.csv", "--target", "sold"), np.array([*SIZE.values()])
    assert float(found["mase"]) == pytest.approx(each.mean())
    assert float(found["weighted-mase"]) == pytest.approx(np.average(each, weights=weights))
    assert {"weighted-rmsse", "weighted-mae", "weighted-smape"} <= found.keys()


def test_equal_weights_change_nothing(shops: Program) -> None:
    (shops.folder / "w.csv").write_text("shop,weight\n" + "".join(f"{s},3\n" for s in SHOPS))
    for by in ("overall", "lead"):
        found = shops(
            "score", "good.csv", "--actual", "sales.csv", "--weights", "w.csv", "--by", by, "--season", "1", *EXACT
        )
        for row in csv.DictReader(io.StringIO(found.stdout)):
            for name in ("mae", "rmse", "smape", "mase", "rmsse"):
                assert float(row[f"weighted-{name}"]) == pytest.approx(float(row[name]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shop,weight\na,1\nb,1\n", "has no weight for 'c', 'd', 'e' and 1 more"),
        ("shop,weight\n" + "".join(f"{s},-1\n" for s in SHOPS), "has a weight below 0 for 'a', 'b', 'c'"),
        ("shop,weight\n" + "".join(f"{s},0\n" for s in SHOPS), "all weights of"),
        ("shop,weight\n" + "".join(f"{s},1\n" for s in (*SHOPS, "a")), "has two weights of series 'a'"),
        ("town,weight\na,1\n", "has no column 'shop'"),
        ("shop,u,v\na,1,2\n", "one column of weights"),
    ],
)
def test_weights_that_cannot_be_are_refused(shops: Program, text: str, message: str) -> None:
    (shops.folder / "w.csv").write_text(text)
    done = shops("score", "good.csv", "--actual", "sales.csv", "--weights", "w.csv")
    assert done.returncode == 1
    assert message in done.stderr
    assert "hint: " in done.stderr


def test_quantile_losses_rest_on_the_same_quantiles(shops: Program) -> None:
    off = dict.fromkeys(SHOPS, 0.02)
    few, many = (0.1, 0.5, 0.9), (0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95)
    for name, quantiles in (("few", few), ("many", many)):
        header = ",".join(["shop", "day", "x", *(f"x-ql{p}" for p in quantiles)])
        (shops.folder / f"{name}.csv").write_text(_table(off, header, quantiles))
    done = shops("score", "few.csv", "many.csv", "--actual", "sales.csv", "--season", "1", *EXACT)
    assert "wql and crps rest on the quantiles that all have: 0.1, 0.5, 0.9" in done.stderr
    found = _rows(done.stdout)
    assert found["few"]["wql"] == found["many"]["wql"]
    assert found["few"]["crps"] == found["many"]["crps"]
    assert found["few"]["coverage-90"] == ""
    assert found["many"]["coverage-90"] != ""
    alone = _score(shops, "many.csv")["x"]
    assert alone["wql"] != found["many"]["wql"]


def test_the_same_from_python(shops: Program, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tables = {name: pd.read_csv(shops.folder / f"{name}.csv") for name in ("good", "poor")}
    actual = pd.read_csv(shops.folder / "sales.csv")
    found = rnncast.score(tables, actual, season=1, weights=SIZE, test=True).set_index("model")
    assert "good beats poor by" in capsys.readouterr().err
    (shops.folder / "w.csv").write_text("shop,weight\n" + "".join(f"{s},{SIZE[s]}\n" for s in SHOPS))
    printed = _score(shops, "good.csv", "poor.csv", "--weights", "w.csv", "--test")
    for name in ("weighted-mase", "p", "mae"):
        assert found.loc["poor", name] == pytest.approx(float(printed["poor"][name]))


def test_no_more_digits_than_data_justify(shops: Program) -> None:
    """Five significant ones; a number of decimals, or all, where they are asked for."""
    how = ("score", "good.csv", "--actual", "sales.csv", "--season", "1")
    full, auto, two = (_rows(shops(*how, *more).stdout)["forecast"] for more in (EXACT, (), ("--digits", "2")))
    for name in ("mae", "mase", "rmsse", "smape", "owa"):
        assert float(auto[name]) == float(f"{float(full[name]):.5g}")
        assert float(two[name]) == round(float(full[name]), 2)
    assert auto["values"] == full["values"]
    assert len(full["mae"]) > 10 > len(auto["mae"])
    (row,) = json.loads(shops(*how, "--json").stdout)
    assert row["mae"] == float(auto["mae"])
    wrong = shops(*how, "--digits", "many")
    assert wrong.returncode == 2
    assert "--digits is 'many'" in wrong.stderr


def test_sums_have_the_digits_of_the_data(program: Program) -> None:
    how = ("forecast", str(AIR_PASSENGERS), "-H", "3", "--sum", "quarter", "-q")
    for more, longest in (((), 2), (("--digits", "0"), 0), (EXACT, 20)):
        (row,) = csv.DictReader(io.StringIO(program(*how, *more).stdout))
        decimals = max(len(row[name].partition(".")[2]) for name in row if name.startswith("forecast"))
        assert decimals <= longest
        assert longest < 20 or decimals > 6

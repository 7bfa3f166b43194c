"""A constant series has no MASE: it is said, left out of the mean, and every JSON stays one that all readers take."""

import json
import math
from typing import Any

import numpy as np
import pytest

from rnncast.plain import json_text
from rnncast.series.metrics import mase, mean_over_series, seasonal_error
from rnncast.series.panel import Panel
from tests.conftest import Program

QUICK = ("-H", "6", "--epochs", "2", "--hidden-size", "4", "--members", "1")
MONTHS = [f"{2020 + i // 12}-{i % 12 + 1:02d}-01" for i in range(48)]


def strict(text: str) -> Any:
    """JSON as the standard has it."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    return json.loads(text, parse_constant=refuse)


@pytest.fixture
def constant(program: Program) -> Program:
    rows = "".join(f"{month},7\n" for month in MONTHS)
    (program.folder / "constant.csv").write_text("ds,y\n" + rows)
    forecasts = "".join(f"{month},7.5,6,9\n" for month in MONTHS[40:])
    (program.folder / "forecasts.csv").write_text("ds,net,net-lo-80,net-hi-80\n" + forecasts)
    return program


def test_train_writes_no_infinity(constant: Program) -> None:
    done = constant("train", "constant.csv", *QUICK, "--ledger", "ledger.jsonl", "-v")
    assert done.returncode == 0, done.stderr
    assert "constant and cannot be scored" in done.stderr
    assert "MASE inf" not in done.stderr
    steps = [strict(line) for line in (constant.folder / "ledger.jsonl").read_text().splitlines()]
    assert {step["valid_mase"] for step in steps} == {None}
    card = strict(constant("inspect", "--json").stdout)
    assert "inf" not in json.dumps(card["scores"]).lower()
    strict(constant("check", "constant.csv", "--json").stdout)
    strict(constant("forecast", "--format", "json").stdout)


def test_score_says_why_there_is_no_mase(constant: Program) -> None:
    done = constant("score", "forecasts.csv", "--actual", "constant.csv", "--json")
    assert "the past is constant: a constant series has no MASE" in done.stderr
    assert "--history" not in done.stderr
    (row,) = strict(done.stdout)
    assert (row["mae"], row["mase"], row["msis-80"]) == (0.5, None, None)


def test_compare_gives_the_reason(constant: Program) -> None:
    done = constant("compare", "constant.csv", "--model", "rnn", *QUICK, "--folds", "1", "--format", "json")
    assert done.returncode == 1
    assert "before each origin they are constant, and a constant series has no MASE" in done.stderr


def test_the_mean_leaves_a_constant_series_out() -> None:
    panel = Panel.from_series({"even": np.full(20, 3.0), "odd": np.arange(20.0)})
    scores = mase(np.array([[4.0], [20.0]]), np.array([[3.0], [18.0]]), seasonal_error(panel, 1))
    assert np.isnan(scores[0])
    assert mean_over_series(scores) == 2


def test_a_scale_of_rounding_gives_no_infinity() -> None:
    panel = Panel.from_series({"even": np.array([0.0, 5e-324] * 10), "huge": np.array([-1.7e308, 1.7e308] * 10)})
    assert not np.isinf(mase(np.full((2, 1), 1e300), np.zeros((2, 1)), seasonal_error(panel, 1))).any()


def test_json_has_null_for_what_is_not_finite() -> None:
    values = {"a": math.inf, "b": [math.nan, 1.5, -math.inf], "c": {"d": "größe", "e": None}}
    assert strict(json_text(values)) == {"a": None, "b": [None, 1.5, None], "c": {"d": "größe", "e": None}}

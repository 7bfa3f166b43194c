"""How sure a forecast is to be shown to be: --level, --quantiles and --paths, from the command line."""

import csv
import io

import pytest

from tests.conftest import Program


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_levels_that_were_not_trained_lie_between_and_beyond_those_that_were(trained: Program) -> None:
    rows = table(trained("forecast", "--level", "99,80,50").stdout)
    assert list(rows[0]) == ["Month", "forecast", *(f"forecast-{s}-{n}" for n in (50, 80, 99) for s in ("lo", "hi"))]
    ends = ("lo-99", "lo-80", "lo-50", "hi-50", "hi-80", "hi-99")
    for row, as_trained in zip(rows, table(trained("forecast").stdout), strict=True):
        numbers = [float(row[f"forecast-{end}"]) for end in ends]
        assert sorted(set(numbers)) == numbers
        assert row["forecast-lo-80"] == as_trained["forecast-lo-80"]
        assert 0 < numbers[0] < float(as_trained["forecast-lo-95"])  # in logs, nothing falls below 0


def test_quantiles_have_their_own_columns(trained: Program) -> None:
    rows = table(trained("forecast", "--quantiles", "0.9,0.5,0.025").stdout)
    assert list(rows[0]) == ["Month", "forecast", "forecast-ql0.025", "forecast-ql0.5", "forecast-ql0.9"]
    as_trained = table(trained("forecast").stdout)
    assert [row["forecast-ql0.5"] for row in rows] == [row["forecast"] for row in as_trained]
    assert [row["forecast-ql0.9"] for row in rows] == [row["forecast-hi-80"] for row in as_trained]
    assert [row["forecast-ql0.025"] for row in rows] == [row["forecast-lo-95"] for row in as_trained]


def test_a_stream_has_the_levels_that_are_asked_for(trained: Program) -> None:
    done = trained("forecast", "-", "--follow", "--level", "50", stdin="Month,#Passengers\n1961-01,420\n")
    assert done.stdout.splitlines()[0] == "Month,forecast,forecast-lo-50,forecast-hi-50"


def test_paths_are_whole_futures_and_the_same_every_time(trained: Program) -> None:
    done = trained("forecast", "--paths", "3", "-H", "4")
    rows = table(done.stdout)
    months = [f"1961-{month:02}" for month in range(1, 5)]
    assert [(row["path"], row["Month"]) for row in rows] == [(str(n), month) for n in (1, 2, 3) for month in months]
    assert len({row["forecast"] for row in rows}) == len(rows)
    assert trained("forecast", "--paths", "3", "-H", "4").stdout == done.stdout


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--level", "80", "--quantiles", "0.9"], "both choose"),
        (["--level", "120"], "--level is 120, but must be below 100"),
        (["--level", "much"], "--level is 'much', but must be numbers"),
        (["--quantiles", "90"], "--quantiles is 90, but must be between 0 and 1"),
        (["--paths", "3", "--level", "80"], "--paths gives sample paths"),
    ],
)
def test_what_cannot_be_is_said(trained: Program, options: list[str], said: str) -> None:
    done = trained("forecast", *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr

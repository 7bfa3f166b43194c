"""Backtests show candidates the past alone, baselines are what they say, and verdicts follow from the scores."""

import numpy as np
import pytest

from rnncast.errors import DataError, UsageError
from rnncast.evaluate.backtest import Candidate, Comparison, Score, backtest
from rnncast.evaluate.baselines import naive, seasonal_naive
from rnncast.evaluate.compare import Plan, compare_nets
from rnncast.evaluate.verdict import judge
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel
from rnncast.series.splits import rolling_origins
from tests.conftest import small_config, waves

NAN = float("nan")


def test_naive_forecasts() -> None:
    panel = Panel.from_series({"a": np.array([1.0, 2, 3, 4, 5, NAN]), "short": np.array([7.0, 8])})
    np.testing.assert_allclose(naive(panel, 3).point, [[5, 5, 5], [8, 8, 8]])
    # The last season of "a" is 4, 5, missing: the missing one is taken from a season before.
    np.testing.assert_allclose(seasonal_naive(panel, 4, 3).point, [[4, 5, 3, 4], [8, 8, 8, 8]])


def test_rolling_origins_cut_and_keep() -> None:
    panel = Panel.from_series({"long": np.arange(20.0), "short": np.arange(9.0)})
    splits = list(rolling_origins(panel, horizon=3, folds=2, shortest=5))
    assert [split.seen.ids for split in splits] == [("long",), ("long", "short")]
    np.testing.assert_allclose(splits[0].actual, [[14, 15, 16]])
    np.testing.assert_allclose(splits[1].actual, [[17, 18, 19], [6, 7, 8]])
    assert splits[1].seen.lengths.tolist() == [17, 6]


def test_a_backtest_scores_on_what_came_after_and_shows_only_what_came_before() -> None:
    seen_lengths = []

    def oracle(seen: Panel) -> Forecast:
        seen_lengths.append(int(seen.lengths[0]))
        forecast = naive(seen, 3)
        point = forecast.point[:, :1] + np.arange(1, 4)
        return Forecast(seen.ids, seen.ends, point, forecast.quantiles, (), seen.frequency, seen.columns)

    panel = Panel.from_series({"line": np.arange(30.0)})
    candidates = [Candidate("naive", lambda seen: naive(seen, 3)), Candidate("oracle", oracle)]
    comparison = backtest(candidates, rolling_origins(panel, 3, 4, 5), season=1)
    assert [score.name for score in comparison.scores] == ["oracle", "naive"]
    assert comparison["oracle"].mase.tolist() == [0, 0, 0, 0]
    np.testing.assert_allclose(comparison["naive"].mase, 2)  # errors 1, 2, 3 over a scale of 1
    assert seen_lengths == [18, 21, 24, 27]


def compared(**mase: list[float]) -> Comparison:
    scores = [
        Score(name.replace("_", "-"), np.array(values), np.zeros(4), np.zeros(4), 0) for name, values in mase.items()
    ]
    return Comparison(tuple(sorted(scores, key=lambda score: score.mase.mean())), 12, 12, 4, 1)


@pytest.mark.parametrize(
    ("mase", "win", "words"),
    [
        (
            {"lstm": [0.5] * 4, "window": [1.0] * 4, "seasonal_naive": [2.0] * 4, "naive": [3.0] * 4},
            True,
            "lstm beats window by 50 % and seasonal naive by 75 % (mean MASE; ahead on 4 of 4 origins).",
        ),
        (
            {"lstm": [0.6, 0.6, 1.1, 1.1], "window": [1.0] * 4, "naive": [3.0] * 4},
            False,
            "No evidence that memory helps here: lstm is 15 % ahead of window (mean MASE; ahead on 2 of 4 origins).",
        ),
        (
            {"lstm": [2.0] * 4, "window": [1.0] * 4, "naive": [3.0] * 4},
            False,
            "No evidence that memory helps here: window is 50 % ahead of lstm (mean MASE; ahead on 4 of 4 origins).",
        ),
        (
            {"lstm": [2.0] * 4, "window": [3.0] * 4, "naive": [1.0] * 4},
            False,
            "The naive forecast is the best of all here: no net is worth its training.",
        ),
    ],
)
def test_verdicts(mase: dict[str, list[float]], win: bool, words: str) -> None:
    assert judge(compared(**mase), "lstm", "window") == (win, words)


def test_compare_puts_all_candidates_on_the_same_origins() -> None:
    done = []
    comparison, verdict = compare_nets(
        waves(), small_config(), Plan("window", 2), lambda count, total, words: done.append((count, total))
    )
    assert {score.name for score in comparison.scores} == {"lstm", "window", "naive", "seasonal-naive"}
    assert done == [(i, 8) for i in range(1, 9)]
    assert (comparison.origins, comparison.horizon, comparison.season, comparison.series) == (2, 4, 6, 3)
    assert verdict.sentence.endswith(".")


def test_compare_refuses_what_makes_no_sense() -> None:
    with pytest.raises(UsageError, match="no net called 'oracle'"):
        compare_nets(waves(), small_config(), Plan("oracle", 2))
    with pytest.raises(UsageError, match="both lstm"):
        compare_nets(waves(), small_config(), Plan("lstm", 2))
    with pytest.raises(DataError, match="too few rows for 40 origins"):
        compare_nets(waves(), small_config(), Plan("window", 40))

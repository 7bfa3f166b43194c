"""Backtests show candidates the past alone, baselines are what they say, and all are scored on the same values."""

import math
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pytest

from rnncast.errors import DataError, RnncastError, UsageError
from rnncast.evaluate import baselines
from rnncast.evaluate.backtest import FoldForecast, backtest
from rnncast.evaluate.baselines import BASELINES, SIMPLE, BaselineCandidate, drift, mean
from rnncast.evaluate.compare import Entry, Plan, compare_candidates
from rnncast.evaluate.scores import Comparison, compared
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel
from rnncast.series.splits import Split, rolling_origins
from rnncast.spec import TaskSpec
from tests.conftest import small_config, waves

NAN = float("nan")


def task(horizon: int, *seasons: int, levels: tuple[float, ...] = (80.0,)) -> TaskSpec:
    return TaskSpec(horizon=horizon, seasons=seasons, levels=levels, conformal=False, strategy="direct")


def points(name: str, panel: Panel, horizon: int, *seasons: int) -> np.ndarray:
    return BaselineCandidate(name, task(horizon, *seasons)).forecast(panel).point


def test_simple_baselines() -> None:
    panel = Panel.from_series({"a": np.array([1.0, 2, 3, 4, 5, NAN]), "short": np.array([7.0, 8])})
    np.testing.assert_allclose(points("naive", panel, 3), [[5, 5, 5], [8, 8, 8]])
    # The last season of "a" is 4, 5, missing: the missing one is taken from a season before.
    np.testing.assert_allclose(points("seasonal-naive", panel, 4, 3), [[4, 5, 3, 4], [8, 8, 8, 8]])
    # The line from 1 to 5 goes on through the missing step.
    np.testing.assert_allclose(points("drift", panel, 2), [[7, 8], [9, 10]])
    np.testing.assert_allclose(points("mean", panel, 2), [[3, 3], [7.5, 7.5]])


def test_the_errors_of_what_is_estimated_hold_its_own() -> None:
    # Steps of 1 and 2 around a slope of 1.5; k steps ahead the variance is k (1 + k / 2) times theirs.
    error = drift(Panel.from_series({"a": np.array([0.0, 1, 3])}), 2, 1).error
    np.testing.assert_allclose(error, [[0.5 * np.sqrt(1.5), 0.5 * np.sqrt(4)]])
    np.testing.assert_allclose(mean(Panel.from_series({"a": np.array([0.0, 2])}), 1, 1).error, [[np.sqrt(1.5)]])


def test_a_series_of_one_value_has_forecasts_and_no_intervals() -> None:
    panel = Panel.from_series({"one": np.array([7.0])})
    for name in SIMPLE:
        forecast = BaselineCandidate(name, task(2, 3)).forecast(panel)
        np.testing.assert_allclose(forecast.point, [[7, 7]])


@pytest.mark.parametrize(
    ("name", "noise"),
    [
        ("naive", lambda e: np.cumsum(e)),
        ("seasonal-naive", lambda e: np.cumsum(e.reshape(-1, 4), axis=0).reshape(-1)),
        ("drift", lambda e: np.cumsum(e + 0.5)),
        ("mean", lambda e: e),
    ],
)
def test_intervals_cover_what_the_method_is_right_for(name: str, noise: Callable[[np.ndarray], np.ndarray]) -> None:
    random = np.random.default_rng(3)
    series = {f"{s}": noise(random.normal(size=92)) for s in range(400)}
    panel = Panel.from_series(series)
    (split,) = rolling_origins(panel, 12, 1, 5)
    low, high = BaselineCandidate(name, task(12, 4)).forecast(split.seen).interval(80)
    inside = ((low <= split.actual) & (split.actual <= high)).mean(axis=0)  # [H]
    assert np.abs(inside - 0.8).max() < 0.08, inside  # at each lead time


@pytest.mark.parametrize("name", ["ets", "arima", "theta", "mstl"])
def test_classical_baselines_forecast_a_season_and_a_trend(name: str) -> None:
    steps = np.arange(100.0)
    random = np.random.default_rng(0)
    y = 50 + 0.5 * steps + 10 * np.sin(np.pi * steps / 2) + random.normal(0, 0.1, 100)
    actual = y[96:].copy()
    y[40] = NAN
    forecast = BaselineCandidate(name, task(4, 4, levels=(80.0, 95.0))).forecast(Panel.from_series({"a": y[:96]}))
    np.testing.assert_allclose(forecast.point[0], actual, atol=5)
    assert forecast.levels == (80, 95)
    assert (np.diff(forecast.quantiles[0], axis=1) > 0).all()


def test_a_classical_method_gives_nothing_for_a_series_that_it_cannot_take() -> None:
    panel = Panel.from_series({"tiny": np.arange(3.0), "long": np.arange(40.0)})
    point = points("ets", panel, 2)
    assert np.isnan(point[0]).all()
    np.testing.assert_allclose(point[1], [40, 41], atol=0.01)


def test_a_baseline_says_what_it_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="seasonal-naive needs a season"):
        BaselineCandidate("seasonal-naive", task(2))
    monkeypatch.setattr(baselines, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="statsforecast, which is not installed") as raised:
        BaselineCandidate("ets", task(2))
    assert raised.value.hint == "pip install 'rnncast[classical]'"


def test_rolling_origins_cut_and_keep() -> None:
    panel = Panel.from_series({"long": np.arange(20.0), "short": np.arange(9.0)})
    splits = list(rolling_origins(panel, horizon=3, folds=2, shortest=5))
    assert [split.seen.ids for split in splits] == [("long",), ("long", "short")]
    np.testing.assert_allclose(splits[0].actual, [[14, 15, 16]])
    np.testing.assert_allclose(splits[1].actual, [[17, 18, 19], [6, 7, 8]])
    assert splits[1].seen.lengths.tolist() == [17, 6]


@dataclass(frozen=True)
class Line:
    """A candidate that goes on along a line with a slope, and remembers how much it was fitted on."""

    name: str
    slope: float = 0.0
    fails: bool = False

    def load(self) -> None:
        pass

    def fit(self, seen: Panel) -> Callable[[Panel], Forecast]:
        if self.fails:
            raise DataError("it is broken", hint="mend it")
        return partial(self.forecast, int(seen.lengths.max()))

    def forecast(self, fitted: int, panel: Panel) -> Forecast:
        last = np.array([y[-1] for _, _, y in panel])
        point = last[:, None] + self.slope * np.arange(1.0, 4)
        quantiles = point[:, :, None] + np.array([-fitted, 0, fitted])  # so that a test can see what it was fitted on
        return Forecast(panel.ids, panel.ends, point, quantiles, (0.1, 0.5, 0.9), panel.frequency, panel.columns)


def splits_of(panel: Panel, folds: int = 4) -> list[Split]:
    return list(rolling_origins(panel, 3, folds, 5))


def scored(candidates: list[Line], panel: Panel, folds: int = 4) -> Comparison:
    splits = splits_of(panel, folds)
    found = compared(list(backtest(candidates, splits)), splits, panel.ids, 3, 1)
    assert found is not None
    return found


def test_a_backtest_scores_on_what_came_after_and_shows_only_what_came_before() -> None:
    panel = Panel.from_series({"line": np.arange(30.0)})
    comparison = scored([Line("naive"), Line("oracle", 1)], panel)
    assert [score.name for score in comparison.scores] == ["oracle", "naive"]
    assert comparison["oracle"].mase.tolist() == [[0]] * 4
    np.testing.assert_allclose(comparison["naive"].mase, 2)  # errors 1, 2, 3 over a scale of 1
    np.testing.assert_allclose(comparison["naive"].steps, [1, 2, 3] * 4)
    assert [score.rank for score in comparison.scores] == [1, 2]
    assert (comparison.origins, comparison.series, comparison.units) == (4, 1, "origins")


def fitted_on(outcome: FoldForecast) -> float:
    low, high = outcome.forecast.interval(80)
    return float((high - low)[0, 0] / 2)


def test_refit_says_what_is_learnt_from() -> None:
    splits = splits_of(Panel.from_series({"line": np.arange(30.0)}))
    assert [fitted_on(each) for each in backtest([Line("a")], splits)] == [18, 21, 24, 27]
    assert [fitted_on(each) for each in backtest([Line("a")], splits, refit=False)] == [18, 18, 18, 18]
    assert [each.forecast.cutoff.tolist() for each in backtest([Line("a")], splits, refit=False)] == [
        [18],
        [21],
        [24],
        [27],
    ]


def test_only_what_every_candidate_could_forecast_is_scored() -> None:
    panel = Panel.from_series({"a": np.arange(30.0), "b": np.arange(30.0) ** 1.5})
    splits = splits_of(panel)
    outcomes = list(backtest([Line("naive"), Line("line", 1)], splits))
    holed = outcomes[1].forecast.point.copy()
    holed[1] = NAN  # series b, at the first origin
    outcomes[1] = outcomes[1]._replace(forecast=replace(outcomes[1].forecast, point=holed))
    found = compared(outcomes, splits, panel.ids, 3, 1)
    assert found is not None
    for score in found.scores:
        assert np.isnan(score.mase).tolist() == [[False, True], [False, False], [False, False], [False, False]]


def test_what_is_finished_can_be_compared() -> None:
    panel = Panel.from_series({"line": np.arange(30.0)})
    splits = splits_of(panel)
    outcomes = list(backtest([Line("naive"), Line("line", 1)], splits))
    found = compared(outcomes[:5], splits, panel.ids, 3, 1)  # two whole origins and one candidate of the third
    assert found is not None
    assert (found.origins, len(found.scores)) == (2, 2)
    first = compared(outcomes[:1], splits, panel.ids, 3, 1)
    assert first is not None
    assert [score.name for score in first.scores] == ["naive"]
    assert compared([], splits, panel.ids, 3, 1) is None


def test_coverage_is_the_share_of_values_within() -> None:
    panel = Panel.from_series({"line": np.concatenate([np.arange(15), [20, 100, -100]])})
    found = scored([Line("naive")], panel, 1)
    assert found["naive"].covered.tolist() == [
        [[pytest.approx(100 / 3)]]
    ]  # the interval is as wide as what was seen: +-15
    splits = splits_of(panel, 1)
    (outcome,) = backtest([Line("naive")], splits)
    without = replace(outcome.forecast, quantiles=outcome.forecast.quantiles + np.array([NAN, 0, NAN]))
    found = compared([outcome._replace(forecast=without)], splits, panel.ids, 3, 1)
    assert found is not None
    assert np.isnan(found["naive"].covered).all()


def test_processes_give_the_same() -> None:
    splits = splits_of(waves())
    candidates = [Line("naive"), Line("line", 1)]
    alone = {(each.candidate, each.origin): each.forecast for each in backtest(candidates, splits)}
    together = {(each.candidate, each.origin): each.forecast for each in backtest(candidates, splits, jobs=2)}
    assert alone.keys() == together.keys()
    for key, forecast in alone.items():
        assert forecast.point.tobytes() == together[key].point.tobytes()
        assert forecast.quantiles.tobytes() == together[key].quantiles.tobytes()


@dataclass(frozen=True)
class Asleep(Line):
    """A candidate that only works where interruptions are ignored."""

    def fit(self, seen: Panel) -> Callable[[Panel], Forecast]:
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
        return super().fit(seen)


def test_interruptions_are_for_the_first_process_alone() -> None:
    before = signal.getsignal(signal.SIGINT)
    assert len(list(backtest([Asleep("naive")], splits_of(waves()), jobs=2))) == 4
    assert signal.getsignal(signal.SIGINT) is before


@dataclass(frozen=True)
class Killed(Line):
    """A candidate whose process is ended from outside."""

    def fit(self, seen: Panel) -> Callable[[Panel], Forecast]:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().fit(seen)


def test_a_process_that_is_killed_is_an_error_in_words() -> None:
    with pytest.raises(RnncastError, match="a process ended before its work was done"):
        list(backtest([Killed("naive")], splits_of(waves()), jobs=2))


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_names_its_candidate(jobs: int) -> None:
    splits = splits_of(waves())
    with pytest.raises(RnncastError, match=r"broken at origin \d: it is broken") as raised:
        list(backtest([Line("naive"), Line("broken", fails=True)], splits, jobs=jobs))
    assert raised.value.hint == "mend it"


def names(plan: Plan, seen: Panel | None = None) -> list[str]:
    findings = compare_candidates(seen or waves(), small_config(epochs=0), plan)
    return [row[0] for row in findings.rows]


def test_compare_puts_all_candidates_on_the_same_origins() -> None:
    done = []
    findings = compare_candidates(
        waves(), small_config(), Plan(folds=2), lambda count, total, words: done.append((count, total))
    )
    comparison, verdict = findings.comparison, findings.verdict
    assert comparison is not None
    assert verdict is not None
    assert {score.name for score in comparison.scores} == {"lstm", "window", "naive", "seasonal-naive"}
    assert done == [(i, 8) for i in range(1, 9)]
    assert (comparison.origins, comparison.horizon, comparison.season, comparison.series) == (2, 4, 6, 3)
    assert comparison.units == "series"
    assert verdict.sentence.endswith(".")
    assert findings.unfinished == 0
    rows = [dict(zip(findings.names, row, strict=True)) for row in findings.rows]
    assert all(len(row) == len(findings.names) for row in findings.rows)
    reference = next(row for row in rows if row["model"] == "seasonal-naive")
    for row in rows:
        assert row["skill"] == pytest.approx(1 - row["mase"] / reference["mase"])
        assert 0 <= row["coverage-80"] <= row["coverage-95"] <= 100
        assert (row["model"] == verdict.model) == math.isnan(row["p"])


def test_nets_trained_in_processes_and_from_the_first_origin_only() -> None:
    def point(name: str, **how: object) -> list[bytes]:
        config = small_config(epochs=1)
        findings = compare_candidates(waves(series=1), config, Plan(baselines=(), folds=2, **how))  # type: ignore[arg-type]
        return [each.forecast.point.tobytes() for each in findings.outcomes if each.candidate == name]

    anew, once = point("lstm"), point("lstm", refit=False)
    assert point("lstm", jobs=2) == anew
    assert once[0] == anew[0]
    assert once[1] != anew[1]
    assert point("naive", refit=False) == point("naive")


def test_candidates_are_named_once_and_naive_ones_are_always_there() -> None:
    plan = Plan((Entry("lstm"), Entry("gru")), (Entry("drift"), Entry("naive")), folds=1)
    assert sorted(names(plan)) == ["drift", "gru", "lstm", "naive", "seasonal-naive"]
    settings = small_config(epochs=0).with_model("rnn")
    assert "mine" in names(Plan((Entry("mine", settings),), (), folds=1))


def test_one_recursive_net_makes_all_recursive() -> None:
    plan = Plan((Entry("lstm"),), (Entry("jordan"),), folds=1)
    findings = compare_candidates(waves(), small_config(epochs=0), plan)
    assert len(findings.rows) == 4


def test_folds_are_as_many_as_the_data_have_room_for_unless_asked() -> None:
    def origins(panel: Panel, folds: int | None) -> int:
        findings = compare_candidates(panel, small_config(epochs=0), Plan((Entry("mean"),), (), folds=folds))
        assert findings.comparison is not None
        return findings.comparison.origins

    assert origins(waves(), None) == 8
    assert origins(waves(series=10), None) == 4
    assert origins(waves(series=1, steps=20), None) == 3
    assert origins(waves(), 9) == 9


def test_compare_refuses_what_makes_no_sense() -> None:
    with pytest.raises(UsageError, match="no candidate called 'oracle'") as raised:
        names(Plan(baselines=(Entry("oracle"),)))
    assert all(name in raised.value.hint for name in BASELINES)
    with pytest.raises(UsageError, match="lstm is named twice"):
        names(Plan(baselines=(Entry("lstm"),)))
    tiny = Panel.from_series({"a": np.array([1.0, 2, 1, 2, 3, 1, 2, 1, 2, 3])})
    with pytest.raises(DataError, match="ets cannot forecast any of these series"):
        names(Plan((Entry("ets"),), (), folds=1), tiny)
    with pytest.raises(DataError, match="too few rows for 40 origins"):
        names(Plan(folds=40))

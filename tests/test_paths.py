"""Sampled futures: each lead time is as the quantiles say, and sums over the horizon cover what they say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncast import Config, Forecaster, Panel
from rnncast.config import TaskConfig, TrainConfig
from rnncast.errors import UsageError
from rnncast.intervals.copula import correlated_scores, templates_of
from rnncast.intervals.quantiles import normal_scores, requantiled, scores_at, values_at

PROBABILITIES = (0.025, 0.1, 0.5, 0.9, 0.975)
HORIZON = 8


def rising(values: list[float]) -> np.ndarray:
    return np.cumsum(np.abs(values)) + 0.1 * np.arange(len(values))


@given(st.lists(st.floats(-5, 5), min_size=5, max_size=5), st.floats(-3.5, 3.5))
def test_scores_undo_values(widths: list[float], score: float) -> None:
    quantiles = rising(widths)
    value = values_at(quantiles, PROBABILITIES, np.array([score]))
    assert scores_at(quantiles, PROBABILITIES, value[0]) == pytest.approx(score, abs=1e-6)


def test_a_normal_distribution_is_known_from_five_quantiles() -> None:
    quantiles = 3 + 2 * normal_scores(PROBABILITIES)
    wanted = (0.001, 0.1, 0.3, 0.5, 0.99)
    assert requantiled(quantiles, PROBABILITIES, wanted) == pytest.approx(3 + 2 * normal_scores(wanted))


@given(st.lists(st.floats(-5, 5), min_size=5, max_size=5), st.lists(st.floats(0.001, 0.999), min_size=2, max_size=9))
def test_other_quantiles_never_cross_and_those_there_are_stay(widths: list[float], others: list[float]) -> None:
    quantiles, wanted = rising(widths), tuple(sorted({*others, *PROBABILITIES}))
    result = requantiled(quantiles, PROBABILITIES, wanted)
    assert (np.diff(result) >= -1e-9).all()
    assert [result[wanted.index(p)] for p in PROBABILITIES] == quantiles.tolist()


@settings(max_examples=10)
@given(st.floats(0, 0.99), st.integers(0, 2**32 - 1))
def test_paths_hang_together_as_the_templates_do(strength: float, seed: int) -> None:
    random = np.random.default_rng(seed)
    common = random.standard_normal((500, 1))
    scores = np.sqrt(strength) * common + np.sqrt(1 - strength) * random.standard_normal((500, 3))
    drawn = correlated_scores(templates_of(scores), 4000, random)
    assert np.cov(drawn) == pytest.approx(strength + (1 - strength) * np.eye(3), abs=0.2)


def test_without_templates_lead_times_have_nothing_to_do_with_each_other() -> None:
    drawn = correlated_scores(templates_of(np.full((0, 3), np.nan)), 20_000, np.random.default_rng(1))
    assert np.cov(drawn) == pytest.approx(np.eye(3), abs=0.05)


def walks(series: int, steps: int, seed: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    return {f"s{s:03}": 100 + random.standard_normal(steps).cumsum() for s in range(series)}


@pytest.fixture(scope="module")
def walked() -> tuple[Panel, np.ndarray]:
    """300 random walks: what is seen, and the horizon after it."""
    every = walks(300, 60 + HORIZON, 1)
    seen = Panel.from_series({name: y[:-HORIZON] for name, y in every.items()})
    return seen, np.array([y[-HORIZON:] for y in every.values()])


@pytest.fixture(scope="module")
def direct(walked: tuple[Panel, np.ndarray]) -> Forecaster:
    """A direct model of those walks."""
    return trained(walked[0], "direct")


def trained(panel: Panel, strategy: str) -> Forecaster:
    task = TaskConfig(horizon=HORIZON, seasons=(1,), strategy=strategy, transform="none")
    return Forecaster.fit(panel, Config(task=task, train=TrainConfig(epochs=3, members=1, seed=1)))


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_sums_over_the_horizon_cover_what_they_say(
    walked: tuple[Panel, np.ndarray], direct: Forecaster, strategy: str
) -> None:
    (seen, after), forecaster = walked, direct
    if strategy == "recursive":  # which takes longer
        few = np.arange(100)
        seen, after = seen.select(few, seen.lengths[few]), after[few]
        forecaster = trained(seen, strategy)
    paths = forecaster.sample(100).values  # [S, H, P]
    actual = after.sum(axis=1)
    low, high = np.quantile(paths.sum(axis=1), [0.1, 0.9], axis=1)
    covered = ((low <= actual) & (actual <= high)).mean()
    assert 0.7 <= covered <= 0.9
    # Shuffled, each lead time on its own, the same values give sums that are far too sure.
    alone = np.random.default_rng(0).permuted(paths, axis=2)
    low, high = np.quantile(alone.sum(axis=1), [0.1, 0.9], axis=1)
    assert ((low <= actual) & (actual <= high)).mean() < covered - 0.1


def test_paths_have_the_quantiles_of_the_forecast(direct: Forecaster) -> None:
    forecast, paths = direct.predict(), direct.sample(1000).values
    low, high = forecast.interval(80)
    inside = ((low[:, :, None] <= paths) & (paths <= high[:, :, None])).mean(axis=(0, 2))  # [H]
    assert inside == pytest.approx(0.8, abs=0.02)


def test_any_interval_can_be_asked_for(direct: Forecaster) -> None:
    """Those that were not trained lie between and beyond those that were."""
    forecast = direct.predict()
    widths = [np.subtract(*forecast.interval(level)[::-1]) for level in (50, 80, 90, 95, 99)]
    assert (np.diff(widths, axis=0) > 0).all()
    with pytest.raises(UsageError, match="--level is 100, but must be at most"):
        forecast.interval(100)


def test_what_holds_much_is_shown_short(direct: Forecaster, walked: tuple[Panel, np.ndarray]) -> None:
    assert repr(direct) == f"Forecaster(lstm, 300 series, numbered steps, horizon {HORIZON}, season 1)"
    assert repr(walked[0]) == "Panel(300 series, 18,000 steps, numbered steps, 1 to 60)"
    assert repr(direct.predict()) == f"Forecast(300 series, {HORIZON} steps, numbered steps, 61 to 68, levels 80, 95)"
    assert repr(direct.sample(2)) == f"Paths(300 series, {HORIZON} steps, numbered steps, 61 to 68, 2 paths)"


def test_the_paths_of_a_series_do_not_depend_on_the_others(
    walked: tuple[Panel, np.ndarray], direct: Forecaster
) -> None:
    seen = walked[0]
    some = seen.select(np.array([7, 3]), seen.lengths[[7, 3]])
    assert direct.sample(5, some).values == pytest.approx(direct.sample(5, seen).values[[7, 3]], abs=1e-4)

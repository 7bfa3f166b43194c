"""Intervals held against values that were held back: they cover what they say, whatever the net thought of itself."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncast.config import TaskConfig
from rnncast.forecaster.following import Follower
from rnncast.forecaster.forecaster import Forecaster
from rnncast.intervals.conformal import FEW, calibrated, interval_factors, series_factors, widened
from rnncast.intervals.quantiles import normal_scores
from rnncast.runtime.runtime import CONFORMAL, WIDTHS
from rnncast.series.panel import Panel
from tests.conftest import small_config, waves

PROBABILITIES = (0.025, 0.1, 0.5, 0.9, 0.975)
HORIZON = 6


def forecasts(number: int, believed: float) -> np.ndarray:
    """Quantiles [N, H, Q] of normal values around 0 of which a net believes that their deviation is so much."""
    return np.broadcast_to(believed * normal_scores(PROBABILITIES), (number, HORIZON, len(PROBABILITIES)))


def one_origin(number: int) -> np.ndarray:
    return np.zeros(number, np.int64)


@pytest.mark.parametrize("believed", [0.3, 1.0, 4.0])
def test_intervals_cover_what_they_say_on_values_not_used_to_calibrate_them(believed: float) -> None:
    random = np.random.default_rng(0)
    seen, fresh = random.standard_t(4, (2, 3000, HORIZON)) * np.arange(1, HORIZON + 1)  # ever wider, with long tails
    factors = interval_factors(seen, forecasts(3000, believed), PROBABILITIES, one_origin(3000))
    quantiles = calibrated(forecasts(3000, believed), factors)
    for pair, level in ((0, 0.95), (1, 0.8)):
        inside = (fresh >= quantiles[:, :, pair]) & (fresh <= quantiles[:, :, -1 - pair])
        np.testing.assert_allclose(inside.mean(0), level, atol=0.025)  # at each lead time


def test_a_few_values_move_intervals_little_and_none_not_at_all() -> None:
    none = interval_factors(np.full((5, HORIZON), np.nan), forecasts(5, 1.0), PROBABILITIES, one_origin(5))
    np.testing.assert_allclose(none, 1.0, atol=0.15)
    one = np.full((1, HORIZON), np.nan)
    one[0, 3] = 30.0
    few = interval_factors(one, forecasts(1, 1.0), PROBABILITIES, one_origin(1))
    many = interval_factors(np.full((500, HORIZON), 30.0), forecasts(500, 1.0), PROBABILITIES, one_origin(500))
    np.testing.assert_allclose(few[:, 1], none[:, 1], atol=0.15)
    assert (many > 10).all()


def test_luck_that_an_origin_shares_is_allowed_for() -> None:
    """At each origin all values are off alike; only intervals that know of origins cover at the next one."""
    random, number, each = np.random.default_rng(3), 6, 40
    knowing, unknowing = [], []
    for _ in range(150):
        luck = random.standard_normal((number + 1, 1, 1))
        values = 0.9 * luck + np.sqrt(1 - 0.9**2) * random.standard_normal((number + 1, each, HORIZON))
        seen, fresh = values[:-1].reshape(-1, HORIZON), values[-1]
        believed, origins = forecasts(number * each, 1.0), np.repeat(np.arange(number), each)
        for covered, told in ((knowing, origins), (unknowing, one_origin(number * each))):
            factors = interval_factors(seen, believed, PROBABILITIES, told)
            low, high = calibrated(forecasts(each, 1.0), factors)[:, :, [1, -2]].swapaxes(0, 2).swapaxes(1, 2)
            covered.append(((low <= fresh) & (fresh <= high)).mean())
    assert np.mean(unknowing) < 0.77
    assert np.mean(unknowing) + 0.01 < np.mean(knowing) < 0.82


def test_a_missing_value_counts_for_nothing() -> None:
    actual = np.random.default_rng(1).normal(0, 2, (400, HORIZON))
    holes = np.concatenate((actual, np.full((400, HORIZON), np.nan)))
    np.testing.assert_array_equal(
        interval_factors(actual, forecasts(400, 1.0), PROBABILITIES, one_origin(400)),
        interval_factors(holes, forecasts(800, 1.0), PROBABILITIES, one_origin(800)),
    )


@given(st.lists(st.floats(0, 100), min_size=2 * HORIZON, max_size=2 * HORIZON), st.integers(1, 3 * HORIZON))
def test_calibrated_quantiles_never_cross_and_keep_their_median(numbers: list[float], horizon: int) -> None:
    quantiles = np.sort(np.random.default_rng(0).normal(0, 1, (2, horizon, len(PROBABILITIES))), axis=2)
    got = calibrated(quantiles, np.array(numbers).reshape(HORIZON, 2))
    assert (np.diff(got, axis=2) >= 0).all()
    np.testing.assert_array_equal(got[:, :, 2], quantiles[:, :, 2])


def unlike(spread: float, seed: int, number: int = 5, each: int = 40) -> tuple[np.ndarray, tuple[np.ndarray, ...]]:
    """Values [O * S, H] of series whose deviations differ by that much in logs; and the origin and series of each."""
    random = np.random.default_rng(seed)
    deviation = np.exp(spread * random.standard_normal(each))[None, :, None]
    values = deviation * random.standard_normal((number, each, HORIZON))
    origin, series = np.indices((number, each)).reshape(2, -1)
    return values.reshape(-1, HORIZON), (origin, series)


@pytest.mark.parametrize("spread", [0.0, 0.6])
def test_series_that_differ_are_each_covered_and_others_are_left_alone(spread: float) -> None:
    """Coverage over all series stays what it was; that of single ones comes closer to it, if they differ."""
    together, apart, over_all = [], [], []
    for seed in range(20):
        values, (origin, series) = unlike(spread, seed)
        past, fresh = values[origin < 4], values[origin == 4]
        places = origin[origin < 4], series[origin < 4]
        believed = forecasts(len(past), 1.0)
        own, of_others = series_factors(past, believed, PROBABILITIES, places)
        for factors, found in ((np.ones(40), together), (own, apart)):
            fitted_to = of_others if found is apart else np.ones(len(past))
            panel = interval_factors(past, widened(believed, fitted_to), PROBABILITIES, places[0])
            quantiles = calibrated(widened(forecasts(40, 1.0), factors), panel)
            inside = (quantiles[:, :, 1] <= fresh) & (fresh <= quantiles[:, :, -2])
            found.append(np.mean((inside.mean(1) - 0.8) ** 2))
            over_all += [inside.mean()] if found is apart else []
    assert np.mean(over_all) == pytest.approx(0.8, abs=0.02)
    if spread:
        assert np.mean(apart) < 0.6 * np.mean(together)
    else:
        assert np.mean(apart) < 1.1 * np.mean(together)


def test_what_cannot_tell_series_apart_gives_them_no_factors() -> None:
    """One origin, a few series, or values that are all missing."""
    values, (origin, series) = unlike(1.0, 0)
    for chosen in (origin == 0, series < FEW):
        own, of_others = series_factors(
            values[chosen], forecasts(chosen.sum(), 1.0), PROBABILITIES, (origin[chosen], series[chosen])
        )
        assert (own == 1).all()
        assert (of_others == 1).all()
    own, _ = series_factors(np.full(values.shape, np.nan), forecasts(len(values), 1.0), PROBABILITIES, (origin, series))
    assert (own == 1).all()


def test_a_series_keeps_its_factor_whichever_way_it_is_forecast(tmp_path: Path) -> None:
    """From the state, from its values, as a stream, alone, in paths, and from the file; by its id."""
    panel = waves(12)
    asked = small_config(epochs=1, validate=True)
    made = Forecaster.fit(panel, asked)
    made = replace(made, weights={**made.weights, WIDTHS: np.linspace(0.5, 2, 12).astype(np.float32)})
    plain = replace(made, weights={name: each for name, each in made.weights.items() if name != WIDTHS})
    made.save(str(tmp_path / "model"))
    whole, before = made.predict().quantiles, plain.predict().quantiles
    median = before[:, :, [before.shape[2] // 2]]
    log = np.log if made.log else np.asarray
    factor = made.weights[WIDTHS].astype(float)[:, None, None]
    np.testing.assert_allclose(log(whole) - log(median), factor * (log(before) - log(median)), rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(Forecaster.load(str(tmp_path / "model")).predict().quantiles, whole)
    np.testing.assert_allclose(made.predict(panel).quantiles, whole, rtol=1e-6)
    alone = panel.select(np.array([7]), panel.lengths[[7]])
    np.testing.assert_allclose(made.predict(alone).quantiles, whole[[7]], rtol=1e-6)
    follower = Follower(made)
    np.testing.assert_allclose(follower.forecast(follower.begin(panel.ids[7]), None).quantiles, whole[[7]], rtol=1e-6)
    paths = made.sample(4000).values
    low = np.quantile(paths, made.spec.task.quantiles[1], axis=2)
    wide = (whole[:, :, -1] - whole[:, :, 0]).mean()
    assert np.abs(low - whole[:, :, 1]).mean() < 0.05 * wide


def test_a_panel_of_unlike_series_is_trained_with_factors() -> None:
    random = np.random.default_rng(0)
    noise = np.exp(random.standard_normal(12))
    panel = Panel.from_series({f"s{s}": 50 + size * random.standard_normal(80) for s, size in enumerate(noise)})
    made = Forecaster.fit(
        panel, replace(small_config(epochs=1, validate=True), task=TaskConfig(horizon=4, seasons=(1,)))
    )
    assert made.weights[CONFORMAL].shape[0] == 4
    assert made.weights.get(WIDTHS, np.ones(12)).shape == (12,)

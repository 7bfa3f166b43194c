"""Intervals held against values that were held back: they cover what they say, whatever the net thought of itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncast.intervals.conformal import calibrated, interval_factors
from rnncast.intervals.quantiles import normal_scores

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

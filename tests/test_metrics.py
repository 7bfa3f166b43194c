"""Metrics against values worked out by hand, and against a published library."""

from statistics import NormalDist

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from utilsforecast import losses

from rnncast.series.metrics import (
    bias,
    coverage,
    crps,
    crps_of_paths,
    interval_score,
    mae,
    mape,
    mase,
    msis,
    owa,
    rmse,
    rmsse,
    seasonal_error,
    seasonal_root_square,
    smape,
    wql,
)
from rnncast.series.panel import Panel

NAN = float("nan")


def test_seasonal_error() -> None:
    panel = Panel.from_series(
        {
            "plain": np.array([1.0, 2, 4, 8]),  # m = 2: |4-1|, |8-2|
            "holes": np.array([1.0, NAN, 4, 8]),
            "repeats": np.array([1.0, 2, 1, 2]),  # m = 2 says 0, so m = 1
            "constant": np.array([5.0, 5, 5, 5]),
        }
    )
    np.testing.assert_allclose(seasonal_error(panel, 2), [4.5, 3, 1, NAN])


def test_mae_leaves_out_what_is_missing() -> None:
    actual = np.array([[1.0, 2, NAN], [NAN, NAN, NAN]])
    np.testing.assert_allclose(mae(actual, np.zeros((2, 3))), [1.5, NAN])


def test_mase_of_seasonal_naive_on_a_line_is_one() -> None:
    panel = Panel.from_series({"line": np.arange(24.0)})
    actual, point = np.arange(24.0, 36)[None], np.arange(12.0, 24)[None]
    assert mase(actual, point, seasonal_error(panel, 12))[0] == pytest.approx(1)


def test_smape_runs_from_0_to_200() -> None:
    actual = np.array([[2.0, 0], [1, 1], [0, 0]])
    point = np.array([[2.0, 0], [3, 0], [1, -1]])
    np.testing.assert_allclose(smape(actual, point), [0, (100 + 200) / 2, 200])


def test_errors_in_percent_leave_out_zeros_and_know_too_high_from_too_low() -> None:
    actual, point = np.array([[2.0, 0, 4]]), np.array([[3.0, 1, 2]])
    assert mape(actual, point)[0] == pytest.approx((50 + 50) / 2)
    assert bias(actual, point)[0] == pytest.approx((1 + 1 - 2) / 3)
    assert rmse(actual, point)[0] == pytest.approx(np.sqrt((1 + 1 + 4) / 3))


def test_weights_say_how_much_a_value_counts() -> None:
    actual, point, weight = np.array([[1.0, 2, NAN]]), np.array([[2.0, 5, 9]]), np.array([[3.0, 1, 8]])
    assert mae(actual, point, weight)[0] == pytest.approx((3 * 1 + 1 * 3) / 4)
    assert coverage(actual, point - 1, point + 1, weight)[0] == pytest.approx(75)
    assert np.isnan(mae(actual, point, weight * 0)[0])


def test_an_interval_is_charged_for_its_width_and_for_what_it_misses() -> None:
    actual, low, high = np.array([[1.0, 5, 12]]), np.array([[0.0, 6, 0]]), np.array([[2.0, 8, 10]])
    by_hand = (2 + (2 + 2 / 0.2 * 1) + (10 + 2 / 0.2 * 2)) / 3
    assert interval_score(actual, low, high, 80)[0] == pytest.approx(by_hand)
    assert msis(actual, low, high, 80, np.array([4.0]))[0] == pytest.approx(by_hand / 4)
    assert coverage(actual, low, high)[0] == pytest.approx(100 / 3)


def test_crps_of_a_normal_distribution_is_the_known_one() -> None:
    """E|X - y| - E|X - X'|/2 of a standard normal X in closed form (Gneiting & Raftery 2007, eq. 21)."""
    y, normal = 0.7, NormalDist()
    exact = y * (2 * normal.cdf(y) - 1) + 2 * normal.pdf(y) - 1 / np.sqrt(np.pi)
    probabilities = (0.025, 0.1, 0.5, 0.9, 0.975)
    quantiles = np.array([[[normal.inv_cdf(p) for p in probabilities]]])
    assert crps(np.array([[y]]), quantiles, probabilities)[0] == pytest.approx(exact, rel=0.02)
    paths = np.random.default_rng(1).standard_normal((1, 1, 20_000))
    assert crps_of_paths(np.array([[y]]), paths)[0] == pytest.approx(exact, rel=0.02)


def test_two_paths_are_scored_fairly() -> None:
    # E|X - y| = 2, and two different paths are 4 apart.
    assert crps_of_paths(np.array([[1.0]]), np.array([[[-1.0, 3.0]]]))[0] == pytest.approx(2 - 4 / 2)


def test_naive2_of_m4_has_an_owa_of_one() -> None:
    assert owa(10.0, 2.0, 10.0, 2.0) == 1
    assert owa(5.0, 2.0, 10.0, 2.0) == pytest.approx(0.75)


@settings(max_examples=20)
@given(st.integers(1, 5), st.integers(1, 8), st.sampled_from([1, 3, 7]), st.integers(0, 2**32 - 1))
def test_a_published_library_agrees(series: int, horizon: int, season: int, seed: int) -> None:
    """utilsforecast, whose sMAPE runs from 0 to 1, and MAPE and coverage in shares."""
    random = np.random.default_rng(seed)
    past, future, point = (np.exp(random.standard_normal((series, n))) for n in (30, horizon, horizon))
    low, high = point - 0.5, point + 0.5
    probabilities = (0.1, 0.5, 0.9)
    quantiles = np.stack([low, point, high], -1)
    ids = np.repeat([f"s{s}" for s in range(series)], horizon)
    columns = {"y": future, "m": point, "m-lo-80": low, "m-hi-80": high}
    steps = {"unique_id": ids, "ds": np.tile(np.arange(31, 31 + horizon), series), "cutoff": 30}
    frame = pd.DataFrame({**steps, **{name: values.ravel() for name, values in columns.items()}})
    for name, values in zip(("q1", "q5", "q9"), np.moveaxis(quantiles, -1, 0), strict=True):
        frame[name] = values.ravel()
    train = pd.DataFrame(
        {
            "unique_id": np.repeat([f"s{s}" for s in range(series)], 30),
            "ds": np.tile(np.arange(1, 31), series),
            "y": past.ravel(),
        }
    )
    panel = Panel.from_series({f"s{s}": y for s, y in enumerate(past)})
    theirs = {
        "mae": losses.mae(frame, ["m"]),
        "rmse": losses.rmse(frame, ["m"]),
        "bias": losses.bias(frame, ["m"]),
        "mape": losses.mape(frame, ["m"]),
        "smape": losses.smape(frame, ["m"]),
        "mase": losses.mase(frame, ["m"], season, train),
        "rmsse": losses.rmsse(frame, ["m"], season, train),
        "coverage": losses.coverage(frame, ["m"], 80),
        "mqloss": losses.mqloss(frame, {"m": ["q1", "q5", "q9"]}, np.array(probabilities)),
    }
    ours = {
        "mae": mae(future, point),
        "rmse": rmse(future, point),
        "bias": bias(future, point),
        "mape": mape(future, point) / 100,
        "smape": smape(future, point) / 200,
        "mase": mase(future, point, seasonal_error(panel, season)),
        "rmsse": rmsse(future, point, seasonal_root_square(panel, season)),
        "coverage": coverage(future, low, high) / 100,
        "mqloss": wql(future, quantiles, probabilities) * np.abs(future).mean(axis=1) / 2,
    }
    for name, reference in theirs.items():
        assert ours[name] == pytest.approx(reference.sort_values("unique_id")["m"].to_numpy()), name

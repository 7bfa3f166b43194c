"""Metrics against values worked out by hand."""

import numpy as np
import pytest

from rnncast.series.metrics import mae, mase, seasonal_error, smape
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

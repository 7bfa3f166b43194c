"""Remarks say plainly where a net wins, and where it loses."""

import numpy as np
import pytest

from rnncast import Panel
from rnncast.choices.decide import decide, resolve
from rnncast.config import Config
from rnncast.errors import DataError
from rnncast.plain import counted
from rnncast.report.words import scores_in_words
from rnncast.times.frequency import Frequency
from rnncast.training.validation import Validation
from tests.conftest import small_config, waves


@pytest.mark.parametrize(
    ("ours", "words"),
    [
        (0.5, "lstm 0.500, better than seasonal naive 1.000 and naive 2.000 (MASE)"),
        (1.5, "lstm 1.500, better than naive 2.000, but NO BETTER THAN seasonal naive 1.000 (MASE)"),
        (2.0, "lstm 2.000, NO BETTER THAN seasonal naive 1.000 and naive 2.000 (MASE)"),
    ],
)
def test_a_net_is_held_against_both_naive_forecasts(ours: float, words: str) -> None:
    scores = {"mase": ours, "seasonal_naive_mase": 1.0, "naive_mase": 2.0, "shrinkage": 0.0}
    assert scores_in_words("lstm", scores) == f"on held-out data: {words}"


def test_without_a_season_there_is_one_naive_forecast() -> None:
    scores = {"mase": 0.5, "seasonal_naive_mase": 1.0, "naive_mase": 1.0, "shrinkage": 0.0}
    assert scores_in_words("lstm", scores) == "on held-out data: lstm 0.500, better than naive 1.000 (MASE)"


def test_the_last_value_is_scored_beside_the_last_season() -> None:
    seasonal = Validation.of(waves(), resolve(small_config(), waves()))
    assert seasonal is not None
    assert seasonal.last_value > 2 * seasonal.naive
    plain = small_config()
    plain = Config(task=type(plain.task)(horizon=4, seasons=(1,)), net=plain.net, train=plain.train)
    validation = Validation.of(waves(), resolve(plain, waves()))
    assert validation is not None
    assert validation.last_value == validation.naive


def test_one_of_a_thing_is_not_several() -> None:
    assert [counted(n, "step") for n in (0, 1, 2, 1000)] == ["0 steps", "1 step", "2 steps", "1,000 steps"]
    assert [counted(n, "row was", "rows were") for n in (1, 2)] == ["1 row was", "2 rows were"]
    assert "1 series, 1 step, " in repr(Panel.from_series({"a": np.ones(1)}))


def test_a_season_longer_than_the_data_is_not_called_a_horizon() -> None:
    panel = Panel.from_series({"a": np.sin(np.arange(80.0))})
    with pytest.raises(DataError) as refused:
        decide(Config(season=1000), panel)
    assert refused.value.message == "too few rows: the longest series has 80, and --season is 1000"
    assert "horizon" not in refused.value.hint
    with pytest.raises(DataError, match="a horizon of 1000 needs"):
        decide(Config(season=4, horizon=1000), panel)


@pytest.mark.parametrize(
    ("frequency", "said"),
    [
        (Frequency("month"), "monthly data"),
        (Frequency("span", 900_000_000), "data every 15 minutes"),
        (Frequency("span", 60_000_000), "data every minute"),
        (Frequency("business day"), "data of business days"),
        (Frequency("step"), "data with numbered steps"),
    ],
)
def test_a_frequency_is_said_in_english(frequency: Frequency, said: str) -> None:
    assert frequency.data == said

"""Numbers at the edge of what a number can be: forecasts are finite and their quantiles rise, or the data are refused.

Trained with tiny nets, over every loss and strategy; then asked for other levels, quantiles and whole paths.
"""

from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.errors import RnncastError
from rnncast.forecaster.following import Follower
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.panel import Panel

STEPS = 48
TIME = np.arange(STEPS)
WANTED = (0.0005, 0.01, 0.3, 0.5, 0.77, 0.999)
SHAPES = {
    "waves": 2 + np.sin(TIME),
    "both signs": np.sin(TIME) * 1.7,
    "constant": np.full(STEPS, 3.0),
    "zero": np.zeros(STEPS),
    "nearly constant": 1 + np.where(TIME % 3, 0, 2.3e-16),
    "beyond all digits": 2.0**53 + TIME % 5,
    "spikes": np.where(TIME % 7, 0.0, 1e15),
    "jump": np.where(TIME < STEPS // 2, 1e-5, 1e5),
    "explosion": np.exp(TIME * 3.0),
    "lost tail": np.where(TIME < STEPS // 2, 2 + np.sin(TIME), np.nan),
    "all but lost": np.where(TIME % 23, np.nan, 2.0 + TIME),
}
NETS = (
    ("lstm", "direct", "pinball"),
    ("rnn", "recursive", "pinball"),
    ("gru", "direct", "student-t"),
    ("window", "direct", "mse"),
    ("lstm", "direct", "negative-binomial"),
    ("jordan", "recursive", "huber"),
)


class Case(NamedTuple):
    """A series and the net that it is given to."""

    y: NDArray[np.float64]
    net: tuple[str, str, str]
    transform: str


@st.composite
def cases(draw: st.DrawFn) -> Case:
    y = SHAPES[draw(st.sampled_from(sorted(SHAPES)))] * 10.0 ** draw(
        st.sampled_from([0, 0, 9, 80, 148, -30, -300, -320])
    )
    if draw(st.booleans()):  # one value is huge among the others
        at = draw(st.sampled_from([0, STEPS // 2, STEPS - 1]))
        y = np.where(at == TIME, draw(st.sampled_from([1e149, -1e149, 1e18, 1e308, 5e-324])), y)
    if draw(st.booleans()):
        first = draw(st.integers(0, STEPS - 2))
        y = np.where((first <= TIME) & (first + draw(st.integers(1, 30)) > TIME), np.nan, y)
    return Case(y, draw(st.sampled_from(NETS)), draw(st.sampled_from(["auto", "none"])))


def rises(values: NDArray[np.float64]) -> bool:
    return bool(np.isfinite(values).all() and (np.diff(values, axis=-1) >= 0).all())


@settings(max_examples=25)
@given(cases())
def test_forecasts_are_finite_and_rise_or_are_refused(case: Case) -> None:
    model, strategy, loss = case.net
    y = np.round(np.abs(case.y)) if loss == "negative-binomial" else case.y
    config = Config(
        task=TaskConfig(horizon=3, seasons=(6,), strategy=strategy, transform=case.transform),
        net=NetConfig(model=model, hidden_size=3, window=4),
        train=TrainConfig(epochs=2, members=1, loss=loss),
    )
    with np.errstate(all="ignore"):
        try:
            forecaster = Forecaster.fit(Panel.from_series({"y": y}), config)
            forecast, paths = forecaster.predict(), forecaster.sample(20)
            follower = Follower(forecaster)
            followed = follower.after(follower.begin("y"), 1.0, (), gaps=False)
            after = follower.forecast(followed, None)
        except RnncastError:
            return
        levels = forecast.at(WANTED, by_level=False).quantiles
    assert rises(forecast.quantiles)
    assert rises(levels)
    assert rises(after.quantiles)
    assert (levels[:, :, :3].max(-1) <= forecast.point).all()
    assert (forecast.point <= levels[:, :, 4:].min(-1)).all()
    assert np.isfinite(paths.values).all()


@pytest.mark.parametrize("value", [1e308, -1.7e308, 1e151])
def test_a_value_too_large_to_compute_with_is_named(value: float) -> None:
    panel = Panel.from_series({"a": np.arange(30.0), "b": np.where(np.arange(30) == 7, value, 1.0)})
    with pytest.raises(RnncastError, match=r"the value .* is too large to compute with"):
        Forecaster.fit(panel, Config(task=TaskConfig(horizon=2)))


def test_what_is_restored_from_logs_is_no_infinity() -> None:
    """One value far below the others: in logs, the intervals go beyond all numbers."""
    y = np.where(TIME == STEPS - 1, 1e-300, np.exp(np.sin(TIME) * 300))
    config = Config(
        task=TaskConfig(horizon=3, seasons=(6,), transform="log"),
        net=NetConfig(hidden_size=3, window=4),
        train=TrainConfig(epochs=1, members=1),
    )
    forecast = Forecaster.fit(Panel.from_series({"y": y}), config).predict()
    assert rises(forecast.quantiles)
    assert rises(forecast.at(WANTED, by_level=False).quantiles)
    assert (forecast.quantiles > 0).all()


@pytest.mark.slow
def test_a_million_steps_leave_no_trace_of_rounding() -> None:
    config = Config(
        task=TaskConfig(horizon=3, seasons=(6,)),
        net=NetConfig(model="window", hidden_size=3, window=4),
        train=TrainConfig(epochs=1, members=1),
    )
    waves = 1e6 + np.sin(np.arange(1_000_002) * np.pi / 3)
    forecaster = Forecaster.fit(Panel.from_series({"y": waves[:300]}), config)
    short, long = (forecaster.predict(Panel.from_series({"y": waves[-n:]})) for n in (600, 1_000_002))
    assert rises(long.quantiles)
    np.testing.assert_allclose(long.quantiles, short.quantiles, rtol=1e-9)

"""The frame's laws: it can be split anywhere, sees nothing ahead, is the same in NumPy and torch, and can be undone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncast.series.arrays import joined
from rnncast.series.frame import Frame, FrameView

FRAME = Frame(seasons=(4, 6), spans=(4,), window=5, horizon=7, log=False, base=("last-4",))


def values(seed: int, holes: float = 0.2) -> np.ndarray:
    """Two series of 60 values [2, 60] with holes; the second begins late."""
    random = np.random.default_rng(seed)
    y = random.normal(50, 5, (2, 60)).cumsum(axis=1)
    y[random.random(y.shape) < holes] = np.nan
    y[1, :11] = np.nan
    return y


def whole_view(frame: Frame, y: np.ndarray) -> FrameView:
    state = frame.init_state(len(y), y)
    units, _ = frame.advance(y, state)
    return frame.view(frame.tracks(joined(state.history, y)), units)


@settings(derandomize=True, max_examples=30)
@given(seed=st.integers(0, 1000), cut=st.integers(1, 59))
def test_splitting_law(seed: int, cut: int) -> None:
    y = values(seed)
    whole, last = FRAME.advance(y, FRAME.init_state(2, y))
    first, middle = FRAME.advance(y[:, :cut], FRAME.init_state(2, y))
    second, end = FRAME.advance(y[:, cut:], middle)
    for early, late, both in zip(first, second, whole, strict=True):
        np.testing.assert_allclose(np.hstack((early, late[:, 1:])), both, rtol=1e-12)
    for split, through in zip(end, last, strict=True):
        np.testing.assert_allclose(split, through, rtol=1e-12)
    before = FRAME.init_state(2, y)
    past, nothing = joined(before.history, y), np.zeros((2, FRAME.lookback + y.shape[1], 0))
    for picked, reached in zip(FRAME.state_after(past, nothing, whole, cut), middle, strict=True):
        np.testing.assert_allclose(picked, reached, rtol=1e-12)


@settings(derandomize=True, max_examples=30)
@given(seed=st.integers(0, 1000), cut=st.integers(1, 59))
def test_nothing_ahead_is_seen(seed: int, cut: int) -> None:
    y = values(seed)
    other = y.copy()
    other[:, cut:] = np.random.default_rng(seed + 1).normal(-1000, 300, other[:, cut:].shape)
    for seen, unseen in zip(whole_view(FRAME, y)[:4], whole_view(FRAME, other)[:4], strict=True):
        np.testing.assert_array_equal(seen[:, :cut], unseen[:, :cut])


@pytest.mark.parametrize("seed", range(5))
def test_numpy_and_torch_agree(seed: int) -> None:
    y = values(seed)
    for ours, theirs in zip(whole_view(FRAME, y)[:4], whole_view(FRAME, torch.from_numpy(y))[:4], strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12, atol=1e-12)


def test_level_is_the_mean_of_the_last_season_and_scale_the_seasonal_change() -> None:
    y = np.array([[1.0, 2, 3, 6, 3, 4, 5, 8, 5, 6, 7, 10]])  # up by 2 each season of 4
    units, _ = FRAME.advance(y, FRAME.init_state(1, y))
    level, scale = units.level, units.scale
    assert level[0, -1] == pytest.approx(7.0)
    # |y(t) - y(t-1)| stood in at first, with a weight of one in a hundred.
    assert scale[0, -1] == pytest.approx(2.0, rel=0.02)


def test_bases_repeat_each_season_and_the_last_value() -> None:
    y = np.arange(1.0, 25.0)[None]
    view = whole_view(FRAME, y)
    bases = FRAME.globalise(view.bases.swapaxes(2, 3), view.level, view.scale)[0, -1]  # [H, K]
    np.testing.assert_allclose(bases[:, 0], [21, 22, 23, 24, 21, 22, 23])
    np.testing.assert_allclose(bases[:, 1], [19, 20, 21, 22, 23, 24, 19])
    np.testing.assert_allclose(bases[:, 2], [24] * 7)


def test_a_missing_value_is_flagged_and_has_a_stand_in() -> None:
    """The value of the longest season before, moved on by the mean change over it; the flag says what it is."""
    y = np.arange(1.0, 25.0)[None]
    y[0, -2] = np.nan
    view = whole_view(FRAME, y)
    window, missing = np.split(view.inputs[0, -1, :-1], 2)
    assert missing.tolist() == [0, 0, 0, 1, 0]
    assert window[3] * view.scale[0, -1] + view.level[0, -1] == pytest.approx(23)


def test_a_missing_value_with_nothing_to_stand_in_is_the_level() -> None:
    y = np.array([[5.0, np.nan, 9.0, 7.0]])
    view = whole_view(FRAME, y)
    assert view.inputs[0, -1, 2] == 0  # of the window of 5
    assert view.inputs[0, -1, 7] == 1


def test_a_missing_value_is_no_target_and_moves_no_scale() -> None:
    y = values(3)
    holes = y.copy()
    holes[:, 40] = np.nan
    units, _ = FRAME.advance(holes, FRAME.init_state(2, y))
    assert (units.sums[:, 41, 1] < units.sums[:, 40, 1]).all()  # the weight of what was seen only faded
    assert np.isnan(FRAME.targets(holes[:, 40:41, None], units.level[:, 40:41], units.scale[:, 40:41])).all()


def test_a_base_has_a_stand_in_where_its_value_is_missing() -> None:
    y = np.arange(1.0, 25.0)[None]
    y[0, -4] = np.nan  # 21, the first of the last season of 4
    view = whole_view(FRAME, y)
    assert FRAME.globalise(view.bases, view.level, view.scale)[0, -1, 0, 0] == pytest.approx(21)


@pytest.mark.parametrize("log", [False, True])
def test_local_units_can_be_undone(log: bool) -> None:
    frame = Frame(seasons=(4,), spans=(4,), window=5, horizon=3, log=log, base=("last-4",))
    y = np.exp(np.random.default_rng(0).normal(3, 1, (2, 40)))
    units, _ = frame.advance(frame.transform(y), frame.init_state(2, y))
    level, scale = units.level[:, 1:], units.scale[:, 1:]
    z = frame.localise(frame.transform(y)[:, :, None], level, scale)
    np.testing.assert_allclose(frame.restore(frame.globalise(z, level, scale))[:, :, 0], y, rtol=1e-10)


def test_what_arrived_is_in_the_units_of_the_step_before() -> None:
    y = np.random.default_rng(0).normal(50, 5, (1, 30))
    units, _ = FRAME.advance(y, FRAME.init_state(1, y))
    arrived = whole_view(FRAME, y).inputs[0, :, -1]
    expected = (y[0, 1:] - units.level[0, 1:-1]) / units.scale[0, 1:-1]
    np.testing.assert_allclose(arrived[1:], np.clip(expected, -20, 20))
    assert arrived[0] == 0


def test_gradients_pass_through_the_frame_even_where_values_are_missing() -> None:
    """As they must, where forecasts are fed back: the gradient of what is seen in what was fed."""
    y = torch.from_numpy(values(0))
    y[:, 20] = 60.0
    fed = torch.full((2,), 55.0, dtype=torch.float64, requires_grad=True)
    state = FRAME.init_state(2, y)
    units, state = FRAME.advance(y[:, :20], state)
    units, _ = FRAME.advance(fed[:, None], state)
    view = FRAME.view(FRAME.tracks(joined(state.history, fed[:, None])), units)
    (gradient,) = torch.autograd.grad(view.inputs.sum() + view.bases.sum() + view.level.sum(), fed)
    assert torch.isfinite(gradient).all()
    assert (gradient != 0).all()


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e15])
@pytest.mark.parametrize("shape", ["constant", "zero", "step"])
def test_odd_series_stay_finite(size: float, shape: str) -> None:
    y = {"constant": np.ones(50), "zero": np.zeros(50), "step": np.repeat([1.0, 9.0], 25)}[shape][None] * size
    for part in whole_view(FRAME, y)[:4]:
        assert np.isfinite(part).all()


@pytest.mark.parametrize("log", [False, True])
def test_a_steady_view_is_the_view(log: bool) -> None:
    """One matrix gives what the functions of the base forecasts give, far from zero too."""
    random = np.random.default_rng(0)
    frame = replace(FRAME, log=log)
    y = 1e6 + np.cumsum(random.normal(0, 1, (3, 2 * frame.lookback)), 1)
    _, state = frame.advance(y[:, :-1], frame.init_state(3, y[:, 0]))
    units, _ = frame.advance(y[:, -1:], state)
    past = joined(state.history, y[:, -1:])
    tracks, beside = frame.tracks(past), frame.nothing_beside(past)
    general, steady = frame.view(tracks, units), frame.steady_view(tracks, units, beside)
    for name in ("inputs", "bases", "level", "scale"):
        np.testing.assert_allclose(getattr(steady, name), getattr(general, name), rtol=1e-6, atol=1e-6)
        assert getattr(steady, name).shape == getattr(general, name).shape

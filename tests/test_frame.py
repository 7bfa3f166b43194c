"""The frame's laws: it can be split anywhere, sees nothing ahead, is the same in NumPy and torch, and can be undone."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncast.frame.baselines import baselines_of
from rnncast.frame.exogenous import Exogenous
from rnncast.frame.frame import Frame
from rnncast.frame.linear import LinearView
from rnncast.frame.past import Past, init_state
from rnncast.frame.view import FrameView, side_by_side

FRAME = Frame((4, 6), (4,), window=5, horizon=7, log=False, base=("last-4",), baselines=baselines_of((4, 6), (4,)))
TWO = replace(FRAME, spans=(4, 9), measured=2, baselines=baselines_of((4, 6), (4, 9)))


def values(seed: int, holes: float = 0.2) -> np.ndarray:
    """Two series of 60 values [2, 60] with holes; the second begins late."""
    random = np.random.default_rng(seed)
    y = random.normal(50, 5, (2, 60)).cumsum(axis=1)
    y[random.random(y.shape) < holes] = np.nan
    y[1, :11] = np.nan
    return y


def whole_view(frame: Frame, y: np.ndarray, span: int = 0) -> FrameView:
    return Past.of(frame, y).view(span)


@settings(derandomize=True, max_examples=30)
@given(seed=st.integers(0, 1000), cut=st.integers(1, 59), holes=st.sampled_from([0.0, 0.2]))
def test_splitting_law(seed: int, cut: int, holes: float) -> None:
    y = values(seed, holes)
    whole, first = Past.of(TWO, y), Past.of(TWO, y[:, :cut])
    second = Past.of(TWO, y[:, cut:], first.after())
    for early, late, both in zip(first.units, second.units, whole.units, strict=True):
        np.testing.assert_allclose(np.hstack((early, late[:, 1:])), both, rtol=1e-12)
    for split, through in zip(second.after(), whole.after(), strict=True):
        np.testing.assert_allclose(split, through, rtol=1e-12)
    for picked, reached in zip(whole.after(cut), first.after(), strict=True):
        np.testing.assert_allclose(picked, reached, rtol=1e-12)
    for span in range(TWO.measured):
        for early, late, both in zip(first.view(span)[:4], second.view(span)[:4], whole.view(span)[:4], strict=True):
            np.testing.assert_allclose(np.hstack((early, late)), both, rtol=1e-9, atol=1e-9)


@settings(derandomize=True, max_examples=30)
@given(seed=st.integers(0, 1000), start=st.integers(0, 58), shared=st.booleans())
def test_a_part_of_a_past_sees_what_the_whole_sees_there(seed: int, start: int, shared: bool) -> None:
    whole = Past.of(TWO, values(seed))
    part = (whole.shared() if shared else whole).part(start, start + 2)
    for span in range(TWO.measured):
        for there, here in zip(whole.view(span)[:4], part.view(span)[:4], strict=True):
            np.testing.assert_allclose(here, there[:, start : start + 2], rtol=1e-9, atol=1e-9)
    for there, here in zip(whole.after(start + 2), part.after(), strict=True):
        np.testing.assert_array_equal(here, there)


def test_a_long_span_looks_two_of_it_back_and_never_ahead() -> None:
    """Where a value is missing, the one a span before stands in for it; it was once looked for beyond the end."""
    spans = (4, 40)
    frame = replace(FRAME, spans=spans, baselines=baselines_of((4, 6), spans))
    y = np.random.default_rng(0).normal(50, 5, (1, 200)).cumsum(axis=1)
    y[:, 70:75] = np.nan
    whole = Past.of(frame, y)
    for start in range(70, 110):
        there, here = whole.view().bases[:, start], whole.part(start, start + 1).view().bases[:, 0]
        np.testing.assert_allclose(here, there, rtol=1e-9, atol=1e-9)


def test_one_step_after_another_is_all_at_once() -> None:
    """Also where the units of a single step are computed in a way of their own, which is where nothing is missing."""
    y = values(1, holes=0)[:1]
    whole, state = Past.of(TWO, y), init_state(TWO, 1, y)
    for t in range(y.shape[1]):
        past = Past.of(TWO, y[:, t : t + 1], state)
        for now, through in zip(past.units, whole.units, strict=True):
            np.testing.assert_allclose(now, through[:, t : t + 2], rtol=1e-12)
        state = past.after()
    assert past.complete


def test_each_span_is_measured_as_if_it_were_the_only_one() -> None:
    y = values(2)
    both = Past.of(TWO, y)
    for span, turned in enumerate(((4, 9), (9, 4))):
        alone = Past.of(replace(TWO, spans=turned, measured=1, baselines=baselines_of((4, 6), turned)), y)
        for ours, theirs in zip(both.view(span)[:4], alone.view()[:4], strict=True):
            np.testing.assert_array_equal(ours, theirs)


@settings(derandomize=True, max_examples=30)
@given(seed=st.integers(0, 1000), cut=st.integers(1, 59))
def test_nothing_ahead_is_seen(seed: int, cut: int) -> None:
    y = values(seed)
    other = y.copy()
    other[:, cut:] = np.random.default_rng(seed + 1).normal(-1000, 300, other[:, cut:].shape)
    for seen, unseen in zip(whole_view(FRAME, y)[:4], whole_view(FRAME, other)[:4], strict=True):
        # To the rounding of sums, whose order depends on where an array lies; what lies ahead differs by thousands.
        np.testing.assert_allclose(seen[:, :cut], unseen[:, :cut], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("seed", range(5))
def test_numpy_and_torch_agree(seed: int) -> None:
    y = values(seed)
    for ours, theirs in zip(whole_view(FRAME, y)[:4], whole_view(FRAME, torch.from_numpy(y))[:4], strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-12, atol=1e-12)


def test_level_is_the_mean_of_the_last_season_and_scale_the_seasonal_change() -> None:
    y = np.array([[1.0, 2, 3, 6, 3, 4, 5, 8, 5, 6, 7, 10]])  # up by 2 each season of 4
    level, scale = Past.of(FRAME, y).units.of(0)
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
    past = Past.of(FRAME, holes)
    weights = past.units.sums[:, :, :, 1]
    assert (weights[:, 41] < weights[:, 40]).all()  # of what was seen: it only faded
    assert np.isnan(past.targets(holes[:, 40:41, None], slice(39, 40))).all()


def test_a_base_has_a_stand_in_where_its_value_is_missing() -> None:
    y = np.arange(1.0, 25.0)[None]
    y[0, -4] = np.nan  # 21, the first of the last season of 4
    view = whole_view(FRAME, y)
    assert FRAME.globalise(view.bases, view.level, view.scale)[0, -1, 0, 0] == pytest.approx(21)


@pytest.mark.parametrize("log", [False, True])
def test_local_units_can_be_undone(log: bool) -> None:
    frame = Frame((4,), (4,), window=5, horizon=3, log=log, base=("last-4",), baselines=baselines_of((4,), (4,)))
    y = np.exp(np.random.default_rng(0).normal(3, 1, (2, 40)))
    level, scale = (part[:, 1:] for part in Past.of(frame, frame.transform(y)).units.of(0))
    z = frame.localise(frame.transform(y)[:, :, None], level, scale)
    np.testing.assert_allclose(frame.restore(frame.globalise(z, level, scale))[:, :, 0], y, rtol=1e-10)


def test_what_arrived_is_in_the_units_of_the_step_before() -> None:
    y = np.random.default_rng(0).normal(50, 5, (1, 30))
    level, scale = Past.of(FRAME, y).units.of(0)
    arrived = whole_view(FRAME, y).inputs[0, :, -1]
    expected = (y[0, 1:] - level[0, 1:-1]) / scale[0, 1:-1]
    np.testing.assert_allclose(arrived[1:], np.clip(expected, -20, 20))
    assert arrived[0] == 0


def test_gradients_pass_through_the_frame_even_where_values_are_missing() -> None:
    """As they must, where forecasts are fed back: the gradient of what is seen in what was fed."""
    y = torch.from_numpy(values(0))
    y[:, 20] = 60.0
    fed = torch.full((2,), 55.0, dtype=torch.float64, requires_grad=True)
    view = Past.of(FRAME, fed[:, None], Past.of(FRAME, y[:, :20]).after()).view()
    (gradient,) = torch.autograd.grad(view.inputs.sum() + view.bases.sum() + view.level.sum(), fed)
    assert torch.isfinite(gradient).all()
    assert (gradient != 0).all()


@pytest.mark.parametrize("size", [1e-12, 1.0, 1e15])
@pytest.mark.parametrize("shape", ["constant", "zero", "step"])
def test_odd_series_stay_finite(size: float, shape: str) -> None:
    y = {"constant": np.ones(50), "zero": np.zeros(50), "step": np.repeat([1.0, 9.0], 25)}[shape][None] * size
    for part in whole_view(FRAME, y)[:4]:
        assert np.isfinite(part).all()


@pytest.mark.parametrize("base", [("last-4",), ("mean-6", "ses40-4")])
@pytest.mark.parametrize("log", [False, True])
def test_a_linear_view_is_the_view(log: bool, base: tuple[str, ...]) -> None:
    """Few products give what the functions of the base forecasts give, far from zero too."""
    random = np.random.default_rng(0)
    frame = replace(TWO, log=log, base=base, cycles=("year",), past=2)
    steps = 2 * frame.lookback
    y = 1e6 + np.cumsum(random.normal(0, 1, (3, steps)), 1)
    exogenous = Exogenous(random.normal(size=(3, steps, 2)), random.normal(size=(3, steps, 2)), np.zeros((3, 0, 0)))
    before = Past.of(
        frame, y[:, :-1], None, Exogenous(exogenous.covariates[:, :-1], exogenous.now[:, :-1], exogenous.ahead)
    )
    after = Exogenous(exogenous.covariates[:, -1:], exogenous.now[:, -1:], exogenous.ahead)
    past, linear = Past.of(frame, y[:, -1:], before.after(), after), LinearView(frame)
    assert linear.suits(past)
    assert not linear.suits(Past.of(frame, np.full((3, 1), np.nan), before.after(), after))
    general, quick = side_by_side(past.views(range(2))), linear.view(past)
    for name in ("inputs", "bases", "level", "scale"):
        np.testing.assert_allclose(getattr(quick, name), getattr(general, name), rtol=1e-6, atol=1e-6)
        assert getattr(quick, name).shape == getattr(general, name).shape

"""An update is made lean: what it leaves out, computes at once or takes from tables is held to the plain way."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from rnncast.choices.decide import resolve
from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.frame.baselines import FILLED, PAST, find_baseline, tracks_of
from rnncast.frame.frame import Frame
from rnncast.frame.imputation import imputed
from rnncast.frame.past import Past
from rnncast.frame.view import Leads
from rnncast.nets.model import Model, build_model, weights_of
from rnncast.runtime.head import Head
from rnncast.runtime.registry import NETS
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training import copula
from rnncast.training.batches import Batches, Chunk
from rnncast.training.copula import learnt_copula
from rnncast.training.losses import Targets, loss_of, pinball
from rnncast.training.objectives import observed, weighted_loss
from rnncast.training.pinball import loss_of_head
from tests.test_frame import FRAME, TWO, values

CPU, STEPS, HORIZON, SEASON = torch.device("cpu"), 40, 7, 6
every_net = pytest.mark.parametrize("name", NETS)
holes = st.sampled_from([0.0, 0.05, 0.3])


def awake(spec: ModelSpec) -> Model:
    """A model in float64 whose every weight matters."""
    model, random = build_model(spec).double(), torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.head.values():
            weight.normal_(0, 0.2, generator=random)
    return model


def ragged(share: float, seed: int = 0) -> Panel:
    """Three series of different lengths, a share of whose values are missing."""
    random = np.random.default_rng(seed)
    series = {}
    for number, steps in enumerate((STEPS, STEPS - 3, STEPS - 16)):
        y = 20 + 5 * np.sin(2 * np.pi * np.arange(steps) / SEASON + number) + random.normal(0, 1, steps)
        y[random.random(steps) < share] = np.nan
        y[[0, -1]] = 20.0
        series[str(number)] = y
    return Panel.from_series(series)


def spec_of(name: str, panel: Panel, *, stride: int = 1) -> ModelSpec:
    config = Config(
        task=TaskConfig(horizon=HORIZON, seasons=(SEASON,), levels=(80.0, 95.0), transform="none"),
        net=NetConfig(model=name, hidden_size=5, window=4),
        train=TrainConfig(epochs=2, members=1, bptt_steps=15, training="teacher-forcing", stride=stride),
    )
    return resolve(config, panel)


def gradients(loss: Tensor, weights: list[Tensor]) -> list[Tensor]:
    found = torch.autograd.grad(loss, weights, allow_unused=True)
    return [torch.zeros_like(w) if g is None else g for g, w in zip(found, weights, strict=True)]


def assert_same(first: list[Tensor], second: list[Tensor]) -> None:
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9, equal_nan=True)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000),
    quantiles=st.sampled_from([(0.5,), (0.1, 0.5, 0.9), (0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99)]),
    bases=st.integers(1, 5),
    share=st.sampled_from([0.0, 0.3, 1.0]),
    known=st.sampled_from([0, 2]),
    untrained=st.booleans(),
)
def test_the_gradient_by_hand_is_that_of_the_plain_loss(
    seed: int, quantiles: tuple[float, ...], bases: int, share: float, known: int, *, untrained: bool
) -> None:
    random = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, dtype=torch.float64, generator=random)

    head = Head(5, 4, 3, bases, quantiles, leads=known, lead_size=6)
    leads = Leads(normal(2, 6, 3, known), normal(2, 6)) if known else None
    weights = {name: (0.0 if untrained else 1.0) * normal(*shape) for name, shape in head.shapes.items()}
    weights = {name: weight.requires_grad_() for name, weight in weights.items()}
    features, window, seen = normal(2, 6, 5).requires_grad_(), normal(2, 6, 4), normal(2, 6, bases, 3)
    weight = normal(2, 6, 3).abs() * (torch.rand(2, 6, 1, generator=random) < share)
    outputs = head.outputs(weights, features, window, seen, leads)
    came = normal(2, 6, 3)
    if untrained:  # the naive forecast is right, and the loss has a corner there
        came = torch.where(torch.rand(2, 6, 3, generator=random) < 0.5, seen[:, :, 0], came)
    targets = Targets(came, weight, window[..., 0], window[..., 0])
    plain = (pinball(outputs, came, torch.tensor(quantiles, dtype=torch.float64)) * weight).sum()
    lean = loss_of_head(head, weights, features, (window, seen, leads), targets)
    torch.testing.assert_close(lean, plain, rtol=1e-9, atol=1e-9)
    wanted = [features, *weights.values()]
    assert_same(gradients(3 * lean, wanted), gradients(3 * plain, wanted))


@every_net
@pytest.mark.parametrize("layers", [1, 2])
def test_what_is_absent_is_0_throughout(name: str, layers: int) -> None:
    net = awake(replace_layers(spec_of(name, ragged(0.0)), layers)).net
    state = tuple(part.double() for part in net.init_state(3))
    features = Frame.of(spec_of(name, ragged(0.0))).features
    inputs = torch.randn(3, 9, features, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    inputs[:, :, 4:8] = 0.0
    whole, after = net(inputs, state, None)
    lean, reached = net(torch.cat((inputs[:, :, :4], inputs[:, :, 8:]), 2), state, None, slice(4, 8))
    weights = list(net.parameters())
    assert_same([whole, *after], [lean, *reached])
    assert_same(gradients(whole.square().sum(), weights), gradients(lean.square().sum(), weights))


def direct_spec(panel: Panel) -> ModelSpec:
    config = Config(horizon=HORIZON, season=SEASON, hidden_size=5, window=4, members=1, start="scratch")
    return resolve(config, panel)


def replace_layers(spec: ModelSpec, layers: int) -> ModelSpec:
    return replace(spec, net=replace(spec.net, layers=layers))


@settings(derandomize=True, max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), share=holes, start=st.integers(0, 40), stride=st.integers(1, 5))
def test_a_lean_view_is_the_view(seed: int, share: float, start: int, stride: int) -> None:
    past = Past.of(FRAME, torch.from_numpy(values(seed, share))).shared().part(start, start + 15)
    origins = slice(stride - 1, None, stride)
    whole, lean = past.view(origins=origins), past.lean_view(origins, torch.float64)
    assert_same([*whole[1:4]], [*lean[1:4]])
    window = FRAME.window
    flags = whole.inputs[:, :, window : 2 * window]
    assert lean.flags == bool(flags.any())
    kept = whole.inputs if lean.flags else torch.cat((whole.inputs[:, :, :window], whole.inputs[:, :, 2 * window :]), 2)
    assert_same([kept], [lean.inputs])


@settings(derandomize=True, max_examples=30, deadline=None)
@given(seed=st.integers(0, 1000), begin=st.integers(0, 50), now=st.integers(18, 50), in_torch=st.booleans())
def test_a_mean_shape_by_sums_is_that_of_each_season(seed: int, begin: int, now: int, in_torch: bool) -> None:
    y = np.random.default_rng(seed).normal(1e6, 5, (2, 60))
    y[0, :begin] = np.nan
    past = torch.from_numpy(y) if in_torch else y
    baseline = find_baseline("mean-4")
    tracks = tracks_of({PAST: past, FILLED: imputed(past, (4,))}, ("mean-4",))
    assert len(tracks) == 5
    found = baseline.forecast(tracks, range(now, 60, 3), 9)
    plain = {name: tracks[name] for name in (PAST, FILLED, "mean-4")}
    np.testing.assert_allclose(found, baseline.forecast(plain, range(now, 60, 3), 9), rtol=1e-12)


def test_a_mean_shape_with_a_hole_has_no_sums() -> None:
    y = np.arange(60.0)[None]
    y[0, 30] = np.nan
    assert "sum-4" not in tracks_of({PAST: y, FILLED: imputed(y, (4,))}, ("mean-4",))


@every_net
@pytest.mark.parametrize("share", [0.0, 0.2])
@pytest.mark.parametrize("stride", [1, 3])
def test_an_update_has_the_gradient_of_the_plain_way(name: str, share: float, stride: int) -> None:
    spec = spec_of(name, ragged(share), stride=stride)
    model, loss = awake(spec), loss_of(spec, CPU)
    weights = list(model.parameters())
    state = tuple(part.double() for part in model.init_state(3))
    for chunk in Batches(ragged(share), Frame.of(spec), spec.train, CPU).epoch():
        lean = observed(model, chunk, state, loss)
        outputs, after = see_plainly(model, chunk, state)
        targets = chunk.targets(HORIZON if spec.direct else 1)
        plain = weighted_loss(loss, outputs, targets)
        torch.testing.assert_close(lean.loss, plain, rtol=1e-9, atol=1e-9)
        assert_same([*lean.state], [*after])
        assert_same(gradients(lean.loss, weights), gradients(plain, weights))
        state = tuple(part.detach() for part in after)


def see_plainly(model: Model, chunk: Chunk, state: tuple[Tensor, ...]) -> tuple[Tensor, tuple[Tensor, ...]]:
    view = chunk.view()
    return model(view.inputs, view.bases, state, view.leads, chunk.origins)


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_series_side_by_side_learn_what_each_learns_alone(share: float) -> None:
    """The longer ones go on after the end of the others, which then teach nothing, and seem to miss nothing."""
    panel = ragged(share)
    spec = spec_of("gru", panel)
    model, loss = awake(spec), loss_of(spec, CPU)
    weights = list(model.parameters())

    def learnt(of: Panel) -> list[Tensor]:
        (batch,) = Batches(of, Frame.of(spec), spec.train, CPU).batches
        state = tuple(part.double() for part in model.init_state(len(of)))
        outcome = observed(model, Chunk(batch, 0, batch.steps), state, loss)
        return [outcome.loss, outcome.weight, *gradients(outcome.loss, weights)]

    alone = [learnt(panel.select(np.array([s]), panel.lengths[[s]])) for s in range(3)]
    assert_same(learnt(panel), [torch.stack(parts).sum(0) for parts in zip(*alone, strict=True)])


def test_past_the_end_nothing_is_flagged_as_missing() -> None:
    spec = spec_of("lstm", ragged(0.0))
    (batch,) = Batches(ragged(0.0), Frame.of(spec), spec.train, CPU).batches
    assert not Chunk(batch, 4, STEPS).view(torch.float32).flags
    assert Chunk(batch, 2, STEPS).view(torch.float32).flags


def test_two_spans_are_seen_leanly_too() -> None:
    past = Past.of(TWO, torch.from_numpy(values(3, 0.0)))
    assert_same([*past.view()[:4]], [*past.lean_view(slice(None), torch.float64)[:4]])


def test_the_origins_of_a_long_series_are_reached_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    panel = ragged(0.05).select(np.array([0]), np.array([STEPS]))
    spec = direct_spec(panel)
    weights = {name: part.float().detach().numpy() for name, part in weights_of(awake(spec)).items()}
    by_copies = learnt_copula(panel, spec, weights)
    monkeypatch.setattr(copula, "LONG", 0)
    in_one_pass = learnt_copula(panel, spec, weights)
    assert by_copies.keys() == in_one_pass.keys()
    for name, part in by_copies.items():
        assert part.size
        np.testing.assert_allclose(in_one_pass[name], part, rtol=1e-4, atol=1e-4)

"""The laws of every net in the registry, and of recurrent nets in segments. A new net is under them by being in it."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from rnncast.choices.decide import resolve
from rnncast.frame.exogenous import Exogenous, ahead, exogenous_of
from rnncast.frame.frame import Frame
from rnncast.frame.past import Past
from rnncast.nets.model import Model, build_model, weights_of
from rnncast.nets.segmented import Segmented
from rnncast.runtime.members import head_of
from rnncast.runtime.registry import NETS, find_net
from rnncast.runtime.runtime import Runtime
from rnncast.spec import ModelSpec
from rnncast.training.loop import _begun
from tests.conftest import SEGMENTED, small_config, waves

B, T, LAYERS = 3, 28, (1, 2)

every_net = pytest.mark.parametrize("name", [*NETS, *SEGMENTED, "lstm/24", "lstm/1+4"])
segmented_net = pytest.mark.parametrize("name", [*SEGMENTED, "lstm/24"])


def resolved(name: str, *, layers: int = 1, training: str = "auto") -> ModelSpec:
    config = small_config(name, training=training)
    return resolve(replace(config, net=replace(config.net, layers=layers)), waves())


def awake(config: ModelSpec) -> Model:
    """A model whose head has weights, so that what the net does can be seen."""
    model = build_model(config)
    with torch.no_grad():
        for weight in model.head.values():
            weight.normal_(0, 0.3, generator=torch.Generator().manual_seed(0))
    return model


def inputs_of(config: ModelSpec, batch: int = B, steps: int = T) -> tuple[Tensor, Tensor]:
    """Random inputs [B, T, F] and bases [B, T, K, H]."""
    frame, random = Frame.of(config), torch.Generator().manual_seed(1)
    return (
        torch.randn(batch, steps, frame.features, generator=random),
        torch.randn(batch, steps, frame.bases, frame.horizon, generator=random),
    )


@every_net
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("cut", [1, 4, 7, 24, T - 1])
def test_splitting_law(name: str, layers: int, cut: int) -> None:
    config = resolved(name, layers=layers)
    model, (inputs, bases) = awake(config), inputs_of(config)
    whole, last = model(inputs, bases, model.init_state(B))
    first, middle = model(inputs[:, :cut], bases[:, :cut], model.init_state(B))
    second, end = model(inputs[:, cut:], bases[:, cut:], middle)
    torch.testing.assert_close(torch.cat((first, second), 1), whole)
    for split, through in zip(end, last, strict=True):
        torch.testing.assert_close(split, through)


@every_net
def test_features_at_the_origins_are_those_of_every_step(name: str) -> None:
    # A net that runs free needs what lies at every step.
    config = resolved(name, layers=2, training="teacher-forcing" if name == "jordan" else "auto")
    model, (inputs, bases) = awake(config), inputs_of(config)
    whole, last = model(inputs, bases, model.init_state(B))
    for origins in (slice(2, None, 3), slice(-1, None), slice(0, 5)):
        some, end = model(inputs, bases[:, origins], model.init_state(B), origins=origins)
        torch.testing.assert_close(some, whole[:, origins])
        torch.testing.assert_close(end, last)


@segmented_net
@pytest.mark.parametrize("layers", LAYERS)
def test_a_segment_takes_one_step_of_the_cell(name: str, layers: int) -> None:
    """The state is updated by the step at a border alone; a step between starts from the state at the last one."""
    config = resolved(name, layers=layers)
    (segment,) = config.net.segment
    net, (inputs, _) = build_model(config).net, inputs_of(config)
    features, (*state, count) = net(inputs, net.init_state(B), None)
    reached = net.recurrent.init_state(B)
    for t in range(T):
        place = torch.full((B, 1, 1), t % segment / segment)
        expected, after = net.recurrent(torch.cat((inputs[:, t : t + 1], place), 2), reached, None)
        torch.testing.assert_close(features[:, t : t + 1], expected)
        reached = after if (t + 1) % segment == 0 else reached
    for part, other in zip(state, reached, strict=True):
        torch.testing.assert_close(part, other)
    assert (count == T % segment).all()


@pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])
def test_segments_of_one_step_are_the_net_itself(name: str) -> None:
    inputs, _ = inputs_of(resolved(name))
    net = find_net(name).torch_form()(inputs.shape[2] + 1, 8, 2)
    place = torch.zeros(B, T, 1)  # the same at every step
    expected, last = net(torch.cat((inputs, place), 2), net.init_state(B), None)
    segmented = Segmented(net, 1)
    found, (*end, _) = segmented(inputs, segmented.init_state(B), None)
    torch.testing.assert_close(found, expected)
    torch.testing.assert_close(tuple(end), last)


@segmented_net
def test_series_may_stand_at_different_steps_of_their_segments(name: str) -> None:
    """As series do that begin at different times: in torch and in NumPy alike, each as if alone."""
    config = resolved(name, layers=2)
    model, (inputs, _) = awake(config), inputs_of(config)
    net, starts = model.net, (1, 3, 1)
    alone = [net(inputs[b : b + 1, :start], net.init_state(1), None)[1] for b, start in enumerate(starts)]
    before = tuple(torch.cat(parts, 1) for parts in zip(*alone, strict=True))
    features, after = net(inputs, before, None, origins=slice(-1, None))
    for b, state in enumerate(alone):
        expected, reached = net(inputs[b : b + 1], state, None, origins=slice(-1, None))
        torch.testing.assert_close(features[b : b + 1], expected)
        for part, own in zip(after, reached, strict=True):
            torch.testing.assert_close(part[:, b : b + 1], own)
    weights = {key: value.numpy() for key, value in weights_of(model).items()}
    members = Runtime(config, weights).nets
    given = tuple(part.detach().numpy() for part in before)
    ours, state = members.stepped(inputs.numpy()[None], np.ones((B, T), np.bool_), given)
    np.testing.assert_allclose(ours[0], features[:, 0].detach(), rtol=1e-4, atol=1e-6)
    for part, theirs in zip(state, after, strict=True):
        np.testing.assert_allclose(part, theirs.detach(), rtol=1e-4, atol=1e-6)


@segmented_net
def test_gradients_of_segments_are_right(name: str) -> None:
    config = resolved(name)
    net = build_model(config).net.double()
    inputs = inputs_of(config)[0][:2, :9, :].double().requires_grad_()
    assert torch.autograd.gradcheck(lambda x: net(x, net.init_state(2), None, origins=slice(1, None, 3))[0], inputs)


@every_net
def test_no_peeking_ahead(name: str) -> None:
    config = resolved(name, layers=2)
    model, (inputs, bases) = awake(config), inputs_of(config)
    inputs.requires_grad_()
    for t in (0, 5, T - 2):
        quantiles, _ = model(inputs, bases, model.init_state(B))
        (gradient,) = torch.autograd.grad(quantiles[:, t].sum(), inputs)
        assert gradient[:, t + 1 :].abs().max() == 0
        assert gradient[:, t].abs().max() > 0


@every_net
def test_series_side_by_side_do_not_see_each_other(name: str) -> None:
    config = resolved(name)
    model, (inputs, bases) = awake(config), inputs_of(config)
    together, _ = model(inputs, bases, model.init_state(B))
    for b in range(B):
        alone, _ = model(inputs[b : b + 1], bases[b : b + 1], model.init_state(1))
        torch.testing.assert_close(alone[0], together[b])


@every_net
def test_output_shape(name: str) -> None:
    config = resolved(name)
    model, (inputs, bases) = awake(config), inputs_of(config)
    quantiles, _ = model(inputs, bases, model.init_state(B))
    assert quantiles.shape == (B, T, 4 if config.direct else 1, len(config.task.quantiles))


@every_net
def test_an_untrained_net_is_its_naive_base(name: str) -> None:
    config = resolved(name)
    model, (inputs, bases) = build_model(config), inputs_of(config)
    quantiles, _ = model(inputs, bases, model.init_state(B))
    middle = len(config.task.quantiles) // 2
    torch.testing.assert_close(quantiles[..., middle], bases[:, :, 0], rtol=0, atol=1e-6)


@every_net
def test_quantiles_never_cross(name: str) -> None:
    config = resolved(name)
    model, (inputs, bases) = awake(config), inputs_of(config)
    quantiles, _ = model(20 * inputs, bases, model.init_state(B))
    assert (quantiles.diff(dim=-1) >= 0).all()


def test_an_untrained_net_spreads_as_the_normal_distribution_would() -> None:
    config = resolved("lstm")
    model, (inputs, bases) = build_model(config), inputs_of(config)
    quantiles, _ = model(inputs, bases, model.init_state(B))
    spread = (quantiles - bases[:, :, 0, :, None])[0, 0, 0]
    probabilities = torch.tensor(head_of(config).probabilities)
    expected = torch.distributions.Normal(0, (np.pi / 2) ** 0.5).icdf(probabilities)
    torch.testing.assert_close(spread, expected, rtol=1e-5, atol=1e-5)


@every_net
@pytest.mark.parametrize("layers", LAYERS)
@pytest.mark.parametrize("training", ["bptt", "teacher-forcing"])
def test_torch_and_numpy_agree(name: str, layers: int, training: str) -> None:
    """The runtime over whole histories equals the torch model over the same, series by series."""
    config = resolved(name, layers=layers, training=training)
    panel, frame, model = waves(), Frame.of(config), awake(config)
    weights = {key: value.numpy() for key, value in weights_of(model).items()}
    runtime = Runtime(config, weights)
    ours = runtime.forecast_panel(panel, 1)
    for s, (_, _, y) in enumerate(panel):
        past = torch.from_numpy(frame.transform(y.copy()))[None]
        view = Past.of(frame, past).view()
        z, _ = model(view.inputs.float(), view.bases.float(), model.init_state(1))
        theirs = frame.restore(frame.globalise(z.double(), view.level, view.scale))[0, -1].detach().numpy()
        # A recursive forecast's other quantiles come from sampled paths.
        kept = slice(None) if config.direct else slice(2, 3)
        np.testing.assert_allclose(ours[s][:, kept], theirs[:1, kept], rtol=1e-5)


@every_net
def test_consuming_in_pieces_is_consuming_at_once(name: str) -> None:
    config = resolved(name)
    weights = {key: value.numpy() for key, value in weights_of(awake(config)).items()}
    runtime, panel, rows = Runtime(config, weights), waves(), np.arange(3)
    y, (covariates, other, none) = panel.padded(rows, align="end"), exogenous_of(panel, rows, (), 0, align="end")
    nothing = ahead(panel, rows, (), 4)
    at_once = runtime.forecast(runtime.advance(y, Exogenous(covariates, other, none), runtime.init_state(3)), nothing)
    state = runtime.init_state(3)
    for t in range(y.shape[1]):
        now = slice(t, t + 1)
        state = runtime.advance(y[:, now], Exogenous(covariates[:, now], other[:, now], none), state)
    np.testing.assert_allclose(runtime.forecast(state, nothing), at_once, rtol=1e-5)


def test_building_a_model_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    build_model(resolved("lstm"))
    torch.testing.assert_close(torch.rand(2), expected)


def test_series_in_segments_begin_anywhere_in_one_where_the_calendar_is_seen() -> None:
    spec = resolved("lstm/4")
    model, seen = build_model(spec), replace(spec, frame=replace(spec.frame, calendar=("day",)))
    assert (_begun(model, 9, spec, (1, 0))[-1] == 0).all()
    first, again, next_epoch = (_begun(model, 9, seen, (epoch, 0))[-1] for epoch in (1, 1, 2))
    assert set(first.flatten().tolist()) <= {0, 1, 2, 3}
    assert len(first.unique()) > 1
    torch.testing.assert_close(first, again)  # so that a resumed training goes on to the same bits
    assert (first != next_epoch).any()

"""The laws of every net in the registry. A new net is under them by being in it."""

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
from rnncast.runtime.members import head_of
from rnncast.runtime.registry import NETS
from rnncast.runtime.runtime import Runtime
from rnncast.spec import ModelSpec
from tests.conftest import small_config, waves

B, T, LAYERS = 3, 20, (1, 2)

every_net = pytest.mark.parametrize("name", NETS)


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
@pytest.mark.parametrize("cut", [1, 7, T - 1])
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

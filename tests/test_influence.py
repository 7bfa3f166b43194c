"""How far back a forecast looks: gradients held against nets whose memory is known, and against perturbation."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnncast.choices.decide import resolve
from rnncast.config import Config, NetConfig
from rnncast.forecaster.forecaster import Forecaster
from rnncast.frame.exogenous import Ahead
from rnncast.nets.model import Model, build_model, model_of, weights_of
from rnncast.runtime.registry import NETS
from rnncast.series.covariates import Block, Covariate, Covariates
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.influence import Origin, _Nets, gradients, leads_of, measure_influence, origins_of
from tests.conftest import fitted, small_config, waves

SMALL = 1e-4  # so small that tanh is linear


def pure(window: int, hidden: int, model: str = "rnn") -> ModelSpec:
    """A net that sees the last values, in units of 1 about 0, and nothing else; it forecasts one step."""
    asked = small_config(model)
    net = NetConfig(model=model, frame="global", base=("none",), window=window, hidden_size=hidden, calendar=())
    task = replace(asked.task, horizon=1, transform="none")
    spec = resolve(replace(asked, task=task, net=net), waves())
    return replace(spec, frame=replace(spec.frame, constants=(0.0, 1.0)))


def by_hand(spec: ModelSpec, back: np.ndarray) -> Model:
    """An Elman net whose first unit takes in the newest value, whose last is the forecast; back: U [D, D]."""
    model, hidden, window = build_model(spec), spec.net.hidden_size, spec.frame.window
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
        named = dict(model.named_parameters())
        named["net.fused.weight_ih_l0"][0, window - 1] = SMALL
        named["net.fused.weight_hh_l0"].copy_(torch.from_numpy(back))
        middle = len(spec.task.quantiles) // 2
        assert model.sizes.point == middle
        named["head.weight"][0, hidden - 1] = 1 / SMALL  # the correction, which comes first where there is one base
    return model


def influence_of(spec: ModelSpec, model: Model, y: np.ndarray, lags: int) -> np.ndarray:
    """[3, M] of a net that forecasts one step."""
    weights = {name: weight.detach().numpy().copy() for name, weight in weights_of(model).items()}
    panel = Panel.from_series({"a": y})
    found = measure_influence(spec, weights, panel, [Origin(0, len(y) - 2)], lags)
    return np.stack((found.state[:, 0], found.frame[:, 0], found.window[:, 0]))


def test_a_net_that_forgets_by_halves() -> None:
    spec = pure(window=1, hidden=1)
    found = influence_of(spec, by_hand(spec, np.array([[0.5]], np.float32)), np.linspace(-1, 1, 60), 12)
    np.testing.assert_allclose(found[0], [0, *0.5 ** np.arange(1, 12)], rtol=1e-5, atol=1e-12)
    np.testing.assert_array_equal(found[1], 0)
    np.testing.assert_allclose(found[2], [1, *[0] * 11], rtol=1e-5)


@pytest.mark.parametrize("lag", [1, 5, 30])
def test_a_net_that_copies_the_value_of_one_lag(lag: int) -> None:
    """A shift register: what it took in comes out so many steps later, through the state, and nothing else does."""
    spec = pure(window=1, hidden=lag + 1)
    found = influence_of(spec, by_hand(spec, np.eye(lag + 1, k=-1, dtype=np.float32)), np.linspace(-1, 1, 60), 40)
    expected = np.zeros((3, 40))
    expected[0, lag] = 1
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-12)


def test_the_window_net_has_no_state() -> None:
    """Whatever the frame; in a global one without base forecasts nothing at all reaches beyond the window."""
    local = fitted(small_config("window"))
    panel = waves().sample(1)[0]
    y = Panel.from_series({"a": panel})
    found = measure_influence(local.spec, local.weights, y, *origins_of(y, local.spec))
    assert (found.state == 0).all()
    assert np.abs(found.frame[7:]).max() > 0
    asked = small_config("window")
    alone = fitted(replace(asked, net=replace(asked.net, frame="global", base=("none",))))
    found = measure_influence(alone.spec, alone.weights, y, *origins_of(y, alone.spec))
    assert (found.state == 0).all()
    assert (found.frame == 0).all()
    assert (found.window[7:] == 0).all()
    assert (found.window[:7] > 0).all()


def case(name: str) -> Config:
    """Every net; several members that measure over different spans; in logs and not; direct and recursive."""
    if name in NETS or "/" in name:
        return small_config(name)
    several = small_config("gru", members=2)
    return {
        "members": replace(several, net=replace(several.net, level_span=(6, 12))),
        "recursive": replace(small_config("lstm"), task=replace(small_config().task, strategy="recursive")),
        "plain": replace(small_config("lstm"), task=replace(small_config().task, transform="none")),
    }[name]


def transformed(forecaster: Forecaster, y: np.ndarray) -> np.ndarray:
    """The point forecasts [H] after y, transformed."""
    return forecaster.runtime.frame.transform(forecaster.predict(Panel.from_series({"a": y})).point[0])


@pytest.mark.parametrize("name", [*NETS, "lstm/4", "lstm/1+4", "members", "recursive", "plain"])
def test_the_gradient_is_what_a_small_change_does(name: str) -> None:
    """In all; and of that, through the state: what changes where only the state before the origin is another."""
    forecaster = fitted(case(name))
    spec, runtime = forecaster.spec, forecaster.runtime
    y, at, leads = waves()[0].y, 70, leads_of(spec.task.horizon)
    models = [m.double() for m in _models(forecaster)]
    found = gradients(_Nets(spec, models), Panel.from_series({"a": y}), Origin(0, at), 40, leads)
    step = 2e-3 if spec.frame.log else 0.2
    for lag in (0, 1, 5, 6, 7, 13, 30):
        states, points = [], []
        for sign in (1, -1):
            moved = y[: at + 1].copy()
            moved[at - lag] = moved[at - lag] * np.exp(sign * step) if spec.frame.log else moved[at - lag] + sign * step
            states.append(runtime.replay(Panel.from_series({"a": moved})))
            points.append(transformed(forecaster, moved))
        np.testing.assert_allclose(found.sum(0)[lag], _slope(points, step, leads), rtol=0.02, atol=3e-3)
        known = np.zeros((1, spec.task.horizon, 0))
        same = runtime.replay(Panel.from_series({"a": y[: at + 1]}))
        through = [same._replace(net=state.net) for state in states]
        ahead = Ahead(known, np.zeros((1, spec.task.horizon, same.other.shape[1])))
        points = [runtime.frame.transform(runtime.forecast(state, ahead)[0, :, 2]) for state in through]
        np.testing.assert_allclose(found[0, lag], _slope(points, step, leads), rtol=0.02, atol=3e-3)


def _slope(points: list[np.ndarray], step: float, leads: tuple[int, ...]) -> np.ndarray:
    return ((points[0] - points[1]) / (2 * step))[np.array(leads) - 1]


def _models(forecaster: Forecaster) -> list[Model]:
    return [model_of(forecaster.spec, forecaster.weights, k) for k in range(forecaster.spec.net.members)]


@pytest.mark.parametrize("past", [(), ("heat",)])
def test_covariates_stand_where_they_belong_however_far_back_it_looks(past: tuple[str, ...]) -> None:
    """Looking back less far gives the same gradients as far as it goes."""
    random = np.random.default_rng(0)
    price, heat = random.random((120, 1)), random.random((120, len(past)))
    named = tuple(Covariate(name) for name in past)
    covariates = Covariates(
        Block((Covariate("price"),), price), Block(named, heat), Block((), np.zeros((1, 0))), np.zeros(1, int)
    )
    panel = replace(Panel.from_series({"a": np.sin(np.arange(120)) + 5}), covariates=covariates)
    asked = small_config("lstm")
    forecaster = Forecaster.fit(panel, replace(asked, net=replace(asked.net, covariate_selection="none")))
    nets = _Nets(forecaster.spec, [m.double() for m in _models(forecaster)])
    encoded, leads = forecaster.encoding.encode(panel), leads_of(forecaster.spec.task.horizon)
    near, far = (gradients(nets, encoded, Origin(0, 100), lags, leads) for lags in (10, 40))
    assert near.any()
    np.testing.assert_allclose(near, far[:, :10], rtol=1e-6, atol=1e-9)

"""Covariates: aligned with the steps they speak of, for every net and both strategies; the past ones never ahead."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnncast.choices.decide import resolve
from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.errors import DataError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.frame.exogenous import Exogenous
from rnncast.frame.frame import Frame
from rnncast.nets.model import build_model, weights_of
from rnncast.runtime.registry import NETS
from rnncast.runtime.runtime import Runtime
from rnncast.series.covariates import Block, Covariate, Covariates, Future
from rnncast.series.encoding import MOST_LEVELS, Code, Encoding
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.batches import Batches, Chunk
from rnncast.training.losses import loss_of
from rnncast.training.objectives import FreeRunning, see, step

H, STEPS, WEEK = 7, 180, 7
SERIES = 6

combinations = pytest.mark.parametrize(
    ("model", "strategy", "training"),
    [
        *((name, "direct", "auto") for name, net in NETS.items() if not net.recursive_only),
        *((name, "recursive", "teacher-forcing") for name in NETS),
        pytest.param("jordan", "recursive", "bptt", marks=pytest.mark.slow),
        pytest.param("lstm", "recursive", "bptt", marks=pytest.mark.slow),
    ],
)


def shops(seed: int = 0) -> tuple[Panel, np.ndarray, np.ndarray]:
    """Shops that sell by the day of the week, and nothing on days they are closed, which are known ahead; a past and a
    static covariate that mean nothing. Then what comes after [S, H], and whether it is closed [S, H]."""
    random = np.random.default_rng(seed)
    total = STEPS + H
    closed = random.random((SERIES, total)) < 0.15
    week = 100 + 30 * np.sin(2 * np.pi * np.arange(total) / WEEK + np.arange(SERIES)[:, None])
    y = np.where(closed, 0.0, week)
    panel = Panel.from_series({f"shop-{s}": y[s, :STEPS] for s in range(SERIES)})
    covariates = Covariates(
        known=Block((Covariate("closed"),), closed.reshape(-1, 1).astype(float)),
        past=Block((Covariate("noise"),), random.normal(size=(SERIES * STEPS, 1))),
        static=Block((Covariate("kind", ("small", "large")),), np.arange(SERIES)[:, None] % 2.0),
        reach=np.full(SERIES, H),
    )
    return replace(panel, covariates=covariates), y[:, STEPS:], closed[:, STEPS:]


def config_of(model: str, strategy: str = "auto", training: str = "auto", epochs: int = 100) -> Config:
    return Config(
        task=TaskConfig(horizon=H, seasons=(WEEK,), strategy=strategy),
        net=NetConfig(model=model, hidden_size=24, covariate_selection="none"),
        train=TrainConfig(epochs=epochs, members=1, training=training, validate=False, shrinkage=0.0),
    )


def prepared(panel: Panel, config: Config | ModelSpec) -> tuple[torch.nn.Module, Chunk, Frame]:
    """A model whose head has weights, in float64; and all of the panel as one chunk."""
    config = resolve(config, panel) if isinstance(config, Config) else config
    model = build_model(config)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.head.values():
            weight.normal_(0, 0.1, generator=generator)
    frame = Frame.of(config)
    settings = replace(config.train, bptt_steps=STEPS, batch_size=SERIES)
    (batch,) = Batches(Encoding.of(panel).encode(panel), frame, settings, torch.device("cpu")).batches
    return model, Chunk(batch, 0, STEPS), frame


def exogenous_which(chunk: Chunk, covariates: torch.Tensor) -> Chunk:
    """The same chunk with other covariates."""
    batch = chunk.batch
    exogenous = batch.past.exogenous._replace(covariates=covariates)
    return replace(chunk, batch=replace(batch, past=replace(batch.past, exogenous=exogenous)))


def known_of(encoded: Panel) -> np.ndarray:
    assert encoded.covariates is not None
    return encoded.covariates.known.values.reshape(SERIES, STEPS + H, -1)


@combinations
def test_a_day_that_is_known_to_be_closed_is_zero_at_every_lead(model: str, strategy: str, training: str) -> None:
    panel, truth, closed = shops()
    error = np.abs(Forecaster.fit(panel, config_of(model, strategy, training)).predict().point - truth)
    assert error[closed].mean() < 3  # of about 100; shifted by a day, it would be 85
    assert error[~closed].mean() < 3
    assert error.mean(0).max() < 6  # at each lead


@pytest.mark.parametrize("model", [name for name, net in NETS.items() if not net.recursive_only])
def test_each_lead_sees_its_own_step_and_no_other(model: str) -> None:
    """The gradient of the forecast h steps ahead in the covariate h' steps ahead is zero unless h = h'."""
    panel, _, _ = shops()
    model_, chunk, frame = prepared(panel, config_of(model, "direct"))
    covariates = chunk.batch.past.exogenous.covariates.clone().requires_grad_()
    seen = exogenous_which(chunk, covariates)
    t = 100
    quantiles, _ = see(model_, seen.part(0, t + 1), model_.init_state(SERIES))
    for h in range(H):
        (gradient,) = torch.autograd.grad(quantiles[:, t, h].sum(), covariates, retain_graph=True)
        after = gradient[:, frame.lookback + t + 1 :].abs().sum((0, 2))  # [steps after t]
        assert after[h] > 0
        assert after.sum() == after[h]


@pytest.mark.parametrize("model", NETS)
def test_one_step_ahead_sees_one_step_ahead(model: str) -> None:
    panel, _, _ = shops()
    model_, chunk, frame = prepared(panel, config_of(model, "recursive"))
    covariates = chunk.batch.past.exogenous.covariates.clone().requires_grad_()
    seen = exogenous_which(chunk, covariates)
    quantiles, _ = see(model_, seen.part(0, 101), model_.init_state(SERIES))
    (gradient,) = torch.autograd.grad(quantiles[:, 100].sum(), covariates)
    after = gradient[:, frame.lookback + 101 :, : frame.known].abs().sum((0, 2))
    assert after[0] > 0
    assert after[1:].sum() == 0
    assert gradient[:, frame.lookback + 101 :, frame.known :].abs().sum() == 0  # past covariates


@pytest.mark.parametrize("training", ["bptt", "scheduled"])
def test_free_running_does_not_see_past_covariates_ahead(training: str) -> None:
    panel, _, _ = shops()
    config = resolve(config_of("gru", "recursive", training), panel)
    model, chunk, frame = prepared(panel, config)
    covariates = chunk.batch.past.exogenous.covariates.clone().requires_grad_()
    seen = exogenous_which(chunk, covariates)
    loss = loss_of(config, torch.device("cpu"))
    origin, state = 50, model.init_state(SERIES)
    out = FreeRunning(config, loss, torch.device("cpu")).run(model, seen, range(origin, origin + 1), [state], share=0.5)
    (gradient,) = torch.autograd.grad(out.sum(), covariates)
    after = gradient[:, frame.lookback + origin + 1 :]
    assert after[:, :, frame.known :].abs().sum() == 0
    assert (after[:, :H, : frame.known].abs().sum((0, 2)) > 0).all()
    assert after[:, H:].abs().sum() == 0


@combinations
def test_what_past_covariates_turn_out_to_be_does_not_matter(model: str, strategy: str, training: str) -> None:
    """Two panels that differ in a past covariate after the cut only: cut there, they give the same bytes."""
    panel, _, _ = shops()
    assert panel.covariates is not None
    noise = panel.covariates.past.values.copy().reshape(SERIES, STEPS)
    noise[:, STEPS - H :] = 1e6
    other = replace(
        panel, covariates=replace(panel.covariates, past=replace(panel.covariates.past, values=noise.reshape(-1, 1)))
    )
    keep, lengths = np.arange(SERIES), np.full(SERIES, STEPS - H)
    points = []
    for each in (panel, other):
        forecaster = Forecaster.fit(each.select(keep, lengths), config_of(model, strategy, training, epochs=2))
        points.append(forecaster.predict().quantiles)
    np.testing.assert_array_equal(*points)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("strategy", ["direct", "recursive"])
@pytest.mark.parametrize("training", ["auto", "teacher-forcing"])
@pytest.mark.parametrize("model", NETS)
def test_torch_and_numpy_agree(model: str, strategy: str, training: str, layers: int) -> None:
    """The runtime's point forecasts are those of the torch model, stepped over the same history and then ahead."""
    if strategy == "direct" and (training != "auto" or NETS[model].recursive_only):
        return
    panel, _, _ = shops()
    config = config_of(model, strategy, training)
    config = resolve(replace(config, net=replace(config.net, layers=layers)), panel)
    net, chunk, frame = prepared(panel, config)
    encoded, encoding = Encoding.of(panel).encode(panel), Encoding.of(panel)
    weights = {name: value.detach().numpy() for name, value in weights_of(net).items()}
    ours = Runtime(config, weights).forecast_panel(encoded, H)[:, :, len(config.task.quantiles) // 2]
    with torch.no_grad():
        if config.direct:
            view = chunk.view()
            z, _ = see(net, chunk, net.init_state(SERIES))
            theirs = frame.restore(frame.globalise(z.double(), view.level, view.scale))[:, -1, :, net.sizes.middle]
        else:
            _, state = see(net, chunk.part(0, STEPS - 1), net.init_state(SERIES))
            at, value, values = chunk.state_before(STEPS - 1), chunk.values(STEPS - 1), []
            known = torch.tensor(known_of(encoded)[:, STEPS - 1 :])  # [S, 1 + H, K]
            past = chunk.batch.past.exogenous.covariates[:, frame.lookback + STEPS - 1, frame.known :]
            for h in range(H):
                exogenous = Exogenous(
                    torch.cat((known[:, h], past), -1)[:, None],
                    chunk.batch.past.exogenous.now[:, -1:],
                    known[:, h + 1, None],
                )
                quantiles, at, state = step(net, frame, (value, exogenous), at, state)
                value, past = quantiles[:, 0, 0, net.sizes.middle], torch.zeros_like(past)
                values.append(frame.restore(value))
            theirs = torch.stack(values, 1)
    bounded = theirs.numpy().clip(config.task.minimum, config.task.maximum)  # shops that are closed sell 0, not less
    np.testing.assert_allclose(ours, bounded, rtol=1e-4, atol=1e-4)
    assert encoding.widths == {"known": 2, "past": 2, "static": 2}


@pytest.mark.parametrize("model", NETS)
def test_covariates_survive_save_and_load(model: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    panel, _, _ = shops()
    forecaster = Forecaster.fit(panel, config_of(model, epochs=2))
    path = str(tmp_path_factory.mktemp("model") / "m.safetensors")
    forecaster.save(path)
    loaded = Forecaster.load(path)
    assert loaded.encoding == forecaster.encoding
    expected = forecaster.predict().quantiles
    np.testing.assert_array_equal(loaded.predict().quantiles, expected)
    np.testing.assert_allclose(loaded.predict(panel).quantiles, expected, rtol=1e-6)


def test_the_future_can_be_given_later() -> None:
    panel, _, closed = shops()
    assert panel.covariates is not None
    forecaster = Forecaster.fit(panel, config_of("lstm", epochs=2))
    series, steps = np.repeat(np.arange(SERIES), H), np.tile(np.arange(H), SERIES)
    block = Block((Covariate("closed"),), closed.reshape(-1, 1).astype(float))
    future = Future(panel.ids, series, panel.ends[series] + 1 + steps, block)
    short = replace(panel, covariates=panel.covariates.until(panel.lengths))
    with pytest.raises(DataError, match="'closed' is not known at"):
        forecaster.predict(short)
    expected = forecaster.predict(panel).quantiles
    np.testing.assert_array_equal(forecaster.predict(short, future=future).quantiles, expected)
    np.testing.assert_array_equal(forecaster.predict(short.extended(future)).quantiles, expected)


def test_missing_covariates_are_zero_and_unseen_categories_are_none_of_those_seen() -> None:
    number, category = Code("price", (), 10.0, 2.0), Code("kind", ("a", "b"))
    np.testing.assert_array_equal(number.encoded(np.array([12.0, np.nan, 10.0])), [[1, 1], [0, 0], [0, 1]])
    np.testing.assert_array_equal(category.encoded(np.array([0, 1, 2, np.nan])), [[1, 0], [0, 1], [0, 0], [0, 0]])


def test_rare_categories_are_kept_only_up_to_a_number() -> None:
    levels = tuple(map(str, range(MOST_LEVELS + 10)))
    codes = np.array([*range(MOST_LEVELS + 10), *range(MOST_LEVELS)], float)
    panel = Panel.from_series({"": np.arange(float(len(codes)))})
    block = Block((Covariate("kind", levels),), codes[:, None])
    panel = replace(panel, covariates=Covariates(past=block, reach=np.zeros(1, np.int64)))
    assert Encoding.of(panel).past[0].levels == levels[:MOST_LEVELS]


def test_other_columns_than_in_training_are_refused() -> None:
    panel, _, _ = shops()
    forecaster = Forecaster.fit(panel, config_of("rnn", epochs=1))
    with pytest.raises(DataError, match="trained with --known closed"):
        forecaster.predict(replace(panel, covariates=None))


def test_ahead_is_what_the_panel_knows() -> None:
    panel, _, closed = shops()
    known = panel.known_ahead(H).values.reshape(SERIES, H)
    np.testing.assert_array_equal(known, closed)
    beyond = panel.known_ahead(H + 2).values.reshape(SERIES, H + 2)
    assert np.isnan(beyond[:, H:]).all()

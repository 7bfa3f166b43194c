"""Training checked against the mathematics: every gradient against one worked out another way."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call

from rnncast.choices.decide import resolve
from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.errors import TrainingError, UsageError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.frame.frame import Frame
from rnncast.frame.past import Past
from rnncast.nets.model import Model, build_model
from rnncast.nets.recurrent import Recurrent
from rnncast.runtime.head import shrunk
from rnncast.runtime.registry import NETS
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training import fit
from rnncast.training.batches import Batches, Chunk
from rnncast.training.device import find_device
from rnncast.training.epoch import EpochReport
from rnncast.training.ledger import gradient_by_lag
from rnncast.training.losses import Errors, Targets, loss_of
from rnncast.training.objectives import ChunkLoss, FreeRunning, observed, step, weighted_loss
from rnncast.training.watch import Watch
from tests.conftest import fitted, small_config, waves

STEPS, HORIZON, SEASON = 30, 4, 6
CPU = torch.device("cpu")

every_net = pytest.mark.parametrize("name", NETS)
recurrent_nets = pytest.mark.parametrize("name", ["rnn", "gru", "lstm"])


def setting(name: str, *, bptt_steps: int = 100, levels: tuple[float, ...] = (80.0,), **train: object) -> ModelSpec:
    config = Config(
        task=TaskConfig(horizon=HORIZON, seasons=(SEASON,), levels=levels, strategy=train.pop("strategy", "auto")),
        net=NetConfig(model=name, hidden_size=5, window=7),
        train=TrainConfig(epochs=2, members=1, bptt_steps=bptt_steps, shrinkage=0.0, **train),
    )
    return resolve(config, panel())


def panel(steps: int = STEPS) -> Panel:
    random = np.random.default_rng(0)
    t = np.arange(steps)
    series = {str(s): 20 + 5 * np.sin(2 * np.pi * t / SEASON + s) + random.normal(0, 1, steps) for s in range(2)}
    series["0"][9] = np.nan
    return Panel.from_series(series)


def prepared(config: ModelSpec) -> tuple[Model, Chunk, Errors]:
    """A model in float64 whose every weight matters, the whole panel as one chunk, and the loss."""
    model = build_model(config).double()
    random = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for weight in model.head.values():
            weight.normal_(0, 0.2, generator=random)
    batches = Batches(panel(), Frame.of(config), config.train, CPU)
    chunk = Chunk(batches.batches[0], 0, STEPS)
    return model, chunk, loss_of(config, CPU)


def fresh(model: Model, chunk: Chunk) -> tuple[Tensor, ...]:
    return tuple(part.double() for part in model.init_state(chunk.rows))


def gradients(loss: Tensor, model: Model) -> list[Tensor]:
    found = torch.autograd.grad(loss, list(model.parameters()), allow_unused=True)
    return [torch.zeros_like(p) if g is None else g for g, p in zip(found, model.parameters(), strict=True)]


def assert_same(first: list[Tensor], second: list[Tensor]) -> None:
    for one, other in zip(first, second, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-9, atol=1e-9)


def differ(first: list[Tensor], second: list[Tensor]) -> bool:
    return any((one - other).abs().max() > 1e-6 for one, other in zip(first, second, strict=True))


@every_net
def test_gradcheck(name: str) -> None:
    model, chunk, _ = prepared(setting(name))
    view = chunk.part(10, 15).view()
    names, weights = zip(*model.named_parameters(), strict=True)

    def outputs(inputs: Tensor, bases: Tensor, *changed: Tensor) -> Tensor:
        quantiles, state = functional_call(
            model, dict(zip(names, changed, strict=True)), (inputs, bases, fresh(model, chunk))
        )
        return torch.cat((quantiles.flatten(), *(part.flatten() for part in state)))

    given = [part.detach().requires_grad_() for part in (view.inputs, view.bases, *weights)]
    assert torch.autograd.gradcheck(outputs, given, eps=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "fused", "cell"),
    [("rnn", nn.RNN, nn.RNNCell), ("gru", nn.GRU, nn.GRUCell), ("lstm", nn.LSTM, nn.LSTMCell)],
)
def test_recurrent_nets_equal_torchs_own_cells(name: str, fused: type, cell: type) -> None:
    net = Recurrent(fused, 3, 5, 1).double()
    single = cell(3, 5).double()
    for part in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"):
        setattr(single, part, net.fused.get_parameter(f"{part}_l0"))
    inputs = torch.randn(2, 9, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    features, after = net(inputs, tuple(part.double() for part in net.init_state(2)), None)
    state = None
    for t in range(9):
        state = single(inputs[:, t], state)
        torch.testing.assert_close(features[:, t], state[0] if isinstance(state, tuple) else state)
    last = state if isinstance(state, tuple) else (state,)
    for ours, theirs in zip(after, last, strict=True):
        torch.testing.assert_close(ours[0], theirs)


@every_net
def test_one_chunk_gives_the_gradient_of_the_whole_unrolled_graph(name: str) -> None:
    """K >= T: the same as a graph unrolled by hand, a step at a time, never detached."""
    model, chunk, loss = prepared(setting(name))
    ours = gradients(observed(model, chunk, fresh(model, chunk), loss).loss, model)
    state, total = fresh(model, chunk), torch.zeros((), dtype=torch.float64)
    for t in range(STEPS):
        outcome = observed(model, chunk.part(t, t + 1), state, loss)
        total, state = total + outcome.loss, outcome.state
    assert_same(ours, gradients(total, model))


@recurrent_nets
@pytest.mark.parametrize("length", [1, 7, 15])
def test_truncation_cuts_the_gradient_and_nothing_else(name: str, length: int) -> None:
    """K < T: the loss is that of one long pass, the gradient that of a graph unrolled by hand and cut every K steps."""
    model, chunk, loss = prepared(setting(name))
    whole = observed(model, chunk, fresh(model, chunk), loss)

    def in_pieces() -> Iterator[ChunkLoss]:
        state = fresh(model, chunk)
        for start in range(0, STEPS, length):
            outcome = observed(model, chunk.part(start, min(start + length, STEPS)), state, loss)
            yield outcome
            state = tuple(part.detach() for part in outcome.state)

    pieces = list(in_pieces())
    total = torch.stack([piece.loss for piece in pieces]).sum()
    torch.testing.assert_close(total, whole.loss)
    for carried, through in zip(pieces[-1].state, whole.state, strict=True):
        torch.testing.assert_close(carried, through)
    truncated = gradients(total, model)
    assert differ(truncated, gradients(whole.loss, model))
    assert_same(truncated, gradients(unrolled_by_hand(model, chunk, loss, cut_every=length), model))


def unrolled_by_hand(model: Model, chunk: Chunk, loss: Errors, cut_every: int) -> Tensor:
    """The loss of a recurrent net written out step by step with torch's cells, the state cut at each border."""
    fused = model.net.fused
    cell = {nn.RNN: nn.RNNCell, nn.GRU: nn.GRUCell, nn.LSTM: nn.LSTMCell}[type(fused)](fused.input_size, 5).double()
    cell.weight_ih, cell.weight_hh = fused.weight_ih_l0, fused.weight_hh_l0
    cell.bias_ih, cell.bias_hh = fused.bias_ih_l0, fused.bias_hh_l0
    view = chunk.view()
    targets = chunk.targets(HORIZON)
    state, total = None, torch.zeros((), dtype=torch.float64)
    for t in range(STEPS):
        if t % cut_every == 0 and state is not None:
            state = tuple(part.detach() for part in state) if isinstance(state, tuple) else state.detach()
        state = cell(view.inputs[:, t], state)
        hidden = state[0] if isinstance(state, tuple) else state
        now = slice(t, t + 1)
        window = view.inputs[:, now, : model.sizes.window]
        quantiles = model.sizes.outputs(dict(model.head.items()), hidden[:, None], window, view.bases[:, now])
        total = total + weighted_loss(loss, quantiles, Targets(*(part[:, now] for part in targets)))
    return total


@every_net
def test_free_running_has_the_gradient_of_an_explicit_unroll(name: str) -> None:
    """Each forecast is appended to the series as if observed, and all is computed again from the first value on."""
    config = setting(name, strategy="recursive", training="bptt")
    model, chunk, loss = prepared(config)
    free = FreeRunning(config, loss, CPU)
    first = int(torch.randint(HORIZON, (), generator=torch.Generator().manual_seed(config.train.seed)))
    outcome = free(model, chunk, fresh(model, chunk), progress=0.5)
    frame, lookback = chunk.frame, chunk.frame.lookback
    observed_values, total = chunk.batch.past.values[:, lookback:], torch.zeros((), dtype=torch.float64)
    for origin in range(first, STEPS, HORIZON):
        y, steps = observed_values[:, : origin + 1], []
        for _ in range(HORIZON):
            view = Past.of(frame, y).view()
            z, _ = model(view.inputs, view.bases, fresh(model, chunk))
            steps.append(frame.globalise(z, view.level, view.scale)[:, -1:])
            y = torch.cat((y, steps[-1][:, :, 0, model.sizes.middle]), 1)
        units = chunk.part(origin, origin + 1).view()
        local = frame.localise(torch.cat(steps, 2), units.level, units.scale)
        targets = chunk.part(origin, origin + 1).targets(HORIZON)
        total = total + weighted_loss(loss, local, targets)
    torch.testing.assert_close(outcome.loss, total)
    assert_same(gradients(outcome.loss, model), gradients(total, model))


@every_net
def test_feeding_back_what_was_observed_is_teacher_forcing(name: str) -> None:
    """Scheduled sampling with a coin that always says "observed" sees what one parallel pass sees."""
    config = setting(name, strategy="recursive", training="teacher-forcing")
    model, chunk, loss = prepared(config)
    free = FreeRunning(config, loss, CPU)
    origin, state = 12, fresh(model, chunk)
    _, before = model(*(part[:, :origin] for part in chunk.view()[:2]), state)
    fed = free.run(model, chunk, range(origin, origin + 1), [before], share=1.0)
    units = chunk.part(origin, origin + 1).view()
    view = chunk.part(0, origin + HORIZON).view()
    z, _ = model(view.inputs, view.bases, state)
    forced = chunk.frame.globalise(z, view.level, view.scale)[:, -HORIZON:, 0]  # [B, H, Q]
    torch.testing.assert_close(fed[:, 0], chunk.frame.localise(forced, units.level, units.scale))


@every_net
def test_forced_and_free_losses_agree_where_the_model_is_perfect(name: str) -> None:
    """On an exactly periodic series an untrained net, seasonal naive, makes no error; nor does it when it runs free."""
    config = setting(name, strategy="recursive", levels=())
    periodic = Panel.from_series({"a": np.tile([1.0, 5, 2, 8, 3, 9], 6)})
    batches = Batches(periodic, Frame.of(config), config.train, CPU)
    chunk = Chunk(batches.batches[0], 2 * SEASON, 6 * SEASON)
    model, loss = build_model(config).double(), loss_of(config, CPU)
    forced = observed(model, chunk, fresh(model, chunk), loss)
    free = FreeRunning(config, loss, CPU)(model, chunk, fresh(model, chunk), progress=0)
    assert float(forced.loss.detach()) == pytest.approx(0, abs=1e-9)
    assert float(free.loss.detach()) == pytest.approx(0, abs=1e-9)
    assert forced.weight > 0
    assert free.weight > 0


def test_the_first_step_of_a_walk_is_that_of_a_pass() -> None:
    config = setting("lstm", strategy="recursive")
    model, chunk, _ = prepared(config)
    state = fresh(model, chunk)
    quantiles, _, _ = step(
        model, chunk.frame, (chunk.values(0), chunk.exogenous_step(0, seen=True)), chunk.state_before(0), state
    )
    view = chunk.part(0, 1).view()
    z, _ = model(view.inputs, view.bases, state)
    torch.testing.assert_close(quantiles, chunk.frame.globalise(z, view.level, view.scale))


@pytest.mark.parametrize("factor", [0.5, 1.0, 1.25])
def test_the_ledger_measures_what_is_known(factor: float) -> None:
    """A linear recurrence h = factor * h: the gradient k steps back is factor^k times the gradient now."""
    config = setting("rnn", bptt_steps=16)
    model = build_model(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.net.fused.weight_hh_l0.copy_(factor * torch.eye(5))  # at h = 0, tanh is the identity
        model.head["weight"].fill_(0.1)
    batches = Batches(panel(), Frame.of(config), config.train, CPU)
    norms = gradient_by_lag(model, batches, config)
    assert list(norms) == [1, 2, 4, 8, 16]
    for lag, norm in norms.items():
        assert norm / norms[1] == pytest.approx(factor ** (lag - 1), rel=1e-4)


def test_no_memory_no_ledger() -> None:
    config = setting("window")
    assert gradient_by_lag(build_model(config), Batches(panel(), Frame.of(config), config.train, CPU), config) == {}


@every_net
@pytest.mark.parametrize("training", ["teacher-forcing", "bptt", "scheduled"])
def test_carrying_matters_to_nets_with_memory_and_to_no_others(name: str, training: str) -> None:
    forecasts = []
    for carry in (True, False):
        config = setting(name, bptt_steps=8, strategy="recursive", training=training, carry=carry, validate=False)
        forecasts.append(Forecaster.fit_spec(panel(), config, Config()).weights["head.bias"])
    remembers = bool(build_model(config).init_state(1)) and (name, training) != ("jordan", "teacher-forcing")
    assert np.array_equal(*forecasts) != remembers


@every_net
@pytest.mark.parametrize("training", ["teacher-forcing", "bptt", "scheduled"])
def test_every_training_method_learns_and_goes_on_beyond_its_horizon(name: str, training: str) -> None:
    config = replace(small_config(name, training=training, epochs=16), task=TaskConfig(horizon=4, strategy="recursive"))
    losses: list[float] = []
    few = waves(series=2, steps=48)
    forecaster = Forecaster.fit(few, config, watch=Watch(lambda run, step: losses.append(step.loss)))
    assert losses[-1] < losses[0]
    near, far = forecaster.predict(horizon=4), forecaster.predict(horizon=9)
    np.testing.assert_allclose(far.quantiles[:, :4], near.quantiles, rtol=1e-6)
    assert np.isfinite(far.quantiles).all()
    assert (np.diff(far.quantiles, axis=-1) >= 0).all()


def test_a_recursive_forecast_does_not_depend_on_the_company() -> None:
    config = replace(small_config("gru"), task=TaskConfig(horizon=4, strategy="recursive"))
    forecaster = fitted(config)
    alone = forecaster.predict(waves().select(np.array([1]), waves().lengths[1:2]))
    np.testing.assert_allclose(alone.quantiles[0], forecaster.predict().quantiles[1], rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "strategy", "training", "expected"),
    [
        ("lstm", "auto", "auto", ("direct", "bptt")),
        ("lstm", "direct", "bptt", ("direct", "bptt")),
        ("lstm", "auto", "teacher-forcing", ("recursive", "teacher-forcing")),
        ("window", "recursive", "auto", ("recursive", "bptt")),
        ("jordan", "auto", "auto", ("recursive", "bptt")),
        ("jordan", "auto", "scheduled", ("recursive", "scheduled")),
        ("jordan", "direct", "auto", "jordan cannot be direct: its state is its own output"),
        ("lstm", "direct", "teacher-forcing", "says what is fed back, but --strategy direct feeds nothing back"),
        ("gru", "direct", "scheduled", "says what is fed back, but --strategy direct feeds nothing back"),
    ],
)
def test_combinations(name: str, strategy: str, training: str, expected: tuple[str, str] | str) -> None:
    config = Config(task=TaskConfig(strategy=strategy), net=NetConfig(model=name), train=TrainConfig(training=training))
    if isinstance(expected, str):
        with pytest.raises(UsageError, match=expected):
            resolve(config, panel())
    else:
        resolved = resolve(config, panel())
        assert (resolved.task.strategy, resolved.train.training) == expected


def test_dropout_changes_training_and_not_forecasting() -> None:
    config = small_config()
    dropped = replace(config, net=replace(config.net, dropout=0.5))
    first, second = (Forecaster.fit(waves(), dropped) for _ in range(2))
    np.testing.assert_array_equal(first.predict().point, second.predict().point)
    np.testing.assert_array_equal(first.predict().point, first.predict().point)
    assert not np.array_equal(first.predict().point, fitted(config).predict().point)


def test_validation_is_out_of_sample_and_the_last_run_is_on_everything() -> None:
    told: list[tuple[str, EpochReport]] = []
    watch = Watch(lambda run, step: told.append((run, step)))
    forecaster = Forecaster.fit(waves(), small_config(validate=True, epochs=4), watch=watch)
    assert [run for run, _ in told] == ["validation"] * 4 + ["training"] * 4
    assert all(step.valid_mase is not None for run, step in told if run == "validation")
    shrinkage = forecaster.scores["shrinkage"]
    assert (forecaster.scores["mase"] == told[3][1].valid_mase) == (shrinkage == 0)
    assert forecaster.scores["seasonal_naive_mase"] == told[3][1].naive_mase
    without = Forecaster.fit(waves(), small_config(validate=False, epochs=4))
    alike = replace(without, weights=shrunk(without.weights, shrinkage))
    np.testing.assert_array_equal(forecaster.predict().point, alike.predict().point)


def test_a_net_that_learns_nothing_useful_is_shrunk_further() -> None:
    """Nobody can forecast a random walk better than by its last value; the model falls back to it, and says so."""
    walk = np.cumsum(np.random.default_rng(2).normal(0, 1, 300)) + 100
    config = Config(task=TaskConfig(horizon=12, seasons=(1,)), net=NetConfig(model="rnn", base=("last-1",)))
    forecaster = Forecaster.fit(Panel.from_series({"a": walk}), config)
    assert forecaster.scores["shrinkage"] > forecaster.spec.train.shrinkage
    if forecaster.scores["shrinkage"] == 1:
        np.testing.assert_allclose(forecaster.predict().point, np.full((1, 12), walk[-1]), rtol=1e-6)


def test_patience_trains_anew_for_as_long_as_it_paid() -> None:
    told: list[tuple[str, EpochReport]] = []
    watch = Watch(lambda run, step: told.append((run, step)))
    config = small_config(validate=True, patience=1, epochs=40, learning_rate=0.2)
    Forecaster.fit(waves(), config, watch=watch)
    judged = [step for run, step in told if run == "validation" and step.valid_mase is not None]
    trained = [step for run, step in told if run == "training"]
    best = min(judged, key=lambda step: step.valid_mase)
    assert judged[-1].epoch < 40
    assert len(trained) == trained[0].epochs == best.epoch


def test_divergence_keeps_the_best_weights_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    real_train = fit.train

    def breaks_in_epoch_3(*arguments: object) -> Iterator[EpochReport]:
        for done in real_train(*arguments):
            if done.epoch == 3:
                raise TrainingError("the gradient was no longer finite at update 1 of epoch 3")
            yield done

    whole = Forecaster.fit(waves(), small_config(epochs=5, seed=3))
    monkeypatch.setattr(fit, "train", breaks_in_epoch_3)
    with pytest.raises(TrainingError, match="update 1 of epoch 3") as caught:
        Forecaster.fit(waves(), small_config(epochs=5, seed=3))
    rescued = caught.value.rescued
    assert np.isfinite(rescued.predict().point).all()
    assert not np.array_equal(rescued.predict().point, whole.predict().point)


@pytest.mark.parametrize("name", ["cuda:99", "toaster", "mps:7"])
def test_a_device_that_is_not_here_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        find_device(name)

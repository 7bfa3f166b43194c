"""The pretrained net is trained a little further on the data: a candidate like others, kept in a file like them."""

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path

import numpy as np
import pytest
import torch

from rnncast.choices.decide import resolve
from rnncast.choices.effort import LONG, SMALL_PANEL, finetuning_of
from rnncast.config import Config, TaskConfig, TrainConfig
from rnncast.errors import InterruptedTrainingError, UsageError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.interruption import Interruption
from rnncast.nets.pretrained import PretrainedNet, examples, tensors
from rnncast.pretrained.frame import Parts, advance, begin
from rnncast.pretrained.net import quantiles, step
from rnncast.pretrained.past import Seasons
from rnncast.report.words import interruption_in_words, name_of
from rnncast.runtime.pretrained import named_weights, package_weights
from rnncast.runtime.runtime import Runtime
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training import finetuning as module
from rnncast.training import shares
from rnncast.training.finetuning import finetuned
from rnncast.training.shares import finetuning_pays
from rnncast.training.watch import Watch
from tests.conftest import Program, small_config, waves
from tests.test_cli import modules_after
from tests.test_pretrained_state import all_but_the_last, holds_the_splitting_law, part

MODEL = "rnncast.safetensors"


def peculiar(steps: int = 300) -> Panel:
    """A spike at every seventh step and a dip after it, of which no season is told."""
    y = np.full(steps, 100.0) + np.random.default_rng(1).normal(0, 1, steps)
    y[::7] += 60
    y[1::7] -= 30
    return Panel.from_series({"peculiar": y})


def spec_of(panel: Panel) -> ModelSpec:
    task = TaskConfig(horizon=7, seasons=(1,), transform="none")
    return resolve(Config(task=task, train=TrainConfig(start="finetuned")), panel)


def test_it_is_the_net_of_the_package_in_torch() -> None:
    weights, seasons = package_weights(), Seasons(12)
    y = waves(series=2, steps=70, season=12).padded(np.arange(2), align="start")
    track, _ = advance(seasons, y, begin(seasons, 2))
    origins, leads = np.array([5, 30, 69]), np.array([1, 4, 12])
    _, _, *parts = tensors(examples(track, y, origins, leads))
    inputs = track.inputs.astype(np.float32)
    net = PretrainedNet.of(weights)
    with torch.no_grad():
        features = net.gru(torch.from_numpy(inputs))[0][:, origins]
        ours = net.head(features, torch.from_numpy(inputs[:, origins]), tuple(parts)).numpy()
    layers = sum(name.startswith("gru.weight_hh") for name in weights)
    hidden = np.zeros((layers, 2, features.shape[2]), np.float32)
    seen, _ = step(weights, inputs, hidden, track.past.count > 0)
    theirs = quantiles(weights, seen[:, origins], inputs[:, origins], Parts(*(each.numpy() for each in parts)))
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


def test_it_learns_from_the_data_and_the_same_each_time() -> None:
    panel = peculiar()
    spec = spec_of(panel)
    before, after = package_weights(), finetuned(panel, spec)
    assert after.keys() == named_weights(before).keys()
    assert all(np.abs(after[name] - weight).max() > 0 for name, weight in named_weights(before).items())
    again, other = finetuned(panel, spec), finetuned(panel, replace(spec, train=replace(spec.train, seed=2)))
    for name, weight in after.items():
        np.testing.assert_array_equal(weight, again[name])
    assert any((weight != other[name]).any() for name, weight in after.items())

    def loss(weights: dict[str, np.ndarray]) -> float:
        net = PretrainedNet.of({name.removeprefix("pretrained."): weight for name, weight in weights.items()})
        with torch.no_grad():
            return sum(float(each) for _, _, each in module._losses(net, panel, spec, np.random.default_rng(9)))

    assert loss(after) < 0.995 * loss(named_weights(before))


def test_series_of_any_length_and_value_leave_numbers() -> None:
    panel = Panel.from_series(
        {
            "one": np.array([3.0]),
            "zeros": np.zeros(40),
            "flat": np.full(30, 7.0),
            "gaps": np.where(np.arange(300) % 5, np.arange(300.0), np.nan)[1:],
            "large": np.array([1e12, -1e12] * 10),
        }
    )
    assert all(np.isfinite(weight).all() for weight in finetuned(panel, spec_of(panel)).values())


def after(updates: int) -> Callable[[], bool]:
    """Whether to stop: after so many updates."""
    asked = count()
    return lambda: next(asked) >= updates


def test_it_ends_with_its_time() -> None:
    panel = peculiar()
    weights = finetuned(panel, spec_of(panel), seconds=0.0)
    for name, weight in named_weights(package_weights()).items():
        np.testing.assert_array_equal(weights[name], weight)
    late = Forecaster.fit(waves(), small_config(start="finetuned", max_time=1.0), watch=Watch(began=-1e9))
    for name, weight in named_weights(package_weights()).items():
        np.testing.assert_array_equal(late.weights[name], weight)


def test_what_it_was_stopped_at_is_kept_and_said() -> None:
    config, panel = small_config(start="finetuned", validate=True), waves(steps=60)
    passes = finetuning_of(len(panel.y)).passes  # of one update each
    with pytest.raises(InterruptedTrainingError) as stopped:
        Forecaster.fit(panel, config, watch=Watch(stopped=after(0)))
    assert stopped.value.rescued is None
    with pytest.raises(InterruptedTrainingError) as stopped:
        Forecaster.fit(panel, config, watch=Watch(stopped=after(3)))
    assert stopped.value.rescued.interruption == Interruption("training", 1, 1, 3, passes)
    assert np.isfinite(stopped.value.rescued.predict().quantiles).all()
    with pytest.raises(InterruptedTrainingError) as stopped:  # while it is judged
        Forecaster.fit(panel, config, watch=Watch(stopped=after(passes + 1)))
    kept, full = stopped.value.rescued, Forecaster.fit(panel, config)
    np.testing.assert_array_equal(kept.predict().point, full.predict().point)
    assert interruption_in_words(kept.interruption) == "the net"


def test_nets_that_are_trained_can_do_without_it() -> None:
    ended = list[str]()
    watch = Watch(stopped=lambda: len(ended) == 2, ended=ended.append)
    config = small_config("gru", validate=True, start="validation", epochs=1)
    made = Forecaster.fit(waves(steps=150), config, watch=watch)
    assert "finetuned_mase" not in made.scores
    assert "pretrained_mase" in made.scores


@pytest.fixture(scope="module", params=["alone", "mixed"])
def tuned(request: pytest.FixtureRequest) -> Forecaster:
    """Finetuned weights alone, and mixed with trained nets."""
    if request.param == "alone":
        return Forecaster.fit(waves(), small_config(start="finetuned"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shares, "chosen_share", lambda *_: 0.5)
        patch.setattr(shares, "LONG", 0)
        return Forecaster.fit(waves(steps=150), small_config("gru", validate=True, start="validation", epochs=1))


def test_a_model_file_holds_what_was_learnt(tuned: Forecaster, tmp_path: Path) -> None:
    assert tuned.spec.net.finetuned
    assert name_of(tuned.spec).endswith("finetuned")
    learnt = {name: weight for name, weight in tuned.weights.items() if name.startswith("pretrained.")}
    assert any((weight != named_weights(package_weights())[name]).any() for name, weight in learnt.items())
    tuned.save(path := str(tmp_path / "model.safetensors"))
    read = Forecaster.load(path)
    assert read.spec == tuned.spec
    np.testing.assert_array_equal(read.predict().quantiles, tuned.predict().quantiles)
    np.testing.assert_array_equal(read.sample(50).values, tuned.sample(50).values)
    as_it_is = replace(tuned, weights={**tuned.weights, **named_weights(package_weights())})
    assert (as_it_is.predict().point != tuned.predict().point).all()
    assert read.spec.to_config().train.start in ("finetuned", "validation")


def test_splitting_law(tuned: Forecaster) -> None:
    runtime, panel = Runtime(tuned.spec, tuned.weights), waves(series=3, steps=40)
    holds_the_splitting_law(runtime, panel, runtime.replay(all_but_the_last(panel)))


def test_it_is_no_candidate_where_it_would_cost_much() -> None:
    spec = resolve(small_config(validate=True, start="validation"), waves())
    there = waves(steps=400)
    assert LONG < len(there.y) < SMALL_PANEL
    assert finetuning_pays(there, spec)
    assert not finetuning_pays(waves(series=1, steps=LONG - 1), spec)
    assert not finetuning_pays(waves(series=60, steps=400), spec)
    assert not finetuning_pays(there, replace(spec, train=replace(spec.train, max_time=60.0)))
    with pytest.raises(UsageError, match="has no share"):
        spec.with_share(1, 0.0, finetuned=True)


def test_it_is_asked_for_by_name_and_forecasts_without_torch(program: Program) -> None:
    (program.folder / "air.csv").write_text(part(1, 141))
    done = program("train", "air.csv", "-H", "3", "--from", "finetuned")
    assert done.returncode == 0, done.stderr
    assert "finetuned forecasts: not decided by validation" in done.stderr
    assert "took finetuned" in done.stderr
    made = Forecaster.load(str(program.folder / MODEL))
    assert made.scores["finetuned_mase"] == made.scores["mase"] < made.scores["seasonal_naive_mase"]
    assert "model finetuned" in program("inspect").stdout
    (program.folder / "more.csv").write_text(part(142, 144))
    assert "torch" not in modules_after(program, "forecast --continue more.csv --save-state -q -o out.csv")
    assert (program.folder / "out.csv").read_text().splitlines()[1].startswith("1961-01,")

"""`train --from FILE`: the nets of a model file trained further, on other series and for another horizon."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import rnncast
from rnncast.config import Config, TrainConfig
from rnncast.errors import DataError, UsageError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.forecaster.warm import further_config
from rnncast.series.panel import Panel
from rnncast.times.frequency import Frequency
from tests.conftest import Program, fitted, small_config, waves

UNTAUGHT: dict[str, object] = {"epochs": 0, "validate": False, "shrinkage": 0.0}


def asked_of(start: Forecaster, **changes: object) -> Config:
    asked = further_config(start.spec)
    task = replace(asked.task, **changes.pop("task", {}))  # type: ignore[arg-type]
    return replace(asked, task=task, train=replace(asked.train, **{**UNTAUGHT, **changes}))  # type: ignore[arg-type]


@pytest.mark.parametrize("model", ["lstm", "window", "gru"])
def test_without_an_epoch_nothing_changes(model: str) -> None:
    """Other series are forecast as the model forecasts them, for each lead time that it knows."""
    start, other = fitted(small_config(model, members=2, shrinkage=0.25)), waves(series=2, seed=5)
    expected = replace(start, scores={"shrinkage": 0.0}).predict(other).quantiles
    same = Forecaster.fit(other, asked_of(start, shrinkage=0.25), start=replace(start, scores={"shrinkage": 0.25}))
    np.testing.assert_allclose(same.predict().quantiles, expected, rtol=1e-5)
    assert same.ids == other.ids
    shorter = Forecaster.fit(other, asked_of(start, task={"horizon": 3}), start=start)
    np.testing.assert_allclose(shorter.predict().quantiles, expected[:, :3], rtol=1e-5)
    longer = Forecaster.fit(other, asked_of(start, task={"horizon": 9}), start=start)
    np.testing.assert_allclose(longer.predict().quantiles[:, :4], expected, rtol=1e-5)
    untrained = Forecaster.fit(other, replace(asked_of(start, task={"horizon": 9}), train=TrainConfig(**UNTAUGHT)))  # type: ignore[arg-type]
    np.testing.assert_allclose(longer.predict().point[:, 4:], untrained.predict().point[:, 4:], rtol=1e-5)


def test_a_further_member_begins_anew() -> None:
    start = fitted(small_config("gru", members=1))
    more = Forecaster.fit(waves(), asked_of(start, members=2), start=start)
    new = Forecaster.fit(waves(), replace(small_config("gru", members=2), train=TrainConfig(members=2, **UNTAUGHT)))  # type: ignore[arg-type]
    np.testing.assert_array_equal(more.weights["net.weight_ih_l0"], start.weights["net.weight_ih_l0"])
    np.testing.assert_array_equal(more.weights["member1.net.weight_ih_l0"], new.weights["member1.net.weight_ih_l0"])


def test_what_was_learnt_is_worth_epochs() -> None:
    """On a few values of series of the same kind, an epoch from trained nets is better than one from nothing."""
    many = waves(series=12, steps=200)
    taught = Forecaster.fit(many, small_config("gru", epochs=15))
    few = waves(series=1, steps=40, seed=9)
    seen = few.select(np.array([0]), few.lengths - 4)
    warm = Forecaster.fit(seen, asked_of(taught, epochs=1), start=taught)
    cold = Forecaster.fit(seen, replace(small_config("gru", epochs=1)))
    errors = [np.abs(each.predict().point - few.y[-4:]).mean() for each in (warm, cold)]
    assert errors[0] < 0.8 * errors[1]


REFUSED = {
    "another net": (["--model", "lstm"], "trained with --model gru and cannot change to lstm"),
    "another size": (["--hidden-size", "9"], "trained with --hidden-size 8 and cannot change to 9"),
    "another season": (["--season", "4"], "trained with --season 6 and cannot change to 4"),
    "another loss": (["--loss", "mse"], "trained with --loss pinball and cannot change to mse"),
    "another window": (["--window", "9"], "trained with --window 7 and cannot change to 9"),
    "covariates": (["--known", "price"], "the model was trained with --known (none)"),
    "no file": (["--from", "nowhere.safetensors"], "there is no model file nowhere.safetensors"),
    "itself": (["-o", "old.safetensors"], "old.safetensors is read, and would be replaced"),
}


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """A folder with a model, and data of another series."""
    folder = tmp_path_factory.mktemp("further")
    fitted(small_config("gru")).save(str(folder / "old.safetensors"))
    rows = [f"{100 + 10 * np.sin(t):.3f},{t % 3}" for t in range(60)]
    (folder / "new.csv").write_text("\n".join(["value,price", *rows]))
    return Program(folder)


def test_from_a_file(begun: Program) -> None:
    done = begun("train", "new.csv", "--target", "value", "--from", "old.safetensors", "-H", "5", "--explain")
    assert done.returncode == 0, done.stderr
    made = Forecaster.load(str(begun.folder / "rnncast.safetensors"))
    assert (made.spec.net.model, made.spec.net.hidden_size, made.spec.task.horizon) == ("gru", 8, 5)
    assert made.asked.train.start == "old.safetensors"
    assert made.spec.train.start == "file"
    assert len(begun("forecast", "--format", "csv").stdout.splitlines()) == 6


@pytest.mark.parametrize(("flags", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_go_on_is_refused(begun: Program, flags: list[str], said: str) -> None:
    done = begun("train", "new.csv", "--target", "value", "--from", "old.safetensors", *flags)
    assert done.returncode in (1, 2)
    assert said in done.stderr
    assert "hint:" in done.stderr
    assert "Traceback" not in done.stderr


def test_data_of_another_frequency_are_refused() -> None:
    start = fitted(small_config("gru"))
    months = replace(waves(), frequency=Frequency("month"))
    with pytest.raises(DataError, match="but the model was trained on"):
        Forecaster.fit(months, further_config(start.spec), start=start)


def test_the_pretrained_net_alone_is_no_start(tmp_path: Path) -> None:
    alone = Forecaster.fit(waves(), Config(train=TrainConfig(start="pretrained", validate=False)))
    alone.save(path := str(tmp_path / "alone.safetensors"))
    with pytest.raises(UsageError, match="holds the pretrained net alone"):
        Forecaster.fit(waves(), Config(train=TrainConfig(start=path)))


def test_a_mean_stays_one() -> None:
    start = fitted(small_config(members=2, start="mean"))
    made = Forecaster.fit(waves(seed=3), asked_of(start), start=start)
    assert (made.spec.net.pretrained, made.spec.net.members) == (0.5, 2)
    assert any(name.startswith("pretrained.") for name in made.weights)


def test_panels_are_others(begun: Program) -> None:
    """Nothing of the series of the old model is in the new one."""
    start = fitted(small_config("gru"))
    made = Forecaster.fit(Panel.from_series({"z": np.arange(30.0) + 5}), asked_of(start), start=start)
    assert made.ids == ("z",)
    assert made.state.pending.shape == (1,)


def test_from_python(begun: Program) -> None:
    """`from` is a word of the language: the keyword is `start`."""
    path = str(begun.folder / "old.safetensors")
    made = rnncast.train(waves(seed=4), start=path, horizon=3, epochs=0, quiet=True).forecaster
    assert (made.spec.net.model, made.spec.task.horizon, made.asked.train.start) == ("gru", 3, path)
    with pytest.raises(UsageError, match="trained with model gru and cannot change to lstm"):
        rnncast.train(waves(), start=path, model="lstm", quiet=True)
    assert rnncast.train(waves(), start="pretrained", quiet=True).forecaster.spec.net.pretrained == 1

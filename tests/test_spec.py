"""What was decided leaves nothing open, comes back from JSON as it was, and refuses what no model has."""

import json
from dataclasses import MISSING, fields, replace
from typing import Any, get_type_hints

import numpy as np
import pytest

from rnncast.choices.decide import resolve
from rnncast.cli.app import run
from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.decided import UNLIMITED
from rnncast.errors import UsageError
from rnncast.files.output import format_1
from rnncast.forecaster.forecaster import Forecaster
from rnncast.frame.baselines import baselines_of
from rnncast.frame.frame import Frame
from rnncast.spec import ModelSpec
from tests.conftest import AIR_PASSENGERS, small_config, waves

SECTIONS = get_type_hints(ModelSpec)
FIELDS = [(section, each.name) for section, kind in SECTIONS.items() for each in fields(kind)]
EVERY = pytest.mark.parametrize(("section", "name"), FIELDS, ids=".".join)


def spec() -> ModelSpec:
    return resolve(small_config(), waves())


def plain() -> dict[str, dict[str, Any]]:
    return json.loads(json.dumps(spec().to_dict(), allow_nan=False))


@EVERY
def test_every_field_is_required_says_what_it_is_and_is_never_none(section: str, name: str) -> None:
    hint = get_type_hints(SECTIONS[section])[name]
    assert "None" not in str(hint)
    [one] = [each for each in fields(SECTIONS[section]) if each.name == name]
    assert one.metadata["meaning"].endswith(".")
    without = plain()
    if one.default is not MISSING:  # a file from before there was the field means what is not written now either
        assert name not in without[section]
        assert getattr(getattr(ModelSpec.from_dict(without), section), name) == one.default
        return
    del without[section][name]
    with pytest.raises(UsageError, match=f"'{name}' is missing"):
        ModelSpec.from_dict(without)


@EVERY
@pytest.mark.parametrize("junk", [None, -1, [[1]], {}, "oracle", float("nan")], ids=str)
def test_values_that_no_model_has_are_refused_by_name(section: str, name: str, junk: object) -> None:
    if (name, junk) in (("model", "oracle"), ("minimum", -1), ("maximum", -1)):  # the registry knows; -1 may be a bound
        return
    changed = plain()
    changed[section][name] = junk
    with pytest.raises(UsageError, match=name):
        ModelSpec.from_dict(changed)


def test_it_comes_back_from_json_as_it_was() -> None:
    limited = replace(spec(), train=replace(spec().train, max_time=3.5))
    for each in (spec(), limited):
        assert ModelSpec.from_dict(json.loads(json.dumps(each.to_dict(), allow_nan=False))) == each
    assert spec().train.max_time == UNLIMITED


def test_unknown_names_and_contradictions_are_refused() -> None:
    with pytest.raises(UsageError, match="unknown field of the section 'task' 'horizn'"):
        ModelSpec.from_dict({**plain(), "task": {**plain()["task"], "horizn": 3}})
    with pytest.raises(UsageError, match="unknown section of the spec 'extra'"):
        ModelSpec.from_dict({**plain(), "extra": {}})
    with pytest.raises(UsageError, match="feeds nothing back"):
        replace(spec(), train=replace(spec().train, training="scheduled"))
    with pytest.raises(UsageError, match="base must not be empty"):
        replace(spec().frame, base=())


def test_what_is_undecided_is_no_spec() -> None:
    """It was a forecast of one step once."""
    with pytest.raises(UsageError, match="is missing"):
        ModelSpec.of(Config(), {})
    decided = {name: value for part in spec().to_dict().values() for name, value in part.items()}
    with pytest.raises(UsageError, match="horizon cannot be None"):
        ModelSpec.of(Config(), {**decided, "horizon": None})


def test_names_are_unique_over_sections() -> None:
    names = [name for _, name in FIELDS]
    assert len(names) == len(set(names))
    asked = [each.name for kind in (TaskConfig, NetConfig, TrainConfig) for each in fields(kind)]
    assert len(asked) == len(set(asked))


def test_what_was_asked_stands_beside_what_was_decided(tmp_path: Any) -> None:
    asked = Config(train=TrainConfig(epochs=1, validate=False))
    path = str(tmp_path / "model.safetensors")
    Forecaster.fit(waves(), asked).save(path)
    loaded = Forecaster.load(path)
    assert loaded.asked == asked
    assert loaded.spec == resolve(asked, waves())


def test_settings_are_decided_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Explained or not."""
    import rnncast.choices.decide as deciding

    calls: list[Config] = []
    decide = deciding.decide

    def counted(config: Config, panel: Any, encoding: Any = None) -> Any:
        calls.append(config)
        return decide(config, panel, encoding)

    monkeypatch.setattr(deciding, "decide", counted)
    for flags in ([], ["--explain"]):
        calls.clear()
        output = str(tmp_path / "model.safetensors")
        assert run(["train", str(AIR_PASSENGERS), "--epochs", "1", "--no-validate", "-q", "-o", output, *flags]) == 0
        assert len(calls) == 1


def test_a_header_of_format_1_becomes_a_spec() -> None:
    """Older ones of it had one span and one base, not in a list, and knew of fewer settings."""
    now = spec()
    flat = {name: value for part in plain().values() for name, value in part.items()}
    old = {
        **flat,
        "level_span": now.frame.level_span[0],
        "base": now.frame.base[0],
        "preset": "default",
        "max_time": None,
        "patience": None,
        "covariates": [0, 0, 0],
        "trust": 0.75,
    }
    for name in ("shrinkage", "known", "past", "static", "carry", "stride", "baselines"):
        del old[name]
    header = {"config": {"task": {}, "net": {}, "train": old}, "scores": {"mase": 1.0, "trust": 0.75}}
    tensors = {"state.frame.level": np.zeros(2), "state.frame.sums": np.zeros((2, 6))}
    new, _ = format_1.upgraded(header, tensors)
    span = now.frame.level_span[:1]
    names = baselines_of(now.task.seasons, span)
    one = replace(now.frame, level_span=span, base=now.frame.base[:1], baselines=names)
    expected = replace(now, frame=one, train=replace(now.train, shrinkage=0.25))
    assert ModelSpec.from_dict(new["spec"]) == expected
    assert new["scores"] == {"mase": 1.0, "shrinkage": 0.25}
    with pytest.raises(UsageError, match="horizn"):
        format_1.upgraded({**header, "config": {**header["config"], "task": {"horizn": 3}}}, tensors)


def test_a_state_of_format_1_becomes_one_of_several_spans() -> None:
    """Each span had tensors of its own; where the spans are long, fewer values were remembered."""
    asked = Config(net=NetConfig(level_span=(6, 24)), task=TaskConfig(seasons=(6,)))
    now = resolve(replace(asked, train=replace(asked.train, members=2)), waves())
    old = {**now.to_config().to_dict()}
    old["train"]["trust"], old["task"]["seasons"] = 0.5, [6]
    del old["train"]["shrinkage"], old["train"]["memory_limit"], old["net"]["frame"], old["net"]["linear"]
    del old["task"]["minimum"], old["task"]["maximum"], old["net"]["covariate_selection"]
    frame, lookback, short = "state.frame", Frame.of(now).lookback, 40
    random = np.random.default_rng(0)
    tensors = {
        f"{frame}.history": random.normal(size=(3, short)), f"{frame}.covariates": np.zeros((3, short, 0)),
        f"{frame}.level": random.normal(size=3), f"{frame}.sums": random.random((3, 6)),
        f"{frame}1.level": random.normal(size=3), f"{frame}1.sums": random.random((3, 6)), "net.weight": np.ones(1),
    }  # fmt: skip
    _, new = format_1.upgraded({"config": json.loads(json.dumps(old)), "scores": {}}, tensors)
    assert new.keys() == tensors.keys() - {f"{frame}1.level", f"{frame}1.sums"}
    for span, name in enumerate((frame, f"{frame}1")):
        np.testing.assert_array_equal(new[f"{frame}.level"][:, span], tensors[f"{name}.level"])
        np.testing.assert_array_equal(new[f"{frame}.sums"][:, span], tensors[f"{name}.sums"])
    assert new[f"{frame}.history"].shape == (3, lookback)
    np.testing.assert_array_equal(new[f"{frame}.history"][:, -short:], tensors[f"{frame}.history"])
    assert np.isnan(new[f"{frame}.history"][:, :-short]).all()

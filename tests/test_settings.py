"""Absurd settings: every number has a range, so that a typing error ends in a sentence and not in a traceback."""

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from rnncast.config import Config, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.errors import UsageError
from rnncast.settings import MOST_ITEMS, updated
from tests.conftest import AIR_PASSENGERS, Program

SECTIONS = (TableConfig, TaskConfig, NetConfig, TrainConfig)
NUMBERS = [
    (section, spec.name, isinstance(spec.default, tuple) or "tuple" in str(spec.type))
    for section in SECTIONS
    for spec in fields(section)
    if "int" in str(spec.type) or "float" in str(spec.type)
]


def made(section: Any, name: str, several: bool, number: float) -> Any:
    return section(**{name: (number,) if several else number})


@pytest.mark.parametrize(("section", "name", "several"), NUMBERS, ids=lambda each: str(each))
def test_every_number_has_both_bounds_and_none_is_infinite(section: Any, name: str, several: bool) -> None:
    for number in (float("inf"), float("-inf"), float("nan"), 1e300, -1e300, 10**40):
        with pytest.raises(UsageError, match=r"but must be (at least|at most|below)"):
            made(section, name, several, number)
    if several:
        with pytest.raises(UsageError, match="items, but must have at most"):
            section(**{name: (2,) * (MOST_ITEMS + 1)})


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--hidden-size", "100000"], "--hidden-size is 100000, but must be at most 16,384"),
        (["--window", "10000000"], "--window is 10000000, but must be at most 1,000,000"),
        (["--members", "1000000000000"], "--members is 1000000000000, but must be at most 1,000"),
        (["--members", "100000", "--max-time", "2"], "--members is 100000, but must be at most 1,000"),
        (["--members", "1000", "--max-time", "2"], "--max-time is 2 seconds, which is too short to train 1,000 nets"),
        (["--layers", "1000000000"], "--layers is 1000000000, but must be at most 64"),
        (["--level", "99.9999999999999"], "--level is 99.9999999999999, but must be at most 99.999"),
        (["--learning-rate", "inf"], "--learning-rate is inf, but must be at most 1,000"),
        (["--learning-rate", "nan"], "--learning-rate is nan, but must be at least 0"),
        (["--seed", "9" * 30], "but must be below"),
    ],
)
def test_absurd_settings_are_refused_in_a_sentence(program: Program, flags: list[str], said: str) -> None:
    done = program("train", AIR_PASSENGERS, *flags)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_from_python_are_those_of_the_flags() -> None:
    """By their names, as text or as values, one or several."""
    config = Config(horizon=np.int64(18), season=[24, 168], level=80, calendar=(), base="last-24,mean-24", model="gru")
    assert config.task == TaskConfig(horizon=18, seasons=(24, 168), levels=(80.0,))
    assert config.net == NetConfig(model="gru", base=("last-24", "mean-24"), calendar=())
    assert Config(horizon=18, seasons="12") == Config(task=TaskConfig(horizon=18, seasons=(12,)))
    assert Config(task=TaskConfig(horizon=18), horizon=None, epochs=3).task.horizon == 18
    assert replace(config, net=NetConfig()) == Config(task=config.task)
    assert TableConfig.of({"id": ["region", "store"], "known": "price"}) == TableConfig(
        id="region,store", known=("price",)
    )


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"horizn": 18}, "called 'horizn'\n  hint: the nearest is horizon"),
        ({"horizon": "18"}, "--horizon cannot be '18'"),
        ({"horizon": 0}, "--horizon is 0, but must be at least 1"),
        ({"season": 12.5}, "--season is 12.5, but must be whole numbers"),
        ({"season": "twelve"}, "--season is 'twelve', but must be whole numbers"),
        ({"base": [3]}, r"--base is \[3\], but must be names"),
        ({"validate": "no"}, "--validate cannot be 'no'"),
        ({"model": 3}, "--model cannot be 3"),
    ],
)
def test_a_setting_that_cannot_be_is_refused_by_name(settings: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        Config(**settings)


def test_words_fold_their_case_in_python_too() -> None:
    assert updated(NetConfig(), {"model": "LSTM"}).model == "lstm"
    assert updated(TableConfig(), {"gaps": "Fill"}).gaps == "fill"
    with pytest.raises(UsageError, match="--gaps is 'Ignore'"):
        updated(TableConfig(), {"gaps": "Ignore"})
    assert updated(TableConfig(), {"time": "Date"}).time == "Date"

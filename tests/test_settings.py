"""Absurd settings: every number has a range, so that a typing error ends in a sentence and not in a traceback."""

from dataclasses import fields
from typing import Any

import pytest

from rnncast.config import MOST_ITEMS, NetConfig, TableConfig, TaskConfig, TrainConfig
from rnncast.errors import UsageError
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
        (["--members", "1000", "--max-time", "2"], "--max-time is 2, which is too short to train 1,000 nets"),
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

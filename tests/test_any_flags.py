"""Any combination of numbers for the flags of train: refused with a sentence in a moment, or training starts."""

import io
import time
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import rnncast.training.fit
from rnncast.cli.app import run
from rnncast.cli.environment import Environment
from tests.conftest import AIR_PASSENGERS

WHOLE = ["-1", "0", "1", "2", "7", "100", "20000", "1000000", "1000001", "9" * 12, "9" * 25, "1e3", "", "many", "1.5"]
REAL = ["-1", "0", "1e-300", "0.5", "1", "99.9", "1e9", "1e308", "1e999", "inf", "-inf", "nan", "ten"]
SEVERAL = ["", "1", "12,12", "0", "7,-3", "100000", "1000000", "10000000000", ",", "12,nan", ",".join("2" * 200)]
LEVELS = [
    "50",
    "99.9999999999999",
    "100",
    "0",
    "1,99.999",
    "80,80",
    "nan",
    "inf",
    "-5",
    ",".join(map(str, range(1, 99))),
]
LIMITS = ["1K", "1G", "900T", "-1G", "nanG", "infG", "G"]
FLAGS = {
    **dict.fromkeys(["-H", "--hidden-size", "--layers", "--window", "--epochs", "--bptt-steps", "--stride"], WHOLE),
    **dict.fromkeys(["--batch-size", "--patience", "--members", "--seed"], WHOLE),
    **dict.fromkeys(["--dropout", "--learning-rate", "--weight-decay", "--clip-norm", "--max-time"], REAL),
    **dict.fromkeys(["--season", "--level-span"], SEVERAL),
    "--level": LEVELS,
    "--memory-limit": LIMITS,
}


class StartedError(Exception):
    """Training has begun."""


@st.composite
def flags(draw: st.DrawFn) -> list[str]:
    names = draw(st.lists(st.sampled_from(sorted(FLAGS)), min_size=1, max_size=4, unique=True))
    return [part for name in names for part in (name, draw(st.sampled_from(FLAGS[name])))]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_flags=flags())
def test_numbers_are_refused_or_training_starts(given_flags: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def start(*arguments: Any) -> None:
        raise StartedError

    monkeypatch.setattr(rnncast.training.fit, "fit_weights", start)
    said = io.StringIO()
    environment = Environment(stdin=io.StringIO(), stdout=io.StringIO(), stderr=said)
    began = time.process_time()
    try:
        code = run(["train", str(AIR_PASSENGERS), *given_flags], environment)
    except StartedError:
        return
    assert code in (1, 2)
    assert time.process_time() - began < 1.5
    text = said.getvalue()
    assert "rnncast: " in text or "Invalid value for" in text
    assert "Traceback" not in text

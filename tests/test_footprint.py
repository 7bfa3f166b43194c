"""The estimate of memory: near what trainings really take, and refused with the number before anything is allocated."""

import json
import subprocess
import sys
from typing import Any

import pytest

from rnncast.choices.decide import resolve
from rnncast.config import Config, NetConfig, TaskConfig, TrainConfig
from rnncast.errors import UsageError
from rnncast.runtime.footprint import footprint
from rnncast.runtime.memory import bytes_of, check_paths
from tests.conftest import AIR_PASSENGERS, ROOT, Program, waves

TRAIN = """
import json, resource, sys
from rnncast.forecaster.forecaster import Forecaster
from tests.test_footprint import config_of, waves
case = json.loads(sys.argv[1])
Forecaster.fit(waves(case["series"], case["steps"]), config_of(case)).save(sys.argv[2])
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(peak if sys.platform == "darwin" else peak * 1024)
"""
CASES: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "wide net": {"hidden_size": 900},
    "long window": {"window": 1200, "hidden_size": 8},
    "far horizon": {"series": 24, "steps": 500, "horizon": 150, "hidden_size": 8},
    "long season": {"series": 200, "steps": 300, "seasons": [1000], "hidden_size": 8, "horizon": 4},
    "recursive": {"series": 8, "steps": 100, "strategy": "recursive", "horizon": 12, "hidden_size": 8},
    "deep, long chunks": {"series": 16, "steps": 300, "bptt_steps": 300, "layers": 3, "hidden_size": 96},
}
CASES = {name: {"series": 2, "steps": 200, "members": 1, **case} for name, case in CASES.items()}


def config_of(case: dict[str, Any]) -> Config:
    def given(*names: str) -> dict[str, Any]:
        return {name: tuple(v) if isinstance(v := case[name], list) else v for name in names if name in case}

    return Config(
        task=TaskConfig(**given("horizon", "seasons", "strategy")),
        net=NetConfig(**given("hidden_size", "window", "layers")),
        train=TrainConfig(epochs=1, validate=False, **given("members", "bptt_steps")),
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_the_estimate_is_near_the_measured_peak(name: str, tmp_path: Any) -> None:
    case = CASES[name]
    panel = waves(case["series"], case["steps"])
    estimate = sum(part.bytes for part in footprint(resolve(config_of(case), panel), panel))
    line = [sys.executable, "-c", TRAIN, json.dumps(case), str(tmp_path / "model")]
    done = subprocess.run(line, capture_output=True, text=True, cwd=ROOT, check=True)
    assert 0.5 < estimate / float(done.stdout) < 2, done.stdout


@pytest.mark.parametrize(
    ("flags", "hint"),
    [
        (["--hidden-size", "16384", "--layers", "64"], "lower --hidden-size, --layers or --members"),
        (["--window", "1000000", "--members", "1000"], "lower --window"),
        (
            ["-H", "12", "--season", "1000000", "--batch-size", "1000000", "--memory-limit", "1G"],
            "lower --season, --window",
        ),
        (["--members", "1000", "--hidden-size", "16384"], "lower --hidden-size, --layers or --members"),
        (["--memory-limit", "100M"], "or raise --memory-limit"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_number(program: Program, flags: list[str], hint: str) -> None:
    done = program("train", AIR_PASSENGERS, *flags)
    assert done.returncode == 2
    assert "training would need about " in done.stderr
    assert hint in done.stderr
    assert "Traceback" not in done.stderr


def test_paths_that_do_not_fit_are_refused_with_the_number(trained: Program) -> None:
    with pytest.raises(UsageError, match=r"100,000 paths would need about 2,400\.0 GB of memory"):
        check_paths(100_000, 1_000_000)
    assert trained("forecast", "--paths", "1000").returncode == 0
    done = trained("forecast", "--paths", "1000000")
    assert done.returncode == 2
    assert "1<=x<=100000" in done.stderr


def test_a_size_is_a_number_and_a_unit() -> None:
    assert (bytes_of("4G"), bytes_of("500m"), bytes_of("1.5K")) == (4e9, 500e6, 1500)
    for text in ("", "4", "G", "-1G", "1e3G", "fourG", "4 GB"):
        with pytest.raises(UsageError, match="a size such as 4G or 500M"):
            bytes_of(text)

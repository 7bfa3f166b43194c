"""Seasons that no calendar suggests: found where they are, and not where a trend, a walk or a shift looks like one."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rnncast import Panel
from rnncast.choices.chance import lag_p_value, phase_p_value, season_p_value
from rnncast.choices.decide import decide
from rnncast.choices.seasonality import find_longer_season, find_season
from rnncast.config import Config
from tests.conftest import ROOT

Values = NDArray[np.float64]
RANDOM = np.random.default_rng(21)
SHAPE = np.array([3.0, 9.0, 4.0, 7.0, 1.0, 2.0])
STEPS = np.arange(45.0)
WITHOUT = {
    "trend": lambda random: 3 * STEPS + random.normal(0, 1.5, 45),
    "walk": lambda random: random.normal(size=45).cumsum(),
    "drifting walk": lambda random: (1 + random.normal(size=45)).cumsum(),
    "shift": lambda random: 5 * (random.integers(9, 36) < STEPS) + random.normal(size=45),
    "growth": lambda random: np.exp(0.05 * STEPS + 0.1 * random.normal(size=45)),
}


def alone(y: Values) -> Panel:
    return Panel.from_series({"a": np.asarray(y, float)})


@pytest.mark.parametrize("kind", WITHOUT)
def test_what_only_looks_like_a_season_is_none(kind: str) -> None:
    """In 60 series of each kind, of which the bound on false alarms allows one."""
    found = [find_season(alone(WITHOUT[kind](np.random.default_rng(s)))) for s in range(60)]
    assert sum(season is not None for season in found) <= 1


@pytest.mark.parametrize("y", [np.arange(1.0, 51), 2.0 ** np.arange(40), np.full(30, 5.0), np.array([1.0, 2, 3])])
def test_a_line_growth_and_a_constant_have_none(y: Values) -> None:
    assert find_season(alone(y)) is None
    spec, _ = decide(Config(), alone(y))
    assert (spec.task.seasons, spec.task.horizon) == ((), 1)


@pytest.mark.parametrize("pattern", [[0, 1], [1, 2, 3], [1, 2, 1, 3], [3, 1, 4, 1, 5, 9, 2]])
@pytest.mark.parametrize("trend", [0.0, 0.7])
def test_what_repeats_exactly_is_a_season_whatever_the_trend(pattern: list[int], trend: float) -> None:
    y = np.tile(np.array(pattern, float), 12)
    assert find_season(alone(y + trend * np.arange(len(y)))) == len(pattern)


def test_a_season_is_the_same_in_other_units_and_with_a_trend_and_holes() -> None:
    y = np.tile(SHAPE, 20) + np.random.default_rng(4).normal(0, 2, 120)
    holes = y.copy()
    holes[np.random.default_rng(5).permutation(118)[:20] + 1] = np.nan
    for same in (y, 1e6 * y, 1e-9 * y - 3, y + 2 * np.arange(120), y[::-1], holes):
        assert find_season(alone(same)) == 6


def test_a_weak_season_is_found_where_it_is_repeated_often() -> None:
    """A quarter of the variance, which is half of what an autocorrelation had to reach before there was a test."""
    shape = (SHAPE - SHAPE.mean()) / SHAPE.std()
    found = [
        find_season(alone(0.5 * np.tile(shape, 40) + np.sqrt(0.75) * np.random.default_rng(s).normal(size=240)))
        for s in range(20)
    ]
    assert sum(season is not None and season % 6 == 0 for season in found) >= 18
    assert found.count(6) >= 14  # or chance makes a multiple repeat more strongly


def test_a_season_that_drifts_is_found_by_the_value_a_season_before() -> None:
    """Phases whose means have moved on do not tell it; their changes from season to season do."""
    y = np.cumsum(np.random.default_rng(6).normal(size=(40, 12)), axis=0).ravel()
    assert lag_p_value(y, 12) < 1e-6
    assert find_season(alone(y)) == 12


@pytest.mark.parametrize("test", [phase_p_value, lag_p_value])
@pytest.mark.parametrize("season", [4, 7])
def test_a_p_value_is_one_of_chance_where_there_is_no_season(test, season: int) -> None:  # type: ignore[no-untyped-def]
    """Of noise and of walks, no more than the share says, give or take three standard errors."""
    for cumulated in (False, True):
        y = np.random.default_rng(7).normal(size=(400, 70))
        values = np.array([test(each.cumsum() if cumulated else each, season) for each in y])
        for share in (0.05, 0.2):
            assert abs(np.mean(values <= share) - share) <= 3 * np.sqrt(share * (1 - share) / len(y)) + 0.01


def test_the_f_test_is_that_of_two_regressions() -> None:
    """Against residual sums of squares from full designs with dummies of the phases."""
    from scipy.stats import f

    y = np.random.default_rng(8).normal(size=80) + np.resize([0.0, 1, 0, 0, 0, 1, 0, 0], 80)
    t = np.arange(1, 80)
    both = np.stack([t, y[:-1]], axis=1)
    left, parameters = [], []
    for season in (4, 8):
        design = np.hstack([both, np.eye(season)[t % season]])
        weights = np.linalg.lstsq(design, y[1:])[0]
        left.append(np.sum((y[1:] - design @ weights) ** 2))
        parameters.append(design.shape[1])
    free = len(t) - parameters[1]
    expected = f.sf((left[0] - left[1]) / 4 / (left[1] / free), 4, free)
    assert phase_p_value(y, 8, within=4) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("y", [np.full(40, np.nan), np.full(40, 1e200), np.array([]), np.array([1.0]), np.zeros(40)])
def test_what_cannot_be_told_is_chance(y: Values) -> None:
    assert season_p_value(y, 4) == 1


def test_a_longer_season_is_a_week_and_no_chance() -> None:
    day, week = RANDOM.normal(size=24), np.repeat([0.0, 0, 0, 0, 0, 2, 3], 24)
    y = np.tile(np.tile(day, 7) + week, 6) + RANDOM.normal(0, 0.5, 24 * 7 * 6)
    assert find_longer_season(alone(y), 24) == 168
    noise = [np.tile(day[:7], 30) + np.random.default_rng(s).standard_t(3, size=210) for s in range(60)]
    assert sum(find_longer_season(alone(each), 7) is not None for each in noise) <= 1


@pytest.mark.slow
def test_false_alarms_stay_below_two_percent_and_power_above_what_it_was(tmp_path: Path) -> None:
    """With a fifth of the series of `benchmarks/seasons.py`; one more false alarm than the bound allows is chance."""
    script = ROOT / "benchmarks" / "seasons.py"
    words = ["--count", "200", "--seasonal", "50", "--json", str(tmp_path / "found.json")]
    subprocess.run([sys.executable, script, *words], check=True, capture_output=True)
    found = json.loads((tmp_path / "found.json").read_text())
    assert all(max(rates) <= 0.025 for rates in found["none"].values())
    often = {name: rates for name, rates in found["one"].items() if not name.endswith(" 4 times")}
    assert min(rates[1] for name, rates in often.items() if not name.startswith("quarters")) >= 0.7
    assert min(rates[2] for rates in often.values()) >= 0.75

"""Smoothed levels: held against the recursion of the textbook, one step after the other."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rnncast.frame.baselines import FILLED, PAST, SMOOTHINGS, find_baseline, tracks_of
from rnncast.series.arrays import Array

HORIZON = 15


def by_hand(y: NDArray[np.float64], season: int, share: float, steps: int) -> NDArray[np.float64]:
    """The same from loops: centred means, the mean distance from them over four seasons, smoothing of the rest."""
    half = season // 2
    ends = [0.5, *[1.0] * (season - 1), 0.5] if season % 2 == 0 else [1.0] * season
    apart = {i: y[i] - np.average(y[i - half : i + half + 1], weights=ends) for i in range(half, len(y) - half)}
    if season == 1:
        apart = dict.fromkeys(range(len(y)), 0.0)

    def shape(i: int) -> float:
        known = [apart[j] for j in (i, i - season, i - 2 * season, i - 3 * season) if j in apart]
        return float(np.mean(known)) if known else np.nan

    level = weight = 0.0
    for i in range(len(y) - steps, len(y)):
        level, weight = level * (1 - share), weight * (1 - share)
        rest = y[i] - shape(i - season)
        if not np.isnan(rest):
            level, weight = level + rest, weight + 1
    last = len(y) - 1

    def ahead(h: int) -> float:
        i = last + h
        while i > last - half:
            i -= season
        return shape(i)

    return np.array([level / weight + ahead(h) for h in range(1, HORIZON + 1)])


def at_the_end(y: NDArray[np.float64], season: int, percent: int) -> NDArray[np.float64]:
    result: NDArray[np.float64] = forecast(f"ses{percent}-{season}", y[None], range(len(y) - 1, len(y)))
    return result


def forecast(name: str, past: Array, now: range) -> Array:
    """What a base forecast gives at a step of one series [H]."""
    return find_baseline(name).forecast(tracks_of({PAST: past, FILLED: past}, (name,)), now, HORIZON)[0, 0]


@pytest.mark.parametrize("season", [1, 2, 4, 7, 12])
@pytest.mark.parametrize("percent", SMOOTHINGS)
def test_a_smoothed_level_is_that_of_the_recursion(season: int, percent: int) -> None:
    y = np.random.default_rng(season).normal(0, 1, 200).cumsum()
    expected = by_hand(y, season, percent / 100, SMOOTHINGS[percent])
    np.testing.assert_allclose(at_the_end(y, season, percent), expected, atol=1e-9)


@pytest.mark.parametrize("season", [1, 4, 7])
def test_what_only_repeats_goes_on_repeating(season: int) -> None:
    shape = np.random.default_rng(0).normal(0, 1, season)
    for percent in SMOOTHINGS:
        got = at_the_end(np.tile(shape, 30), season, percent)
        np.testing.assert_allclose(got, np.tile(shape, HORIZON)[:HORIZON], atol=1e-12)


def test_a_missing_value_counts_for_nothing_and_both_kinds_of_array_agree() -> None:
    y = np.tile([1.0, 5.0, 3.0], 20)
    y[[17, 40, 58]] = np.nan
    got = at_the_end(y, 3, 40)
    np.testing.assert_allclose(got, np.tile([1.0, 5.0, 3.0], 5), atol=1.0)
    assert not np.isnan(got).any()
    torch_got = forecast("ses40-3", torch.from_numpy(y)[None], range(59, 60))
    np.testing.assert_allclose(torch_got.numpy(), got, atol=1e-12)

"""Laws of the pretrained net: it may be split anywhere, is the same in torch and NumPy, and knows no unit or batch.

python -m pytest pretraining
"""

import itertools
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from generator import PARTS, core, draw
from train import batch

from rnncast.nets.pretrained import PretrainedNet
from rnncast.pretrained.frame import Parts, advance, begin
from rnncast.pretrained.net import PROBABILITIES, forecast, forecast_from, quantiles, remember, step, watch
from rnncast.pretrained.past import Seasons, Values

SEASONS = [Seasons(1), Seasons(3), Seasons(4), Seasons(12), Seasons(24, 168), Seasons(7, 365)]
HERE = Path(__file__).parent


def series(season: int, steps: int, rows: int = 4) -> Values:
    random = np.random.default_rng(season)
    y = 100 + random.standard_normal((rows, steps)).cumsum(1) + 5 * np.sin(2 * np.pi * np.arange(steps) / season)
    y[0, :7] = np.nan  # begins later
    y[1, 20:26] = np.nan  # a gap
    y[2, 30] += 40
    return y


@pytest.fixture(scope="module")
def torch_net() -> PretrainedNet:
    torch.manual_seed(1)
    net = PretrainedNet(16, 12, 2)
    with torch.no_grad():
        for weight in net.parameters():
            weight += 0.1 * torch.randn_like(weight)
    return net


@pytest.fixture(scope="module")
def weights(torch_net: PretrainedNet) -> dict[str, Values]:
    return {name: value.numpy() for name, value in torch_net.state_dict().items()}


@pytest.mark.parametrize("seasons", SEASONS, ids=str)
def test_splitting_law(seasons: Seasons, weights: dict[str, Values]) -> None:
    steps = 3 * max(seasons.season, seasons.second, 20)
    y = series(seasons.season, steps)
    whole, features, after = watch(weights, seasons, y, remember(seasons, weights, len(y)))
    memory, parts, cuts = remember(seasons, weights, len(y)), [], [0, 1, 2, 9, 23, steps // 2, steps // 2 + 1, steps]
    for first, last in itertools.pairwise(cuts):
        track, seen, memory = watch(weights, seasons, y[:, first:last], memory)
        parts.append(seen)
    np.testing.assert_allclose(np.concatenate(parts, 1), features, atol=1e-6)
    for one, other in zip((*memory.frame, memory.hidden), (*after.frame, after.hidden), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-7, atol=1e-6)
    ends = [forecast_from(weights, *each, 30) for each in ((whole, features), (track, seen))]
    np.testing.assert_allclose(*ends, rtol=1e-5)


@pytest.mark.parametrize("number", range(4))
def test_numpy_is_torch(number: int, torch_net: PretrainedNet, weights: dict[str, Values]) -> None:
    inputs, _, _, *parts, origins = batch(7, number, 400, "cpu")
    with torch.no_grad():
        features = torch_net.gru(inputs)[0]
        expected = torch_net.head(features[:, origins], inputs[:, origins], tuple(parts)).numpy()
    x, at = inputs.numpy(), origins.numpy()
    got, _ = step(weights, x, np.zeros((2, len(x), 16), np.float32), np.ones(x.shape[:2], bool))
    np.testing.assert_allclose(got, features.numpy(), atol=1e-5)
    result = quantiles(weights, got[:, at], x[:, at], Parts(*(part.numpy() for part in parts)))
    np.testing.assert_allclose(result, expected, atol=1e-5, rtol=1e-5)


def test_no_peeking_ahead() -> None:
    y = series(4, 60)
    changed = y.copy()
    changed[:, 40:] += 10
    one, other = (advance(Seasons(4), each, begin(Seasons(4), len(y)))[0].inputs for each in (y, changed))
    np.testing.assert_array_equal(one[:, :40], other[:, :40])
    assert not np.allclose(one[:, 40], other[:, 40])


@pytest.mark.parametrize("season", [1, 4, 12])
def test_alone_or_among_others_and_in_any_unit(season: int, weights: dict[str, Values]) -> None:
    y = series(season, 90)
    together = forecast(weights, y, 10, season)
    alone = np.concatenate([forecast(weights, row[None, np.argmax(~np.isnan(row)) :], 10, season) for row in y])
    np.testing.assert_allclose(together, alone, rtol=1e-5)
    np.testing.assert_allclose(forecast(weights, 1000 * y, 10, season), 1000 * together, rtol=1e-4)
    signed = y - 101
    np.testing.assert_allclose(
        forecast(weights, 1000 * signed, 10, season), 1000 * forecast(weights, signed, 10, season), rtol=1e-3, atol=1
    )


def test_any_horizon(weights: dict[str, Values]) -> None:
    y = series(12, 60)
    far = forecast(weights, y, 40, 12)
    assert far.shape == (len(y), 40, len(PROBABILITIES))
    assert (np.diff(far, axis=-1) > 0).all()  # quantiles never cross
    np.testing.assert_allclose(forecast(weights, y, 5, 12), far[:, :5], rtol=1e-5)


@pytest.mark.parametrize("steps", [1, 2, 3, 5, 12])
@pytest.mark.parametrize("season", [1, 4, 12])
def test_odd_series(season: int, steps: int, weights: dict[str, Values]) -> None:
    rows = [np.zeros(steps), np.ones(steps), np.full(steps, 1e12), np.arange(steps) * -1e-9]
    assert np.isfinite(forecast(weights, np.stack(rows).astype(float), 7, season)).all()


def test_series_follow_from_the_seed() -> None:
    for number in range(5):
        one, other = (draw(np.random.default_rng((3, number)), 200) for _ in range(2))
        np.testing.assert_array_equal(one.y, other.y)
        assert np.isfinite(one.y[~np.isnan(one.y)]).all()


@pytest.mark.parametrize("part", PARTS)
def test_any_part_of_the_prior_can_be_left_out(part: str) -> None:
    changed = 0
    for number in range(12):
        whole, less = (draw(np.random.default_rng((5, number)), 200, without) for without in (set(), {part}))
        assert np.isfinite(less.y[~np.isnan(less.y)]).all()
        changed += not np.array_equal(whole.y, less.y, equal_nan=True)
    assert changed or part == "second season"  # which takes longer series


def test_calm_rows_wander_less() -> None:
    def wandering(without: set[str]) -> float:
        moves = []
        for number in range(40):
            y = core(np.random.default_rng((6, number)), 100, 120, (1, 0), without | {"kinds of noise"})
            moves.append(np.median(np.abs(y[:, 80:].mean(1) - y[:, :40].mean(1))))
        return float(np.mean(moves))

    assert wandering(set()) < 0.5 * wandering({"calm rows"})


def test_training_goes_on_as_if_never_cut_off(tmp_path: Path) -> None:
    def train(name: str, *more: str) -> bytes:
        command = [sys.executable, str(HERE / "train.py"), "--hidden", "8", "--updates", "4", "--keep", "1"]
        subprocess.run([*command, "--output", str(tmp_path / name), *more], check=True)
        return (tmp_path / name).read_bytes()

    whole = train("whole.safetensors")
    assert train("parts.safetensors", "--minutes", "0") != whole
    assert train("parts.safetensors") == whole

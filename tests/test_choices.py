"""What is decided from the data: each choice with data that call for it, and a reason that says so."""

import numpy as np
import pytest
from numpy.typing import NDArray

from rnncast import Config, Panel
from rnncast.choices.best_base import best_bases
from rnncast.choices.decide import decide, resolve
from rnncast.config import NetConfig, TaskConfig, TrainConfig
from rnncast.errors import UsageError
from rnncast.frame.baselines import baselines_of
from rnncast.frame.frame import Frame
from tests.conftest import small_config, waves

RANDOM = np.random.default_rng(3)
SHAPE = np.array([3.0, 9.0, 4.0, 7.0, 1.0, 2.0])


def decided(y: NDArray[np.float64], config: Config | None = None) -> dict[str, str]:
    """The value of each choice for a single series of season 6."""
    config = config or Config(task=TaskConfig(seasons=(6, 1), horizon=6))
    return {choice.name: choice.value for choice in decide(config, Panel.from_series({"a": y}))[1]}


def seasons(count: int, noise: float) -> NDArray[np.float64]:
    steps = 6 * count
    return np.tile(SHAPE, count) + RANDOM.normal(0, noise, steps) - 30


@pytest.mark.parametrize("y", [np.cumsum(RANDOM.normal(0, 1, 120)), RANDOM.normal(0, 1, 120) + np.tile(SHAPE, 20)])
def test_known_covariates_change_no_error_of_a_base_that_does_not_rest_on_them(y: NDArray[np.float64]) -> None:
    """The error of each base is that of its own forecast, whichever others stand before it in a view."""
    panel, found = Panel.from_series({"a": y}), []
    for known in (False, True):
        names = baselines_of((6,), (6,), known=known)
        frame = Frame((6,), (6,), 12, 6, False, ("last-6",), names, known=int(known))
        found.append(best_bases(panel, frame))
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("y", "base", "span"),
    [
        (np.cumsum(RANDOM.normal(0, 1, 300)), "last-1", "1"),  # a random walk
        (seasons(30, noise=1.5), "ses10-6", "6"),  # a shape under noise
        (np.cumsum(RANDOM.normal(0, 1, (50, 6)), axis=0).ravel(), "last-6", "6"),  # six random walks in turn
    ],
)
def test_the_base_is_the_one_that_would_have_been_best(y: NDArray[np.float64], base: str, span: str) -> None:
    got = decided(y)
    assert got["base"] == base
    assert got["level-span"].split(", ")[0] == span


def test_the_fewer_the_data_the_more_bases_cannot_be_told_apart() -> None:
    few, many = (decided(seasons(count, noise=1.5))["base"].split(", ") for count in (6, 60))
    assert len(few) > len(many) == 1
    assert set(many) < set(few)


def test_the_fewer_the_data_to_learn_from_the_further_a_net_is_shrunk() -> None:
    few, many = (float(decided(seasons(count, noise=1))["shrinkage"]) for count in (5, 500))
    assert few > 0.7 > 0.1 > many >= 0


def test_what_is_given_is_kept_and_said_to_be() -> None:
    config = Config(
        task=TaskConfig(horizon=5, seasons=(6, 1), transform="none", strategy="direct", minimum=-1e3, maximum=1e3),
        net=NetConfig(window=9, segment=(3,), level_span=(3,), base=("last-6",), hidden_size=7),
        train=TrainConfig(epochs=2, members=2, stride=3, shrinkage=0.5, start="scratch"),
    )
    resolved, choices = decide(config, Panel.from_series({"a": seasons(10, noise=1)}))
    assert resolved.task.horizon == 5
    given = {choice.name for choice in choices if choice.reason == "as given"}
    assert given == {choice.name for choice in choices} - {"calendar", "linear"}


def test_every_choice_has_a_reason_and_choosing_again_changes_nothing() -> None:
    panel = Panel.from_series({str(s): seasons(20 + s, noise=1) for s in range(12)})
    resolved, choices = decide(Config(), panel)
    assert all(choice.reason for choice in choices)
    assert decide(resolved.to_config(), panel)[0] == resolved
    noise = Panel.from_series({"a": np.random.default_rng(5).normal(0, 1, 200)})
    resolved = decide(Config(), noise)[0]
    assert resolved.task.seasons == ()
    assert decide(resolved.to_config(), noise)[0] == resolved


def test_a_season_that_no_calendar_suggests_is_found() -> None:
    assert decided(seasons(20, noise=0.5), Config())["season"] == "6"
    assert decided(RANDOM.normal(0, 1, 200), Config())["season"] == "none"


def test_more_data_more_effort_and_presets_in_order() -> None:
    few = [decided(seasons(count, noise=1))["epochs"] for count in (3, 8, 30)]
    assert sorted(few, key=int) == few
    many = Panel.from_series({str(s): seasons(20, noise=1) for s in range(40)})
    sizes = []
    for preset in ("fast", "default", "best"):
        spec = decide(Config(train=TrainConfig(preset=preset)), many)[0]
        sizes.append(spec.train.epochs * spec.net.members)
    assert sizes == sorted(set(sizes))


def test_a_base_that_is_not_there_is_refused_with_those_that_are() -> None:
    with pytest.raises(UsageError, match="last-7") as error:
        decided(seasons(10, noise=1), Config(net=NetConfig(base=("last-7",)), task=TaskConfig(seasons=(6, 1))))
    assert "drift-6" in error.value.hint


def test_segments_are_for_nets_with_a_hidden_layer_and_end_within_the_window() -> None:
    asked = small_config("lstm/4")
    assert resolve(asked, waves()).net.segment == (4,)
    assert resolve(asked.with_model("window"), waves()).net.segment == (1,)  # without a state, it is the same net
    with pytest.raises(UsageError, match="jordan has none"):
        resolve(asked.with_model("jordan"), waves())
    with pytest.raises(UsageError, match="the window holds 7"):
        resolve(small_config("gru/8"), waves())

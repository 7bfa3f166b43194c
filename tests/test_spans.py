"""Members that measure in frames of their own: each forecasts as it would alone, and together they are one model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rnncast.choices.decide import decide
from rnncast.config import Config, TaskConfig, TrainConfig
from rnncast.forecaster.following import Follower
from rnncast.forecaster.forecaster import Forecaster
from rnncast.runtime.members import member_prefix
from rnncast.runtime.runtime import Runtime
from rnncast.series.panel import Panel
from rnncast.training.watch import Watch
from tests.conftest import small_config, waves

SPANS = (6, 12, 1)
MEMBERS = 4  # the first span comes twice
NEW = 9  # steps


def spanning(**settings: object) -> Config:
    config = small_config(members=MEMBERS, **settings)
    return replace(config, net=replace(config.net, level_span=SPANS))


@pytest.fixture(scope="module", params=["auto", "recursive"])
def forecaster(request: pytest.FixtureRequest) -> Forecaster:
    config = spanning()
    return Forecaster.fit(waves(), replace(config, task=replace(config.task, strategy=request.param)))


def test_a_forecast_is_the_mean_of_what_each_member_would_forecast_alone(forecaster: Forecaster) -> None:
    together, alone = Runtime(forecaster.spec, forecaster.weights), []
    for member in range(MEMBERS):
        spec = forecaster.spec.of_one_net(member)
        assert spec.frame.level_span[0] == SPANS[member % len(SPANS)]
        prefix = member_prefix(member)
        names = [name for name in forecaster.weights if name.startswith((prefix + "net.", prefix + "head."))]
        own = {name.removeprefix(prefix): forecaster.weights[name] for name in names}
        alone.append(together.frame.transform(Runtime(spec, own).forecast_panel(waves(), 1)))
    assert len({float(each[0, 0, 2]) for each in alone}) == MEMBERS
    one_step = together.frame.transform(together.forecast_panel(waves(), 1))
    if forecaster.spec.direct:
        np.testing.assert_allclose(one_step, np.mean(alone, 0), rtol=1e-6)
    else:  # intervals are those of sampled paths
        np.testing.assert_allclose(one_step[:, :, 2], np.mean(alone, 0)[:, :, 2], rtol=1e-6)


def test_new_rows_go_on_from_a_state_in_a_file(forecaster: Forecaster, tmp_path: Path) -> None:
    panel = waves()
    before, rows = panel.select(np.arange(3), panel.lengths - NEW), {}
    for s, name in enumerate(panel.ids):
        rows[name] = panel[s].y[-NEW:]
    path = tmp_path / "model.safetensors"
    state = Runtime(forecaster.spec, forecaster.weights).replay(before)
    replace(forecaster, state=state, cutoff=before.ends).save(str(path))
    loaded = Forecaster.load(str(path))
    np.testing.assert_allclose(
        loaded.update(Panel.from_series(rows)).predict().quantiles, forecaster.predict(panel).quantiles, rtol=1e-6
    )
    follower = Follower(loaded)
    live = follower.begin("series-1")
    for value in rows["series-1"]:
        live = follower.after(live, float(value), (), gaps=False)
    found = follower.forecast(live, None).quantiles[0]
    np.testing.assert_allclose(found, forecaster.predict(panel).quantiles[1], rtol=1e-6)


def test_each_frame_has_a_net_that_is_validated() -> None:
    told: list[str] = []

    forecaster = Forecaster.fit(
        waves(), spanning(validate=True, epochs=2), watch=Watch(lambda run, _: told.append(run))
    )
    assert sorted(set(told)) == [
        *(f"training, net {number}" for number in range(1, MEMBERS + 1)),
        *(f"validation, net {number}" for number in range(1, len(SPANS) + 1)),
    ]
    assert np.isfinite(forecaster.scores["mase"])


def test_nets_trained_side_by_side_are_those_trained_one_after_the_other() -> None:
    panel, before = waves(series=6), torch.get_num_threads()
    found = []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(Forecaster.fit(panel, spanning(validate=True, epochs=2)))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    first, second = found
    assert first.weights.keys() == second.weights.keys()
    for name, weight in first.weights.items():
        np.testing.assert_array_equal(weight, second.weights[name], err_msg=name)


def two_seasons(steps: int = 600) -> Panel:
    """A day of 4 steps within a week of 20."""
    random = np.random.default_rng(0)
    t = np.arange(steps)
    values = 50 + 9 * np.sin(np.pi * t / 2) + 9 * np.sin(np.pi * t / 10) + random.normal(0, 3, steps)
    return Panel.from_series({"a": values})


@pytest.mark.parametrize(
    ("steps", "horizon", "preset", "spans", "members"),
    [
        (100, 8, "default", (4, 20), 3),
        (120, 8, "default", (4, 20, 40), 3),  # held three times
        (119, 8, "default", (4, 20), 3),
        (600, 8, "default", (4, 20, 40, 80), 4),  # and no more than four
        (100, 30, "default", (4, 20, 40), 3),  # as far as the horizon, held three times or not
        (600, 30, "default", (4, 20, 40, 80), 4),
        (600, 8, "fast", (4,), 1),
        (600, 30, "best", (4, 20, 40, 80), 8),
    ],
)
def test_spans_follow_the_seasons_reach_as_far_as_the_horizon_and_double_while_they_are_held(
    steps: int, horizon: int, preset: str, spans: tuple[int, ...], members: int
) -> None:
    task, train = TaskConfig(horizon=horizon, seasons=(4, 20)), TrainConfig(preset=preset)
    spec = decide(Config(task=task, train=train), two_seasons(steps))[0]
    assert spec.frame.level_span == spans
    assert spec.net.members == members


@pytest.mark.parametrize(("steps", "spans", "members"), [(600, (4, 20, 40, 80), 4), (100, (4, 20), 2)])
def test_a_large_panel_has_a_member_for_each_span(steps: int, spans: tuple[int, ...], members: int) -> None:
    panel = Panel.from_series({str(s): two_seasons(steps)[0].y + s for s in range(6000 // steps)})
    spec = decide(Config(task=TaskConfig(horizon=8, seasons=(4, 20))), panel)[0]
    assert (spec.frame.level_span, spec.net.members) == (spans, members)

"""The linear forecast beside the nets: what it learns, when validation takes it, and that a state is enough for it."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnncast.choices.decide import decide, resolve
from rnncast.choices.effort import VALUES_A_LAG, lags_of
from rnncast.config import Config
from rnncast.errors import ModelFileError, UsageError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.nets.export import onnx_step
from rnncast.report.words import linear_in_words
from rnncast.runtime.regression import LinearForecast, moved
from rnncast.runtime.runtime import Runtime
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.training.influence import Origin, measure_influence
from rnncast.training.regression import linear_weights

SEASON, HORIZON = 4, 3
ASKED = Config(
    horizon=HORIZON, season=(SEASON, 1), transform="none", epochs=1, members=2, hidden_size=3, model="gru", seed=1
)


def oscillating(series: int = 3, steps: int = 460, seed: int = 0) -> Panel:
    """Series of one linear recurrence, each at a level and of a size of its own, which no season repeats exactly."""
    random, every = np.random.default_rng(seed), {}
    for number in range(series):
        y = [*random.normal(0, 1, 2)]
        while len(y) < steps:
            y.append(1.6 * np.cos(1.3) * y[-1] - 0.9 * y[-2] + random.normal(0, 0.3))
        every[f"s{number}"] = 10.0**number * (5 + np.array(y))
    return Panel.from_series(every)


def panel_of(*series: np.ndarray) -> Panel:
    return Panel.from_series({f"s{number}": y for number, y in enumerate(series)})


@pytest.fixture(scope="module")
def panel() -> Panel:
    return oscillating()


@pytest.fixture(scope="module")
def spec(panel: Panel) -> ModelSpec:
    return resolve(ASKED, panel)


@pytest.fixture(scope="module")
def model(panel: Panel) -> Forecaster:
    found = Forecaster.fit(panel, replace(ASKED, train=replace(ASKED.train, start="scratch")))
    assert found.spec.net.linear > 0
    return found


def test_it_learns_a_linear_recurrence(spec: ModelSpec) -> None:
    """Without noise, from a few values at any level and of any size, to the end of the horizon."""
    y = [0.0, 1.0]
    while len(y) < 300:
        y.append(2 * np.cos(0.7) * y[-1] - y[-2])
    seen = 7 + np.array(y)
    linear = LinearForecast.of(spec, linear_weights(panel_of(seen[:200], 100 * seen[50:260]), spec))
    found = linear.points(np.stack([seen[:250], -3 * seen[:250]]))
    np.testing.assert_allclose(found, np.stack([seen[250:253], -3 * seen[250:253]]), rtol=0.03)


def test_it_moves_with_the_level_and_grows_with_the_scale(panel: Panel, spec: ModelSpec) -> None:
    linear = LinearForecast.of(spec, linear_weights(panel, spec))
    y = np.random.default_rng(1).normal(size=(5, 20))
    np.testing.assert_allclose(linear.points(30 - 4 * y), 30 - 4 * linear.points(y))


def test_series_of_any_size_teach_alike(spec: ModelSpec) -> None:
    first = oscillating()
    larger = panel_of(*(1e6 * y + 3e7 for _, _, y in first))
    one, other = (linear_weights(panel, spec)["linear.weight"] for panel in (first, larger))
    np.testing.assert_allclose(one, other, atol=1e-5)


def test_windows_with_a_hole_teach_nothing_and_none_at_all_is_the_level(spec: ModelSpec) -> None:
    (_, _, y), *_ = oscillating()
    split = y.copy()
    split[100] = np.nan
    apart = panel_of(y[:100], y[101:])
    np.testing.assert_allclose(
        linear_weights(panel_of(split), spec)["linear.weight"], linear_weights(apart, spec)["linear.weight"], atol=0.2
    )
    short = linear_weights(panel_of(y[:5]), spec)["linear.weight"]
    np.testing.assert_array_equal(short, 0)


def test_the_median_moves_and_the_spread_stays() -> None:
    quantiles = np.array([[[1.0, 2, 4], [2, 3, 5]]])
    points = np.array([[4.0, np.nan]])
    np.testing.assert_array_equal(moved(quantiles, points, 0.5), [[[2, 3, 5], [2, 3, 5]]])
    np.testing.assert_array_equal(moved(quantiles, points, 0.0), quantiles)


def test_validation_takes_it_where_it_is_better_and_not_where_it_is_of_no_use(model: Forecaster) -> None:
    """A linear recurrence is its own; to noise with heavy tails it has little to add."""
    scores = model.scores
    assert model.spec.net.linear == scores["linear"] > 0.5
    assert scores["mase"] < scores["nets_mase"]
    random = np.random.default_rng(3)
    noise = panel_of(*(np.exp(random.normal(0, 2, 460)) for _ in range(3)))
    asked = Config(horizon=HORIZON, season=(SEASON, 1), transform="none", epochs=8, members=1, model="window")
    other = Forecaster.fit(noise, asked)
    assert {"linear_mase", "nets_mase", "linear"} <= other.scores.keys()
    assert (other.spec.net.linear < 0.5) == (other.scores["linear_mase"] > other.scores["nets_mase"])
    assert linear_in_words(model.spec, model.scores).endswith("is used")


@pytest.mark.parametrize("cut", [1, 5, 9, 100, 255])
def test_splitting_law(model: Forecaster, panel: Panel, cut: int) -> None:
    """However a history is split, the state holds the values that the linear forecast needs."""
    lengths = np.full(len(panel), cut)
    rows = np.arange(len(panel))
    runtime = Runtime(model.spec, model.weights)
    whole = runtime.forecast_panel(panel, HORIZON)
    state = runtime.replay(panel.select(rows, lengths))
    state = runtime.replay(panel, state, int(panel.lengths[0]) - cut)
    np.testing.assert_allclose(runtime.forecast_panel(panel, HORIZON, state), whole, rtol=1e-6)


def test_short_series_are_forecast_by_the_nets_alone(model: Forecaster, panel: Panel) -> None:
    rows = np.arange(len(panel))
    alone = {name: weight for name, weight in model.weights.items() if not name.startswith("linear")}
    nets = Runtime(model.spec.with_linear(0.0), alone)
    both = Runtime(model.spec, model.weights)
    for length, same in ((model.spec.net.lags - 1, True), (model.spec.net.lags, False)):
        seen = panel.select(rows, np.full(len(rows), length))
        assert np.allclose(both.forecast_panel(seen, HORIZON), nets.forecast_panel(seen, HORIZON)) == same


def test_a_model_file_holds_it(model: Forecaster, tmp_path: Path) -> None:
    model.save(str(tmp_path / "a.safetensors"))
    again = Forecaster.load(str(tmp_path / "a.safetensors"))
    assert again.spec == model.spec
    np.testing.assert_array_equal(again.predict().point, model.predict().point)


def test_its_influence_is_the_gradient_of_the_forecast(model: Forecaster, panel: Panel) -> None:
    """State, frame and window add up to what a change of a value does to the forecast."""
    alone = replace(model.spec, net=replace(model.spec.net, linear=1.0))
    origin = Origin(0, 200)
    found = measure_influence(alone, model.weights, panel, [origin], 12)
    np.testing.assert_allclose(found.state, 0, atol=1e-12)
    np.testing.assert_allclose(found.window, 0, atol=1e-12)
    linear, y = LinearForecast.of(alone, model.weights), panel[0].y[:201]
    for lag in range(12):
        up, down = y.copy(), y.copy()
        up[-1 - lag] += 0.5
        down[-1 - lag] -= 0.5
        change = (linear.points(up[None]) - linear.points(down[None]))[0]
        np.testing.assert_allclose(found.frame[lag], np.abs(change[np.array(found.leads) - 1]), atol=1e-9)


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"linear": "none"}, "as given"),
        ({"validate": False}, "without held-out data"),
        ({"strategy": "recursive"}, "as given"),
        ({"loss": "student-t"}, "quantiles"),
        ({"season": 1}, "no season"),
    ],
)
def test_where_it_is_no_candidate(panel: Panel, settings: dict[str, object], why: str) -> None:
    asked = Config(**{"horizon": HORIZON, "season": (SEASON, 1), **settings})  # type: ignore[arg-type]
    spec, choices = decide(asked, panel)
    assert spec.net.lags == 0
    reasons = [each.reason for each in choices if each.name == "linear"]
    assert len(reasons) == 1
    assert why in reasons[0]


def test_it_needs_data() -> None:
    few = oscillating(1, VALUES_A_LAG * 2 * SEASON - 1)
    assert lags_of(Config(), few, (SEASON,), HORIZON)[0] == 0
    assert lags_of(Config(), oscillating(3), (SEASON,), HORIZON)[0] == 2 * SEASON
    many_short = oscillating(60, 4 * (2 * SEASON + HORIZON) - 1)
    assert lags_of(Config(), many_short, (SEASON,), HORIZON)[0] == 0


def test_what_it_cannot_be_part_of_is_refused(model: Forecaster) -> None:
    with pytest.raises(UsageError, match="sees no past values"):
        replace(model.spec.net, lags=0)
    with pytest.raises(UsageError, match="all lead times at once"):
        replace(model.spec, task=replace(model.spec.task, strategy="recursive"))
    with pytest.raises(ModelFileError, match="cannot be exported"):
        onnx_step(model.spec, model.weights)

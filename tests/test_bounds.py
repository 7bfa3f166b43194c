"""--min and --max: nothing that is forecast lies beyond, whichever net forecasts, and however."""

import io
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from rnncast import Panel
from rnncast.choices.decide import decide
from rnncast.config import Config, TaskConfig
from rnncast.errors import UsageError
from rnncast.forecaster.following import Follower
from rnncast.forecaster.forecaster import Forecaster
from rnncast.forecaster.pretrained import Pretrained
from rnncast.series.forecast import ANYTHING, within
from rnncast.spec import UNBOUNDED
from tests.conftest import ROOT, Program, fitted, small_config, waves

LOW, HIGH = 95.0, 103.0  # well within what waves() do, so that both cut off much


def bounded(strategy: str) -> Forecaster:
    config = small_config("lstm")
    config = replace(config, task=replace(config.task, strategy=strategy))
    return within_bounds(fitted(config), LOW, HIGH)


def within_bounds(model: Forecaster, low: float, high: float) -> Forecaster:
    return replace(model, spec=model.spec.bounded(low, high))


def sales(zeros: int, steps: int = 90, seed: int = 3) -> Panel:
    """Sales of a week's shape that are never negative, so many of them 0."""
    random = np.random.default_rng(seed)
    y = random.poisson(np.resize([2.0, 1, 1, 2, 3, 6, 8], steps)) + 1.0
    y[random.permutation(steps)[:zeros]] = 0
    return Panel.from_series({"a": y})


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_forecasts_intervals_and_paths_keep_to_the_bounds_and_are_what_they_were_between(strategy: str) -> None:
    model = bounded(strategy)
    free = within_bounds(model, *ANYTHING)
    got, before = model.predict(), free.predict()
    np.testing.assert_array_equal(got.quantiles, np.clip(before.quantiles, LOW, HIGH))
    np.testing.assert_array_equal(got.point, np.clip(before.point, LOW, HIGH))
    assert (before.quantiles < LOW).any()
    assert (before.quantiles > HIGH).any()
    assert (np.diff(got.quantiles, axis=2) >= 0).all()
    np.testing.assert_array_equal(model.sample(50).values, np.clip(free.sample(50).values, LOW, HIGH))
    wider = got.at((0.001, 0.5, 0.999), by_level=False).quantiles  # beyond those that the net gives
    assert wider.min() >= LOW
    assert wider.max() <= HIGH


@pytest.mark.parametrize("strategy", ["direct", "recursive"])
def test_a_stream_keeps_to_the_bounds(strategy: str) -> None:
    model = bounded(strategy)
    follower = Follower(model)
    live = follower.after(follower.begin("series-0"), 97.0, (), gaps=False)
    got = follower.forecast(live, None).quantiles
    assert (got.min(), got.max()) == (LOW, HIGH)


def test_bounds_are_kept_in_the_model_file(program: Program) -> None:
    path = str(program.folder / "model")
    bounded("direct").save(path)
    assert Forecaster.load(path).spec.task.bounds == (LOW, HIGH)
    assert Forecaster.load(path).predict().quantiles.min() == LOW


@pytest.mark.parametrize("number", [1, 2])
def test_files_that_say_nothing_of_bounds_have_none(number: int) -> None:
    model = Forecaster.load(str(ROOT / "tests" / "golden" / f"format-{number}.safetensors"))
    assert model.spec.task.bounds == ANYTHING
    assert "minimum" not in model.spec.to_dict()["task"]


def test_a_floor_is_found_where_no_value_is_below_zero_and_some_are_zero_and_only_there() -> None:
    def found(panel: Panel) -> tuple[float, str]:
        spec, choices = decide(Config(task=TaskConfig(horizon=7)), panel)
        return spec.task.minimum, next(each.reason for each in choices if each.name == "min")

    assert found(sales(20)) == (0.0, "no value is below 0, and 20 of 90 are 0")
    assert found(sales(2))[0] == found(waves())[0] == -UNBOUNDED  # two may be chance
    assert found(Panel.from_series({"a": sales(20).y - np.resize([1.0, 0], 90)}))[0] == -UNBOUNDED
    assert found(Panel.from_series({"a": np.zeros(40)}))[0] == -UNBOUNDED  # of what nothing is known


def test_the_pretrained_net_keeps_to_bounds_and_finds_the_same_floor() -> None:
    panel = sales(40)
    net = Pretrained.of(panel, TaskConfig(horizon=7, maximum=50.0))
    assert (net.bounds, net.floored) == ((0.0, 50.0), True)
    free, net = replace(net, bounds=ANYTHING), replace(net, bounds=(0.5, 5.0))
    before = free.predict(panel, (0.1, 0.5, 0.9)).quantiles
    assert before.min() < 0.5
    assert before.max() > 5
    got = net.predict(panel, (0.1, 0.5, 0.9))
    np.testing.assert_array_equal(got.quantiles, np.clip(before, 0.5, 5))
    assert got.at((0.0001, 0.5), by_level=False).quantiles.min() == 0.5
    assert (net.sample(panel, 30).values.min(), net.sample(panel, 30).values.max()) == (0.5, 5)


@pytest.mark.parametrize(("low", "high"), [(200.0, None), (None, 50.0)])
def test_bounds_that_the_data_contradict_are_refused(low: float | None, high: float | None) -> None:
    with pytest.raises(UsageError, match="value is"):
        decide(Config(task=TaskConfig(minimum=low, maximum=high)), waves())


def test_bounds_with_nothing_between_are_refused() -> None:
    with pytest.raises(UsageError, match="--min"):
        TaskConfig(minimum=3.0, maximum=3.0)
    with pytest.raises(UsageError, match="minimum"):
        bounded("direct").spec.bounded(HIGH, LOW)


def test_what_is_not_finite_stays_so_and_is_refused_by_whoever_sees_it() -> None:
    values = np.array([np.nan, np.inf, -np.inf, -5.0, 5.0])
    np.testing.assert_array_equal(within(values, (0.0, 1.0)), [np.nan, np.inf, -np.inf, 0, 1])


def test_the_commands_take_bounds_and_say_what_was_found(program: Program) -> None:
    days = np.arange("2024-01-01", "2024-03-31", dtype="datetime64[D]")
    rows = "".join(f"{day},{value:g}\n" for day, value in zip(days, sales(40).y, strict=True))
    (program.folder / "sales.csv").write_text("day,sales\n" + rows)
    done = program("forecast", "sales.csv", "-m", "pretrained", "--level", "99")
    assert "not below 0 (no value is below 0, and 40 of 90 are 0)" in done.stderr
    assert pd.read_csv(io.StringIO(done.stdout))["forecast-lo-99"].min() == 0
    done = program("train", "sales.csv", "--epochs", "1", "--members", "1", "--max", "30")
    assert "; not below 0; not above 30;" in done.stderr
    assert json.loads(program("inspect", "--json").stdout)["forecasts"]["minimum"] == 0
    for words, low, high in (((), 0, 30), (("--min", "1", "--max", "4"), 1, 4)):
        table = pd.read_csv(io.StringIO(program("forecast", "--level", "99.9", *words).stdout))
        assert low <= table["forecast-lo-99.9"].min() <= table["forecast-hi-99.9"].max() <= high
    assert program("train", "sales.csv", "--min", "1").returncode == 2
    done = program("forecast", "--follow", "--max", "3", stdin="day,sales\n2024-03-31,9\n")
    assert pd.read_csv(io.StringIO(done.stdout))["forecast-hi-95"].max() <= 3

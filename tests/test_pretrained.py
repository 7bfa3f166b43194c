"""The net that comes with the package: forecasts of data that it has never seen, and what it refuses."""

import csv
import io
import math
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from rnncast.config import TaskConfig
from rnncast.errors import DataError
from rnncast.forecaster import pretrained as module
from rnncast.forecaster.pretrained import Pretrained
from rnncast.pretrained.net import forecast, remember, watch
from rnncast.pretrained.past import Seasons
from rnncast.pretrained.weights import FILE, pretrained_weights
from rnncast.series.panel import Panel
from tests.conftest import AIR_PASSENGERS, ROOT, Program
from tests.test_cli import HEADER, modules_after

PROBABILITIES = (0.001, 0.025, 0.1, 0.3, 0.5, 0.9, 0.999)
SAID = "by the pretrained net, which was trained on synthetic series and has not seen these data"


@pytest.fixture
def untrained(program: Program) -> Program:
    """A folder that holds data and no model."""
    (program.folder / "air.csv").write_bytes(AIR_PASSENGERS.read_bytes())
    return program


def rows_in(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_data_without_a_model_are_forecast_at_once(untrained: Program) -> None:
    done = untrained("forecast", "air.csv")
    assert done.returncode == 0
    assert f"{SAID}; to train on them: rnncast train air.csv\n" in done.stderr
    assert "horizon 12 (one season); season 12 (of monthly data)" in done.stderr
    assert done.stdout.splitlines()[0] == HEADER
    assert [row["Month"] for row in rows_in(done.stdout)] == [f"1961-{month:02d}" for month in range(1, 13)]
    assert untrained("forecast", "-q", stdin=(untrained.folder / "air.csv").read_bytes()).stdout == done.stdout
    assert untrained("forecast", "air.csv", "-q").stderr == ""


def test_a_trained_model_comes_first_and_a_name_before_it(trained: Program) -> None:
    theirs, named = (
        trained("forecast", "air_passengers.csv"),
        trained("forecast", "air_passengers.csv", "-m", "pretrained"),
    )
    assert "by rnncast.safetensors, trained on air_passengers.csv; -m pretrained forecasts without it" in theirs.stderr
    assert theirs.stdout == trained("forecast").stdout != named.stdout
    assert SAID in named.stderr


def test_horizon_season_and_intervals_are_free(untrained: Program) -> None:
    def forecast(*more: str) -> list[dict[str, str]]:
        done = untrained("forecast", "air.csv", *more)
        assert done.returncode == 0, done.stderr
        return rows_in(done.stdout)

    assert len(forecast("-H", "40")) == 40
    assert forecast("-H", "5") != forecast("-H", "5", "--season", "4")
    assert forecast("-H", "5") == forecast("-H", "5", "--season", "12")
    wide, usual = forecast("--level", "50,99.9"), forecast()
    for one, other in zip(wide, usual, strict=True):
        inner = [float(one[f"forecast-{side}-50"]) for side in ("lo", "hi")]
        outer = [float(one[f"forecast-{side}-99.9"]) for side in ("lo", "hi")]
        middle = [float(other[f"forecast-{side}-95"]) for side in ("lo", "hi")]
        assert outer[0] < middle[0] < inner[0] < inner[1] < middle[1] < outer[1]
    assert list(forecast("--quantiles", "0.2")[0]) == ["Month", "forecast", "forecast-ql0.2"]


def test_what_it_forecasts_can_be_scored(untrained: Program) -> None:
    lines = AIR_PASSENGERS.read_text().splitlines(keepends=True)
    done = untrained("forecast", "-", stdin="".join(lines[:-12]))
    scores = rows_in(untrained("score", "-", "--actual", "air.csv", "--format", "csv", stdin=done.stdout).stdout)
    assert float(scores[0]["mase"]) < 0.8  # of seasonal naive: 1.5


def test_panels_and_forms_of_output(untrained: Program) -> None:
    sales = ROOT / "sample_data" / "store_sales.csv"
    done = untrained("forecast", sales, "--target", "sales", "-H", "2", "--format", "jsonl")
    assert done.returncode == 0, done.stderr
    ids = [line.split(",")[0] for line in done.stdout.splitlines()]
    assert len(ids) == 2 * len(set(ids)) > 2


REFUSED = {
    "no data": (["-m", "pretrained"], "it needs data"),
    "known": (["air.csv", "--known", "x"], "--known: the pretrained net cannot use covariates"),
    "future": (["air.csv", "--future", "x.csv"], "--future: the pretrained net"),
    "continue and follow": (["air.csv", "--continue", "--follow"], "both read new rows"),
    "device": (["air.csv", "--device", "cuda"], "runs on the CPU only"),
    "season": (["air.csv", "--season", "x"], "--season is 'x'"),
    "horizon of paths": (["air.csv", "-H", "80", "--paths", "3"], "too few rows for --paths"),
    "another file": (["air.csv", "-m", "nowhere.safetensors"], "there is no model file nowhere.safetensors"),
    "neither": ([], "there is no model file rnncast.safetensors"),
}


@pytest.mark.parametrize(("arguments", "said"), REFUSED.values(), ids=REFUSED)
def test_what_it_cannot_do_is_refused_with_a_way_out(untrained: Program, arguments: list[str], said: str) -> None:
    done = untrained("forecast", *arguments)
    assert done.returncode in (1, 2)
    assert done.stdout == ""
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "hint:" in done.stderr or "--season" in said


def test_the_way_out_of_covariates_is_a_command_with_the_flags_given(untrained: Program) -> None:
    done = untrained("forecast", "air.csv", "--known", "price", "-H", "6", "--season", "4")
    assert "rnncast train air.csv --known price --horizon 6 --season 4;" in done.stderr


def test_season_is_refused_for_a_trained_model(trained: Program) -> None:
    done = trained("forecast", "air_passengers.csv", "--season", "4")
    assert done.returncode == 2
    assert "--season is for the pretrained net" in done.stderr
    assert "train again with --season 4" in done.stderr


def test_it_is_a_candidate(untrained: Program) -> None:
    done = untrained(
        "compare", "air.csv", "--model", "pretrained", "--baseline", "drift", "--folds", "4", "--format", "csv"
    )
    assert done.returncode == 0, done.stderr
    scores = {row["model"]: float(row["mase"]) for row in rows_in(done.stdout)}
    assert set(scores) == {"pretrained", "drift", "naive", "seasonal-naive"}
    assert scores["pretrained"] < 0.75 < min(scores[name] for name in ("drift", "naive", "seasonal-naive"))


@pytest.mark.parametrize(("season", "years"), [(4, 7), (12, 5), (7, 10), (1, 40)])
def test_a_steady_series_is_forecast_about_as_well_as_by_its_means(season: int, years: int) -> None:
    random, seen, ahead = np.random.default_rng(season), season * years, 8
    pattern = np.tile(random.normal(0, 5, (300, season)), years + ahead)[:, : seen + ahead]
    y = 100 + pattern + random.normal(0, 3, pattern.shape)
    means = y[:, :seen].reshape(300, years, season).mean(1)[:, np.arange(ahead) % season]
    got = forecast(pretrained_weights(), y[:, :seen], ahead, season)[:, :, 3]
    errors = [np.abs(each - y[:, seen:]).mean() for each in (got, means)]
    assert errors[0] < 1.05 * errors[1]  # seasonal naive: 1.3 times


def test_it_starts_without_torch(untrained: Program) -> None:
    loaded = modules_after(untrained, "forecast air.csv -q -o out.csv")
    assert not {"torch", "scipy", "rich", "statsforecast"} & loaded


values = some.one_of(
    some.floats(-1e6, 1e6), some.just(float("nan")), some.just(0.0), some.integers(0, 3).map(float), some.just(1e9)
)


@settings(max_examples=60)
@given(
    some.lists(some.lists(values, min_size=0, max_size=30), min_size=1, max_size=4),
    some.sampled_from([(), (4,), (7, 21), (2, 5)]),
    some.integers(1, 9),
)
def test_any_series_has_finite_ordered_forecasts(
    given_values: list[list[float]], seasons: tuple[int, ...], horizon: int
) -> None:
    panel = Panel.from_series({str(s): np.array([1.0, *y]) for s, y in enumerate(given_values)})
    forecast = Pretrained(horizon, seasons).predict(panel, PROBABILITIES)
    assert np.isfinite(forecast.quantiles).all()
    assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()
    np.testing.assert_array_equal(forecast.point, forecast.quantiles[:, :, PROBABILITIES.index(0.5)])


@pytest.mark.parametrize("value", [0.0, 5.0, -3.0, 1e-9, 1e12])
@pytest.mark.parametrize("length", [1, 2, 3, 40])
def test_a_constant_series_goes_on(value: float, length: int) -> None:
    panel = Panel.from_series({"a": np.full(length, value)})
    net = Pretrained.of(panel, TaskConfig(horizon=4))
    forecast = net.predict(panel, (0.1, 0.5, 0.9))
    assert np.isfinite(forecast.quantiles).all()
    assert (np.diff(forecast.quantiles, axis=-1) >= 0).all()
    assert np.abs(forecast.point - value).max() <= 0.1 * abs(value)


def test_alone_or_among_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """However series are put side by side, each has the forecast that it has alone."""
    random = np.random.default_rng(1)
    series = {str(n): 50 + random.standard_normal(n).cumsum() for n in (3, 90, 14, 14, 200, 45)}
    together = Pretrained(6, (7,)).predict(Panel.from_series(series), (0.1, 0.5, 0.9))
    monkeypatch.setattr(module, "CELLS", 100)
    apart = Pretrained(6, (7,)).predict(Panel.from_series(series), (0.1, 0.5, 0.9))
    np.testing.assert_allclose(together.quantiles, apart.quantiles, rtol=1e-4)


def test_paths_keep_the_quantiles_and_hang_together() -> None:
    """Of a random walk, whose errors add up, neighbouring steps must go the same way."""
    walk = Panel.from_series({"a": 100 + np.random.default_rng(4).standard_normal(300).cumsum()})
    net = Pretrained(8, ())
    forecast, paths = net.predict(walk, (0.1, 0.5, 0.9)), net.sample(walk, 4000).values[0]  # [H, P]
    spread = forecast.quantiles[0, :, 2] - forecast.quantiles[0, :, 0]
    found = np.quantile(paths, (0.1, 0.5, 0.9), axis=1).T
    assert (np.abs(found - forecast.quantiles[0]) < 0.1 * spread[:, None]).all()
    between = np.corrcoef(paths)
    assert between[3, 4] > 0.5
    assert between[0, 7] < between[3, 4]
    np.testing.assert_array_equal(net.sample(walk, 50).values, net.sample(walk, 50).values)
    with pytest.raises(DataError, match="too few rows for --paths"):
        net.sample(Panel.from_series({"a": np.arange(9.0)}), 10)


@pytest.mark.parametrize("seasons", [Seasons(1), Seasons(12), Seasons(24, 168)], ids=str)
def test_splitting_law(seasons: Seasons) -> None:
    weights, y = pretrained_weights(), 10 + np.random.default_rng(2).standard_normal((2, 400)).cumsum(1)
    _, whole, _ = watch(weights, seasons, y, remember(seasons, weights, 2))
    memory, parts = remember(seasons, weights, 2), []
    for piece in np.split(y, [1, 9, 250], axis=1):
        _, features, memory = watch(weights, seasons, piece, memory)
        parts.append(features)
    np.testing.assert_allclose(np.concatenate(parts, 1), whole, atol=1e-5)


def test_a_long_series_is_watched_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The forecast is the same, and the memory that it takes does not grow with the series."""
    steps = np.arange(6000)
    week = 10 + np.random.default_rng(6).standard_normal((2, 6000)) + np.sin(steps * np.pi / 12)
    whole = forecast(pretrained_weights(), week, 24, 24)
    monkeypatch.setattr("rnncast.pretrained.net.CELLS", 1000)
    np.testing.assert_allclose(forecast(pretrained_weights(), week, 24, 24), whole, rtol=1e-6)
    peaks = []
    for length in (2000, 6000):
        tracemalloc.start()
        forecast(pretrained_weights(), week[:, -length:], 24, 24)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] - peaks[0] < 3 * 8 * 2 * 4000, peaks  # three copies of the data


def test_the_weights_are_small_and_go_with_the_package() -> None:
    assert FILE.is_relative_to(ROOT / "rnncast")
    assert FILE.stat().st_size < 3_000_000
    assert str(FILE.relative_to(ROOT / "rnncast")) in (ROOT / "pyproject.toml").read_text()
    assert all(np.isfinite(weight).all() for weight in pretrained_weights().values())
    assert sum(math.prod(weight.shape) for weight in pretrained_weights().values()) * 2 < FILE.stat().st_size


def test_the_command_to_train_has_the_flags_that_were_given(untrained: Program) -> None:
    (untrained.folder / "two.csv").write_text(
        "month,sold,price\n" + "".join(f"{2000 + i // 12}-{i % 12 + 1:02d},{i % 12},{i}\n" for i in range(60))
    )
    done = untrained("forecast", "two.csv", "--target", "sold", "-H", "3", "--level", "90")
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "to train on them" in line]
    command = line.partition("to train on them: rnncast ")[2]
    assert command == "train two.csv --target sold --horizon 3 --level 90"
    assert untrained(*command.split(), "--epochs", "0", "--members", "1").returncode == 0

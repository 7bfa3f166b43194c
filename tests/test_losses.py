"""Each loss is least where it should be, and a distribution's quantiles are those that SciPy's own tables give."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rnncast import Config, Forecaster, Panel
from rnncast.choices.decide import resolve
from rnncast.config import TaskConfig, TrainConfig
from rnncast.errors import DataError, UsageError
from rnncast.losses import LOSSES, Loss
from rnncast.runtime.distributions import negative_binomial, student_t
from rnncast.runtime.runtime import Runtime
from rnncast.training.losses import Targets, loss_of
from rnncast.training.losses import negative_binomial as negative_binomial_loss
from rnncast.training.losses import student_t as t_loss

CPU = torch.device("cpu")
PROBABILITIES = (0.025, 0.1, 0.5, 0.9, 0.975)
LEVELS = torch.tensor(PROBABILITIES)


def counts(series: int = 12, steps: int = 120, mean: float = 0.4, seed: int = 1) -> Panel:
    """Sales of slow movers: mostly zero."""
    random = np.random.default_rng(seed)
    return Panel.from_series(
        {f"s{s:02}": random.negative_binomial(2, 2 / (2 + mean), steps).astype(float) for s in range(series)}
    )


def config_of(loss: str, horizon: int = 4, **task: object) -> Config:
    return Config(
        task=TaskConfig(horizon=horizon, seasons=(1,), **task),  # type: ignore[arg-type]
        train=TrainConfig(loss=loss, epochs=2, members=1, seed=1, shrinkage=0.0),
    )


def targets(values: torch.Tensor) -> Targets:
    one = torch.ones(values.shape[:2])
    return Targets(values, torch.ones_like(values), one * 0, one)


@pytest.mark.parametrize(("loss", "centre"), [("mae", "median"), ("pinball", "median"), ("mse", "mean")])
def test_the_best_constant_is_the_centre_that_a_loss_is_after(loss: str, centre: str) -> None:
    came = torch.from_numpy(np.random.default_rng(1).exponential(size=(1, 1, 999)))
    error = loss_of(resolve(config_of(loss, levels=()), counts()), CPU)
    grid = torch.linspace(0.3, 1.5, 241, dtype=torch.float64)
    grid.requires_grad_()
    sum(error(point.expand(1, 1, 999, 1), targets(came)).sum() for point in grid).backward()  # type: ignore[union-attr]
    assert grid.grad is not None
    least = float(grid[(grid.grad >= 0).nonzero()[0]].detach())  # from where on the error rises
    expected = float(came.median() if centre == "median" else came.mean())
    assert least == pytest.approx(expected, abs=0.01)


def test_huber_is_square_when_small_and_absolute_when_large() -> None:
    error = loss_of(resolve(config_of("huber", levels=()), counts()), CPU)
    off = torch.tensor([[[0.1, 10.0]]], dtype=torch.float64)
    # The median's own pinball is constant in the point, which it is detached from: what counts is the slope.
    off.requires_grad_()
    error(off[..., None], targets(torch.zeros(1, 1, 2, dtype=torch.float64))).sum().backward()
    assert off.grad is not None
    assert off.grad.ravel().tolist() == pytest.approx([0.1, 1.0])


@given(st.floats(-5, 5), st.floats(0.1, 5), st.floats(0.1, 50), st.floats(-20, 20))
def test_student_t_is_scipys(location: float, scale: float, degrees: float, value: float) -> None:
    reference = stats.t(2 + degrees, location, scale)
    outputs = np.array([location, scale, degrees])
    assert student_t(outputs, PROBABILITIES) == pytest.approx(reference.ppf(PROBABILITIES), rel=1e-6)
    loss = t_loss(
        torch.tensor(outputs).reshape(1, 1, 1, 3), targets(torch.tensor([[[value]]], dtype=torch.float64)), LEVELS
    )
    assert float(loss) == pytest.approx(-reference.logpdf(value), rel=1e-6, abs=1e-9)


@given(st.floats(0.01, 200), st.floats(0.01, 5))
def test_quantiles_of_counts_are_scipys(mean: float, dispersion: float) -> None:
    reference = stats.nbinom(1 / dispersion, 1 / (1 + dispersion * mean))
    ours = negative_binomial(np.array([mean]), np.array([dispersion]), PROBABILITIES)[0]
    exact = reference.ppf(PROBABILITIES)
    for quantile, expected, p in zip(ours, exact, PROBABILITIES, strict=True):
        # Where the probability up to a count is p but for rounding, either neighbour will do.
        assert quantile == expected or abs(reference.cdf(min(quantile, expected)) - p) < 1e-6


@given(st.floats(0.05, 50), st.floats(0.05, 3), st.integers(0, 60))
def test_the_loss_of_counts_is_scipys(mean: float, dispersion: float, count: int) -> None:
    # 40 standard units above 0, where the bound that keeps a mean above 0 changes nothing.
    outputs = torch.tensor([mean + 40, dispersion], dtype=torch.float64).reshape(1, 1, 1, 2)
    reference = stats.nbinom(1 / dispersion, 1 / (1 + dispersion * (mean + 40)))
    loss = negative_binomial_loss(outputs, targets(torch.tensor([[[float(count)]]], dtype=torch.float64)), LEVELS)
    assert float(loss) == pytest.approx(-reference.logpmf(count), rel=1e-5)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_trains_forecasts_and_comes_back_from_its_file(loss: str, tmp_path: pytest.TempPathFactory) -> None:
    forecaster = Forecaster.fit(counts(), config_of(loss))
    forecast = forecaster.predict()
    assert np.isfinite(forecast.quantiles).all()
    assert (np.diff(forecast.quantiles) >= 0).all()
    path = str(tmp_path / "model.safetensors")  # type: ignore[operator]
    forecaster.save(path)
    assert (Forecaster.load(path).predict().quantiles == forecast.quantiles).all()


def test_counts_are_forecast_as_counts_that_cover() -> None:
    panel = counts(series=60)
    forecaster = Forecaster.fit(panel, config_of("negative-binomial"))
    after = counts(series=60, steps=160).y.reshape(60, 160)[:, 120:124]
    forecast, paths = forecaster.predict(), forecaster.sample(500)  # what series share moves all of a path
    for values in (forecast.quantiles, paths.values):
        assert (values >= 0).all()
        assert (values == np.round(values)).all()
    low, high = forecast.interval(80)
    assert ((low <= after) & (after <= high)).mean() >= 0.78  # of counts, more: there is nothing between 0 and 1
    assert paths.values.mean() == pytest.approx(0.4, abs=0.1)


def test_jumps_make_student_t_the_likelier() -> None:
    """Of values with a jump in fifty, the net's degrees of freedom come down."""
    random = np.random.default_rng(2)
    calm = {f"s{s}": 50 + random.standard_normal(200) for s in range(10)}
    wild = {name: y + 30 * (random.random(200) < 0.02) for name, y in calm.items()}
    degrees = []
    for series in (calm, wild):
        config = config_of("student-t", transform="none")
        forecaster = Forecaster.fit(Panel.from_series(series), config)
        head = Runtime(forecaster.spec, forecaster.weights).head
        bias = forecaster.weights["head.bias"].reshape(-1, head.horizon)
        degrees.append(float(bias[-1].mean()))
    assert degrees[1] < degrees[0]


def test_losses_that_do_not_suit_are_refused() -> None:
    halves = Panel.from_series({"a": np.arange(60) / 2})
    with pytest.raises(DataError, match=r"0\.5 is not a count"):
        resolve(config_of("negative-binomial"), halves)
    with pytest.raises(UsageError, match="need no logs"):
        resolve(config_of("negative-binomial", transform="log"), counts())
    with pytest.raises(UsageError, match="step by step"):
        resolve(config_of("student-t", strategy="recursive"), counts())
    with pytest.raises(UsageError, match="loss"):
        TrainConfig(loss="squared")


def log_cosh(quantiles: torch.Tensor, targets: Targets, probabilities: torch.Tensor) -> torch.Tensor:
    return torch.log(torch.cosh((quantiles[..., 0] - targets.values).clamp(-20, 20)))


def laplace(parameters: torch.Tensor, targets: Targets, probabilities: torch.Tensor) -> torch.Tensor:
    location, scale = parameters.unbind(-1)
    return (targets.values - location).abs() / scale + torch.log(2 * scale)


def laplace_quantiles(parameters: np.ndarray, units: object, probabilities: tuple[float, ...]) -> np.ndarray:
    return stats.laplace.ppf(probabilities, parameters[..., :1], parameters[..., 1:])


NEW = {
    "log-cosh": Loss("new", "tests.test_losses:log_cosh"),
    "laplace": Loss("new", "tests.test_losses:laplace", (1.0,), "tests.test_losses:laplace_quantiles"),
}


@pytest.mark.parametrize("name", NEW)
def test_a_new_loss_is_an_entry_and_its_functions(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory
) -> None:
    monkeypatch.setitem(LOSSES, name, NEW[name])
    forecaster = Forecaster.fit(counts(), config_of(name, levels=() if name == "log-cosh" else (80,)))
    path = str(tmp_path / "model.safetensors")  # type: ignore[operator]
    forecaster.save(path)
    quantiles = Forecaster.load(path).predict().quantiles
    assert np.isfinite(quantiles).all()
    assert (np.diff(quantiles) >= 0).all()

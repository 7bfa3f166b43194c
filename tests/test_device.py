"""Nets that step in torch, as on a GPU, forecast what those in NumPy do."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from rnncast import Forecaster, Panel
from rnncast.nets.on_device import OnDevice
from rnncast.runtime.registry import NETS
from rnncast.runtime.runtime import Runtime
from rnncast.training.optimiser import AdamW
from rnncast.training.watch import Watch
from tests.conftest import Program, small_config, waves

GPU = torch.cuda.is_available()


def ragged() -> Panel:
    """Series of which some begin later."""
    panel = waves(series=5)
    return panel.select(np.arange(5), panel.lengths - np.array([0, 30, 7, 0, 51]))


@pytest.mark.parametrize("device", ["cpu", *(["cuda"] if GPU else [])])
@pytest.mark.parametrize("model", [*NETS, "lstm/4", "gru/7"])
def test_torch_and_numpy_forecast_alike(model: str, device: str) -> None:
    forecaster = Forecaster.fit(ragged(), small_config(model, members=2))
    numpy = forecaster.runtime.forecast_panel(ragged(), 4)
    step_nets = OnDevice(forecaster.spec, forecaster.weights, torch.device(device))
    runtime = Runtime(forecaster.spec, forecaster.weights, step_nets=step_nets)
    np.testing.assert_allclose(runtime.forecast_panel(ragged(), 4), numpy, rtol=1e-5, atol=1e-5)


def test_everything_that_an_update_changes_lies_beside_the_weights() -> None:
    there = torch.nn.Parameter(torch.zeros(3, device="meta"))  # any device that is not the CPU
    moments = AdamW([there], weight_decay=0.0).moments[0]
    assert {moment.device.type for moment in moments.values()} == {"meta"}


@pytest.mark.skipif(not GPU, reason="there is no GPU here")
@pytest.mark.parametrize("model", NETS)
def test_a_net_learns_on_a_gpu_what_it_learns_on_a_cpu(model: str) -> None:
    there, here = (
        Forecaster.fit(ragged(), small_config(model), watch=Watch(device=device)).predict()
        for device in ("cuda", "cpu")
    )
    np.testing.assert_allclose(there.quantiles, here.quantiles, rtol=0.05)  # TF32, and other random numbers


def test_auto_is_a_device_and_forecasts(trained: Program) -> None:
    forecaster = Forecaster.load(str(trained.folder / "rnncast.safetensors"))
    there = replace(forecaster, device="auto")
    assert isinstance(there.runtime.step_nets, OnDevice)
    np.testing.assert_allclose(there.predict().quantiles, forecaster.predict().quantiles, rtol=1e-5)


@pytest.mark.skipif(GPU, reason="there is a GPU here")
def test_a_device_that_is_not_there_is_refused(trained: Program) -> None:
    done = trained("forecast", "--device", "cuda")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no device cuda here" in done.stderr

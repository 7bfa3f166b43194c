"""The pure contrast: a global frame without base forecasts, in which nothing but a state reaches beyond the window."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from rnncast.choices.decide import decide, resolve
from rnncast.config import Config, TableConfig, TaskConfig
from rnncast.errors import UsageError
from rnncast.files.panels.tables import read_table
from rnncast.forecaster.forecaster import Forecaster
from rnncast.frame.frame import Frame
from rnncast.frame.past import Past, init_state
from rnncast.nets.model import model_of
from rnncast.runtime.registry import NETS
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from tests.conftest import Program, fitted, small_config, waves

WINDOW = 7


def config(net: str, frame: str = "global", base: tuple[str, ...] | None = ("none",), **train: object) -> Config:
    small = small_config(net, **train)
    task, net_config = replace(small.task, transform="none"), replace(small.net, frame=frame, base=base)
    return replace(small, task=task, net=net_config)


def with_holes(y: np.ndarray) -> np.ndarray:
    y = y.copy()
    y[[-3, -WINDOW - 2, -20]] = np.nan
    return y


def gradient(forecaster: Forecaster, y: np.ndarray) -> np.ndarray:
    """The gradient of the sum of a net's point forecasts in each value, the newest first [N]."""
    spec = forecaster.spec
    values = torch.tensor(y)[None].requires_grad_()
    view = Past.of(Frame.of(spec), values).view()
    model = model_of(spec, forecaster.weights, 0).double()
    outputs, _ = model(view.inputs, view.bases, tuple(part.double() for part in model.init_state(1)))
    point = Frame.of(spec).globalise(outputs[:, :, :, model.sizes.point], view.level, view.scale)
    (found,) = torch.autograd.grad(point[0, -1].sum(), values)
    return found[0].numpy()[::-1]


def moved(forecaster: Forecaster, y: np.ndarray, lag: int, by: float = 5.0) -> np.ndarray:
    """How far each forecast moves if the value so many steps before the newest does."""
    other = y.copy()
    other[-1 - lag] += by
    points = forecaster.predict(Panel.from_series({"as it is": y, "moved": other})).point
    return points[1] - points[0]


@pytest.mark.parametrize("holes", [False, True])
def test_a_window_net_knows_nothing_beyond_its_window(holes: bool) -> None:
    """By gradient and by perturbation: exactly nothing, whatever its weights."""
    forecaster = fitted(config("window"))
    y = with_holes(waves()[0].y) if holes else waves()[0].y
    found = gradient(forecaster, y)
    there = ~np.isnan(y[::-1])
    assert (found[:WINDOW][there[:WINDOW]] != 0).all()
    assert (found[WINDOW:] == 0).all()
    for lag in (0, WINDOW - 1):
        assert np.abs(moved(forecaster, y, lag)).max() > 1e-3
    for lag in (WINDOW, WINDOW + 2, 12, 40):
        assert (moved(forecaster, y, lag) == 0).all()


def test_a_state_reaches_beyond_the_window_and_so_does_the_local_frame() -> None:
    y = waves()[0].y
    assert np.abs(gradient(fitted(config("lstm")), y)[WINDOW : 2 * WINDOW]).min() > 0
    for asked in (config("window", "local", None), config("window", "local"), config("window", "global", None)):
        assert np.abs(gradient(fitted(asked), y)[WINDOW:]).max() > 0


@pytest.mark.parametrize("net", NETS)
@pytest.mark.parametrize("base", [None, ("none",)], ids=["bases", "no bases"])
def test_a_state_goes_on_and_a_file_comes_back(net: str, base: tuple[str, ...] | None, tmp_path: Path) -> None:
    """The whole history, the saved state with new rows, and rows one by one give the same forecast."""
    whole = waves()
    forecaster = fitted(config(net, base=base))
    forecaster.save(str(tmp_path / "model"))
    loaded = Forecaster.load(str(tmp_path / "model"))
    assert loaded.spec == forecaster.spec
    new = {id: [101.0, 97.5, 104.0] for id in whole.ids}
    longer = Panel.from_series({id: np.append(whole[s].y, new[id]) for s, id in enumerate(whole.ids)})
    after = loaded.update(Panel.from_series({id: np.array(rows) for id, rows in new.items()}))
    one_by_one = loaded
    for step in range(3):
        row = {id: np.array(rows[step : step + 1]) for id, rows in new.items()}
        one_by_one = one_by_one.update(Panel.from_series(row))
    expected = loaded.predict(longer)
    for found in (after, one_by_one):
        np.testing.assert_allclose(found.predict().quantiles, expected.quantiles, rtol=1e-5)


@pytest.mark.parametrize("net", NETS)
def test_runtime_and_torch_agree(net: str) -> None:
    forecaster = fitted(config(net, training="teacher-forcing") if net == "jordan" else config(net))
    spec, y = forecaster.spec, with_holes(waves()[0].y)
    view = Past.of(Frame.of(spec), torch.from_numpy(y)[None]).view()
    model = model_of(spec, forecaster.weights, 0)
    outputs, _ = model(view.inputs.float(), view.bases.float(), model.init_state(1))
    found = Frame.of(spec).globalise(outputs.detach().double(), view.level, view.scale)[0, -1].numpy()
    state = forecaster.runtime.replay(forecaster.encoding.encode(Panel.from_series({"a": y})))
    quantiles, _, _ = forecaster.runtime.step_pending(state, np.zeros((1, spec.steps_at_once, 0)))
    np.testing.assert_allclose(quantiles[0], found, rtol=1e-4)


def test_an_untrained_net_without_a_base_forecasts_the_mean() -> None:
    panel = waves()
    forecaster = Forecaster.fit(panel, config("lstm", epochs=0))
    level, scale = forecaster.spec.frame.constants
    assert level == pytest.approx(panel.y.mean())
    assert scale == pytest.approx(np.abs(panel.y - panel.y.mean()).mean())
    np.testing.assert_allclose(forecaster.predict().point, panel.y.mean(), rtol=1e-6)


def test_logs_members_and_constant_series() -> None:
    task = TaskConfig(horizon=4, seasons=(6,), transform="log")
    spec = resolve(replace(config("lstm", members=3), task=task), waves())
    assert spec.frame.constants[0] == pytest.approx(np.log(waves().y).mean())
    assert (spec.frames, spec.frame.baselines, spec.train.shrinkage) == (1, (), 0.0)
    for value in (0.0, 1000.0):
        constant = Panel.from_series({"a": np.full(60, value)})
        assert np.isfinite(Forecaster.fit(constant, config("lstm", epochs=1)).predict().quantiles).all()


def test_what_was_decided_can_be_asked_for_again() -> None:
    for asked in (config("lstm"), config("lstm", base=None), config("lstm", "local")):
        spec = resolve(asked, waves())
        assert resolve(spec.to_config(), waves()) == spec
        assert ModelSpec.from_dict(spec.to_dict()) == spec
    told = {each.name: each for each in decide(config("lstm"), waves())[1]}
    assert (told["frame"].value, told["base"].value) == ("global", "none")


def test_the_past_that_is_remembered_is_the_window() -> None:
    frame = Frame.of(resolve(config("window"), waves()))
    assert frame.lookback == WINDOW
    state = init_state(frame, 1, np.zeros((1, 1)))
    assert state.history.shape == (1, WINDOW)


def test_covariates_known_ahead_are_seen_without_a_base(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    known = random.integers(0, 2, 140).astype(float)
    y = 50 + 10 * known[:120] + random.normal(0, 0.1, 120)
    asked = config("window", epochs=60)
    header, rows = "t,y,on", [f"{t},{v},{k:g}" for t, (v, k) in enumerate(zip(y, known, strict=False))]
    ahead = [f"{t},,{known[t]:g}" for t in range(120, 124)]
    (tmp_path / "table.csv").write_text("\n".join([header, *rows, *ahead]) + "\n")
    panel = read_table(str(tmp_path / "table.csv"), TableConfig(time="t", target="y", known=("on",)))
    forecaster = Forecaster.fit(panel, asked)
    np.testing.assert_allclose(forecaster.predict().point[0], 50 + 10 * known[120:124], atol=2.5)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--frame", "globl"], "one of local, global"),
        (["--frame", "global", "--level-span", "6"], "--frame global has no local level"),
        (["--base", "none,last-12"], "give it alone"),
    ],
)
def test_what_contradicts_itself_is_refused(program: Program, words: list[str], said: str) -> None:
    (program.folder / "x.csv").write_text("\n".join(["y", *map(str, range(60))]))
    done = program("train", "x.csv", *words)
    assert done.returncode == 2
    assert said in done.stderr


def test_compare_says_which_contrast_it_is(trained: Program) -> None:
    flags = (
        "--epochs",
        "1",
        "--members",
        "1",
        "--no-validate",
        "--folds",
        "3",
        "--format",
        "json",
        "--baseline",
        "window",
    )
    for pure, contrast in (((), "learnt state"), (("--frame", "global", "--base", "none"), "memory")):
        found = json.loads(trained("compare", "air_passengers.csv", *flags, *pure).stdout)
        assert found["contrast"] == contrast
        assert {"lstm", "window"} <= {row["model"] for row in found["scores"]}


def test_a_frame_of_wrong_constants_is_refused() -> None:
    frame = resolve(config("lstm"), waves()).frame
    for wrong in ((1.0,), (1.0, 0.0), (1.0, -2.0), (float("inf"), 1.0), (1.0, 2.0, 3.0)):
        with pytest.raises(UsageError, match="constants"):
            replace(frame, constants=wrong)

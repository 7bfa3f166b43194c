"""The exported step: what onnxruntime computes of it is what the runtime computes, for every net."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnncast.choices.decide import resolve
from rnncast.errors import ModelFileError
from rnncast.frame.frame import Frame
from rnncast.frame.view import FrameView, Leads, side_by_side
from rnncast.nets.export import onnx_step
from rnncast.runtime.members import weight_shapes
from rnncast.runtime.registry import NETS
from rnncast.runtime.runtime import Runtime
from rnncast.spec import ModelSpec
from tests.conftest import Program, small_config, waves
from tests.test_continue import config, shops, table
from tests.test_readme import blocks

onnxruntime = pytest.importorskip("onnxruntime")

B, STEPS = 3, 4


@pytest.fixture(
    params=[
        *((name, "auto", 1) for name in (*NETS, "lstm/3")),
        ("gru", "recursive", 1),
        ("lstm", "auto", 2),
        ("lstm/1+4", "auto", 2),
    ],
    ids=str,
)
def resolved(request: pytest.FixtureRequest, tmp_path: Path) -> ModelSpec:
    """A spec of members in one frame or two, with covariates of every kind."""
    *net, frames = request.param
    asked = config(*net)
    several = replace(asked, net=replace(asked.net, level_span=(7, 1)), train=replace(asked.train, members=3))
    return resolve(several if frames > 1 else asked, table(tmp_path, shops(0, 50)))


def test_onnxruntime_and_the_runtime_agree(resolved: ModelSpec) -> None:
    """Step by step, each from the state that it reached itself."""
    random = np.random.default_rng(0)
    weights = {name: random.normal(0, 0.3, shape).astype(np.float32) for name, shape in weight_shapes(resolved).items()}
    session = onnxruntime.InferenceSession(onnx_step(resolved, weights))
    runtime, frame = Runtime(resolved, weights), Frame.of(resolved)
    nets, state = runtime.nets, runtime.init_state(B).net
    theirs = state
    for _ in range(STEPS):
        views = [seen(frame, random) for _ in range(frame.measured)]
        view = side_by_side(views)
        features, state = nets.stepped(view.inputs, np.ones((B, 1), np.bool_), state, view)
        given = {f"state.{place}": part for place, part in enumerate(theirs)}
        for place, view in enumerate(views):
            assert view.leads is not None
            parts = {"inputs": view.inputs, "bases": view.bases, "leads": view.leads.known, "zero": view.leads.zero}
            mark = f".{place}" if len(views) > 1 else ""
            given |= {name + mark: part[:, 0] for name, part in parts.items()}
        outputs = nets.read(features, nets.seen(view, 0))
        answers = [outputs[place :: len(views)].mean(0) for place in range(len(views))]
        wanted = {each.name for each in session.get_inputs()}
        found = session.run(None, {name: given[name] for name in wanted})
        theirs = tuple(found[len(views) :])
        np.testing.assert_allclose(found[: len(views)], answers, rtol=1e-5, atol=1e-5)
        for here, there in zip(state, theirs, strict=True):
            np.testing.assert_allclose(there, here, rtol=1e-5, atol=1e-5)


def seen(frame: Frame, random: np.random.Generator) -> FrameView:
    """Something for B series to see at one step."""

    def some(*shape: int) -> np.ndarray:
        return random.normal(0, 1, (B, 1, *shape)).astype(np.float32)

    leads = Leads(some(frame.horizon, frame.leads), some())
    level = np.zeros((B, 1))
    return FrameView(some(frame.features), some(frame.bases, frame.horizon), level, level + 1, leads)


def test_a_distribution_is_refused() -> None:
    with pytest.raises(ModelFileError, match="student-t forecasts a distribution, which cannot be exported"):
        onnx_step(resolve(small_config(loss="student-t"), waves()), {})


def test_the_readme_exports_and_stdout_holds_the_same_graph(trained: Program) -> None:
    (block,) = blocks("sh onnx")
    done = trained.shell(block)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert trained.shell("rnncast export --onnx -o - | cmp - rnncast.onnx").returncode == 0
    session = onnxruntime.InferenceSession(trained.folder / "rnncast.onnx")
    names = {each.name.partition(".")[0] for each in session.get_inputs()}
    assert names == {"inputs", "bases", "state"}


def test_export_says_to_what(program: Program) -> None:
    done = program("export")
    assert (done.returncode, done.stdout) == (2, "")
    assert "--onnx" in done.stderr

"""Export of one step of a trained net as an ONNX graph: net and head in local units, with the state going in and out.

B batch, F features, H horizon, K base forecasts, C columns of a lead, D hidden, Q quantiles. Names and shapes, float32:

    inputs [B, F], bases [B, K, H], leads [B, H, C] and zero [B] (only if covariates are known ahead), state.0 and so
    on [layers, B, D], to quantiles [B, H, Q] and after.0 and so on, the states after the step.

If members use several frames, in turn, everything but the state comes once for each frame: inputs.0, inputs.1, and
quantiles.0, the mean of the members in the first frame. In the units of the data, the forecast is the mean over all
members.

The frame stays outside: the caller computes the inputs of a net and the units of its forecasts.
"""

import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnncast.errors import ModelFileError, RnncastError
from rnncast.frame.frame import Frame
from rnncast.frame.view import Leads
from rnncast.nets.model import Model, model_of
from rnncast.spec import ModelSpec

EXAMPLES = 2  # series in the example from which the graph is traced; the graph takes any number
NEEDED = ("onnx", "onnxscript")


class StepGraph(nn.Module):
    """A step of the members of a model: the mean of their forecasts in each frame, and their states one after
    another."""

    def __init__(self, members: list[Model], frames: int, seen: int) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.frames = frames
        self.seen = seen  # tensors of each frame

    def forward(self, *given: Tensor) -> tuple[Tensor, ...]:
        """Step from inputs [B, F], bases [B, K, H] and leads (if any) of each frame, and the state.

        Returns quantiles [B, H, Q] of each frame and the state after.
        """
        state, after = given[self.frames * self.seen :], []
        parts = len(state) // len(self.members)
        answers: list[list[Tensor]] = [[] for _ in range(self.frames)]
        for number, member in enumerate(self.members):
            frame, own = number % self.frames, state[parts * number : parts * (number + 1)]
            inputs, bases, *rest = (part[:, None] for part in given[self.seen * frame : self.seen * (frame + 1)])
            outputs, reached = member(inputs, bases, own, Leads(*rest) if rest else None)
            answers[frame].append(outputs[:, 0])
            after.extend(reached)
        return *(torch.stack(each).mean(0) for each in answers), *after


def onnx_step(spec: ModelSpec, weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """Return the ONNX graph of one step of a ModelSpec's net, as the bytes of a file.

    Raises ModelFileError if the net forecasts the parameters of a distribution or the pretrained net or the linear
    forecast has a share; RnncastError if onnx is not installed.
    """
    if spec.net.pretrained:
        raise ModelFileError(
            "the pretrained net cannot be exported: it has a frame of its own",
            hint="train with --from scratch, and export that",
        )
    if spec.net.linear:
        raise ModelFileError(
            "the linear forecast beside the nets cannot be exported: it sees the past values themselves",
            hint="train with --linear none, and export that",
        )
    if spec.loss.of_distribution:
        raise ModelFileError(
            f"a model of --loss {spec.train.loss} forecasts a distribution, which cannot be exported",
            hint="train with --loss pinball, whose net forecasts the quantiles themselves",
        )
    if not all(map(find_spec, NEEDED)):
        raise RnncastError("exporting a model needs onnx, which is not installed", hint="pip install 'rnncast[onnx]'")
    members = [model_of(spec, weights, number) for number in range(spec.net.members)]
    frame = Frame.of(spec)
    # Cloned, because the exporter takes a tensor that occurs twice for a single input.
    state = tuple(part.clone() for member in members for part in member.init_state(EXAMPLES))
    shapes = {"inputs": (frame.features,), "bases": (frame.bases, frame.horizon)}
    if frame.leads:
        shapes |= {"leads": (frame.horizon, frame.leads), "zero": ()}
    frames = [f".{number}" for number in range(spec.frames)] if spec.frames > 1 else [""]
    example = [torch.zeros(EXAMPLES, *shape) for _ in frames for shape in shapes.values()]
    places, batch = range(len(state)), torch.export.Dim.DYNAMIC
    with _silence():
        program = torch.onnx.export(
            StepGraph(members, len(frames), len(shapes)).eval(),
            (*example, *state),
            input_names=[*(name + each for each in frames for name in shapes), *(f"state.{place}" for place in places)],
            output_names=[*(f"quantiles{each}" for each in frames), *(f"after.{place}" for place in places)],
            dynamic_shapes=((*({0: batch} for _ in example), *({1: batch} for _ in state)),),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    data: bytes = program.model_proto.SerializeToString()
    return data


@contextmanager
def _silence() -> Iterator[None]:
    """Suppress the exporter's messages about itself."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)

"""The step of a trained net as an ONNX graph: net and head in local units, the state going in and coming out.

B batch, F features, H horizon, K base forecasts, C columns of a lead, D hidden, Q quantiles. Names and shapes, float32:

    inputs [B, F], bases [B, K, H], leads [B, H, C] and zero [B] (only if covariates are known ahead), state.0 and so
    on [layers, B, D], to quantiles [B, H, Q] and after.0 and so on, the states after the step.

The frame stays outside: what a net sees, and the units that it forecasts in, are the caller's to compute.
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

from rnncast.config import Config
from rnncast.errors import ModelFileError, RnncastError
from rnncast.nets.model import Model, model_of
from rnncast.runtime.runtime import head_of
from rnncast.series.frame import Frame, Leads

EXAMPLES = 2  # series in the example that the graph is drawn from; the graph takes any number
NEEDED = ("onnx", "onnxscript")


class Step(nn.Module):
    """One step of the members of a model: the mean of their forecasts, and their states one after another."""

    def __init__(self, members: list[Model], *, leads: bool) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.leads = leads

    def forward(self, inputs: Tensor, bases: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        """Inputs [B, F], bases [B, K, H], the two parts of the leads, if there are, and the state, to quantiles
        [B, H, Q] and the state after."""
        leads = Leads(*(part[:, None] for part in rest[:2])) if self.leads else None
        state = rest[2:] if self.leads else rest
        parts, answers, after = len(state) // len(self.members), [], []
        for number, member in enumerate(self.members):
            own = state[parts * number : parts * (number + 1)]
            outputs, reached = member(inputs[:, None], bases[:, None], own, leads)
            answers.append(outputs[:, 0])
            after.extend(reached)
        return torch.stack(answers).mean(0), *after


def onnx_step(config: Config, weights: Mapping[str, NDArray[np.float32]]) -> bytes:
    """The ONNX graph of one step of a resolved Config's net, as a file holds it.

    ModelFileError if what the net forecasts are the parameters of a distribution; RnncastError if onnx is not there.
    """
    if head_of(config).distribution:
        raise ModelFileError(
            f"a model of --loss {config.train.loss} forecasts a distribution, which is not exported",
            hint="train with --loss pinball, whose net forecasts the quantiles themselves",
        )
    if not all(map(find_spec, NEEDED)):
        raise RnncastError("to export a model, onnx is needed", hint="pip install 'rnncast[onnx]'")
    members = [model_of(config, weights, number) for number in range(config.train.members or 1)]
    frame = Frame.of(config)
    # Each part a tensor of its own: the exporter takes one that comes twice for one input.
    state = tuple(part.clone() for member in members for part in member.init_state(EXAMPLES))
    example = [torch.zeros(EXAMPLES, frame.features), torch.zeros(EXAMPLES, frame.bases, frame.horizon)]
    names = ["inputs", "bases"]
    if frame.leads:
        example += [torch.zeros(EXAMPLES, frame.horizon, frame.leads), torch.zeros(EXAMPLES)]
        names += ["leads", "zero"]
    places = range(len(state))
    batch = torch.export.Dim.DYNAMIC
    shapes = ({0: batch},) * 2, (({0: batch},) * (len(example) - 2) + ({1: batch},) * len(state))
    with _silence():
        program = torch.onnx.export(
            Step(members, leads=bool(frame.leads)).eval(),
            (*example, *state),
            input_names=[*names, *(f"state.{place}" for place in places)],
            output_names=["quantiles", *(f"after.{place}" for place in places)],
            dynamic_shapes=(*shapes[0], shapes[1]),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    data: bytes = program.model_proto.SerializeToString()
    return data


@contextmanager
def _silence() -> Iterator[None]:
    """Keep back what the exporter says about itself."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)

"""Model: a net with its head, the whole function that is trained, from inputs to forecasts in local units."""

import re
from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from rnncast.frame.view import FrameView, Leads
from rnncast.nets.protocol import NOTHING, Feedback, Net, State
from rnncast.nets.segmented import Segmented
from rnncast.runtime.head import Head
from rnncast.runtime.members import head_of, inputs_of, member_prefix
from rnncast.runtime.registry import find_net
from rnncast.spec import ModelSpec


class Model(nn.Module):
    """A net and the head that turns its features into forecasts.

    forced: whether the observed value replaces the net's own output (teacher forcing). Dropout is on in training only,
    and draws from `generator`.
    """

    def __init__(self, net: nn.Module, head: Head, *, forced: bool, dropout: float = 0.0) -> None:
        super().__init__()
        self.net = net
        self.sizes = head
        self.forced = forced
        self.dropout = dropout
        self.generator: torch.Generator | None = None
        self.head = nn.ParameterDict({name: nn.Parameter(torch.zeros(shape)) for name, shape in head.shapes.items()})
        for name in head.random:
            nn.init.normal_(self.head[name], std=head.shapes[name][1] ** -0.5)

    @property
    def dtype(self) -> torch.dtype:
        """Type in which the net computes."""
        kind: torch.dtype = self.head["bias"].dtype
        return kind

    def init_state(self, batch: int) -> State:
        """Return the net's state before the first step of `batch` series."""
        net: Net = self.net  # type: ignore[assignment]
        return net.init_state(batch)

    def forward(
        self,
        inputs: Tensor,
        bases: Tensor,
        state: State,
        leads: Leads | None = None,
        origins: slice = slice(None),
        flags: bool = True,
    ) -> tuple[Tensor, State]:
        """Map inputs [B, T, F], bases [B, T, K, H] and a state to the head's outputs [B, T, H, P] and the state after.

        Forecasts are made at the steps `origins`, which are those of the bases and the leads. flags: whether the inputs
        have those of missing values.
        """

        def feedback(features: Tensor, t: int) -> Tensor:
            at = slice(t, t + 1)
            known = leads and Leads(*(part[:, at] for part in leads))
            return self._read(features, inputs[:, at], bases[:, at], known)[:, 0, 0, self.sizes.point]

        features, after = self._features(inputs, state, origins, None if self.forced else feedback, flags=flags)
        return self._read(features, inputs[:, origins], bases, leads), after

    def features(self, view: FrameView, state: State, origins: slice) -> tuple[Tensor, State]:
        """Return the features [B, T, D] at the origins of a view, and the state after it.

        Not for nets that are given their own output.
        """
        assert self.forced
        return self._features(view.inputs, state, origins, None, flags=view.flags)

    def _features(
        self, inputs: Tensor, state: State, origins: slice, feedback: Feedback, *, flags: bool
    ) -> tuple[Tensor, State]:
        window = self.sizes.window
        features: Tensor
        features, after = self.net(inputs, state, feedback, NOTHING if flags else slice(window, 2 * window), origins)
        if self.dropout and self.training:
            kept = torch.empty_like(features).bernoulli_(1 - self.dropout, generator=self.generator)
            features = features * kept / (1 - self.dropout)
        return features, after

    def _read(self, features: Tensor, inputs: Tensor, bases: Tensor, leads: Leads | None) -> Tensor:
        window, weights = inputs[:, :, : self.sizes.window], dict(self.head.items())
        outputs: Tensor = self.sizes.outputs(weights, features, window, bases, leads)
        return outputs


def build_model(spec: ModelSpec) -> Model:
    """Return the untrained model of a ModelSpec. The seed determines its weights; torch's generator is unchanged."""
    kind = find_net(spec.net.model).torch_form()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(spec.train.seed)
        net = kind(inputs_of(spec), spec.net.hidden_size, spec.net.layers)
        if max(spec.net.segment) > 1:
            net = Segmented(net, spec.net.segment[0])
        return Model(net, head_of(spec), forced=not spec.free_running, dropout=spec.net.dropout)


def model_of(spec: ModelSpec, weights: Mapping[str, NDArray[np.float32]], member: int) -> Model:
    """Return the trained model of a member, from the weights of a model file; not to be trained further."""
    model = build_model(spec)
    load_weights(model, weights, member)
    return model.eval()


def load_weights(model: Model, weights: Mapping[str, NDArray[np.float32]], member: int) -> None:
    """Load a member's weights from a model file into a model, which keeps its own if there are none."""
    prefix, names = member_prefix(member), model.state_dict()
    if any(prefix + inner_name(name) in weights for name in names):
        model.load_state_dict({name: torch.from_numpy(weights[prefix + inner_name(name)].copy()) for name in names})


def weights_of(model: Model) -> dict[str, Tensor]:
    """Return the weights by the names in the model file and the runtime: "net.*" and "head.*"."""
    return {inner_name(name): value for name, value in model.state_dict().items()}


def inner_name(name: str) -> str:
    """Return the name in the model file of a weight of the torch form."""
    return re.sub(r"^net\.(recurrent\.)?(fused|layers)\.", "net.", name)

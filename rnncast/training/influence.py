"""Influence of past values on a forecast: its gradient with respect to each, by the path that the value takes.

A forecast from an origin t depends on what a net sees there and on its state before. So a value y(t-k) reaches it by
three paths, and the gradient is the sum of three:

    state    through what the net saw at earlier steps, and its state before t, which is learnt
    frame    through level, scale and base forecasts at t, which are not learnt and which every net shares
    window   through the window at t, in units that are held fixed

The gradients are exact: the same values enter as three tensors, one for each path. Values and forecasts are
transformed: in logs, a gradient of 1 means that 1 % more is 1 % more.

B rows side by side (one for each lead time examined), M lags, H horizon.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnncast.errors import DataError
from rnncast.frame.exogenous import Exogenous, exogenous_of, unobserved
from rnncast.frame.frame import Frame
from rnncast.frame.past import FrameState, Past
from rnncast.frame.view import FrameView, Leads
from rnncast.nets.model import Model, model_of
from rnncast.nets.protocol import State
from rnncast.runtime.head import mean_count
from rnncast.runtime.regression import LinearForecast
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec

MOST_LAGS = 1024
MOST_LEADS = 6  # examined, from the first to the last
ORIGINS = 4  # of a single series, over its last quarter
MOST_SERIES = 8  # of a panel, an origin each


class Origin(NamedTuple):
    """A series of a panel, and the step of its last known value."""

    series: int
    step: int


@dataclass(frozen=True)
class Influence:
    """Absolute gradients [M, J] of a forecast with respect to the value k steps before its origin, by path, for J lead
    times.

    They are averaged over origins.
    """

    leads: tuple[int, ...]
    state: NDArray[np.float64]
    frame: NDArray[np.float64]
    window: NDArray[np.float64]

    @property
    def lags(self) -> int:
        """Number of lags M, from 0, the newest value, on."""
        return len(self.state)


def origins_of(panel: Panel, spec: ModelSpec) -> tuple[tuple[Origin, ...], int]:
    """Return the origins to look back from, a horizon before the end of the data, and the number of lags.

    Raises DataError if the series are too short.
    """
    last = panel.lengths - 1 - spec.task.horizon
    if last.max(initial=0) < 2:
        raise DataError(
            f"the series are too short to look back from {spec.task.horizon} steps before their end",
            hint="give more history",
        )
    if len(panel) == 1:
        end = int(last[0])
        steps = np.unique(np.linspace(end - end // 4, end, ORIGINS).astype(int))
        origins = tuple(Origin(0, int(step)) for step in steps)
    else:
        long = np.flatnonzero(last >= np.median(last[last >= 2]))
        chosen = long[np.unique(np.linspace(0, len(long) - 1, MOST_SERIES).astype(int))]
        origins = tuple(Origin(int(s), int(last[s])) for s in chosen)
    return origins, min(MOST_LAGS, min(origin.step for origin in origins) + 1)


def leads_of(horizon: int) -> tuple[int, ...]:
    """Return the lead times examined: all, or some from the first to the last."""
    return tuple(np.unique(np.linspace(1, horizon, MOST_LEADS).astype(int)).tolist())


def measure_influence(
    spec: ModelSpec,
    weights: Mapping[str, NDArray[np.float32]],
    panel: Panel,
    origins: Sequence[Origin],
    lags: int,
) -> Influence:
    """Return the influence of the last `lags` values before some origins of an encoded panel on the mean of the
    members."""
    leads = leads_of(spec.task.horizon)
    trained = [model_of(spec, weights, member).double() for member in range(spec.net.members)]
    linear = LinearForecast.of(spec, weights) if spec.net.linear else None
    if linear is not None:
        linear = replace(linear, weight=torch.from_numpy(linear.weight))
    found = [np.abs(gradients(_Nets(spec, trained, linear), panel, origin, lags, leads)) for origin in origins]
    state, frame, window = np.mean(found, 0)
    return Influence(leads, state, frame, window)


def gradients(nets: "_Nets", panel: Panel, origin: Origin, lags: int, leads: Sequence[int]) -> NDArray[np.float64]:
    """Return the gradients [3, M, J] of the forecasts from an origin by the state, the frame and the window."""
    frame = nets.frame
    rows = np.array([origin.series])
    y = torch.from_numpy(frame.transform(panel.padded(rows, align="start")))
    parts = exogenous_of(panel, rows, frame.cycles, frame.horizon, align="start")
    whole = Past.of(frame, y, None, Exogenous(*(torch.from_numpy(part) for part in parts)))
    start, now = origin.step + 1 - lags, origin.step
    stretch = y[:, start : now + 1].expand(len(leads), -1)
    ways = [stretch.clone().requires_grad_() for _ in range(3)]
    through_state, through_frame, through_window = ways
    with torch.no_grad():
        before = nets.advanced(whole.part(0, start), nets.init_state(1)) if start else nets.init_state(1)
    memory, states = _rows(whole.after(start), len(leads)), [_side_by_side(state, len(leads)) for state in before]
    if lags > 1:
        seen = _rows(_arriving(whole, start, now), len(leads))
        states = nets.advanced(Past.of(frame, through_state[:, :-1], memory, seen), states)
    around = _rows(_arriving(whole, start, now + 1), len(leads))
    pasts = (Past.of(frame, way, memory, around).part(lags - 1, lags) for way in (through_frame, through_window))
    points = nets.walked((next(pasts), next(pasts)), states, whole, origin, max(leads))
    chosen = points[torch.arange(len(leads)), torch.tensor(leads) - 1]
    found = torch.autograd.grad(chosen.sum(), ways, allow_unused=True)
    return np.stack([_by_lag(each, stretch) for each in found])


def _by_lag(gradient: Tensor | None, values: Tensor) -> NDArray[np.float64]:
    """Return a gradient [J, M] as [M, J], the newest value first; 0 for a missing value."""
    if gradient is None:
        return np.zeros((values.shape[1], values.shape[0]))
    known = torch.where(torch.isnan(values), 0.0, gradient)
    return known.flip(1).T.numpy()


class _Nets:
    """Members of a model, stepped with gradients: each with its own span of one frame and its own state."""

    def __init__(self, spec: ModelSpec, models: Sequence[Model], linear: LinearForecast | None = None) -> None:
        self.spec = spec
        self.frame = Frame.of(spec)
        self.models = models
        self.linear = linear

    def init_state(self, batch: int) -> list[State]:
        """Return the state of each member before the first step."""
        return [tuple(part.double() for part in model.init_state(batch)) for model in self.models]

    def advanced(self, past: Past, states: Sequence[State]) -> list[State]:
        """Return the state of each member after the steps of a past."""
        origins = slice(None) if self.spec.free_running else slice(-1, None)
        views = past.views(range(self.frame.measured), origins)
        return [self._applied(k, views, state, origins)[1] for k, state in enumerate(states)]

    def walked(
        self, pasts: tuple[Past, Past], states: Sequence[State], whole: Past, origin: Origin, steps: int
    ) -> Tensor:
        """Return the mean of the point forecasts [B, H] from an origin of a whole past.

        pasts: of the origin alone, with values that go through the frame and through the window. A recursive net is fed
        its forecasts, `steps` of them.
        """
        points, states = self._stepped(pasts, states)
        if self.spec.direct:
            return points
        walk = [points]
        for step in range(origin.step + 1, origin.step + steps):
            part = whole.part(step, step + 1).exogenous
            covariates = unobserved(part.covariates[:, -1:], self.frame.known)
            exogenous = _rows(Exogenous(covariates, part.now, part.ahead), len(points))
            frame, window = (Past.of(self.frame, walk[-1], past.after(), exogenous) for past in pasts)
            pasts = frame, window
            points, states = self._stepped(pasts, states)
            walk.append(points)
        return torch.cat(walk, 1)

    def _stepped(self, pasts: tuple[Past, Past], states: Sequence[State]) -> tuple[Tensor, list[State]]:
        """Return the mean of the point forecasts [B, H] of a single step, and the state of each net after it."""
        frame, window = pasts
        seen = replace(frame, values=window.values, filled=window.filled)  # the window's values in the frame's units
        spans = range(self.frame.measured)
        views = [view._replace(inputs=seen.inputs(span)) for span, view in enumerate(frame.views(spans))]
        found = [self._applied(k, views, state, slice(None)) for k, state in enumerate(states)]
        points = torch.stack([points for points, _ in found]).mean(0)
        if self.linear is not None:
            points = points + self.spec.net.linear * (self.linear.points(frame.filled) - points)
        return points, [after for _, after in found]

    def _applied(self, member: int, views: Sequence[FrameView], state: State, origins: slice) -> tuple[Tensor, State]:
        """Return the point forecasts [B, H] of a member at the last step of a view, and its state after."""
        view, model = views[member % len(views)], self.models[member]
        leads = view.leads and Leads(*view.leads)
        outputs, after = model(view.inputs, view.bases, state, leads, origins)
        local, level, scale = outputs[:, -1:, :, model.sizes.point], view.level[:, -1:], view.scale[:, -1:]
        if self.spec.loss.counts:
            return mean_count(local, level, scale)[:, 0], after
        points: Tensor = self.frame.globalise(local, level, scale)[:, 0]
        return points, after


def _arriving(whole: Past, start: int, stop: int) -> Exogenous:
    """Return the exogenous inputs of the steps from start to stop, without earlier ones, which the state at start
    includes."""
    exogenous = whole.part(start, stop).exogenous
    return exogenous._replace(covariates=exogenous.covariates[:, whole.frame.lookback :])


def _rows(parts: Any, number: int) -> Any:
    """Return parts of one series [1, ...] as those of `number` series side by side."""
    kind: type[FrameState | Exogenous] = type(parts)
    return kind(*(part.expand(number, *part.shape[1:]) for part in parts))


def _side_by_side(state: State, number: int) -> State:
    """Return the state [layers, 1, D] of one series as that of `number` series."""
    return tuple(part.expand(-1, number, -1).contiguous() for part in state)

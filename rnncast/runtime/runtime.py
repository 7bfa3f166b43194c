"""The Runtime: frame, net and head stepped over histories in NumPy, from a model's weights to forecasts.

The last value of each series stays pending until the next one comes, or a forecast is asked for: what a net sees at a
step may hold what is known ahead, and that is settled only then. So one state serves continuing, streaming and
forecasting.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnncast.config import DISTRIBUTIONS, Config
from rnncast.runtime.distributions import quantiles_of
from rnncast.runtime.head import Head
from rnncast.runtime.nets import Feedback, State, Weights, stepped_net
from rnncast.runtime.paths import PATHS, recursive_quantiles, walked
from rnncast.runtime.states import SeriesState, concatenated, net_replaced, net_rows, rows_of
from rnncast.series.arrays import joined
from rnncast.series.beside import Ahead, Beside, ahead, beside
from rnncast.series.conformal import stretched
from rnncast.series.distribution import scores_at, values_at
from rnncast.series.frame import Frame, FrameState, FrameView, Leads, Units
from rnncast.series.panel import Panel

Values = NDArray[np.float64]

STEPS = 256  # taken at a time
ROWS = 4096  # series side by side
CONFORMAL = "conformal"  # the name of the factors of the intervals' widths
TEMPLATES = "templates"  # the name of what says how lead times hang together


@dataclass(frozen=True)
class Runtime:
    """A trained net, ready to step.

    weights: "net.*" and "head.*", and "member1.net.*" and so on for further members; named as in the model file. The
    members' forecasts are averaged; their states lie one after another in the net's state. "conformal": factors of the
    intervals' widths [H, L], if they were held against values held back. "templates": see `series.dependence`. many:
    whether so many single steps are to come that what helps them may take a while to prepare.
    """

    config: Config
    weights: Mapping[str, NDArray[np.float32]]
    many: bool = False

    @cached_property
    def frame(self) -> Frame:
        """The frame that the net was trained in."""
        return Frame.of(self.config)

    @cached_property
    def head(self) -> Head:
        """The head's sizes."""
        return head_of(self.config)

    @property
    def members(self) -> int:
        """How many nets there are."""
        return self.config.train.members or 1

    def init_state(self, batch: int) -> SeriesState:
        """The state of `batch` series of which nothing has been seen."""
        net, frame = self.config.net, self.frame
        pending = np.full(batch, np.nan)
        fresh = stepped_net(net.model).init_state(net.layers, batch, self.config.hidden_size) * self.members
        beside = np.zeros((batch, frame.covariates)), np.zeros((batch, frame.other))
        return SeriesState(frame.init_state(batch, pending), fresh, pending, *beside)

    def consume(self, y: Values, beside: Beside, state: SeriesState) -> SeriesState:
        """The state after the values y [B, T] (the user's units, NaN = missing) that follow `state`.

        Rows that begin with NaN have not begun: their net's state stays as it is until their first value.
        """
        known = self.frame.known
        for start in range(0, y.shape[1], STEPS):
            block = slice(start, start + STEPS)
            values, covariates, other = (
                self.frame.transform(y[:, block]),
                beside.covariates[:, block],
                beside.now[:, block],
            )
            ready = Beside(
                joined(state.covariates[:, None], covariates[:, :-1]),
                joined(state.other[:, None], other[:, :-1]),
                covariates[:, -1:, :known],
            )
            frame, net = self.take_in(joined(state.pending[:, None], values[:, :-1]), ready, state)
            state = SeriesState(frame, net, values[:, -1], covariates[:, -1], other[:, -1])
        return state

    def forecast(self, state: SeriesState, ahead: Ahead) -> Values:
        """Quantiles [B, H, Q] of the next H values, in the user's units, as seen after the pending value.

        H is how far `ahead` goes; for the direct strategy, at most the trained horizon.
        """
        return self.restored(self._quantiles(state, ahead))

    def sample(self, state: SeriesState, ahead: Ahead, scores: Values) -> Values:
        """Sampled paths [B, H, P] of the next H values, in the user's units; each lead has the forecast's quantiles.

        scores [B, H, P]: standard normal at each lead time, from the generator of `series.dependence`.
        """
        quantiles, probabilities = self._quantiles(state, ahead), self.head.probabilities
        if not self.config.direct:  # the dependence is that of the walks
            walks = walked(self.step_on, state, ahead, probabilities, scores)
            scores = scores_at(quantiles[:, :, None], probabilities, walks)
        restored: Values = self.frame.restore(values_at(self._stretched(quantiles), probabilities, scores))
        return self._counted(restored)

    def restored(self, quantiles: Values) -> Values:
        """Transformed quantiles [S, H, Q] of the nets as those that are forecast, in the unit of the data."""
        restored: Values = self.frame.restore(self._stretched(quantiles))
        return self._counted(restored)

    def _counted(self, values: Values) -> Values:
        """Values in the user's units: whole numbers, none below 0, where counts are forecast."""
        return np.maximum(np.round(values), 0.0) if self.head.distribution == "negative-binomial" else values

    def _quantiles(self, state: SeriesState, ahead: Ahead) -> Values:
        if self.config.direct:
            return self.step_on(state, ahead.known)[0][:, : ahead.known.shape[1]]
        probabilities, seed = self.head.probabilities, self.config.train.seed
        return recursive_quantiles(self.step_on, state, ahead, probabilities, seed)

    def _stretched(self, quantiles: Values) -> Values:
        factors = self.weights.get(CONFORMAL)
        return quantiles if factors is None else stretched(quantiles, factors.astype(np.float64))

    @property
    def templates(self) -> Values:
        """Templates [N, H] of how lead times hang together; none where they do so by the walks."""
        kept = self.weights.get(TEMPLATES)
        return np.zeros((0, self.config.task.horizon or 1)) if kept is None else kept.astype(np.float64)

    def final_state(self, panel: Panel) -> SeriesState:
        """The state [S] after the last value of each series of an encoded panel, each started afresh."""
        order = np.argsort(-panel.lengths, kind="stable")
        states = []
        for rows in _batches(order):
            aside = beside(panel, rows, self.frame.cycles, 0, align="end")
            states.append(self.consume(panel.padded(rows, align="end"), aside, self.init_state(len(rows))))
        back = np.argsort(order, kind="stable")
        return rows_of(concatenated(states), back)

    def state_after(self, state: SeriesState, panel: Panel, steps: int) -> SeriesState:
        """The state [S] after the last value of each series of an encoded panel, from that before its last `steps`."""
        rows, last = np.arange(len(panel)), slice(-steps, None)
        aside = beside(panel, rows, self.frame.cycles, 0, align="end")
        new = Beside(aside.covariates[:, last], aside.now[:, last], aside.ahead)
        return self.consume(panel.padded(rows, align="end")[:, last], new, state)

    def forecast_all(self, state: SeriesState, known_ahead: Ahead) -> Values:
        """Quantiles [S, H, Q] after `state`, for any number of series in bounded memory."""
        rows = np.arange(len(state.pending))
        most = ROWS if self.config.direct else ROWS // PATHS
        return np.concatenate(
            [
                self.forecast(rows_of(state, batch), Ahead(*(part[batch] for part in known_ahead)))
                for batch in _batches(rows, most)
            ]
        )

    def forecast_panel(self, panel: Panel, horizon: int, state: SeriesState | None = None) -> Values:
        """Quantiles [S, H, Q] of what follows each series of an encoded panel; `state`: its final one, if known."""
        known_ahead = ahead(panel, np.arange(len(panel)), self.frame.cycles, horizon)
        return self.forecast_all(state or self.final_state(panel), known_ahead)

    def run(self, y: Values, beside: Beside, state: SeriesState) -> tuple[Values, FrameState, State]:
        """Step over transformed y [B, T]: the last step's quantiles [B, H, Q], transformed, and the states after it.

        beside: of those T steps; what it does not know of the horizon ahead is missing.
        """
        units, after = self.frame.advance(y, state.frame, beside.covariates)
        # What a forecast rests on is needed only where one is made: at the last step, unless the net is given its own.
        last, origins = slice(-1, None), slice(None) if self.config.free_running else slice(-1, None)
        past, known_beside = self._past(y, beside, state)
        if self.many and y.shape[1] == 1 and not self.frame.known and not np.isnan(past).any():
            view = self.frame.steady_view(past, units, known_beside)
        else:
            view = self.frame.view(past, units, known_beside, origins)
        at_last = _stretch(view, np.arange(len(y)), last)
        features, net = self._stepped(view, units, state)
        outputs = [self._read(member, each[:, last], at_last) for member, each in enumerate(features)]
        z = np.mean([quantiles_of(self.head, each, at_last.level, at_last.scale) for each in outputs], 0)
        return self.frame.globalise(z, at_last.level, at_last.scale)[:, 0], after, net

    def take_in(self, y: Values, beside: Beside, state: SeriesState) -> tuple[FrameState, State]:
        """The states that `run` gives, without its forecast."""
        if self.config.free_running:
            return self.run(y, beside, state)[1:]
        units, after = self.frame.advance(y, state.frame, beside.covariates)
        past, known_beside = self._past(y, beside, state)
        inputs = self.frame.inputs(past, units, known_beside)
        return after, self._stepped(FrameView(inputs, *(inputs[:, :0],) * 3), units, state)[1]

    def _past(self, y: Values, beside: Beside, state: SeriesState) -> tuple[Values, Beside]:
        """The values [B, L+T] up to the last of y [B, T], and what stands beside them."""
        unknown = np.zeros((len(y), self.frame.horizon, self.frame.known))
        covariates = joined(state.frame.covariates, beside.covariates)
        known = joined(beside.ahead, unknown)[:, : self.frame.horizon]
        return joined(state.frame.history, y), Beside(covariates, beside.now, known)

    def _stepped(self, view: FrameView, units: Units, state: SeriesState) -> tuple[list[NDArray[np.float32]], State]:
        """The features [B, T, D] of each member, and the state after them."""
        begun, parts = ~np.isnan(units.level[:, 1:]), len(state.net) // self.members
        features: list[NDArray[np.float32]] = []
        net: State = ()
        for member in range(self.members):
            each, reached = self._step(member, view, begun, state.net[parts * member : parts * (member + 1)])
            features, net = [*features, each], (*net, *reached)
        return features, net

    def step_on(self, state: SeriesState, known: Values) -> tuple[Values, FrameState, State]:
        """Take in the pending value, with what is known [B, R, K] of the steps after it: transformed quantiles
        [B, H, Q], and the states after it."""
        aside = Beside(state.covariates[:, None], state.other[:, None], known)
        return self.run(state.pending[:, None], aside, state)

    def _step(
        self, member: int, view: FrameView, begun: NDArray[np.bool_], state: State
    ) -> tuple[NDArray[np.float32], State]:
        """Step a member over what is seen; series that have not begun [B, T] start from the state they have."""
        inputs, steps = view.inputs.astype(np.float32), view.inputs.shape[1]
        if begun[:, 0].all():
            feedback = self._feedback(member, view) if self.config.free_running else None
            return self.step_net(member, inputs, state, feedback)
        first = np.where(begun.any(axis=1), begun.argmax(axis=1), steps)  # [B]
        features = np.zeros((*inputs.shape[:2], self.config.hidden_size), np.float32)
        for start, stop in itertools.pairwise(np.unique(np.append(first, steps))):
            rows, stretch = np.flatnonzero(first <= start), slice(start, stop)
            feedback = self._feedback(member, _stretch(view, rows, stretch)) if self.config.free_running else None
            given = inputs[rows, stretch], net_rows(state, rows)
            features[rows, stretch], after = self.step_net(member, *given, feedback)
            state = net_replaced(state, rows, after)
        return features, state

    def step_net(
        self, member: int, inputs: NDArray[np.float32], state: State, feedback: Feedback | None
    ) -> tuple[NDArray[np.float32], State]:
        """The features [B, T, D] of a member over inputs [B, T, F], and its state after them."""
        return stepped_net(self.config.net.model).step(self._part(member, "net."), inputs, state, feedback)

    def _feedback(self, member: int, view: FrameView) -> Feedback:
        """The point forecast, which a net that remembers its output is given unless it was trained on what arrived."""
        rows = np.arange(len(view.inputs))

        def feedback(features: NDArray[np.float32], t: int) -> NDArray[np.float32]:
            outputs = self._read(member, features, _stretch(view, rows, slice(t, t + 1)))
            return outputs[:, 0, 0, self.head.point].astype(np.float32)

        return feedback

    def _read(self, member: int, features: NDArray[np.float32], view: FrameView) -> Values:
        window = view.inputs[:, :, : self.frame.window].astype(np.float32)
        weights = self._part(member, "head.")
        outputs: Values = self.head.outputs(weights, features, window, view.bases, view.leads)
        return outputs

    def _part(self, member: int, room: str) -> Weights:
        return self._parts[member_prefix(member) + room]

    @cached_property
    def _parts(self) -> dict[str, Weights]:
        """The weights of each room of each member, under their names there."""
        rooms = [member_prefix(member) + room for member in range(self.members) for room in ("net.", "head.")]
        return {prefix: self._named(prefix) for prefix in rooms}

    def _named(self, prefix: str) -> Weights:
        return {name.removeprefix(prefix): value for name, value in self.weights.items() if name.startswith(prefix)}


def member_prefix(member: int) -> str:
    """What the names of a member's weights begin with: nothing for the first."""
    return f"member{member}." if member else ""


def head_of(config: Config) -> Head:
    """The head's sizes for a resolved Config."""
    frame = Frame.of(config)
    distribution = config.train.loss if config.train.loss in DISTRIBUTIONS else ""
    return Head(
        config.hidden_size, frame.window, frame.horizon, frame.bases, config.task.quantiles, frame.leads, distribution
    )


def weight_shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """The name and shape of each weight that a resolved Config asks for."""
    net, head = config.net, head_of(config)
    shapes = {f"head.{name}": shape for name, shape in head.shapes.items()}
    inputs = Frame.of(config).features
    for layer in range(net.layers):
        layer_shapes = stepped_net(net.model).layer_shapes(layer, inputs, config.hidden_size)
        shapes |= {f"net.{name}": shape for name, shape in layer_shapes.items()}
        inputs = config.hidden_size
    members = range(config.train.members or 1)
    return {member_prefix(member) + name: shape for member in members for name, shape in shapes.items()}


def _stretch(view: FrameView, rows: NDArray[np.int64], steps: slice) -> FrameView:
    """What the chosen series see at some steps."""
    inputs, bases, level, scale = (part[rows, steps] for part in view[:4])
    leads = view.leads and Leads(*(part[rows, steps] for part in view.leads))
    return FrameView(inputs, bases, level, scale, leads)


def _batches(rows: NDArray[np.int64], most: int = ROWS) -> Iterator[NDArray[np.int64]]:
    return (rows[start : start + most] for start in range(0, len(rows), most))

"""The Runtime: frame, net and head stepped over histories in NumPy, from a model's weights to forecasts.

The last value of each series stays pending until the next one comes, or a forecast is asked for: what a net sees at a
step may hold what is known ahead, and that is settled only then. So one state serves continuing, streaming and
forecasting.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnncast.losses import Loss
from rnncast.runtime.distributions import quantiles_of
from rnncast.runtime.head import Head
from rnncast.runtime.members import Members, head_of
from rnncast.runtime.nets import State
from rnncast.runtime.paths import PATHS, recursive_quantiles, walked
from rnncast.runtime.states import SeriesState, concatenated, rows_of
from rnncast.series.arrays import joined
from rnncast.series.bases import Tracks
from rnncast.series.beside import Ahead, Beside, ahead, beside
from rnncast.series.conformal import stretched
from rnncast.series.distribution import scores_at, values_at
from rnncast.series.frame import Frame, FrameState, FrameView, frames_of
from rnncast.series.panel import Panel
from rnncast.series.units import Units
from rnncast.spec import ModelSpec

Values = NDArray[np.float64]

STEPS = (32, 256)  # taken at a time: fewest, most
CELLS = 65_536  # series times steps times members, at most: what is made of more leaves the processor's cache
ROWS = 4096  # series side by side, counted once for each member
CONFORMAL = "conformal"  # the name of the factors of the intervals' widths
TEMPLATES = "templates"  # the name of what says how lead times hang together


@dataclass(frozen=True)
class Runtime:
    """A trained net, ready to step.

    weights: "net.*" and "head.*", and "member1.net.*" and so on for further members; named as in the model file. The
    members take the frames in turn; their forecasts are averaged, and their states lie one after another in the net's
    state. "conformal": factors of the
    intervals' widths [H, L], if they were held against values held back. "templates": see `series.dependence`. many:
    whether so many single steps are to come that what helps them may take a while to prepare.
    """

    spec: ModelSpec
    weights: Mapping[str, NDArray[np.float32]]
    many: bool = False

    @cached_property
    def frames(self) -> tuple[Frame, ...]:
        """The frames that the members were trained in, which they take in turn."""
        return frames_of(self.spec)

    @property
    def frame(self) -> Frame:
        """The first frame, for what all have in common."""
        return self.frames[0]

    @property
    def loss(self) -> Loss:
        """What its outputs were trained for."""
        return self.spec.loss

    @cached_property
    def head(self) -> Head:
        """The head's sizes."""
        return head_of(self.spec)

    @cached_property
    def nets(self) -> Members:
        """The members."""
        return Members(self.spec, self.weights)

    def init_state(self, batch: int) -> SeriesState:
        """The state of `batch` series of which nothing has been seen."""
        pending, frames = np.full(batch, np.nan), self.frames
        fresh = tuple(frame.init_state(batch, pending) for frame in frames)
        beside = np.zeros((batch, self.frame.covariates)), np.zeros((batch, self.frame.other))
        return SeriesState(fresh, self.nets.init_state(batch), pending, *beside)

    def consume(self, y: Values, beside: Beside, state: SeriesState) -> SeriesState:
        """The state after the values y [B, T] (the user's units, NaN = missing) that follow `state`.

        Rows that begin with NaN have not begun: their net's state stays as it is until their first value.
        """
        known, fewest, most = self.frame.known, *STEPS
        steps = max(fewest, min(most, CELLS // (max(len(y), 1) * self.nets.number)))
        for start in range(0, y.shape[1], steps):
            block = slice(start, start + steps)
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
            frames, net = self.take_in(joined(state.pending[:, None], values[:, :-1]), ready, state)
            state = SeriesState(frames, net, values[:, -1], covariates[:, -1], other[:, -1])
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
        if not self.spec.direct:  # the dependence is that of the walks
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
        return np.maximum(np.round(values), 0.0) if self.loss.counts else values

    def _quantiles(self, state: SeriesState, ahead: Ahead) -> Values:
        if self.spec.direct:
            return self.step_on(state, ahead.known)[0][:, : ahead.known.shape[1]]
        probabilities, seed = self.head.probabilities, self.spec.train.seed
        return recursive_quantiles(self.step_on, state, ahead, probabilities, seed)

    def _stretched(self, quantiles: Values) -> Values:
        factors = self.weights.get(CONFORMAL)
        return quantiles if factors is None else stretched(quantiles, factors.astype(np.float64))

    @property
    def templates(self) -> Values:
        """Templates [N, H] of how lead times hang together; none where they do so by the walks."""
        kept = self.weights.get(TEMPLATES)
        return np.zeros((0, self.spec.task.horizon)) if kept is None else kept.astype(np.float64)

    def final_state(self, panel: Panel) -> SeriesState:
        """The state [S] after the last value of each series of an encoded panel, each started afresh."""
        order = np.argsort(-panel.lengths, kind="stable")
        states = []
        for rows in _batches(order, self._rows):
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
        most = self._rows if self.spec.direct else max(1, self._rows // PATHS)
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

    @property
    def _rows(self) -> int:
        """How many series to take side by side."""
        return max(1, ROWS // self.nets.number)

    def run(self, y: Values, beside: Beside, state: SeriesState) -> tuple[Values, tuple[FrameState, ...], State]:
        """Step over transformed y [B, T]: the last step's quantiles [B, H, Q], transformed, and the states after it.

        beside: of those T steps; what it does not know of the horizon ahead is missing.
        """
        # What a forecast rests on is needed only where one is made: at the last step, unless the net is given its own.
        origins = slice(None) if self.spec.free_running else slice(-1, None)
        past, known_beside = self._past(y, beside, state)
        steady = self.many and y.shape[1] == 1 and not self.frame.known and not np.isnan(past).any()
        tracks = self.frame.tracks(past, bases=not steady)  # the frames see the same bases
        units, after = self._advanced(tracks, known_beside, state, y.shape[1])
        pairs = zip(self.frames, units, strict=True)
        if steady:
            views = [frame.steady_view(tracks, each, known_beside) for frame, each in pairs]
        else:
            views = [frame.view(tracks, each, known_beside, origins) for frame, each in pairs]
        features, net = self.nets.stepped(views, _begun(units), state.net)
        seen = self.nets.seen(views, -1)
        outputs = self.nets.read(features[:, :, -1], seen)
        z = quantiles_of(self.loss, outputs, (seen.level, seen.scale), self.head.probabilities)
        mean: Values = self.frame.globalise(z, seen.level, seen.scale).mean(0)
        return mean, after, net

    def take_in(self, y: Values, beside: Beside, state: SeriesState) -> tuple[tuple[FrameState, ...], State]:
        """The states that `run` gives, without its forecast."""
        if self.spec.free_running:
            return self.run(y, beside, state)[1:]
        past, known_beside = self._past(y, beside, state)
        tracks = self.frame.tracks(past, bases=False)
        units, after = self._advanced(tracks, known_beside, state, y.shape[1])
        inputs = [frame.inputs(tracks, each, known_beside) for frame, each in zip(self.frames, units, strict=True)]
        views = [FrameView(each, *(each[:, :0],) * 3) for each in inputs]
        return after, self.nets.stepped(views, _begun(units), state.net)[1]

    def _advanced(
        self, tracks: Tracks, beside: Beside, state: SeriesState, steps: int
    ) -> tuple[tuple[Units, ...], tuple[FrameState, ...]]:
        """The units of each frame at the last steps of the tracks of past [B, L+T], and the frames' states after."""
        units = tuple(frame.units(tracks, before) for frame, before in zip(self.frames, state.frames, strict=True))
        after = (self.frame.state_after(tracks["past"], beside.covariates, each, steps) for each in units)
        return units, tuple(after)

    def _past(self, y: Values, beside: Beside, state: SeriesState) -> tuple[Values, Beside]:
        """The values [B, L+T] up to the last of y [B, T], and what stands beside them."""
        unknown = np.zeros((len(y), self.frame.horizon, self.frame.known))
        covariates = joined(state.frames[0].covariates, beside.covariates)
        known = joined(beside.ahead, unknown)[:, : self.frame.horizon]
        return joined(state.frames[0].history, y), Beside(covariates, beside.now, known)

    def step_on(self, state: SeriesState, known: Values) -> tuple[Values, tuple[FrameState, ...], State]:
        """Take in the pending value, with what is known [B, R, K] of the steps after it: transformed quantiles
        [B, H, Q], and the states after it."""
        aside = Beside(state.covariates[:, None], state.other[:, None], known)
        return self.run(state.pending[:, None], aside, state)


def _batches(rows: NDArray[np.int64], most: int) -> Iterator[NDArray[np.int64]]:
    return (rows[start : start + most] for start in range(0, len(rows), most))


def _begun(units: Sequence[Units]) -> NDArray[np.bool_]:
    """Which series have begun at each step [B, T]."""
    begun: NDArray[np.bool_] = ~np.isnan(units[0].level[:, 1:])
    return begun

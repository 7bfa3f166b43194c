"""Runtime: frame, nets and heads stepped over histories in NumPy, from a model's weights to forecasts.

The last value of each series stays pending until the next one arrives or a forecast is asked for: a net's inputs at a
step may include what is known ahead, which is settled only then. So one state serves continuing, streaming and
forecasting.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rnncast.frame.exogenous import Ahead, Exogenous, ahead, exogenous_of
from rnncast.frame.frame import Frame
from rnncast.frame.linear import LinearView
from rnncast.frame.past import FrameState, Past, init_state
from rnncast.frame.view import side_by_side
from rnncast.intervals.conformal import calibrated, widened
from rnncast.intervals.copula import Copula
from rnncast.intervals.quantiles import scores_at, values_at
from rnncast.losses import Loss
from rnncast.runtime.distributions import quantiles_of
from rnncast.runtime.head import Head
from rnncast.runtime.members import Members, StepNets, head_of
from rnncast.runtime.nets import State
from rnncast.runtime.paths import PATHS, recursive_quantiles, walked
from rnncast.runtime.pretrained import PretrainedMember
from rnncast.runtime.regression import LinearForecast, moved
from rnncast.runtime.states import SeriesState, concatenated, rows_of
from rnncast.series.arrays import joined
from rnncast.series.forecast import within
from rnncast.series.panel import Panel
from rnncast.spec import ModelSpec
from rnncast.values import Values

STEPS = (32, 256)  # taken at a time: fewest, most
REMEMBERED = 400_000  # series times steps, at most, whose units are computed at a time
CELLS = 32_768  # series times steps times members, at most: intermediate results of more leave the processor's cache
ROWS = 4096  # series side by side, counted once for each member
CONFORMAL, WIDTHS = "conformal", "widths"  # names of the factors of the intervals' widths: by lead time, by series
TEMPLATES, SHARED, SHARE = "templates", "shared", "share"  # names of the parts of the copula


@dataclass(frozen=True)
class Runtime:
    """Nets of a model, ready to step.

    weights, named as in the model file: "net.*" and "head.*" of the first member, "member1.net.*" and so on of further
    ones. The members take turns at the spans of the frame, and their forecasts are averaged. "pretrained.*": of the
    pretrained net, and "linear.*": of the linear forecast, if they have a share. The states of all lie one after
    another in the net's state, the pretrained one last. "conformal": factors of the intervals' widths [H, L], if they
    were calibrated; "widths" [S]: of each trained series. "templates", "shared" and "share": see `intervals.copula`.
    many: whether enough single steps will follow to make slow preparation for them worthwhile. step_nets: a replacement
    for stepping the trained nets in NumPy.
    """

    spec: ModelSpec
    weights: Mapping[str, NDArray[np.float32]]
    many: bool = False
    step_nets: StepNets | None = None

    @cached_property
    def frame(self) -> Frame:
        """Frame of the members, with a span for each, which take turns."""
        return Frame.of(self.spec)

    @property
    def loss(self) -> Loss:
        """Loss with which the nets were trained."""
        return self.spec.loss

    @cached_property
    def head(self) -> Head:
        """Sizes of the head."""
        return head_of(self.spec)

    @cached_property
    def nets(self) -> Members:
        """Trained members."""
        return Members(self.spec, self.weights, self.step_nets)

    @cached_property
    def pretrained(self) -> PretrainedMember | None:
        """Pretrained net, if it has a share of the forecast."""
        return PretrainedMember(self.spec, self.weights) if self.spec.net.pretrained else None

    @cached_property
    def linear(self) -> LinearForecast | None:
        """Linear forecast, if it has a share."""
        return LinearForecast.of(self.spec, self.weights) if self.spec.net.linear else None

    def init_state(self, batch: int) -> SeriesState:
        """Return the state of `batch` series before any value."""
        pending, frame = np.full(batch, np.nan), self.frame
        exogenous = np.zeros((batch, frame.covariates)), np.zeros((batch, frame.other))
        net = self.nets.init_state(batch) + (self.pretrained.init_state(batch) if self.pretrained else ())
        return SeriesState(init_state(frame, batch, pending), net, pending, *exogenous)

    def advance(self, y: Values, exogenous: Exogenous, state: SeriesState) -> SeriesState:
        """Take in the values y [B, T] (the user's units, NaN = missing) after `state`, without a forecast.

        Rows that begin with NaN have not begun: their net's state stays as it is until their first value.
        """
        known, steps = self.frame.known, max(STEPS[0], REMEMBERED // max(len(y), 1))
        for start in range(0, y.shape[1], steps):
            block = slice(start, start + steps)
            values, covariates, other = (
                self.frame.transform(y[:, block]),
                exogenous.covariates[:, block],
                exogenous.now[:, block],
            )
            ready = Exogenous(
                joined(state.covariates[:, None], covariates[:, :-1]),
                joined(state.other[:, None], other[:, :-1]),
                covariates[:, -1:, :known],
            )
            frame, net = self._taken_in(joined(state.pending[:, None], values[:, :-1]), ready, state)
            state = SeriesState(frame, net, values[:, -1], covariates[:, -1], other[:, -1])
        return state

    def step(self, y: Values, exogenous: Exogenous, state: SeriesState) -> tuple[Values, FrameState, State]:
        """Step over transformed y [B, T] to the last step's quantiles [B, H, Q], transformed, and the states after it.

        exogenous: of those T steps; anything it does not know of the horizon ahead is missing.
        """
        past = Past.of(self.frame, y, state.frame, exogenous)
        if self.pretrained is None:
            quantiles, trained = self._of_trained(past, state.net)
            return quantiles, past.after(), trained
        trained, learnt = self._divided(state.net)
        quantiles, learnt = self.pretrained.step(y, learnt)
        share = self.spec.net.pretrained
        if share < 1:
            theirs, trained = self._of_trained(past, trained)
            quantiles = share * quantiles + (1 - share) * theirs
        return quantiles, past.after(), trained + learnt

    def _divided(self, net: State) -> tuple[State, State]:
        """Return the states of the trained nets, and of the pretrained one."""
        own = len(self.nets.init_state(0))
        return net[:own], net[own:]

    def _of_trained(self, past: Past, state: State) -> tuple[Values, State]:
        """Return the trained nets' quantiles [B, H, Q] at the last step of a past, transformed, and their states after
        it."""
        if self.many and self._linear.suits(past):
            view = self._linear.view(past)
        else:
            # Base forecasts are needed only where a forecast is made: at the last step, or everywhere to feed it back.
            origins = slice(None) if self.spec.free_running else slice(-1, None)
            view = side_by_side(past.views(range(self.frame.measured), origins))
        features, net = self.nets.stepped(view.inputs, past.begun, state, view)
        seen = self.nets.seen(view, -1)
        outputs = self.nets.read(features, seen)
        z = quantiles_of(self.loss, outputs, (seen.level, seen.scale), self.head.probabilities)
        mean: Values = self.frame.globalise(z, seen.level, seen.scale).mean(0)
        if self.linear is not None:
            mean = moved(mean, self.linear.points(past.filled), self.spec.net.linear)
        return mean, net

    def step_pending(self, state: SeriesState, known: Values) -> tuple[Values, FrameState, State]:
        """Take in the pending value, with what is known [B, R, K] of the steps after it.

        Returns transformed quantiles [B, H, Q], and the states after it.
        """
        exogenous = Exogenous(state.covariates[:, None], state.other[:, None], known)
        return self.step(state.pending[:, None], exogenous, state)

    def replay(self, panel: Panel, state: SeriesState | None = None, steps: int | None = None) -> SeriesState:
        """Return the state [S] after the last value of each series of an encoded panel.

        It starts at the beginning, or from `state` before the last `steps` values if that is given.
        """
        if state is not None and steps is not None:
            rows, last = np.arange(len(panel)), slice(-steps, None)
            exogenous = exogenous_of(panel, rows, self.frame.cycles, 0, align="end")
            new = Exogenous(exogenous.covariates[:, last], exogenous.now[:, last], exogenous.ahead)
            return self.advance(panel.padded(rows, align="end")[:, last], new, state)
        order = np.argsort(-panel.lengths, kind="stable")
        states = []
        for rows in _batches(order, self._rows):
            exogenous = exogenous_of(panel, rows, self.frame.cycles, 0, align="end")
            state = self.advance(panel.padded(rows, align="end"), exogenous, self.init_state(len(rows)))
            states.append(rows_of(state, np.arange(len(rows))))  # a copy, as views would keep every step in memory
        back = np.argsort(order, kind="stable")
        return rows_of(concatenated(states), back)

    def forecast(self, state: SeriesState, ahead: Ahead, widths: Values | None = None) -> Values:
        """Return quantiles [B, H, Q] of the next H values, in the user's units, as seen after the pending value.

        widths [B]: factors of the series' intervals. H is the length of `ahead`; for the direct strategy, at most the
        trained horizon.
        """
        return self.restored(self._quantiles(state, ahead), widths)

    def sample(self, state: SeriesState, ahead: Ahead, scores: Values, widths: Values | None = None) -> Values:
        """Return sample paths [B, H, P] of the next H values, in the user's units, with the forecast's quantiles at
        each lead.

        scores [B, H, P]: standard normal at each lead time, from the generator of `intervals.copula`.
        """
        quantiles, probabilities = self._quantiles(state, ahead), self.head.probabilities
        if not self.spec.direct:  # the walks themselves are correlated over the horizon
            walks = walked(self.step_pending, state, ahead, probabilities, scores)
            scores = scores_at(quantiles[:, :, None], probabilities, walks)
        return self._kept(self.frame.restore(values_at(self._calibrated(quantiles, widths), probabilities, scores)))

    def restored(self, quantiles: Values, widths: Values | None = None) -> Values:
        """Return transformed quantiles [S, H, Q] of the nets as they are forecast, in the user's units."""
        return self._kept(self.frame.restore(self._calibrated(quantiles, widths)))

    def _kept(self, values: Values) -> Values:
        """Return values in the user's units within the bounds; for counts, whole numbers and none below 0."""
        counted = np.maximum(np.round(values), 0.0) if self.loss.counts else values
        return within(counted, self.spec.task.bounds)

    def _quantiles(self, state: SeriesState, ahead: Ahead) -> Values:
        if self.spec.direct:
            return self.step_pending(state, ahead.known)[0][:, : ahead.known.shape[1]]
        probabilities, seed = self.head.probabilities, self.spec.train.seed
        return recursive_quantiles(self.step_pending, state, ahead, probabilities, seed)

    def _calibrated(self, quantiles: Values, widths: Values | None) -> Values:
        factors, quantiles = self.weights.get(CONFORMAL), quantiles if widths is None else widened(quantiles, widths)
        return quantiles if factors is None else calibrated(quantiles, factors.astype(np.float64))

    @property
    def copula(self) -> Copula:
        """Correlation of sampled values; a recursive net's walks are correlated over the horizon by themselves."""
        none = np.zeros((0, self.spec.task.horizon))
        kept = {name: self.weights.get(name, none).astype(np.float64) for name in (TEMPLATES, SHARED, SHARE)}
        alone = Copula.alone(kept[TEMPLATES])
        return alone if SHARE not in self.weights else alone._replace(shared=kept[SHARED], share=kept[SHARE])

    def forecast_all(self, state: SeriesState, known_ahead: Ahead, widths: Values | None = None) -> Values:
        """Return quantiles [S, H, Q] after `state`, for any number of series in bounded memory; widths as in
        `forecast`."""
        rows = np.arange(len(state.pending))
        most = self._rows if self.spec.direct else max(1, self._rows // PATHS)
        return np.concatenate(
            [
                self.forecast(
                    rows_of(state, batch),
                    Ahead(*(part[batch] for part in known_ahead)),
                    None if widths is None else widths[batch],
                )
                for batch in _batches(rows, most)
            ]
        )

    def forecast_panel(self, panel: Panel, horizon: int, state: SeriesState | None = None) -> Values:
        """Return quantiles [S, H, Q] of the next values of each series of an encoded panel; `state`: its final one, if
        known."""
        known_ahead = ahead(panel, np.arange(len(panel)), self.frame.cycles, horizon)
        return self.forecast_all(state or self.replay(panel), known_ahead)

    @property
    def _rows(self) -> int:
        """Number of series to take side by side."""
        return max(1, ROWS // max(1, self.nets.number))

    def _taken_in(self, y: Values, exogenous: Exogenous, state: SeriesState) -> tuple[FrameState, State]:
        """Return the states that `step` returns, without its forecast."""
        if self.spec.free_running:
            return self.step(y, exogenous, state)[1:]
        fewest, most = STEPS
        past, spans = Past.of(self.frame, y, state.frame, exogenous), range(self.frame.measured)
        net, learnt = self._divided(state.net)
        steps = max(fewest, min(most, CELLS // (max(len(y), 1) * max(1, self.nets.number))))
        for start in range(0, past.steps, steps) if self.nets.number else ():
            part = past.part(start, min(start + steps, past.steps))
            inputs = np.empty((len(spans), len(y), part.steps, self.frame.features), np.float32)
            for span in spans:
                part.inputs(span, inputs[span])
            _, net = self.nets.stepped(inputs, part.begun, net)
        return past.after(), net + (self.pretrained.advance(y, learnt) if self.pretrained else ())

    @cached_property
    def _linear(self) -> LinearView:
        """Fast view of single steps, for when many will follow."""
        return LinearView(self.frame)


def _batches(rows: NDArray[np.int64], most: int) -> Iterator[NDArray[np.int64]]:
    return (rows[start : start + most] for start in range(0, len(rows), most))

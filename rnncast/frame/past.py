"""Past: the values of series up to some steps, and everything the frame derives from them.

It is made from T values and the state before them. On request it gives the units at those steps, the inputs of a net
there, and the state after any of them. The frame is a recurrence like the nets, so the same Past serves a whole
history, a chunk of it, or a single new row.

B series side by side, T steps, W window, H horizon, K base forecasts, L lookback, S spans, C covariates (known ones,
then past ones), N other columns of a step. Float64, in NumPy arrays and torch tensors alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from rnncast.frame.baselines import (
    FILLED,
    KNOWN,
    PAST,
    Matched,
    Tracks,
    find_baseline,
    tracks_of,
)
from rnncast.frame.exogenous import Exogenous
from rnncast.frame.frame import Frame
from rnncast.frame.imputation import imputed
from rnncast.frame.places import repeated, steps_ahead
from rnncast.frame.steady import next_units
from rnncast.frame.units import SUMS, Units, measured, unchanging
from rnncast.frame.view import LIMIT, FrameView, Leads
from rnncast.series.arrays import Array, any_missing, cast, full, joined, namespace, where_missing, windows


class FrameState(NamedTuple):
    """State of the frame for B series.

    history [B, L]: the last values, transformed, NaN = missing or before the start. covariates [B, L, C]: theirs. level
    [B, S]: over each span, NaN before the first value. sums [B, S, 6]: discounted sum and weight of |y(t) - y(t-s)|,
    the same undiscounted, and discounted sum and weight of |y(t) - level(t)|.
    """

    history: Array
    covariates: Array
    level: Array
    sums: Array


def init_state(frame: Frame, batch: int, like: Array) -> FrameState:
    """Return the state before the first value of each of `batch` series, in arrays with the type and device of
    `like`."""
    spans = frame.measured
    return FrameState(
        full((batch, frame.lookback), float("nan"), like),
        full((batch, frame.lookback, frame.covariates), 0.0, like),
        full((batch, spans), float("nan"), like),
        full((batch, spans, SUMS), 0.0, like),
    )


@dataclass(frozen=True)
class Past:
    """T values of B series after the L before them: [B, L+T], transformed, NaN = missing or before the start.

    filled [B, L+T]: with imputed values, or `values` itself if none is missing. exogenous: covariates [B, L+T, C],
    other columns of the T steps, and what is known of the H steps after the last. tracks: those of base forecasts, if
    they are shared by parts of a past.
    """

    frame: Frame
    values: Array
    filled: Array
    exogenous: Exogenous
    units: Units
    tracks: Tracks | None = None

    @classmethod
    def of(cls, frame: Frame, y: Array, state: FrameState | None = None, exogenous: Exogenous | None = None) -> "Past":
        """Make a Past from transformed values y [B, T], the state before them and their exogenous inputs.

        state: None for the start of the series. exogenous: covariates [B, T, C], other columns, and what is known of at
        most H steps after the last; None if there are none.
        """
        state = init_state(frame, len(y), y) if state is None else state
        exogenous = _nothing(frame, y) if exogenous is None else exogenous
        values = joined(state.history, y)
        filled = imputed(values, frame.imputed_lags)
        before = state.level, state.sums
        if not frame.is_local:
            units = unchanging(y, before, frame.constants)
        elif filled is values and y.shape[1] == 1 and isinstance(y, np.ndarray):
            units = next_units(frame, values, *before)
        else:
            units = measured(values, filled, frame.lookback, before, frame.own_spans, log=frame.log)
        ahead, covariates = exogenous.ahead[:, : frame.horizon], joined(state.covariates, exogenous.covariates)
        if ahead.shape[1] < frame.horizon:
            ahead = joined(ahead, full((len(y), frame.horizon - ahead.shape[1], frame.known), 0.0, y))
        return cls(frame, values, filled, Exogenous(covariates, exogenous.now, ahead), units)

    @property
    def complete(self) -> bool:
        """True if no value is missing."""
        return self.filled is self.values

    @property
    def steps(self) -> int:
        """Number of steps T."""
        return int(self.values.shape[1]) - self.frame.lookback

    @property
    def seen(self) -> Array:
        """True where a step has a value [B, T]."""
        return ~namespace(self.values).isnan(self.values[:, self.frame.lookback :])

    @property
    def grounded(self) -> Array:
        """True where the units over the first span rest on a difference of two values [B, T]."""
        return self.units.grounded[:, :, 0] if self.frame.is_local else self.begun

    @property
    def begun(self) -> Array:
        """True where a series has begun [B, T]."""
        return ~namespace(self.values).isnan(self.units.level[:, 1:, 0])

    def after(self, steps: int | None = None) -> FrameState:
        """Return the state after the first `steps` steps, or after all."""
        steps = self.steps if steps is None else steps
        last = slice(steps, steps + self.frame.lookback)
        units = self.units
        return FrameState(
            self.values[:, last], self.exogenous.covariates[:, last], units.level[:, steps], units.sums[:, steps]
        )

    def shared(self) -> "Past":
        """Return the same with its tracks computed, so that parts of it share them."""
        if self.tracks is not None:
            return self
        tracks = self._tracks()
        return replace(self, tracks={name: track for name, track in tracks.items() if name != KNOWN})

    def part(self, start: int, stop: int) -> "Past":
        """Return the steps from start to stop."""
        stretch, frame = slice(start, self.frame.lookback + stop), self.frame
        known = self.exogenous.covariates[:, self.frame.lookback + stop :][:, : frame.horizon, : frame.known]
        beyond = frame.horizon - known.shape[1]
        ahead = joined(known, self.exogenous.ahead[:, :beyond]) if beyond > 0 else known
        values = self.values[:, stretch]
        filled = self.filled[:, stretch] if not self.complete and any_missing(values) else values
        exogenous = Exogenous(self.exogenous.covariates[:, stretch], self.exogenous.now[:, start:stop], ahead)
        tracks = None if self.tracks is None else {name: track[:, stretch] for name, track in self.tracks.items()}
        return Past(frame, values, filled, exogenous, self.units.part(start, stop), tracks)

    def of_series(self, rows: slice) -> "Past":
        """Return the past of some of the series."""
        values = self.values[rows]
        filled = values if self.complete else self.filled[rows]
        exogenous, units = (
            Exogenous(*(part[rows] for part in self.exogenous)),
            Units(*(part[rows] for part in self.units)),
        )
        return Past(self.frame, values, filled, exogenous, units)

    def inputs(self, span: int = 0, out: Array | None = None, *, kind: Any = None, flags: bool = True) -> Array:
        """Return the inputs of a net [B, T, F] at each step, in units over one of the spans.

        NumPy may write them to `out`. kind: dtype, by default that of the values. flags: whether to include the flags
        of missing values.
        """
        frame, xp, (level, scale) = self.frame, namespace(self.values), self.units.of(span)
        window, now = windows(self.filled[:, self._window], frame.window), (level[:, 1:], scale[:, 1:])  # [B, T, W]
        whole = self.whole and not any_missing(now[0])
        local = frame.localise(window, *now) if whole else frame.seen(window, *now)
        new = self.values[:, frame.lookback :, None]
        arrived = frame.seen(new, level[:, :-1], scale[:, :-1])  # [B, T, 1]
        parts = [xp.clip(cast(local, kind), -LIMIT, LIMIT)]
        if flags:
            parts.append(cast(windows(xp.isnan(self.values[:, self._window]), frame.window), kind))
        if frame.covariates:  # [B, T, C, W], reordered so that those of a step stand together
            covariates = windows(self.exogenous.covariates[:, self._window], frame.window)
            parts.append(cast(covariates.swapaxes(2, 3).reshape((*window.shape[:2], -1)), kind))
        parts += [cast(self.exogenous.now, kind), xp.clip(cast(arrived, kind), -LIMIT, LIMIT)]
        return xp.concatenate(parts, -1) if out is None else xp.concatenate(parts, -1, out=out, casting="same_kind")

    def view(self, span: int = 0, origins: slice = slice(None)) -> FrameView:
        """Return the view of a net at each step, in units over one of the spans, with base forecasts at the origins
        alone."""
        return self.views((span,), origins)[0]

    def views(self, spans: Sequence[int], origins: slice = slice(None)) -> list[FrameView]:
        """Return the view over each of some spans."""
        tracks = self._tracks()
        named, matched = self.bases(tracks, origins), self._matched(tracks, origins)
        return [self._view(span, origins, named, matched) for span in spans]

    def lean_view(self, origins: slice, kind: Any) -> FrameView:
        """Return the view over the first span in a dtype, without the flags of missing values if none is missing."""
        tracks, flags = self._tracks(), not self.whole
        named, matched = self.bases(tracks, origins), self._matched(tracks, origins)
        return self._view(0, origins, named, matched, kind=kind, flags=flags)

    @property
    def whole(self) -> bool:
        """True if no window of any step has a missing value."""
        return self.complete or not any_missing(self.values[:, self._window])

    def bases(self, tracks: Tracks | None = None, origins: slice = slice(None)) -> dict[str, Array]:
        """Return the base forecasts [B, T, H] at the origins by name, except matched ones; NaN where there is none."""
        tracks, now = self._tracks() if tracks is None else tracks, self._places(origins)
        horizon = self.frame.horizon
        return {name: find_baseline(name).forecast(tracks, now, horizon) for name in self.frame.base_names}

    def targets(self, future: Array, origins: slice = slice(None)) -> Array:
        """Return the values [B, T, H] after the origins, in units over the first span there."""
        level, scale = self.units.of(0)
        return self.frame.targets(future, level[:, 1:][:, origins], scale[:, 1:][:, origins])

    def _view(
        self,
        span: int,
        origins: slice,
        named: dict[str, Array],
        matched: list[tuple[Array, Array]],
        *,
        kind: Any = None,
        flags: bool = True,
    ) -> FrameView:
        now = self._places(origins)
        level, scale = (part[:, 1:][:, origins] for part in self.units.of(span))
        shown = self._shown(span, now, named, [value for value, _ in matched])
        localise = self.frame.localise if self._all_shown(span, now, level) else self.frame.seen
        local = [cast(localise(base, level, scale), kind) for base in shown]  # K of [B, T, H]
        bases = namespace(self.values).stack(local, 2)
        leads = None
        if self.frame.known:
            leads = Leads(
                *(cast(part, kind) for part in self._leads(span, [source for _, source in matched], now, level / scale))
            )
        return FrameView(self.inputs(span, kind=kind, flags=flags), bases, level, scale, leads, flags)

    def _shown(self, span: int, now: range, named: dict[str, Array], matched: list[Array]) -> list[Array]:
        """Return the base forecasts, each [B, T, H], in the order of a view over a span.

        Without base forecasts it is the level; NaN where there is nothing to forecast from.
        """
        frame, own = self.frame, self.frame.spans[span]
        if not frame.has_bases:
            return [full((len(self.values), len(now), frame.horizon), float("nan"), self.values)]
        if not self.complete:
            naive = repeated(self.filled, now, frame.horizon, own)  # [B, T, H], as each of the bases
            named = {name: where_missing(base, lambda: naive) for name, base in named.items()}
            named[f"last-{own}"] = naive
            matched = [where_missing(value, lambda: naive) for value in matched]
        main = [named[name] for name in frame.base]
        first = main[0] if len(main) == 1 else sum(main) / len(main)
        return [*matched, first, *(named[name] for name in frame.others(span))]

    def _all_shown(self, span: int, now: range, level: Array) -> bool:
        """Return whether neither the level nor any base forecast over a span is missing.

        None is if the naive forecast is known, as it replaces those that are missing.
        """
        if not self.frame.has_bases or any_missing(level):
            return False
        return self.complete or not any_missing(self.filled[:, now.start + 1 - self.frame.spans[span] : now.stop])

    def _matched(self, tracks: Tracks, origins: slice) -> list[tuple[Array, Array]]:
        """Return the base forecasts from covariates known ahead, each with the covariates of the steps it copies."""
        now, found = self._places(origins), []
        for name in self.frame.matched:
            baseline = find_baseline(name)
            assert isinstance(baseline, Matched)
            found.append(baseline.found(tracks, now, self.frame.horizon))
        return found

    @property
    def _window(self) -> slice:
        """Values that any window contains."""
        return slice(self.frame.lookback + 1 - self.frame.window, None)

    def _leads(self, span: int, matched: list[Array], now: range, level: Array) -> Leads:
        """Return the covariates of each lead; with base forecasts, also those of the matched step and of the steps each
        lag repeats."""
        frame, known, xp = self.frame, self._known(), namespace(self.values)
        ahead = steps_ahead(known, now, frame.horizon)
        lags = frame.lags(span) if frame.has_bases else ()
        sources = (*matched, *(repeated(known, now, frame.horizon, lag) for lag in lags))
        zero = xp.zeros_like(level) if frame.log else -xp.nan_to_num(level)
        return Leads(xp.concatenate((ahead, *sources), -1), zero)

    def _tracks(self) -> Tracks:
        known = {KNOWN: self._known()} if self.frame.matched else {}
        if self.tracks is not None:
            return {**self.tracks, **known}
        return tracks_of({PAST: self.values, FILLED: self.filled, **known}, self.frame.baselines)

    def _known(self) -> Array:
        """Return the covariates known ahead [B, L+T+H, known]."""
        return joined(self.exogenous.covariates[:, :, : self.frame.known], self.exogenous.ahead)

    def _places(self, origins: slice) -> range:
        """Return the places of the origins among the values."""
        return range(self.frame.lookback, self.values.shape[1])[origins]


def _nothing(frame: Frame, y: Array) -> Exogenous:
    """Return the exogenous inputs of y [B, T] if it has none: arrays without columns or filled with 0."""
    widths = ((y.shape[1], frame.covariates), (y.shape[1], frame.other), (0, frame.known))
    return Exogenous(*(full((len(y), *width), 0.0, y) for width in widths))

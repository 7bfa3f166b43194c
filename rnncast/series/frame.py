"""The Frame: what a net sees at each step, in units local to that step, computed from values up to it alone.

At time t a value y becomes z = (y - level(t)) / scale(t): level is the mean of the last s values, scale an
exponentially weighted mean of |y(t) - y(t-s)|, bounded below; s is a season, or 1 where no season is to be trusted.
That is what lets one net follow trends, level shifts and series of any size (Smyl 2020, ES-RNN; Kim et al. 2022,
RevIN). The frame is a recurrence like the nets: it obeys the splitting law, so one function serves a whole history, a
chunk of it, and a single new row.

B series side by side, T steps, W window, H horizon, K base forecasts, L lookback, m main season (1 if there is none),
C covariates (known ones, then past ones), N other columns of a step.
Everything here is float64 and works on NumPy arrays and torch tensors alike.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from rnncast.series.arrays import (
    Array,
    full,
    joined,
    namespace,
    stacked,
    where_missing,
    whole_numbers,
)
from rnncast.series.bases import (
    MATCHED_SEASONS,
    SHAPE_SEASONS,
    SMOOTHINGS,
    Tracks,
    base_forecast,
    matched,
    repeated,
    steps_ahead,
    tracks_of,
)
from rnncast.series.beside import Beside
from rnncast.series.sizes import from_logs
from rnncast.series.stand_ins import with_stand_ins
from rnncast.series.units import Units, measured
from rnncast.spec import ModelSpec

LIMIT = 20.0  # scales; further out, an input says no more than "far"
TARGET_LIMIT = 100.0  # scales; what lies further out says more of the scale than of the series


class FrameState(NamedTuple):
    """All that the frame remembers of B series.

    history [B, L]: the last values, transformed, NaN = missing or before the start. covariates [B, L, C]: beside them.
    level [B]: NaN before the first value. sums [B, 6]: discounted sum and weight of |y(t) - y(t-s)|, the same
    undiscounted, and discounted of |y(t) - level(t)|.
    """

    history: Array
    covariates: Array
    level: Array
    sums: Array


class Leads(NamedTuple):
    """Known covariates of each step ahead, then of the steps that the matched base and each lag's repeat there
    [B, T, H, (2 + lags) * known]; and where 0 lies in local units [B, T]: in logs, where nothing is 0, the level."""

    known: Array
    zero: Array


class FrameView(NamedTuple):
    """What a net sees: inputs [B, T, F] and base forecasts [B, T, K, H] in local units, those units [B, T], and Leads,
    where covariates are known ahead."""

    inputs: Array
    bases: Array
    level: Array
    scale: Array
    leads: Leads | None = None


@dataclass(frozen=True)
class Frame:
    """The settings of the frame; every field is fixed once a net is trained on it.

    seasons: the main one first. spans: steps whose mean is the level, and over which changes make up the scale: a
    season, or 1 for the last value; after the frame's own, those of other members, whose bases are seen too. horizon:
    steps that a net forecasts at once, 1 for the recursive strategy. base: names of the base forecasts whose mean comes
    first. cycles: of the calendar. known, past, static: covariates.
    """

    seasons: tuple[int, ...]
    spans: tuple[int, ...]
    window: int
    horizon: int
    log: bool
    base: tuple[str, ...]
    cycles: tuple[str, ...] = ()
    known: int = 0
    past: int = 0
    static: int = 0

    @classmethod
    def of(cls, spec: ModelSpec) -> "Frame":
        """The frame that a ModelSpec asks for."""
        own, steps, seasons = spec.frame, spec.steps_at_once, spec.task.seasons
        return cls(seasons, own.level_span, own.window, steps, own.log, own.base, own.calendar, *own.covariates)

    @property
    def level_span(self) -> int:
        """The steps whose mean is the level."""
        return self.spans[0]

    @property
    def season(self) -> int:
        """m: the main season, 1 if there is none."""
        return self.seasons[0] if self.seasons else 1

    @cached_property
    def lags(self) -> tuple[int, ...]:
        """The period of each base forecast that repeats one, the span of the level first."""
        return tuple(dict.fromkeys((*self.spans, *self.seasons, 1)))

    @cached_property
    def base_names(self) -> tuple[str, ...]:
        """All there are. last-m: the last m values repeated; mean-m: the mean shape of the last seasons m; ses10-m: a
        smoothed level, 10 % of it the newest value's, and a season's mean shape; drift-m: the last season moved on."""
        last, mean = (f"last-{lag}" for lag in self.lags), (f"mean-{season}" for season in self.seasons)
        smooth = (f"ses{percent}-{self.season}" for percent in SMOOTHINGS)
        return (*last, *mean, *smooth, f"drift-{self.season}")

    @property
    def other_names(self) -> tuple[str, ...]:
        """Those that come after the first in a view."""
        return tuple(name for name in self.base_names if self.base != (name,))

    @property
    def bases(self) -> int:
        """K: where covariates are known ahead, the matched base; the first, and the others."""
        return (1 if self.known else 0) + 1 + len(self.other_names)

    @cached_property
    def lookback(self) -> int:
        """L: how many past values the next view needs."""
        matched = MATCHED_SEASONS * self.season if self.known else 0
        shaped = SHAPE_SEASONS * max(self.seasons, default=0)
        smoothed = (SHAPE_SEASONS + 2) * self.season + max(SMOOTHINGS.values())
        return max(max(self.window, *self.lags) + 2 * max(self.stand_in_lags), matched, shaped, smoothed)

    @cached_property
    def stand_in_lags(self) -> tuple[int, ...]:
        """Where a stand-in for a missing value is looked for: in the longest season, then the shorter ones."""
        return (*(sorted(self.seasons, reverse=True) or (1,)), 2 * self.season)

    @cached_property
    def features(self) -> int:
        """F: the window, a flag for each missing value in it, the covariates beside it, the step's other columns, and
        what arrived, in the step before's units."""
        return (2 + self.covariates) * self.window + self.other + 1

    @cached_property
    def covariates(self) -> int:
        """C: columns beside each value."""
        return self.known + self.past

    @property
    def other(self) -> int:
        """N: sines and cosines of the calendar, and static covariates."""
        return 2 * len(self.cycles) + self.static

    @cached_property
    def leads(self) -> int:
        """Columns of Leads."""
        return (1 + 1 + len(self.lags)) * self.known

    def transform(self, y: Array) -> Array:
        """From the user's units to those the frame works in."""
        return namespace(y).log(y) if self.log else y

    def restore(self, y: Array) -> Array:
        """Back to the user's units; rising, so that quantiles stay quantiles."""
        return from_logs(y) if self.log else y

    def init_state(self, batch: int, like: Array) -> FrameState:
        """The state before the first value of each of `batch` series; `like` says which arrays to use, and where."""
        nothing = full((batch,), float("nan"), like)
        covariates = full((batch, self.lookback, self.covariates), 0.0, like)
        history = full((batch, self.lookback), float("nan"), like)
        return FrameState(history, covariates, nothing, full((batch, 6), 0.0, like))

    def nothing_beside(self, past: Array) -> Beside:
        """What stands beside past [B, L+T] where nothing is known."""
        total = past.shape[1]
        widths = ((total, self.covariates), (total - self.lookback, self.other), (self.horizon, self.known))
        return Beside(*(full((past.shape[0], *width), 0.0, past) for width in widths))

    def advance(self, y: Array, state: FrameState, covariates: Array | None = None) -> tuple[Units, FrameState]:
        """The units at each of the next T transformed values y [B, T], and the state after them.

        covariates [B, T, C] are only remembered.
        """
        if covariates is None:
            covariates = full((*y.shape, self.covariates), 0.0, y)
        past, steps = joined(state.history, y), y.shape[1]  # [B, L+T]
        units = self.units(self.tracks(past, bases=False), state)
        return units, self.state_after(past, joined(state.covariates, covariates), units, steps)

    def units(self, tracks: Tracks, state: FrameState) -> Units:
        """The units at each of the last T steps of the tracks of past [B, L+T], and of the step before them."""
        past, filled, before = tracks["past"], tracks["filled"], (state.level, state.sums)
        return measured(past, filled, self.lookback, *before, self.level_span, log=self.log)

    def state_after(self, past: Array, covariates: Array, units: Units, steps: int) -> FrameState:
        """The state after the first `steps` of past [B, L+T], beside which covariates [B, L+T, C] stand."""
        last = slice(steps, steps + self.lookback)
        return FrameState(past[:, last], covariates[:, last], units.level[:, steps], units.sums[:, steps])

    def tracks(self, past: Array, *, bases: bool = True) -> dict[str, Array]:
        """What a view rests on at each step of past [B, L+T]; of what base forecasts rest on only if there are to be
        any."""
        return tracks_of(past, with_stand_ins(past, self.stand_in_lags), self.base_names if bases else ())

    def inputs(self, tracks: Tracks, units: Units, beside: Beside) -> Array:
        """What a net takes in [B, T, F] at the last T steps of the tracks of past [B, L+T]."""
        past = tracks["past"]
        xp = namespace(past)
        level, scale = units.level[:, 1:], units.scale[:, 1:]
        last = self._steps(past) + whole_numbers(1 - self.window, 0, past)  # [T, W]
        window = tracks["filled"][:, last]  # [B, T, W]
        arrived = self._seen(past[:, self.lookback :, None], units.level[:, :-1], units.scale[:, :-1])  # [B, T, 1]
        parts = (
            xp.clip(self._seen(window, level, scale), -LIMIT, LIMIT),
            xp.isnan(past[:, last]),
            beside.covariates[:, last].reshape((*window.shape[:2], -1)),
            beside.now,
        )
        return xp.concatenate((*parts, xp.clip(arrived, -LIMIT, LIMIT)), -1)

    def view(
        self, tracks: Tracks, units: Units, beside: Beside | None = None, origins: slice = slice(None)
    ) -> FrameView:
        """What a net sees at the last T steps of the tracks of past [B, L+T], beside which covariates [B, L+T, C]
        stand; and what its forecasts rest on at those of the steps that are origins."""
        past = tracks["past"]
        beside = beside or self.nothing_beside(past)
        inputs = self.inputs(tracks, units, beside)
        level, scale = units.level[:, 1:][:, origins], units.scale[:, 1:][:, origins]
        bases, known = self._bases(tracks, beside, self._steps(past)[origins])  # [B, T, K, H]
        leads = None if known is None else self._leads(*known, level / scale)
        return FrameView(inputs, self._seen(bases, level, scale), level, scale, leads)

    def steady_view(self, tracks: Tracks, units: Units, beside: Beside) -> FrameView:
        """`view` of one step, whose past [B, L+1] lacks no value and where no covariates are known ahead."""
        level, scale = units.level[:, 1:], units.scale[:, 1:]
        bases = self.localise(tracks["past"], level, scale) @ self._steady
        inputs = self.inputs(tracks, units, beside)
        return FrameView(inputs, bases.reshape((-1, 1, self.bases, self.horizon)), level, scale)

    @cached_property
    def _steady(self) -> Array:
        """How much of each value of the past is in the base forecasts [1+L, K*H]: they are linear in the values where
        none is missing, and their weights sum to 1, so that they may be taken in local units."""
        each = np.eye(1 + self.lookback)
        bases, _ = self._bases(self.tracks(each), self.nothing_beside(each), self._steps(each))
        return bases.reshape((len(each), -1))

    def _steps(self, past: Array) -> Array:
        """The places of the last T steps in past [B, L+T] [T, 1]."""
        return whole_numbers(self.lookback, past.shape[1] - 1, past)[:, None]

    def _bases(self, tracks: Tracks, beside: Beside, now: Array) -> tuple[Array, tuple[Array, Array, Array] | None]:
        """Base forecasts [B, T, K, H] at steps now [T, 1], and what `_leads` takes, where covariates are known."""
        leads, names = None, self.base_names
        naive = tracks["filled"][:, repeated(now, self.horizon, self.level_span)]  # [B, T, H], as each of the bases
        named = {name: where_missing(base_forecast(name, tracks, now, self.horizon), lambda: naive) for name in names}
        named[f"last-{self.level_span}"] = naive
        first = sum(named[name] for name in self.base) / len(self.base)
        bases = [first, *(named[name] for name in self.other_names)]
        if self.known:
            known = joined(beside.covariates[:, :, : self.known], beside.ahead)  # [B, L+T+H, known]
            value, source = matched(tracks["past"], known, now, self.horizon, self.season)
            bases.insert(0, where_missing(value, lambda: naive))
            leads = known, source, now
        return stacked(*bases).swapaxes(2, 3), leads

    def _leads(self, known: Array, source: Array, now: Array, level: Array) -> Leads:
        xp = namespace(known)
        ahead = known[:, steps_ahead(now, self.horizon)]
        sources = (known[:, repeated(now, self.horizon, lag)] for lag in self.lags)
        zero = xp.zeros_like(level) if self.log else -xp.nan_to_num(level)
        return Leads(xp.concatenate((ahead, source, *sources), -1), zero)

    def targets(self, future: Array, level: Array, scale: Array) -> Array:
        """The next H transformed values [B, T, H] in local units, NaN = missing, or too far out for these units."""
        targets = self.localise(future, level, scale)
        return namespace(future).where(abs(targets) > TARGET_LIMIT, float("nan"), targets)

    def localise(self, y: Array, level: Array, scale: Array) -> Array:
        """Transformed values y [B, T, ...] in units of level and scale [B, T]."""
        return (y - _trailing(level, y)) / _trailing(scale, y)

    def globalise(self, z: Array, level: Array, scale: Array) -> Array:
        """Local values z [B, T, ...] as transformed values again."""
        return z * _trailing(scale, z) + _trailing(level, z)

    def _seen(self, y: Array, level: Array, scale: Array) -> Array:
        """y [B, T, ...] in local units, 0 (the level) where it or the level is missing.

        Missing values are replaced before the arithmetic: a gradient through NaN is NaN even where it is not used.
        """
        xp = namespace(y)
        level = _trailing(level, y)
        missing = xp.isnan(y) | xp.isnan(level)
        if missing.any():
            y, level = xp.where(missing, 0.0, y), xp.where(missing, 0.0, level)
        return (y - level) / _trailing(scale, y)


def frames_of(spec: ModelSpec) -> tuple[Frame, ...]:
    """The frames that the members of a ModelSpec measure in, in turn; all remember the same values."""
    return tuple(Frame.of(spec.of_one_net(member)) for member in range(spec.frames))


def _trailing(units: Array, like: Array) -> Array:
    """units [B, T] with as many axes as `like`, so that they multiply."""
    return units.reshape((*units.shape, *(1,) * (like.ndim - 2)))

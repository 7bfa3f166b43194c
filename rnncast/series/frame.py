"""The Frame: what a net sees at each step, in units local to that step, computed from values up to it alone.

At time t a value y becomes z = (y - level(t)) / scale(t): level is the mean of the last season, scale an exponentially
weighted mean of |y(t) - y(t-m)|, bounded below. That is what lets one net follow trends, level shifts and series of
any size (Smyl 2020, ES-RNN; Kim et al. 2022, RevIN). The frame is a recurrence like the nets: it obeys the splitting
law, so one function serves a whole history, a chunk of it, and a single new row.

B series side by side, T steps, W window, H horizon, K base forecasts, L lookback, m main season (1 if there is none).
Everything here is float64 and works on NumPy arrays and torch tensors alike.
"""

from dataclasses import dataclass
from typing import NamedTuple

from rnncast.config import Config
from rnncast.series.arrays import (
    Array,
    full,
    joined,
    namespace,
    running_max,
    stacked,
    take_along,
    whole_numbers,
)

LIMIT = 20.0  # scales; further out, an input says no more than "far"
TARGET_LIMIT = 100.0  # scales; further out, a single target would drown all others
SCALE_MEMORY = 2  # seasons (or so) that the scale remembers
SHORTEST_MEMORY = 20  # steps
STOPGAP_WEIGHT = 0.01  # of |y(t) - y(t-1)| as a stand-in for a seasonal difference that cannot be had
LONG_RUN_SHARE = 0.1  # the scale never falls below this share of its all-time mean
SWING_SHARE = 0.05  # nor below this share of the mean distance from the level
SMALLEST_SCALE = 1e-4  # of the level; absolute in logs
SHAPE_SEASONS = 4  # that a season's mean shape is taken over
BLOCK = 256  # steps of a linear recurrence solved by one matrix product


class FrameState(NamedTuple):
    """All that the frame remembers of B series.

    history [B, L]: the last values, transformed, NaN = missing or before the start. level [B]: NaN before the first
    value. sums [B, 6]: discounted sum and weight of |y(t) - y(t-m)|, the same undiscounted, and discounted of
    |y(t) - level(t)|.
    """

    history: Array
    level: Array
    sums: Array


class Units(NamedTuple):
    """Local units of the step before T steps, and of each of them: level, scale [B, 1+T], sums [B, 1+T, 6]."""

    level: Array
    scale: Array
    sums: Array

    @property
    def grounded(self) -> Array:
        """Whether a step's scale rests on a difference of two values at all [B, T]."""
        return self.sums[:, 1:, 3] > 0

    def stretch(self, start: int, stop: int) -> "Units":
        """The units of the steps from start to stop, and of the step before them."""
        return Units(*(part[:, start : stop + 1] for part in self))


class FrameView(NamedTuple):
    """What a net sees: inputs [B, T, F] and base forecasts [B, T, K, H] in local units, and those units [B, T]."""

    inputs: Array
    bases: Array
    level: Array
    scale: Array


@dataclass(frozen=True)
class Frame:
    """The settings of the frame; every field is fixed once a net is trained on it.

    seasons: the first is the span of the level, 1 for the last value. horizon: steps that a net forecasts at once, 1
    for the recursive strategy.
    """

    seasons: tuple[int, ...]
    window: int
    horizon: int
    log: bool

    @classmethod
    def of(cls, config: Config) -> "Frame":
        """The frame that a resolved Config asks for."""
        task, net = config.task, config.net
        assert task.seasons is not None
        assert net.window is not None
        assert task.horizon is not None
        steps = task.horizon if config.direct else 1
        span = net.level_span or (task.seasons or (1,))[0]
        seasons = (span, *(season for season in task.seasons if season != span)) if span > 1 or task.seasons else ()
        return cls(seasons, net.window, steps, log=task.transform == "log")

    @property
    def season(self) -> int:
        """m: the main season, 1 if there is none."""
        return self.seasons[0] if self.seasons else 1

    @property
    def lags(self) -> tuple[int, ...]:
        """The period of each base forecast [K]; the first is the naive forecast that an untrained net gives."""
        return (*self.seasons, 1) if 1 not in self.seasons else self.seasons

    @property
    def bases(self) -> int:
        """K: how many base forecasts there are."""
        return len(self.lags) + len(self._shaped)

    @property
    def lookback(self) -> int:
        """L: how many past values the next view needs."""
        return max(self.window, 2 * max(self.lags), SHAPE_SEASONS * max(self._shaped, default=0))

    @property
    def _shaped(self) -> tuple[int, ...]:
        """The seasons that have a mean shape."""
        return tuple(season for season in self.seasons if season > 1)

    @property
    def features(self) -> int:
        """F: the window, a flag for each missing value in it, and what arrived, in the step before's units."""
        return 2 * self.window + 1

    def transform(self, y: Array) -> Array:
        """From the user's units to those the frame works in."""
        return namespace(y).log(y) if self.log else y

    def restore(self, y: Array) -> Array:
        """Back to the user's units; rising, so that quantiles stay quantiles."""
        return namespace(y).exp(y) if self.log else y

    def init_state(self, batch: int, like: Array) -> FrameState:
        """The state before the first value of each of `batch` series; `like` says which arrays to use, and where."""
        nothing = full((batch,), float("nan"), like)
        return FrameState(full((batch, self.lookback), float("nan"), like), nothing, full((batch, 6), 0.0, like))

    def advance(self, y: Array, state: FrameState) -> tuple[Units, FrameState]:
        """The units at each of the next T transformed values y [B, T], and the state after them."""
        past = joined(state.history, y)  # [B, L+T]
        steps = y.shape[1]
        level = self._level(past, steps, state.level)
        difference, weight = self._differences(past, steps)
        swing, seen = self._swings(y, level)
        decay = 1 - 1 / max(SCALE_MEMORY * self.season, SHORTEST_MEMORY)
        terms = (difference * weight, weight, difference * weight, weight, swing, seen)
        rates = (decay, decay, 1.0, 1.0, decay, decay)
        each = zip(terms, rates, strict=True)
        sums = stacked(*(_running_sum(x, state.sums[:, i], rate) for i, (x, rate) in enumerate(each)))  # [B, T, 6]
        level, sums = joined(state.level[:, None], level), joined(state.sums[:, None], sums)
        units = Units(level, self._scale(sums, level), sums)
        return units, FrameState(past[:, steps:], level[:, -1], sums[:, -1])

    def state_after(self, past: Array, units: Units, steps: int) -> FrameState:
        """The state after the first `steps` of past [B, L+T], whose units are given."""
        return FrameState(past[:, steps : steps + self.lookback], units.level[:, steps], units.sums[:, steps])

    def view(self, past: Array, units: Units, picked: slice = slice(None)) -> FrameView:
        """What a net sees at the last T steps of past [B, L+T]; bases and units only of those steps that are picked."""
        xp = namespace(past)
        level, scale = units.level[:, 1:], units.scale[:, 1:]
        now = whole_numbers(self.lookback, past.shape[1] - 1, past)[:, None]  # [T, 1]
        window = past[:, now + whole_numbers(1 - self.window, 0, past)]  # [B, T, W]
        arrived = self._seen(past[:, self.lookback :, None], units.level[:, :-1], units.scale[:, :-1])  # [B, T, 1]
        parts = (xp.clip(self._seen(window, level, scale), -LIMIT, LIMIT), xp.isnan(window))
        inputs = xp.concatenate((*parts, xp.clip(arrived, -LIMIT, LIMIT)), -1)  # [B, T, 2W+1]
        level, scale, now = level[:, picked], scale[:, picked], now[picked]
        naive, *others = [self._base(past, now, lag) for lag in self.lags]  # [B, T, H] each
        shapes = [self._shape(past, now, season) for season in self._shaped]
        bases = stacked(naive, *(xp.where(xp.isnan(base), naive, base) for base in (*others, *shapes))).swapaxes(2, 3)
        return FrameView(inputs, self._seen(bases, level, scale), level, scale)  # bases [B, T, K, H]

    def targets(self, future: Array, level: Array, scale: Array) -> Array:
        """The next H transformed values [B, T, H] in local units, NaN = missing."""
        return namespace(future).clip(self.localise(future, level, scale), -TARGET_LIMIT, TARGET_LIMIT)

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
        return xp.where(missing, 0.0, xp.where(missing, 0.0, y) - xp.where(missing, 0.0, level)) / _trailing(scale, y)

    def _base(self, past: Array, now: Array, lag: int) -> Array:
        """Repeat the last `lag` values over the horizon [B, T, H]; where one is missing, the one a period earlier."""
        xp = namespace(past)
        ahead = whole_numbers(1, self.horizon, past)
        back = now + ahead - lag * ((ahead + lag - 1) // lag)  # [T, H]
        last = past[:, back]
        return xp.where(xp.isnan(last), past[:, back - lag], last)

    def _shape(self, past: Array, now: Array, season: int) -> Array:
        """The mean shape of the last few seasons, each about its own mean, upon the mean of the last [B, T, H]."""
        xp = namespace(past)
        mean = _moving_mean(past, season)
        ahead = whole_numbers(1, self.horizon, past)
        back = now + ahead - season * ((ahead + season - 1) // season)  # [T, H]
        total, number = 0.0, 0.0
        for before in range(0, SHAPE_SEASONS * season, season):
            apart = past[:, back - before] - mean[:, now - before]
            known = ~xp.isnan(apart)
            total, number = total + xp.where(known, apart, 0.0), number + known
        return mean[:, now] + xp.where(number > 0, total / xp.clip(number, 1, None), float("nan"))

    def _level(self, past: Array, steps: int, before: Array) -> Array:
        """Mean of the observed values of the last season [B, T]; where there are none, the level before stands."""
        xp = namespace(past)
        seen = ~xp.isnan(past)
        first = past.shape[1] - steps
        # Sums are taken around the last level, so that small movements of large values keep their digits.
        centre = xp.where(xp.isnan(before), xp.nan_to_num(past[:, first]), before)[:, None]
        total = _zero_first(xp.cumsum(xp.where(seen, past, centre) - centre, 1))
        count = _zero_first(xp.cumsum(seen, 1))
        late, early = slice(first + 1, None), slice(first + 1 - self.season, past.shape[1] + 1 - self.season)
        number = count[:, late] - count[:, early]  # [B, T]
        mean = (total[:, late] - total[:, early]) / xp.clip(number, 1, None) + centre
        return _carried(mean, number > 0, before)

    def _differences(self, past: Array, steps: int) -> tuple[Array, Array]:
        """|y(t) - y(t-m)| and its weight [B, T]; |y(t) - y(t-1)| with a small weight where that is missing."""
        xp = namespace(past)
        first = past.shape[1] - steps
        now = past[:, first:]
        seasonal, last = (past[:, first - lag : first - lag + steps] for lag in (self.season, 1))
        use_last = xp.isnan(now) | xp.isnan(seasonal)
        before = xp.where(use_last, last, seasonal)
        unknown = xp.isnan(now) | xp.isnan(before)
        # Missing values are replaced before the arithmetic, as in _seen.
        difference = xp.abs(xp.where(unknown, 0.0, now) - xp.where(unknown, 0.0, before))
        full_weight = xp.ones_like(now)
        return difference, xp.where(use_last, STOPGAP_WEIGHT * full_weight, full_weight) * ~unknown

    def _swings(self, y: Array, level: Array) -> tuple[Array, Array]:
        """|y(t) - level(t)| and its weight [B, T], 0 where a value is missing."""
        xp = namespace(y)
        seen = ~xp.isnan(y)
        filled = xp.where(seen, y, 0.0)
        return xp.abs(filled - xp.where(seen, level, filled)), seen * xp.ones_like(y)

    def _scale(self, sums: Array, level: Array) -> Array:
        xp = namespace(sums)
        recent, long_run, swing = (
            sums[:, :, i] / xp.where(sums[:, :, i + 1] > 0, sums[:, :, i + 1], 1.0) for i in (0, 2, 4)
        )
        smallest = SMALLEST_SCALE * (xp.ones_like(level) if self.log else xp.abs(xp.nan_to_num(level)))
        smallest = xp.where(smallest > 0, smallest, SMALLEST_SCALE)
        bounds = xp.maximum(xp.maximum(LONG_RUN_SHARE * long_run, SWING_SHARE * swing), smallest)
        return xp.maximum(recent, bounds)


def _moving_mean(past: Array, season: int) -> Array:
    """The mean of what was observed in the season up to each step [B, L+T]; NaN where nothing was, or too early."""
    xp = namespace(past)
    seen = ~xp.isnan(past)
    # About the first value, so that small movements of large values keep their digits.
    centre = xp.nan_to_num(take_along(past, xp.where(seen, 1, 0).argmax(1)[:, None]))
    total = _zero_first(xp.cumsum(xp.where(seen, past, centre) - centre, 1))
    number = _zero_first(xp.cumsum(seen, 1))
    number = number[:, season:] - number[:, :-season]
    mean = (total[:, season:] - total[:, :-season]) / xp.clip(number, 1, None) + centre
    mean = xp.where(number > 0, mean, float("nan"))
    return joined(full((past.shape[0], season - 1), float("nan"), past), mean)


def _carried(values: Array, known: Array, before: Array) -> Array:
    """values [B, T] where known; elsewhere the last known one, or `before` [B] where there is none yet."""
    xp = namespace(values)
    padded = joined(before[:, None], values)
    index = xp.where(known, whole_numbers(1, values.shape[1], values), 0)  # [B, T]
    return take_along(padded, running_max(index))


def _running_sum(x: Array, before: Array, decay: float) -> Array:
    """s(t) = decay * s(t-1) + x(t) for x [B, T] and s(0) = before [B], a block of steps at a time."""
    blocks = []
    rate = full((1,), decay, x)
    for start in range(0, x.shape[1], BLOCK):
        block = x[:, start : start + BLOCK]
        steps = whole_numbers(1, block.shape[1], block)
        lag = steps[:, None] - steps[None, :]  # [T, T]
        powers = (rate ** namespace(x).clip(lag, 0, None)) * (lag >= 0)
        total = block @ powers.T + before[:, None] * rate**steps
        before = total[:, -1]
        blocks.append(total)
    return joined(*blocks)


def _trailing(units: Array, like: Array) -> Array:
    """units [B, T] with as many axes as `like`, so that they multiply."""
    return units.reshape((*units.shape, *(1,) * (like.ndim - 2)))


def _zero_first(sums: Array) -> Array:
    return joined(0 * sums[:, :1], sums)

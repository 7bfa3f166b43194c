"""Inputs of the pretrained net: a series of any season, in units local to each step and independent of the season.

Plain recurrences over the values up to a step give levels, trends, seasonal shapes and a scale. Forecasts are composed
of them (`Track.parts`); how they compare, and how accurate each has been so far, are the net's inputs (`Track.inputs`).
Nothing here is learnt. It obeys the splitting law: advance(a then b) is advance(a), then advance(b).

B series, T steps, O origins, R lead times; m the season, K the lookback; q whole seasons, of at least four steps.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rnncast.pretrained.past import SHAPES, Flags, Past, Seasons, Values, Whole, discounted, past_of

RATES = (0.5, 0.2, 0.05)  # of the smoothed levels
ANCHOR = 1  # index of the level from which forecasts are measured
SHORTEST_MEMORY = 20  # steps that the scale remembers; or two seasons
SMALLEST = 1e-4  # scale, relative to the level; absolute in logs
UNKNOWN = 0.1  # scale before any change is known, relative to the level; absolute in logs
SWING_SHARE, LONG_RUN_SHARE = 0.03, 0.1  # of the mean distance from the level, and of all errors so far
FORECASTS = 7  # one-step forecasts whose accuracy is tracked
SIZES = FORECASTS + 7
LEVELS, TRENDS = 7, 5  # parts of a forecast, beside the shapes
INPUTS, LEAD_INPUTS = 50, 18
SEASONAL_CHANGE = 32  # the input that is the log of the mean |y(t) - y(t-m)| in scales


class State(NamedTuple):
    """State of B series.

    history [B, K]: the last values, missing ones filled, 0 before the start. age [B]: steps since the start. smoothed
    [B, 3, 3]: per rate, discounted sums of the deseasonalised values and of the levels, and their weight. shape [B, 2,
    m]: discounted sum and weight of each phase. sizes [B, 2, 14]: discounted sums and weights of errors and other
    sizes. total [B, 2]: sum of all values, and of the first q. range [B, 2]: lowest and highest level over q steps.
    ahead [B, 8]: the one-step forecasts from the last step, and its shape.
    """

    history: Values
    age: Values
    smoothed: Values
    shape: Values
    sizes: Values
    total: Values
    range: Values
    ahead: Values


def begin(seasons: Seasons, series: int) -> State:
    """Return the state before the first value."""
    return State(
        np.zeros((series, seasons.lookback)),
        np.zeros(series),
        np.zeros((series, len(RATES), 3)),
        np.zeros((series, 2, seasons.season)),
        np.zeros((series, 2, SIZES)),
        np.zeros((series, 2)),
        np.repeat([[np.inf, -np.inf]], series, 0),
        np.zeros((series, FORECASTS + 1)),
    )


@dataclass(frozen=True)
class Track:
    """Knowledge of B series at each of T steps.

    The past; anchor and scale [B, T]; levels [B, T, 7] and trends [B, T, 5] from the anchor, in units of the scale;
    inputs [B, T, 50] of the net.
    """

    past: Past
    anchor: Values
    scale: Values
    levels: Values
    trends: Values
    inputs: Values

    def parts(self, at: Whole, leads: Whole) -> "Parts":
        """Return the parts of forecasts from the steps `at` [O] of this track at the lead times `leads` [R]."""
        seasons, scale = self.past.seasons, self.scale[:, at][:, :, None]
        shapes = self.past.shapes(at, leads)[0] / scale[..., None]
        wave = self.past.long_wave(at, leads) / scale
        trends = self.trends[:, at][:, :, None, :] * leads[:, None]
        spread = np.diff(shapes, axis=-1)
        seen = self.past.count[:, at][:, :, None]
        lead, flat = leads.astype(float), np.zeros(wave.shape)
        told = [
            flat + np.log1p(lead) / 3,
            flat + 1 / lead,
            flat + np.log(lead / seasons.span) / 3,
            np.log(lead / seen) / 3,
            flat + ((lead - 1) % seasons.season) / seasons.season,
            flat + np.log(-(-lead // seasons.season)) / 3,
            flat + ((lead - 1) % seasons.second) / seasons.second if seasons.second else flat,
        ]
        squashed = np.arcsinh(np.concatenate([trends, shapes[..., :1], spread, wave[..., None]], -1)) / 2
        return Parts(self.levels[:, at], trends, shapes, wave, np.concatenate([np.stack(told, -1), squashed], -1))


class Parts(NamedTuple):
    """Parts of forecasts, in units of the scale: levels [B, O, 7], trends [B, O, R, 5], shapes [B, O, R, 5], wave
    [B, O, R], and the net's inputs for each lead [B, O, R, 18]."""

    levels: Values
    trends: Values
    shapes: Values
    wave: Values
    inputs: Values


class _Levels(NamedTuple):
    """Values without their season [B, T], and the smoothed levels: sums [B, T, 3, 3], levels, their own smoothed
    levels, and slopes [B, T, 3]."""

    free: Values
    sums: Values
    level: Values
    second: Values
    slope: Values


def advance(seasons: Seasons, y: Values, state: State) -> tuple[Track, State]:
    """Take in values y [B, T], NaN = missing or before the start."""
    steps, one = np.arange(y.shape[1]), np.array([1])
    seen = ~np.isnan(y)
    begun = (state.age > 0)[:, None] | np.logical_or.accumulate(seen, 1)
    count = state.age[:, None] + np.cumsum(begun, 1)
    past, shape = past_of(seasons, y, begun, count, state.history, state.shape)
    now = past.filled[:, seasons.lookback :]
    shapes, chosen = (each[:, :, 0] for each in past.shapes(steps, one))
    wave = past.long_wave(steps, one)[:, :, 0]
    offered = np.concatenate([state.ahead[:, None, FORECASTS:], chosen[:, :-1, None]], 1)[:, :, 0]
    smooth = _smoothed(np.where(begun, now - offered, 0.0), begun, state.smoothed)
    mean, anchor = past.mean(steps, 0, seasons.span), smooth.level[..., ANCHOR]
    ahead = _one_step(now, mean, smooth, shapes, chosen)
    errors = now[..., None] - np.concatenate([state.ahead[:, None], ahead[:, :-1]], 1)[..., :FORECASTS]
    sizes = _sizes(past, seen, mean, chosen, errors, state.sizes)
    typical = sizes[:, 0] / np.maximum(sizes[:, 1], 1e-12)
    scale = _scale(typical, sizes[:, 1, :, 0] > 0, np.ones_like(mean) if seasons.logs else np.abs(mean))
    total = state.total[:, None] + np.cumsum(
        np.stack([now * begun, now * begun * (count <= seasons.span)], -1), 1
    )  # [B, T, 2]
    lowest, highest = _range(np.where(begun, mean, np.nan), state.range)
    levels = _levels(past, smooth, mean, total[..., 0] / np.maximum(count, 1)) / scale[..., None]
    trends = _trends(past, mean, total[..., 1], smooth.slope) / scale[..., None]
    told = _inputs(past, levels, trends, np.concatenate([shapes, wave[..., None]], -1), errors, typical, scale)
    flags = [
        ~seen * 1.0,
        (count <= 2) * 1.0,
        np.full_like(anchor, float(seasons.logs)),
        _distance(seasons, mean, scale),
    ]
    flags += [np.arcsinh(np.where(begun, far, 0.0) / scale) / 2 for far in (mean - lowest, highest - mean)]
    inputs = np.where(begun[..., None], np.concatenate([told, np.stack(flags, -1)], -1), 0.0)
    after = State(
        past.filled[:, -seasons.lookback :],
        count[:, -1],
        smooth.sums[:, -1],
        shape,
        sizes[:, :, -1],
        total[:, -1],
        np.stack([lowest[:, -1], highest[:, -1]], -1),
        ahead[:, -1],
    )
    return Track(past, anchor, scale, levels, trends, inputs), after


def _smoothed(free: Values, begun: Flags, state: Values) -> _Levels:
    """Return levels smoothed at each rate, which start as means (Brown 1959: smoothing a level again gives its
    slope)."""
    sums = np.empty((*free.shape, len(RATES), 3))
    for k, rate in enumerate(RATES):
        first = discounted(free * begun * rate, state[:, k, 0], 1 - rate)
        weight = discounted(begun * rate, state[:, k, 2], 1 - rate)
        level = first / np.maximum(weight, 1e-12)
        sums[:, :, k] = np.stack([first, discounted(level * begun * rate, state[:, k, 1], 1 - rate), weight], -1)
    weight = np.maximum(sums[..., 2], 1e-12)
    level, second = sums[..., 0] / weight, sums[..., 1] / weight
    rates = np.array(RATES)
    return _Levels(free, sums, level, second, (level - second) * (rates / (1 - rates)))


def _one_step(now: Values, mean: Values, smooth: _Levels, shapes: Values, chosen: Values) -> Values:
    """Return forecasts of the next step [B, T, 7] whose accuracy is tracked, and the shape they use."""
    recent, anchor, slow = np.moveaxis(smooth.level, -1, 0)
    double = 2 * anchor - smooth.second[..., ANCHOR] + smooth.slope[..., ANCHOR]
    columns = [anchor + chosen, now, recent + shapes[..., 0], anchor + shapes[..., 2], double + chosen]
    return np.stack([*columns, mean + shapes[..., 1], slow + shapes[..., 2], chosen], -1)


def _sizes(past: Past, seen: Flags, mean: Values, shape: Values, errors: Values, state: Values) -> Values:
    """Return discounted sums of sizes and of their weights [B, 2, T, 14].

    They are the sizes of the errors, the distance from the level, the seasonal change, the shape, the first errors
    again (not discounted), the distance of a level from the one before it and from the line through the two before it,
    and whether a value is zero.
    """
    season, lookback, q, steps = past.seasons.season, past.seasons.lookback, past.seasons.span, np.arange(seen.shape[1])
    now, back = past.filled[:, lookback:], past.filled[:, lookback - season : -season]
    one, two = (past.mean(steps, k * q, q) for k in (1, 2))
    moves = [abs(mean - one), abs(mean - 2 * one + two)]
    rest = np.stack([abs(now - mean), abs(now - back), abs(shape), abs(errors[..., 0]), *moves, (now == 0) * 1.0], -1)
    weights = np.repeat((seen & (past.count > 1))[..., None].astype(float), SIZES, -1)
    weights[..., FORECASTS + 1] *= past.count > season
    weights[..., FORECASTS + 4] *= past.count >= 2 * q
    weights[..., FORECASTS + 5] *= past.count >= 3 * q
    both = np.stack([np.concatenate([np.abs(errors), rest], -1) * weights, weights], 1)  # [B, 2, T, 14]
    result, lasting = np.empty_like(both), np.arange(SIZES) == FORECASTS + 3
    for group, decay in ((~lasting, 1 - 1 / max(2 * season, SHORTEST_MEMORY)), (lasting, 1.0)):
        x = both[..., group].transpose(0, 1, 3, 2)
        summed = discounted(x.reshape(-1, x.shape[3]), state[..., group].reshape(-1), decay)
        result[..., group] = summed.reshape(x.shape).transpose(0, 1, 3, 2)
    return result


def _scale(typical: Values, known: Flags, unit: Values) -> Values:
    """Return the recent size of errors [B, T], bounded below."""
    recent = np.where(known, typical[..., 0], UNKNOWN * unit)
    bounds = [SWING_SHARE * typical[..., FORECASTS], LONG_RUN_SHARE * typical[..., FORECASTS + 3], SMALLEST * unit]
    scale = np.maximum.reduce([recent, *bounds])
    return np.where(scale > 0, scale, 1.0)


def _range(mean: Values, state: Values) -> tuple[Values, Values]:
    """Return the lowest and the highest level so far [B, T], from levels [B, T], NaN = not begun, and those before [B,
    2]."""
    lowest = np.minimum.accumulate(np.concatenate([state[:, :1], np.where(np.isnan(mean), np.inf, mean)], 1), 1)
    highest = np.maximum.accumulate(np.concatenate([state[:, 1:], np.where(np.isnan(mean), -np.inf, mean)], 1), 1)
    return lowest[:, 1:], highest[:, 1:]


def _levels(past: Past, smooth: _Levels, mean: Values, ever: Values) -> Values:
    """Return levels [B, T, 7] minus the anchor: the deseasonalised value, three smoothed, and means over q, 4q and all
    steps."""
    longer = past.mean(np.arange(mean.shape[1]), 0, 4 * past.seasons.span)
    fast, anchor, slow = np.moveaxis(smooth.level, -1, 0)
    levels: Values = np.stack([smooth.free, fast, anchor, slow, mean, longer, ever], -1) - anchor[..., None]
    return levels


def _trends(past: Past, mean: Values, first: Values, slopes: Values) -> Values:
    """Return slopes per step [B, T, 5]: over q steps, over 3q, since the start, and those of two smoothed levels."""
    q, count, steps = past.seasons.span, past.count, np.arange(mean.shape[1])
    one = np.where(count >= 2 * q, (mean - past.mean(steps, q, q)) / q, 0.0)
    two = np.where(count >= 3 * q, (mean - past.mean(steps, 2 * q, q)) / (2 * q), one)
    three = np.where(count >= 4 * q, (mean - past.mean(steps, 3 * q, q)) / (3 * q), two)
    ever = np.where(count >= 2 * q, (mean - first / q) / np.maximum(count - q, 1), 0.0)
    return np.stack([one, three, ever, slopes[..., ANCHOR], slopes[..., 0]], -1)


def _inputs(
    past: Past, levels: Values, trends: Values, shapes: Values, errors: Values, typical: Values, scale: Values
) -> Values:
    """Return the inputs of the net at each step [B, T, 44]: in units of the scale and squashed, or as logarithms."""
    seasons, count = past.seasons, np.maximum(past.count, 1)
    unit = scale[..., None]
    lookback, season = seasons.lookback, seasons.season
    now = past.filled[:, lookback:]
    change = np.where(count > season, now - past.filled[:, lookback - season : lookback - season + now.shape[1]], 0.0)
    apart = np.concatenate([levels[..., :1] - levels[..., 1:2], levels[..., 1:2], levels[..., 3:]], -1)
    spread = np.concatenate([shapes[..., :1], np.diff(shapes[..., :SHAPES], axis=-1), shapes[..., SHAPES:]], -1)
    errors = np.where((count > 1)[..., None], errors, 0.0)
    squashed = np.arcsinh(
        np.concatenate([errors / unit, apart, trends * seasons.span, spread / unit, change[..., None] / unit], -1)
    )
    chosen = list(range(1, SIZES - 1))
    ratios = np.log(np.clip(typical[..., chosen] / unit, 0.02, 50))
    flat = np.zeros_like(scale)
    lengths = [
        np.log(count) / 3,
        flat + np.log(season) / 3,
        np.log(count / season) / 3,
        flat + (season == 1),
        flat + (seasons.second > 0),
        np.log(np.maximum(count / seasons.second, 0.05)) / 3 if seasons.second else flat,
    ]
    return np.concatenate([squashed / 2, ratios, typical[..., -1:], np.stack(lengths, -1)], -1)


def _distance(seasons: Seasons, mean: Values, scale: Values) -> Values:
    """Return the distance of the level from zero, in units of the scale, squashed; 0 in logs, where no value is
    special."""
    return np.zeros_like(mean) if seasons.logs else np.arcsinh(mean / scale) / 4

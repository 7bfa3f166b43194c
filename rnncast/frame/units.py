"""Local units: the level and scale of a series at each step, from values up to it alone, over each of several spans.

The level is the mean of the last s values, s being the span; the scale is an exponentially weighted mean of
|y(t) - y(t-s)|, bounded below.

B series side by side, T steps, L steps before them, S spans.
"""

from typing import NamedTuple

from rnncast.frame.baselines import moving_mean
from rnncast.frame.running import carried, differences, running_sum, swings
from rnncast.series.arrays import Array, full, joined, namespace, stacked

SCALE_MEMORY = 2  # seasons: time constant of the scale
SHORTEST_MEMORY = 20  # steps
LONG_RUN_SHARE = 0.1  # the scale never falls below this share of its long-run mean
SWING_SHARE = 0.05  # nor below this share of the mean distance from the level
SMALLEST_SCALE = 1e-4  # of the level; absolute in logs
SUMS = 6  # of each span: of differences and their weights, discounted and undiscounted; of swings and their weights


class Units(NamedTuple):
    """Local units of T steps and of the step before them: level, scale [B, 1+T, S], sums [B, 1+T, S, 6]."""

    level: Array
    scale: Array
    sums: Array

    @property
    def grounded(self) -> Array:
        """True where a step's scale rests on at least one difference of two values [B, T, S]."""
        return self.sums[:, 1:, :, 3] > 0

    def part(self, start: int, stop: int) -> "Units":
        """Return the units of the steps from start to stop, and of the step before them."""
        return Units(*(part[:, start : stop + 1] for part in self))

    def of(self, span: int) -> tuple[Array, Array]:
        """Return level and scale [B, 1+T] over one of the spans."""
        return self.level[:, :, span], self.scale[:, :, span]


def measured(
    past: Array, filled: Array, lookback: int, before: tuple[Array, Array], spans: tuple[int, ...], *, log: bool
) -> Units:
    """Return the units over each span at the steps of past [B, L+T] after its first L, the lookback.

    filled [B, L+T]: the past with imputed values. before: level [B, S] and sums [B, S, 6] of the step before.
    """
    each = [_over_one(past, filled, lookback, (before[0][:, i], before[1][:, i]), span) for i, span in enumerate(spans)]
    levels, sums = zip(*each, strict=True)
    xp = namespace(past)
    level = joined(before[0][:, None], stacked(*levels))
    return units_of(level, joined(before[1][:, None], xp.stack(sums, 2)), log=log)


def unchanging(past: Array, before: tuple[Array, Array], constants: tuple[float, ...]) -> Units:
    """Return the units of a global frame at the steps of past [B, T]: a constant level and scale from the first value
    on.

    before: level [B, 1], NaN before the first value, and sums [B, 1, 6] of the step before; the sums are not used.
    """
    xp, (level, scale) = namespace(past), constants
    seen = ~xp.isnan(past)
    levels = carried(xp.where(seen, xp.full_like(past, level), 0.0), seen, before[0][:, 0])
    levels = joined(before[0], levels)[..., None]
    return Units(levels, xp.full_like(levels, scale), full((*levels.shape, SUMS), 0.0, past))


def decay_of(span: int) -> float:
    """Return the decay factor, per step, of the sums that give the scale over a span."""
    return 1 - 1 / max(SCALE_MEMORY * span, SHORTEST_MEMORY)


def units_of(level: Array, sums: Array, *, log: bool) -> Units:
    """Return the units given by levels [B, 1+T, S] and sums [B, 1+T, S, 6]."""
    return Units(level, _scale(sums, level, log), sums)


def _over_one(past: Array, filled: Array, lookback: int, before: tuple[Array, Array], span: int) -> tuple[Array, Array]:
    """Return level [B, T] and sums [B, T, 6] over a span."""
    level, sums = before
    each = _level(moving_mean(filled, span)[:, lookback:], level)
    difference, weight = differences(past, past.shape[1] - lookback, span)
    swing, seen = swings(past[:, lookback:], each)
    decay = decay_of(span)
    change = difference * weight
    terms, rates = (change, weight, change, weight, swing, seen), (decay, decay, 1.0, 1.0, decay, decay)
    return each, stacked(*(running_sum(terms[i], sums[:, i], rates[i]) for i in range(SUMS)))


def _level(mean: Array, before: Array) -> Array:
    """Return a moving mean [B, T]; where there is none, the previous level stays."""
    xp = namespace(mean)
    known = ~xp.isnan(mean)
    return carried(xp.where(known, mean, 0.0), known, before)


def _scale(sums: Array, level: Array, log: bool) -> Array:
    xp = namespace(sums)
    weights = sums[..., 1::2]
    means = sums[..., 0::2] / xp.where(weights > 0, weights, 1.0)
    recent, long_run, swing = means[..., 0], means[..., 1], means[..., 2]
    smallest = SMALLEST_SCALE * (xp.ones_like(level) if log else xp.abs(xp.nan_to_num(level)))
    smallest = xp.where(smallest > 0, smallest, SMALLEST_SCALE)
    bounds = xp.maximum(xp.maximum(LONG_RUN_SHARE * long_run, SWING_SHARE * swing), smallest)
    return xp.maximum(recent, bounds)

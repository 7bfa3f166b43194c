"""Local units: the level and scale of a series at each step, from values up to it alone.

The level is the mean of the last s values; the scale an exponentially weighted mean of |y(t) - y(t-s)|, bounded below.

B series side by side, T steps, L steps before them.
"""

from typing import NamedTuple

from rnncast.series.arrays import Array, joined, namespace, stacked
from rnncast.series.bases import moving_mean
from rnncast.series.running import carried, differences, running_sum, swings

SCALE_MEMORY = 2  # seasons (or so) that the scale remembers
SHORTEST_MEMORY = 20  # steps
LONG_RUN_SHARE = 0.1  # the scale never falls below this share of its all-time mean
SWING_SHARE = 0.05  # nor below this share of the mean distance from the level
SMALLEST_SCALE = 1e-4  # of the level; absolute in logs


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


def measured(past: Array, filled: Array, before: int, level: Array, sums: Array, span: int, *, log: bool) -> Units:
    """The units at each step of past [B, L+T] after the first `before` of them, L; and of the step before those.

    filled [B, L+T]: the past with stand-ins. level [B], sums [B, 6]: of the step before. span: s.
    """
    steps = past.shape[1] - before
    each = _level(moving_mean(filled, span)[:, before:], level)
    difference, weight = differences(past, steps, span)
    swing, seen = swings(past[:, before:], each)
    decay = 1 - 1 / max(SCALE_MEMORY * span, SHORTEST_MEMORY)
    change = difference * weight
    terms, rates = (change, weight, change, weight, swing, seen), (decay, decay, 1.0, 1.0, decay, decay)
    summed = stacked(*(running_sum(terms[i], sums[:, i], rates[i]) for i in range(len(terms))))  # [B, T, 6]
    level, sums = joined(level[:, None], each), joined(sums[:, None], summed)
    return Units(level, _scale(sums, level, log), sums)


def _level(mean: Array, before: Array) -> Array:
    """A moving mean [B, T]; where there is none, the level before stands."""
    xp = namespace(mean)
    known = ~xp.isnan(mean)
    return carried(xp.where(known, mean, 0.0), known, before)


def _scale(sums: Array, level: Array, log: bool) -> Array:
    xp = namespace(sums)
    recent, long_run, swing = (
        sums[:, :, i] / xp.where(sums[:, :, i + 1] > 0, sums[:, :, i + 1], 1.0) for i in (0, 2, 4)
    )
    smallest = SMALLEST_SCALE * (xp.ones_like(level) if log else xp.abs(xp.nan_to_num(level)))
    smallest = xp.where(smallest > 0, smallest, SMALLEST_SCALE)
    bounds = xp.maximum(xp.maximum(LONG_RUN_SHARE * long_run, SWING_SHARE * swing), smallest)
    return xp.maximum(recent, bounds)

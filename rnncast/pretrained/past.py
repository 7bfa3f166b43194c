"""Values up to each step, and what repeats in them: means, seasonal shapes, discounted sums. NumPy and nothing else.

B series, T steps, O origins, R lead times; m the season, L the second one, K the lookback.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.floating[Any]]
Flags = NDArray[np.bool_]
Whole = NDArray[np.int64]

SEASON_MEMORY = 0.85  # of the discounted shape, from season to season
SHAPE_SEASONS = 3  # in the mean shapes
SHAPES = 5  # to choose from
FEWEST = 4  # steps in a level
BLOCK = 16  # steps of a recurrence that one matrix product solves


@dataclass(frozen=True)
class Seasons:
    """Season m (1 if there is none), second season L (0 if there is none), and whether values are logarithms."""

    season: int
    second: int = 0
    logs: bool = False

    @cached_property
    def span(self) -> int:
        """Number of steps q whose mean is a level."""
        return self.season * -(-FEWEST // self.season)

    @cached_property
    def nested(self) -> bool:
        """True if the second season is a whole number of first ones."""
        return self.second > 0 and self.second % self.season == 0

    @cached_property
    def lookback(self) -> int:
        """Number of past values K that a step and a forecast need."""
        second = SHAPE_SEASONS * self.second if self.nested else 2 * self.second + self.season
        return max(4 * self.span, (SHAPE_SEASONS + 1) * self.season, second) + 2


@dataclass(frozen=True)
class Past:
    """Values of B series up to each of T steps, after the K before them.

    filled [B, K+T] and its running total [B, K+T+1]; count [B, T]: steps since the start; the discounted shape [B, m+T]
    and its running total.
    """

    seasons: Seasons
    filled: Values
    running: Values
    count: Values
    shape: Values
    shape_running: Values

    def mean(self, at: Whole, back: int, width: int) -> Values:
        """Return the mean [B, O] over `width` values that end `back` steps before each origin, or over as many as there
        are."""
        end = at + self.seasons.lookback + 1 - back
        have = np.clip(self.count[:, at] - back, 1, width)
        return (self.running[:, end] - self.running[:, end - width]) / have

    def repeated(self, at: Whole, leads: Whole, period: int, seasons: int) -> Values:
        """Return the mean shape [B, O, R] of the last `seasons` seasons, around their levels and without their
        trend."""
        phase = (leads - 1) % period  # [R]
        count = self.count[:, at]
        means = [self.mean(at, k * period, period) for k in range(SHAPE_SEASONS)]
        slope = np.where(count >= 3 * period, (means[0] - means[2]) / 2, means[0] - means[1]) / period
        slope = np.where(count >= 2 * period, slope, 0.0)
        total = np.zeros((*count.shape, len(leads)))
        first = at[:, None] + self.seasons.lookback + 1 + phase  # [O, R]
        for k in range(seasons):
            each = self.filled[:, first - (k + 1) * period] - means[k][:, :, None]
            total += np.where((count >= (k + 1) * period)[:, :, None], each, 0.0)
        had = np.clip(count // period, 1, seasons)[:, :, None]
        tilt = slope[:, :, None] * (phase - (period - 1) / 2)
        return total / had - np.where((count >= period)[:, :, None], tilt, 0.0)

    def discounted(self, at: Whole, leads: Whole) -> Values:
        """Return the discounted shape [B, O, R], around its own mean."""
        season = self.seasons.season
        phase = at[:, None] + 1 + (leads - 1) % season
        centre = (self.shape_running[:, at + 1 + season] - self.shape_running[:, at + 1]) / season
        return self.shape[:, phase] - centre[:, :, None]

    def long_wave(self, at: Whole, leads: Whole) -> Values:
        """Return the second season's level [B, O, R]: means over a season, one or two second seasons before a lead
        time."""
        season, second = self.seasons.season, self.seasons.second
        count, total = self.count[:, at], np.zeros((len(self.filled), len(at), len(leads)))
        if not second:
            return total
        last = at[:, None] + self.seasons.lookback + 1
        for k in (1, 2) if not self.seasons.nested else (1,):
            middle = last + (leads - 1) % second - k * second
            low = middle - season // 2
            high = np.minimum(low + season, last)
            wave = (self.running[:, high] - self.running[:, low]) / (high - low)
            known = (count >= k * second)[:, :, None]
            total = np.where(known, (total * (k - 1) + wave - self.mean(at, 0, second)[:, :, None]) / k, total)
        return total

    def shapes(self, at: Whole, leads: Whole) -> tuple[Values, Values]:
        """Return the shapes to choose from [B, O, R, 5], and the one removed from values to get levels [B, O, R]."""
        season, second, count = self.seasons.season, self.seasons.second, self.count[:, at][:, :, None]
        if season == 1:
            none = np.zeros((len(count), len(at), len(leads)))
            return np.zeros((*none.shape, SHAPES)), none
        last, mean = (self.repeated(at, leads, season, k) for k in (1, SHAPE_SEASONS))
        slow = np.where(count >= 2 * season, self.discounted(at, leads), mean)
        chosen = (mean + slow) / 2
        longer = [mean, mean]
        if self.seasons.nested:
            weekly = [self.repeated(at, leads, second, k) for k in (1, SHAPE_SEASONS)]
            longer = [np.where(count >= second, each, mean) for each in weekly]
            chosen = np.where(count >= 2 * second, longer[1], chosen)
        return np.stack([last, mean, slow, *longer], -1), chosen


def past_of(
    seasons: Seasons, y: Values, begun: Flags, count: Values, history: Values, shape: Values
) -> tuple[Past, Values]:
    """Return the values seen, with gaps filled, and the discounted sum and weight of each phase after them [B, 2, m].

    y, begun, count [B, T]: values, whether a series has begun, and steps since then. history [B, K], shape [B, 2, m]:
    from before the first step.
    """
    filled = _filled(seasons, y, begun, count, history)
    running = _total(filled)
    empty = np.zeros((len(y), seasons.season + y.shape[1]))
    past = Past(seasons, filled, running, count, empty, empty)
    if seasons.season == 1:
        return past, shape
    known = count >= seasons.season
    apart = filled[:, seasons.lookback :] - past.mean(np.arange(y.shape[1]), 0, seasons.season)
    summed = _by_phase(np.stack([np.where(known, apart, 0.0), known * 1.0], 1), shape)
    each = summed[:, 0] / np.maximum(summed[:, 1], 1e-12)
    return Past(seasons, filled, running, count, each, _total(each)), summed[:, :, -seasons.season :]


def _total(x: Values) -> Values:
    """Return running sums from 0 [B, 1+N]."""
    return np.concatenate([np.zeros((len(x), 1)), np.cumsum(x, 1)], 1)


def _filled(seasons: Seasons, y: Values, begun: Flags, count: Values, history: Values) -> Values:
    """Return the history and the values [B, K+T]; a missing one is that of a season before, plus the change since."""
    season, lookback, width = seasons.season, seasons.lookback, min(seasons.season, 4)
    filled = np.concatenate([history, np.where(np.isnan(y), 0.0, y)], 1)
    missing = np.isnan(y) & begun
    for t in np.flatnonzero(missing.any(0)):
        i, before = lookback + t, count[:, t] - 1
        drift = (filled[:, i - width : i] - filled[:, i - width - season : i - season]).mean(1)
        drift = np.where(before >= 2 * season, drift if season > 1 else 0.0, 0.0)
        stand_in = np.where(before >= season, filled[:, i - season] + drift, filled[:, i - 1])
        filled[:, i] = np.where(missing[:, t], stand_in, filled[:, i])
    return filled


def _by_phase(x: Values, before: Values) -> Values:
    """Return s(t) = 0.85 s(t-m) + x(t) for x [B, 2, T], all of [B, 2, m+T], from s of the m steps before [B, 2, m]."""
    series, steps, season = len(x), x.shape[2], before.shape[2]
    rows = -(-steps // season)
    padded = np.zeros((series, 2, rows * season))
    padded[:, :, :steps] = x
    phases = padded.reshape(series, 2, rows, season).transpose(0, 1, 3, 2).reshape(-1, rows)
    summed = discounted(phases, before.reshape(-1), SEASON_MEMORY).reshape(series, 2, season, rows)
    return np.concatenate([before, summed.transpose(0, 1, 3, 2).reshape(series, 2, -1)[:, :, :steps]], 2)


def discounted(x: Values, before: Values, decay: float) -> Values:
    """Return s(t) = decay s(t-1) + x(t) for x [N, T] and s(0) = before [N], a block of steps at a time."""
    blocks = []
    for first in range(0, x.shape[1], BLOCK):
        block = x[:, first : first + BLOCK]
        reach, powers = _powers(decay, block.shape[1])
        total = block @ powers + before[:, None] * reach
        before = total[:, -1]
        blocks.append(total)
    return np.concatenate(blocks, 1)


@lru_cache(maxsize=256)
def _powers(decay: float, steps: int) -> tuple[Values, Values]:
    """Return decay^t [T], and decay^(t-s) for steps s (rows) up to t (columns), 0 after it [T, T]."""
    lag = np.arange(steps) - np.arange(steps)[:, None]
    return decay ** np.arange(1, steps + 1), np.where(lag >= 0, decay ** np.maximum(lag, 0.0), 0.0)

"""A single step of series that lack no value, in NumPy: what is linear in the past, by one matrix product.

The level over each span and every base forecast are linear in the values where none is missing, with weights that sum
to 1, so that they may be taken relative to the newest value. The matrix is found by asking the functions that serve
every other case for what one unit at each step gives.

B series, L lookback, S spans, K base forecasts, H horizon.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from rnncast.frame.frame import Frame
from rnncast.frame.units import SUMS, Units, decay_of, units_of
from rnncast.values import Values

OF_CHANGE = np.array([1.0, 0, 1, 0, 0, 0])  # where a new difference goes in the sums
OF_SWING = np.array([0.0, 0, 0, 0, 1, 0])
COUNTED = np.array([0.0, 1, 0, 1, 0, 1])  # the weights of both


@dataclass(frozen=True)
class Rates:
    """What makes the units of the next step of the last ones, over the spans of a frame."""

    frame: Frame

    @cached_property
    def means(self) -> Values:
        """How much of each value of the past is in the level over each span [1+L, S]."""
        age = np.arange(self.frame.lookback, -1, -1)[:, None]
        spans = np.array(self.frame.own_spans)
        means: Values = (age < spans) / spans
        return means

    @cached_property
    def before(self) -> list[int]:
        """Where the values a span before the newest are."""
        return [self.frame.lookback - span for span in self.frame.own_spans]

    @cached_property
    def decay(self) -> Values:
        """By how much each of the sums fades [S, 6]."""
        decay = np.array([decay_of(span) for span in self.frame.own_spans])[:, None]
        return np.where(np.arange(SUMS) // 2 == 1, 1.0, decay)


@lru_cache(maxsize=16)
def rates_of(frame: Frame) -> Rates:
    """The Rates of a frame, which are kept."""
    return Rates(frame)


def next_units(frame: Frame, values: Values, level: Values, sums: Values) -> Units:
    """The units at the last of the values [B, L+1], none of which is missing, and of the step before it, which are
    given: level [B, S], sums [B, S, 6]."""
    rates = rates_of(frame)
    newest = values[:, -1:]
    apart = values - newest  # so that small movements of large values keep their digits
    rise = apart @ rates.means  # [B, S], from the newest value to the level
    change = np.abs(apart[:, rates.before])
    new = COUNTED + change[..., None] * OF_CHANGE + np.abs(rise)[..., None] * OF_SWING
    after = sums * rates.decay + new
    levels = np.concatenate((level[:, None], (rise + newest)[:, None]), 1)
    return units_of(levels, np.concatenate((sums[:, None], after[:, None]), 1), log=frame.log)

"""Fast units of a single step of series without missing values, in NumPy: everything linear in the past by matrix
product.

Without missing values, the level over each span is linear in the values, with weights that sum to 1, so it may be taken
relative to the newest value.

B series, L lookback, S spans.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from rnncast.frame.frame import Frame
from rnncast.frame.units import SUMS, Units, decay_of, units_of
from rnncast.values import Values

OF_CHANGE = np.array([1.0, 0, 1, 0, 0, 0])  # places of a new difference in the sums
OF_SWING = np.array([0.0, 0, 0, 0, 1, 0])
COUNTED = np.array([0.0, 1, 0, 1, 0, 1])  # places of the weights of both


@dataclass(frozen=True)
class Rates:
    """Coefficients that turn the units of one step into those of the next, over the spans of a frame."""

    frame: Frame

    @cached_property
    def means(self) -> Values:
        """Weights of each past value in the level over each span [1+L, S]."""
        age = np.arange(self.frame.lookback, -1, -1)[:, None]
        spans = np.array(self.frame.own_spans)
        means: Values = (age < spans) / spans
        return means

    @cached_property
    def before(self) -> list[int]:
        """Places of the values one span before the newest."""
        return [self.frame.lookback - span for span in self.frame.own_spans]

    @cached_property
    def decay(self) -> Values:
        """Decay factors of the sums [S, 6]."""
        decay = np.array([decay_of(span) for span in self.frame.own_spans])[:, None]
        return np.where(np.arange(SUMS) // 2 == 1, 1.0, decay)


@lru_cache(maxsize=16)
def rates_of(frame: Frame) -> Rates:
    """Return the Rates of a frame, cached."""
    return Rates(frame)


def next_units(frame: Frame, values: Values, level: Values, sums: Values) -> Units:
    """Return the units at the last of the values [B, L+1], none of which is missing, from those of the step before.

    level [B, S], sums [B, S, 6]: of the step before; they are the first of the two steps in the result.
    """
    rates = rates_of(frame)
    newest = values[:, -1:]
    apart = values - newest  # small movements of large values keep their digits this way
    rise = apart @ rates.means  # [B, S], from the newest value to the level
    change = np.abs(apart[:, rates.before])
    new = COUNTED + change[..., None] * OF_CHANGE + np.abs(rise)[..., None] * OF_SWING
    after = sums * rates.decay + new
    levels = np.concatenate((level[:, None], (rise + newest)[:, None]), 1)
    return units_of(levels, np.concatenate((sums[:, None], after[:, None]), 1), log=frame.log)

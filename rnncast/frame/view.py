"""Views: what a net sees at some steps, and what is known of the steps ahead.

B series side by side, T steps, F features, H horizon, K base forecasts.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rnncast.series.arrays import Array, namespace

LIMIT = 20.0  # scales; inputs are clipped there, because further out they only mean "far"


class Leads(NamedTuple):
    """Known covariates [B, T, H, (2 + lags) * known] of each step ahead, of its matched step, and of those each lag
    repeats.

    zero [B, T]: where 0 lies in local units; in logs, where no value is special, the level.
    """

    known: Array
    zero: Array


class FrameView(NamedTuple):
    """Inputs [B, T, F] and base forecasts [B, T, K, H] in local units, those units [B, T], and Leads.

    Leads are None unless covariates are known ahead. flags: whether the inputs include the W flags of missing values in
    the window; without them, [B, T, F-W], no value is missing.
    """

    inputs: Array
    bases: Array
    level: Array
    scale: Array
    leads: Leads | None = None
    flags: bool = True


def side_by_side(views: Sequence[FrameView]) -> FrameView:
    """Return several views of the same steps as one, with a new first axis [S, B, T, ...]."""
    xp = namespace(views[0].inputs)
    leads = [view.leads for view in views if view.leads is not None]
    together = Leads(*map(xp.stack, zip(*leads, strict=True))) if leads else None
    inputs, bases, level, scale = map(xp.stack, zip(*(view[:4] for view in views), strict=True))
    return FrameView(inputs, bases, level, scale, together)

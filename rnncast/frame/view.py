"""What a net sees of steps: its inputs, the base forecasts, and what is known of the steps to come.

B series side by side, T steps, F features, H horizon, K base forecasts.
"""

from collections.abc import Sequence
from typing import NamedTuple

from rnncast.series.arrays import Array, namespace

LIMIT = 20.0  # scales; further out, an input says no more than "far"


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


def side_by_side(views: Sequence[FrameView]) -> FrameView:
    """Several views of the same steps as one, whose parts have a first axis for them [S, B, T, ...]."""
    xp = namespace(views[0].inputs)
    leads = [view.leads for view in views if view.leads is not None]
    together = Leads(*map(xp.stack, zip(*leads, strict=True))) if leads else None
    inputs, bases, level, scale = map(xp.stack, zip(*(view[:4] for view in views), strict=True))
    return FrameView(inputs, bases, level, scale, together)

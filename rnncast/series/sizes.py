"""Limits on the size of numbers, so that squares, sums and exponentials of values stay finite."""

import numpy as np

from rnncast.errors import DataError
from rnncast.series.arrays import Array, namespace
from rnncast.series.panel import Panel

LARGEST = 1e150  # its square times a million is still finite
LOGS = (-744.0, 709.0)  # logarithms of the smallest and the largest number


def check_sizes(panel: Panel) -> None:
    """Raise DataError, naming the first one, if a panel holds a value too large to compute with."""
    wrong = np.flatnonzero(np.abs(panel.y) > LARGEST)
    if len(wrong):
        s = int(np.searchsorted(panel.indptr, wrong[0], side="right")) - 1
        series = panel.columns.of_series(panel.ids[s])
        raise DataError(too_large(float(panel.y[wrong[0]]), series), hint="correct it, or give values in a larger unit")


def too_large(value: float, series: str = "") -> str:
    """Return the message about a value beyond LARGEST, and the series it is in."""
    return f"the value {value:g}{series} is too large to compute with: it must lie within {LARGEST:g} of 0"


def from_logs(y: Array) -> Array:
    """Return exp(y), rising, never infinite or 0 however far out y lies; NaN where y is."""
    xp = namespace(y)
    return xp.exp(xp.clip(y, *LOGS))

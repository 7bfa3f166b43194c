"""How large a number may be: squares and sums of values, and what is restored from logs, stay finite."""

import numpy as np

from rnncast.errors import DataError
from rnncast.series.arrays import Array, namespace
from rnncast.series.panel import Panel

LARGEST = 1e150  # the square of which, times a million, is a number still
LOGS = (-744.0, 709.0)  # of the smallest and the largest number


def check_sizes(panel: Panel) -> None:
    """DataError, by the first one, if a panel holds a value that cannot be computed with."""
    wrong = np.flatnonzero(np.abs(panel.y) > LARGEST)
    if len(wrong):
        s = int(np.searchsorted(panel.indptr, wrong[0], side="right")) - 1
        series = panel.columns.of_series(panel.ids[s])
        raise DataError(too_large(float(panel.y[wrong[0]]), series), hint="correct it, or give values in a larger unit")


def too_large(value: float, series: str = "") -> str:
    """What is said of a value beyond LARGEST, and of which series it is."""
    return f"the value {value:g}{series} is too large to compute with: it must lie within {LARGEST:g} of 0"


def from_logs(y: Array) -> Array:
    """exp(y), rising, and neither infinite nor 0 however far out y lies; NaN where y is."""
    xp = namespace(y)
    return xp.exp(xp.clip(y, *LOGS))

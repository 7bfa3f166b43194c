"""Numbers for people: enough digits to tell them apart, thousands separated, one format for each column."""

import math
from collections.abc import Callable, Iterable
from statistics import median

from rnncast.settings import AUTO, FULL

DIGITS = 4  # significant digits of a number of middling size
TINY = 100  # times smaller
LARGE, SMALL = 1e12, 1e-3  # beyond these, numbers are written with an exponent


def column_format(values: Iterable[float], digits: str = AUTO) -> Callable[[float], str]:
    """Return the format for the numbers of a column: four significant digits for a middling one, or more.

    There are more if a tenth of the numbers are tiny beside it. digits: "auto" for that, "full" for all, or a number of
    decimals. NaN is empty; inf is written as such.
    """
    sizes = sorted(abs(value) for value in values if math.isfinite(value) and value)
    middle = min(median(sizes), TINY * sizes[len(sizes) // 10]) if sizes else 1.0
    if digits != AUTO:
        pattern = "," if digits == FULL else f",.{digits}f"
    elif middle < SMALL or max(sizes, default=0.0) >= LARGE:
        pattern = f".{DIGITS - 1}e"
    else:
        pattern = f",.{max(0, DIGITS - len(str(int(middle))))}f"

    def written(value: float) -> str:
        if not math.isfinite(value):
            return "" if math.isnan(value) else f"{value:g}"
        return format(value, pattern)

    return written

"""Numbers for a person: as many digits as tell them apart, thousands separated, one format to a column."""

import math
from collections.abc import Callable, Iterable
from statistics import median

DIGITS = 4  # significant, of a number of middling size
TINY = 100  # times smaller
LARGE, SMALL = 1e12, 1e-3  # beyond which numbers are written with an exponent


def column_format(values: Iterable[float]) -> Callable[[float], str]:
    """How to write the numbers of a column: with the decimals that a middling one needs for four significant digits, or
    more where a tenth of them is tiny beside it. Nothing for NaN; inf is what it is."""
    sizes = sorted(abs(value) for value in values if math.isfinite(value) and value)
    middle = min(median(sizes), TINY * sizes[len(sizes) // 10]) if sizes else 1.0
    if middle < SMALL or max(sizes, default=0.0) >= LARGE:
        pattern = f".{DIGITS - 1}e"
    else:
        pattern = f",.{max(0, DIGITS - len(str(int(middle))))}f"

    def written(value: float) -> str:
        if not math.isfinite(value):
            return "" if math.isnan(value) else f"{value:g}"
        return format(value, pattern)

    return written

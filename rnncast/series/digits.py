"""How many decimals of a forecast mean anything: those of the data, and enough that small values stay told apart."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rnncast.settings import AUTO, FULL

SIGNIFICANT = 4  # digits that a typical value of a series is shown with, at least
COMPUTED = 6  # and where the data are themselves computed, with more decimals than anybody writes
MOST_WRITTEN = 8  # decimals, beyond which data are taken for computed
MOST = 12  # digits that anybody writes, and decimals
NEAR = 1e-12  # of a value, that a computer may be off
SAMPLE = 2000  # values that are looked at


def justified(values: Sequence[NDArray[np.float64]]) -> NDArray[np.int64]:
    """The decimals [S] that the forecasts of series are written with, by their past values (NaN = missing)."""
    sizes = np.array([_size(y) for y in values])
    written = _written(values)
    least = COMPUTED if written is None else SIGNIFICANT
    leading = np.floor(np.log10(np.where(sizes > 0, sizes, 1.0))).astype(np.int64)
    return np.clip(np.maximum(least - 1 - leading, written or 0), 0, MOST)


def decimals_of(asked: str, values: Sequence[NDArray[np.float64]]) -> NDArray[np.int64] | None:
    """The decimals [S] that are asked for: a number of them, "auto" as `justified`, None for all that there are."""
    if asked == FULL:
        return None
    return justified(values) if asked == AUTO else np.full(len(values), int(asked))


def rounded(values: NDArray[np.float64], places: int) -> list[float] | list[int]:
    """Numbers to so many decimals; whole ones as int where there are none."""
    near = _near(values, places)
    if places == 0 and np.isfinite(near).all() and (np.abs(near) < 2**53).all():
        return near.astype(np.int64).tolist()  # type: ignore[no-any-return]
    return near.tolist()  # type: ignore[no-any-return]


def _near(values: NDArray[np.float64], places: int) -> NDArray[np.float64]:
    """Numbers to so many decimals; those too large to be multiplied by a power of ten have no decimals to lose."""
    with np.errstate(over="ignore", invalid="ignore"):
        near = np.round(values, places)
    return np.where(np.isfinite(near), near, values)


def _size(y: NDArray[np.float64]) -> float:
    """The mean size of a series' values; 0 of one that has none."""
    known = np.abs(y[np.isfinite(y)])
    return float((known / len(known)).sum()) if len(known) else 0.0  # whose sum alone might be too large


def _written(values: Sequence[NDArray[np.float64]]) -> int | None:
    """The decimals that values were written with; None if they have more than anybody writes."""
    each = max(1, SAMPLE // max(1, len(values)))
    known = np.concatenate([np.empty(0), *(y[-each:] for y in values[:SAMPLE])])
    known = known[np.isfinite(known)]
    whole = len(str(int(np.abs(known).max(initial=0))))
    for places in range(min(MOST_WRITTEN, MOST - whole) + 1):
        if (np.abs(_near(known, places) - known) <= NEAR * np.maximum(1, np.abs(known))).all():
            return places
    return None

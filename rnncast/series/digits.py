"""Decimals of a forecast that mean anything: those of the data, and enough to tell small values apart."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnncast.settings import AUTO, FULL

SIGNIFICANT = 4  # digits shown of a typical value of a series, at least
COMPUTED = 6  # the same for data that are computed themselves, with more decimals than anyone writes
MOST_WRITTEN = 8  # decimals, beyond which data are taken to be computed
MOST = 12  # digits, and decimals, that anyone writes
NEAR = 1e-12  # relative rounding error of a computer
SCORED = 5  # significant digits of a score: no data tell more apart
SAMPLE = 2000  # values examined


def justified(values: Sequence[NDArray[np.float64]]) -> NDArray[np.int64]:
    """Return the decimals [S] to write forecasts of series with, judged by their past values (NaN = missing)."""
    sizes = np.array([_size(y) for y in values])
    written = _written(values)
    least = COMPUTED if written is None else SIGNIFICANT
    leading = np.floor(np.log10(np.where(sizes > 0, sizes, 1.0))).astype(np.int64)
    return np.clip(np.maximum(least - 1 - leading, written or 0), 0, MOST)


def decimals_of(asked: str, values: Sequence[NDArray[np.float64]]) -> NDArray[np.int64] | None:
    """Return the decimals [S] asked for: a number, "auto" for `justified`; None for all digits."""
    if asked == FULL:
        return None
    return justified(values) if asked == AUTO else np.full(len(values), int(asked))


def rounded(values: NDArray[np.float64], places: int) -> list[float] | list[int]:
    """Return numbers rounded to `places` decimals; as int where they are whole and `places` is 0."""
    near = _near(values, places)
    if places == 0 and np.isfinite(near).all() and (np.abs(near) < 2**53).all():
        return near.astype(np.int64).tolist()  # type: ignore[no-any-return]
    return near.tolist()  # type: ignore[no-any-return]


def finest(decimals: NDArray[np.int64], number: int) -> NDArray[np.int64]:
    """Return the most decimals of any series, for each of a number of sums over series."""
    return np.full(number, decimals.max())


def scores_written(rows: Iterable[Sequence[Any]], asked: str) -> list[list[Any]]:
    """Return rows of scores with their numbers as asked: five significant digits, all digits, or so many decimals."""
    return [[score_written(cell, asked) if isinstance(cell, float) else cell for cell in row] for row in rows]


def score_written(value: float, asked: str) -> float:
    """Return a score as asked for: with five significant digits, with all digits, or with so many decimals."""
    if asked == FULL or not math.isfinite(value):
        return value
    return float(f"{value:.{SCORED}g}") if asked == AUTO else round(value, int(asked))


def _near(values: NDArray[np.float64], places: int) -> NDArray[np.float64]:
    """Return numbers rounded to `places` decimals; those too large to scale by a power of ten have no decimals to
    lose."""
    with np.errstate(over="ignore", invalid="ignore"):
        near = np.round(values, places)
    return np.where(np.isfinite(near), near, values)


def _size(y: NDArray[np.float64]) -> float:
    """Return the mean absolute value of a series; 0 if it has no values."""
    known = np.abs(y[np.isfinite(y)])
    return float((known / len(known)).sum()) if len(known) else 0.0  # divided first, so that the sum cannot overflow


def _written(values: Sequence[NDArray[np.float64]]) -> int | None:
    """Return the decimals that values were written with; None if they have more than anyone writes."""
    each = max(1, SAMPLE // max(1, len(values)))
    known = np.concatenate([np.empty(0), *(y[-each:] for y in values[:SAMPLE])])
    known = known[np.isfinite(known)]
    whole = len(str(int(np.abs(known).max(initial=0))))
    for places in range(min(MOST_WRITTEN, MOST - whole) + 1):
        if (np.abs(_near(known, places) - known) <= NEAR * np.maximum(1, np.abs(known))).all():
            return places
    return None

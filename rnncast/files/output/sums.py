"""Sums of forecasts as rows: ids, period, its first and last step, the sum and its interval."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from rnncast.files.output.forecasts import Decimals
from rnncast.series.digits import rounded
from rnncast.series.forecast import POINT
from rnncast.series.sums import Sums


def sums_header(sums: Sums) -> list[str]:
    """Return the column names: ids, the period (unless it is all), from, to, steps, the sum, and its interval or
    quantiles."""
    if sums.by_level:
        beside = [f"{POINT}-{side}-{level:g}" for level in sums.levels for side in ("lo", "hi")]
    else:
        beside = [f"{POINT}-ql{probability:g}" for probability in sums.probabilities]
    return [*sums.columns.ids, *([] if sums.by == "all" else [sums.by]), "from", "to", "steps", POINT, *beside]


def sums_rows(sums: Sums, decimals: Decimals = None) -> Iterator[list[Any]]:
    """Yield the rows: series in the order of the data, each over its periods, with times as the user writes them.

    decimals: of the numbers of each series, in that order; None for all digits.
    """
    place = {name: s for s, name in enumerate(dict.fromkeys(sums.ids))}
    times = sums.columns.written(sums.ends)
    order = list(range(len(sums.probabilities)))
    if sums.by_level:
        order = [place for level in sums.levels for place in _ends(sums, level)]
    for r, name in enumerate(sums.ids):
        period = [] if sums.by == "all" else [sums.period[r]]
        numbers: list[Any] = [float(sums.point[r]), *sums.quantiles[r, order].tolist()]
        if decimals is not None:
            numbers = rounded(np.array(numbers), int(decimals[place[name]]))
        yield [*sums.columns.parts(name), *period, *times[r], int(sums.steps[r]), *numbers]


def _ends(sums: Sums, level: float) -> tuple[int, int]:
    tail = round((50 - level / 2) / 100, 10)
    return sums.probabilities.index(tail), sums.probabilities.index(round(1 - tail, 10))


def partial_in_words(sums: Sums) -> str:
    """Return a remark on the periods that the forecast covers only in part; empty if there are none."""
    partial = list(dict.fromkeys(sums.period[r] for r in range(len(sums.ids)) if not sums.whole[r]))
    if not partial:
        return ""
    return f"{', '.join(partial)}: only the forecast steps are summed; see the columns from, to and steps"

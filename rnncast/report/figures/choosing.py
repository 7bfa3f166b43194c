"""Choice of the series to draw when there are many: the worst, the middle and the best, not the first."""

from typing import NamedTuple

import numpy as np

from rnncast.values import Values

EACH = 3  # of the worst, of those in the middle, of the best
WORDS = "worst", "median", "best"
MOST = 3 * EACH  # series that are all drawn, if there are no more


class Chosen(NamedTuple):
    """A series, by its place, and which of the three it is; "" if all are drawn."""

    place: int
    which: str


def chosen(scores: Values, words: tuple[str, str, str] = WORDS) -> list[Chosen]:
    """Choose series by their scores [S], higher being worse: the worst, the median and the best, each with its word.

    With at most `MOST` series, all of them, the worst first and those without a score (NaN) last. With more, only those
    with a score, if any has one; if these are at most `MOST`, all of them.
    """
    order = np.argsort(-scores, kind="stable")  # NaN last
    scored = int((~np.isnan(scores)).sum())
    if len(order) <= MOST or scored <= MOST:
        few = order if len(order) <= MOST else order[: scored or MOST]
        return [Chosen(place, "") for place in few.tolist()]
    middle = (scored - EACH) // 2
    starts = (0, middle, scored - EACH)
    return [
        Chosen(place, word)
        for start, word in zip(starts, words, strict=True)
        for place in order[start : start + EACH].tolist()
    ]


def in_words(drawn: list[Chosen], scores: Values, by: str, words: tuple[str, str, str] = WORDS) -> str:
    """Return which series of a panel are drawn, for a line under the title."""
    of, scored = len(scores), bool(np.isfinite(scores).any())
    few = f"all {of} series" if len(drawn) == of else f"{len(drawn)} of {of} series"
    if any(each.which for each in drawn):
        return f"{few}: the {words[0]}, the {words[1]} and the {words[2]}, by {by}"
    return f"{few}, the {words[0]} first, by {by}" if scored else few

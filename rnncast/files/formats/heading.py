"""Titles above a table: reports have lines above the header that are not part of the table."""

from collections.abc import Sequence

from rnncast.files.formats.marks import MISSING, is_number
from rnncast.times.formats import formats_of

LOOKED_AT = 30  # rows, at most, searched for the header


def title_rows(rows: Sequence[Sequence[str]]) -> int:
    """Return the number of rows above the header; 0 if the first row is the header, or there is none.

    rows: the first rows, with stripped cells. A title fills fewer cells than the header below it, which consists of
    words and has numbers under it.
    """
    filled = [sum(map(bool, row)) for row in rows[:LOOKED_AT]]
    for place, row in enumerate(rows[: len(filled)]):
        if filled[place] < 2 or not names(row):
            continue
        titled = max(filled[:place], default=0) < filled[place]
        below = rows[place + 1 : len(filled)]
        return place if titled and any(is_number(cell) for each in below for cell in each) else 0
    return 0


def names(row: Sequence[str]) -> bool:
    """Return whether a row can be a header: no cell of it is a number, a time or a missing value."""
    return not any(cell and (cell in MISSING or is_number(cell) or formats_of([cell])) for cell in row)


def title_note(name: str, rows: Sequence[Sequence[str]]) -> str:
    """Return the remark about rows above the header; empty if they are blank."""
    texts = [" ".join(filter(None, row)) for row in rows]
    shown = [repr(text[:60]) for text in texts if text]
    if not shown:
        return ""
    lines = "1 line" if len(shown) == 1 else f"{len(shown)} lines"
    more = f" and {len(shown) - 3} more" if len(shown) > 3 else ""
    return f"{name}: skipped {lines} above the header: {', '.join(shown[:3])}{more}"

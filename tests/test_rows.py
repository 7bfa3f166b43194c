"""Rows as CSV: what Python's own csv module writes, whatever stands in the cells."""

import csv
import io
import math

from hypothesis import given
from hypothesis import strategies as st

from rnncast.files.output.rows import BLOCK, stream_csv

numbers = st.floats() | st.integers() | st.none()
cells = st.one_of(numbers, st.text(st.characters(exclude_categories=["Cs"]), max_size=8))


@given(st.lists(st.tuples(st.text(max_size=5).map(lambda text: text.replace("\0", "")), st.floats(), numbers, cells)))
def test_csv_is_that_of_the_csv_module(rows: list[tuple[object, ...]]) -> None:
    rows = [tuple(cell.replace("\0", "") if isinstance(cell, str) else cell for cell in row) for row in rows]
    ours, theirs, names = io.StringIO(), io.StringIO(), ["id", 'a "name"', "x,y", "forecast"]
    stream_csv(names, ours)(rows)
    writer = csv.writer(theirs, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(
        [None if isinstance(cell, float) and not math.isfinite(cell) else cell for cell in row] for row in rows
    )
    assert ours.getvalue() == theirs.getvalue()


def test_many_rows_are_all_written() -> None:
    out = io.StringIO()
    stream_csv(["step", "value"], out)((i, i / 2) for i in range(2 * BLOCK + 1))
    assert out.getvalue().splitlines()[1:] == [f"{i},{i / 2}" for i in range(2 * BLOCK + 1)]

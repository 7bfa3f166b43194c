"""Lines of a stream that are no rows are given as such, with the reason; the rows after them are read."""

import numpy as np
import pytest

from rnncast.config import TableConfig
from rnncast.errors import DataError
from rnncast.files.panels.stream import BadRow, StreamRow, stream_rows
from rnncast.series.panel import Columns
from rnncast.times.frequency import DAY, Frequency

NUMBERED = Columns(("id",), "step", "y"), Frequency("step")
DATED = Columns(("id",), "day", "y", "%Y-%m-%d"), Frequency("span", DAY)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("a,99999999999999999999,1", "is not a whole number, as steps are"),
        ("a,1_000,1", "is not a whole number"),
        ("a,3,1e999", "'1e999' in column 'y' is not a number"),
        ('a,3\r4,"1"', "is not a row: new-line character"),
        ('a,"' + "3" * 200_000 + '",1', "is not a row: field larger than field limit"),
    ],
    ids=["beyond 64 bits", "an underscore", "infinite", "a return in quotes", "a long cell"],
)
def test_a_line_that_is_no_row(line: str, reason: str) -> None:
    bad, good = stream_rows(["id,step,y", line, "a,4,2"], *NUMBERED, TableConfig())
    assert isinstance(bad, BadRow)
    assert reason in bad.reason
    assert good == StreamRow(3, "a", 2.0, (4,))


def test_a_day_at_the_end_of_the_calendar() -> None:
    rows = stream_rows(["id,day,y", "a,9999-12-31,1", "a,0001-01-01,1", "a,9999-12-29,2"], *DATED, TableConfig())
    last, first, good = rows
    assert isinstance(last, BadRow)
    assert isinstance(first, BadRow)
    assert "lies outside the calendar of years 1 to 9999" in last.reason
    assert isinstance(good, StreamRow)


@pytest.mark.parametrize(("decimal", "half"), [("point", "0.5"), ("comma", '"0,5"')])
def test_words_for_a_missing_value(decimal: str, half: str) -> None:
    lines = ["id,step,y", "a,4,k.A.", "a,5,-999", f"a,6,{half}", "a,7,n.v."]
    table = TableConfig(missing=("k.A.", "-999"), decimal=decimal)
    *good, bad = stream_rows(lines, *NUMBERED, table)
    np.testing.assert_array_equal([row.value for row in good if isinstance(row, StreamRow)], [np.nan, np.nan, 0.5])
    assert isinstance(bad, BadRow)
    bare = list(stream_rows(["k.A.", "3"], Columns((), None, "value"), Frequency("step"), table))
    np.testing.assert_array_equal([row.value for row in bare if isinstance(row, StreamRow)], [np.nan, 3])


def test_objects_nested_too_deeply() -> None:
    lines = ['{"id":"a","step":3,"y":1}', '{"id":' + "[" * 100_000, '{"id":"a","step":4,"y":1}']
    _, bad, good = stream_rows(lines, *NUMBERED, TableConfig())
    assert isinstance(bad, BadRow)
    assert isinstance(good, StreamRow)


def test_a_header_that_is_none() -> None:
    with pytest.raises(DataError, match="does not name the columns"):
        list(stream_rows(['"id\rstep",y', "a,1,2"], *NUMBERED, TableConfig()))

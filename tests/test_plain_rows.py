"""Series in rows: what is parsed in blocks is what is parsed cell by cell, for any table."""

from io import BytesIO

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as some

from rnncast.config import TableConfig
from rnncast.files.formats.lines import Start
from rnncast.files.formats.plain_rows import plain_rows
from rnncast.files.formats.sources import open_source
from rnncast.files.panels.series_rows import _cell_by_cell

NUMBERS = some.floats(allow_nan=False, allow_infinity=False).map(repr) | some.integers(-9999, 9999).map(str)
SHORT = some.integers(-(10**9), 10**9).map(lambda n: str(n / 1000))
WORDS = some.sampled_from(["", "NA", "nan", "-", ".", "?", " ", " 3", "4 ", "inf", "1e400", "x", "0x1", "1_0", "+.5"])
IDS = some.text(some.sampled_from("aé 1\t"), max_size=3)
ENDS = some.sampled_from(["\n", "\r\n", "\n\n", "\n \n"])
CELL = some.tuples(some.booleans(), some.one_of(SHORT, SHORT, NUMBERS, WORDS))
NONE = some.lists(WORDS.map(str.strip).filter(bool) | SHORT, max_size=2).map(tuple)  # words for a missing value
ROW = some.tuples(IDS, some.lists(CELL, max_size=5), ENDS)


@given(some.lists(ROW, min_size=1, max_size=6), some.sampled_from(",;"), some.booleans(), NONE)
@example([("a", [(False, "1"), (True, "2")], "\n"), ("b", [(False, "3"), (False, "")], "\n")], ",", True, ())
@example(
    [("a", [(False, "0.1234567890123456789")], "\n"), ("b", [(False, "1.7976931348623157e308")], "\n")], ",", True, ()
)
@example(
    [("a", [(False, "1"), (False, "-9.0")], "\n"), ("b", [(False, "x"), (False, "3")], "\n")], ",", True, ("x", "-9")
)
def test_in_blocks_as_cell_by_cell(
    rows: list[tuple[str, list[tuple[bool, str]], str]], mark: str, ended: bool, words: tuple[str, ...]
) -> None:
    texts = [
        mark.join([name, *(f'"{cell}"' if quoted else cell for quoted, cell in cells)]) + end
        for name, cells, end in rows
    ]
    text = "".join(texts)
    text = text if ended else text.rstrip("\r\n")
    if not text.strip():
        return
    with open_source(BytesIO(text.encode()), lambda done, total: None, "auto") as source:
        quick = plain_rows(source, 0, mark, words)
        if quick is None:
            return
        slow = _cell_by_cell(source, Start(0, 0), mark, False, TableConfig(missing=words))
    assert (quick.ids, quick.lines, quick.lengths.tolist()) == (slow.ids, slow.lines, slow.lengths.tolist())
    np.testing.assert_array_equal(quick.values, slow.values)


def test_plain_numbers_are_parsed_in_blocks() -> None:
    text = '"id","V2"\n"a","1","2.5",NA,""\n\nb,,-3e2\nc\n'
    with open_source(BytesIO(text.encode()), lambda done, total: None, "auto") as source:
        found = plain_rows(source, 1, ",")
        assert plain_rows(source, 0, ",") is None  # "V2" is no number
    assert found is not None
    assert (found.ids, found.lines, found.lengths.tolist()) == (["a", "b", "c"], [2, 4, 5], [2, 2, 0])
    np.testing.assert_array_equal(found.values, [1, 2.5, np.nan, -300])


def test_a_byte_order_mark_is_not_in_the_first_id() -> None:
    with open_source(BytesIO("\ufeffa,1,2\n".encode()), lambda done, total: None, "auto") as source:
        found = plain_rows(source, 0, ",")
    assert found is not None
    assert found.ids == ["a"]

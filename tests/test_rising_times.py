"""Distinct rising times are read as bytes; what they are, and what is refused, is as with any other reader."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from rnncast.errors import DataError
from rnncast.files.formats import delimited
from rnncast.files.formats.lines import rising_cells
from rnncast.files.panels import stamps
from rnncast.files.panels.tables import read_table

SPOILT = ["", "2024-02-30", "x", "9999-12-31", '"a"']
FORMS = {"D": 10, "m": 16, "s": 19}  # units, and letters of a time


def read(path: Path, *, quick: bool, arrow: bool) -> object:
    """What is read, or the message about what is wrong."""
    with pytest.MonkeyPatch.context() as patch:
        if not arrow:
            patch.setattr(delimited, "_with_arrow", lambda *given: None)
        if not quick:
            patch.setattr(delimited, "rising_cells", lambda *given: {})
            patch.setattr(stamps, "_plain_times", lambda *given: None)
        try:
            panel = read_table(str(path))
        except DataError as error:
            return str(error), error.hint
    times = panel.frequency.times(panel.start), panel.frequency, panel.columns, panel.ids
    return *times, panel.y.tolist()


@given(
    unit=some.sampled_from(list(FORMS)),
    mark=some.sampled_from(" T"),
    start=some.integers(-20_000, 40_000),
    count=some.integers(3, 40),
    step=some.integers(1, 3),
    spoilt=some.none() | some.tuples(some.integers(0, 39), some.sampled_from(SPOILT)),
    swapped=some.booleans(),
    arrow=some.booleans(),
)
def test_as_any_other_reader(
    tmp_path_factory: pytest.TempPathFactory,
    unit: str,
    mark: str,
    start: int,
    count: int,
    step: int,
    spoilt: tuple[int, str] | None,
    swapped: bool,
    arrow: bool,
) -> None:
    times = (np.datetime64(start, "D").astype(f"M8[{unit}]") + step * np.arange(count)).astype(str).tolist()
    times = [time[: FORMS[unit]].replace("T", mark) for time in times]
    if spoilt and spoilt[0] < count:
        times[spoilt[0]] = spoilt[1]
    if swapped:
        times[0], times[-1] = times[-1], times[0]
    path = tmp_path_factory.mktemp("t") / "table.csv"
    path.write_text("ds,y\n" + "".join(f"{time},{i}\n" for i, time in enumerate(times)))
    expected = read(path, quick=False, arrow=arrow)
    np.testing.assert_equal(read(path, quick=True, arrow=arrow), expected)


def test_cells_that_rise() -> None:
    assert rising_cells(b"a,1,x\na,2,y\n", ",", 3, range(3)).keys() == {1, 2}
    assert rising_cells(b"01\n02\n10\n", ",", 1, [0])[0].tolist() == [b"01", b"02", b"10"]
    for block in (b"1,2\n2\n", b"2,2\n1,2\n", b"1,2\n10,2\n", b"1 ,2\n2 ,2\n", "é,2\nü,2\n".encode()):
        assert rising_cells(block, ",", 2, [0]) == {}

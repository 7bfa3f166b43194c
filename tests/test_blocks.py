"""What is kept by blocks of positions is what would be made of each position when it is asked for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncast.series.blocks import BLOCK, in_blocks
from rnncast.series.panel import Columns
from rnncast.times.frequency import HOUR, Frequency, Positions

GRIDS = [
    (Frequency("step", count=3, phase=1), Columns(time="t", time_format="")),
    (Frequency("month"), Columns(time="t", time_format="%Y-%m")),
    (
        Frequency("span", count=HOUR),
        Columns(time="t", time_format="%Y-%m-%d %H:%M", time_zone="Europe/Berlin", in_utc=True),
    ),
]


@pytest.mark.parametrize(("frequency", "columns"), GRIDS, ids=["steps", "months", "hours"])
@given(data=st.data())
def test_a_block_holds_what_each_position_gives(frequency: Frequency, columns: Columns, data: st.DataObject) -> None:
    first, steps = data.draw(st.integers(-1000, 20_000)), data.draw(st.integers(1, 3 * BLOCK))

    def texts(positions: Positions) -> np.ndarray:
        return columns.written(frequency.times(positions))

    found = in_blocks(texts, frequency)(first, steps)
    assert found.tolist() == texts(np.arange(first, first + steps)).tolist()


def test_a_block_that_reaches_beyond_the_calendar_gives_what_lies_in_it() -> None:
    frequency, columns = GRIDS[1]
    last = frequency.reach[1]
    texts = in_blocks(lambda positions: columns.written(frequency.times(positions)), frequency)
    assert texts(last - 1, 2).tolist() == columns.written(frequency.times(np.array([last - 1, last]))).tolist()

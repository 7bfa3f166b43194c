"""Tables on a terminal: they fit, no cell is cut, and the numbers of a column are written alike."""

import io

import numpy as np
import pytest

from rnncast.report.numbers import column_format
from rnncast.report.screen import screen
from rnncast.report.tables import forecast_table
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Columns
from rnncast.times.frequency import DAY, Frequency

LEVELS = (0.005, 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 0.995)
DAILY = Frequency("span", count=DAY)


def drawn(width: int, series: str) -> str:
    columns = Columns(("shop",), "date", "sales", "%Y-%m-%d")
    point = np.array([[2825.66, 12345.678, 980.0]])
    quantiles = point[..., None] * np.linspace(0.5, 1.5, len(LEVELS))
    forecast = Forecast((series,), np.array([18000]), point, quantiles, LEVELS, DAILY, columns)
    out = io.StringIO()
    screen(out, width).print(forecast_table(forecast))
    return out.getvalue()


@pytest.mark.parametrize("series", ["north", "a shop with a very long name, in a far country"])
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_cell_of_a_forecast_is_cut(width: int, series: str) -> None:
    text = drawn(width, series)
    assert "…" not in text
    assert "2019-04-15" in text
    assert "12,346" in text
    assert max(map(len, text.splitlines())) <= width


def test_what_does_not_fit_is_named_from_the_widest_interval_on() -> None:
    assert "too narrow for lo-80, hi-80, lo-95, hi-95, lo-99, hi-99:" in drawn(60, "north")
    assert "too narrow" not in drawn(120, "north")


def test_the_numbers_of_a_column_have_one_format() -> None:
    assert [column_format([2.5, 12345.678])(value) for value in (2.5, 12345.678)] == ["2.5", "12,345.7"]
    assert [column_format([900.0, 1000.0, 2e6])(value) for value in (900.0, 2e6)] == ["900", "2,000,000"]
    small = column_format([5000.0] * 5 + [0.05] * 5)
    assert small(0.05) == "0.050"  # a small series among large ones is still to be read
    assert column_format([1e-9, 2e-9])(1e-9) == "1.000e-09"
    assert column_format([])(float("nan")) == ""
    assert column_format([1.0])(float("inf")) == "inf"

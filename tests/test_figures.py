"""Figures: what every one keeps to, whatever the data, and which series of many are drawn."""

import dataclasses
import math
from pathlib import Path
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.dates import num2date

from rnncast.report.excerpts import bands_of, value_range
from rnncast.report.figures.axes import MOST_POINTS, Numbers, Timeline, set_values, thinned
from rnncast.report.figures.choosing import EACH, MOST, chosen, in_words
from rnncast.report.figures.file import write_figure
from rnncast.report.figures.forecasts import forecast_figure
from rnncast.report.figures.style import new_figure, styled, tints, written_out
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Columns
from rnncast.times.frequency import HOUR, Frequency
from rnncast.values import Values

MONTHLY = Frequency("month")
SVG = "{http://www.w3.org/2000/svg}"
SCORES = st.lists(st.floats(0, 1e6) | st.just(math.nan), min_size=1, max_size=60).map(np.array)


def forecast_of(series: list[str], point: Values, spread: Values) -> Forecast:
    """The same forecast of each series, at four levels, in intervals of a spread of its own [S]."""
    probabilities = (0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975)
    offsets = np.linspace(-1, 1, len(probabilities))
    quantiles = point[None, :, None] + offsets * spread[:, None, None]
    columns = Columns(("shop",), "month", "sales", "%Y-%m")
    points = np.tile(point, (len(series), 1))
    return Forecast(tuple(series), np.full(len(series), 700), points, quantiles, probabilities, MONTHLY, columns)


def texts(forecast: Forecast, seen: list[Values], path: str, s: int | None = None) -> list[str]:
    """What is written in an SVG of a forecast."""
    write_figure(path, lambda: forecast_figure(forecast, seen, (12,), s))
    return [each.text or "" for each in ElementTree.parse(path).iter(f"{SVG}text")]


@given(SCORES)
def test_the_worst_the_median_and_the_best_are_drawn(scores: Values) -> None:
    places = chosen(scores)
    known = np.sort(scores[~np.isnan(scores)])[::-1]
    drawn = [scores[place] for place, _ in places]
    assert len({place for place, _ in places}) == len(places)
    if len(scores) <= MOST:
        assert len(places) == len(scores)
        assert drawn[: len(known)] == known.tolist()
    elif len(known) <= MOST:
        assert len(places) == (len(known) or MOST)
    else:
        words = [which for _, which in places]
        assert words == ["worst"] * EACH + ["median"] * EACH + ["best"] * EACH
        assert drawn[:EACH] == known[:EACH].tolist()
        assert drawn[-EACH:] == known[-EACH:].tolist()
        middle = drawn[EACH : 2 * EACH]
        assert min(middle) <= np.median(known) <= max(middle)
        assert "the worst, the median and the best" in in_words(places, scores, "MASE")


def test_the_widest_interval_of_many_series_comes_first_and_its_title_says_so(tmp_path: Path) -> None:
    names = [f"shop-{i}" for i in range(12)]
    seen = [100 + 10 * np.sin(np.arange(60) * math.tau / 7)] * 12
    forecast = forecast_of(names, np.full(6, 100.0), np.arange(1.0, 13.0))
    shown = texts(forecast, seen, str(tmp_path / "x.svg"))
    assert [each for each in shown if each.startswith("shop-")] == [f"shop-{i}" for i in (11, 10, 9, 7, 6, 5, 2, 1, 0)]
    assert sum(each.startswith("widest, ") for each in shown) == 3
    assert any(each.startswith("9 of 12 series: the widest, the median and the narrowest, by ") for each in shown)
    alone = texts(forecast, seen, str(tmp_path / "y.svg"), 4)
    assert "sales of series 'shop-4'" in alone
    assert {"history", "forecast", "95 %", "80 %", "50 %"} <= set(alone)


@pytest.mark.parametrize(
    ("seen", "point", "spread"),
    [
        ([], [6.7e-301], 1.8e8),
        ([math.nan], [0.0], 0.0),
        ([1e300, -1e300, math.nan, 5.0], [1e307, -1e307], 1e300),
        ([1e-300, 3e-300], [2e-300, 5e-320], 1e-310),
        ([0.0, 0.0, 0.0], [1e-12], 1e9),
        ([7.0], [7.0] * 8, 0.0),
    ],
)
def test_any_values_can_be_drawn(tmp_path: Path, seen: list[float], point: list[float], spread: float) -> None:
    forecast = forecast_of(["a"], np.array(point), np.array([spread]))
    assert texts(forecast, [np.array(seen, float)], str(tmp_path / "x.svg"))


PLAIN = ["<script>alert(1)</script>", "a & b", "$x^2$", "_x"]


@pytest.mark.parametrize("name", [*PLAIN, "\x1b[31mred", "\ud800", "\ufffe"])
def test_a_name_stays_text(tmp_path: Path, name: str) -> None:
    shown = texts(forecast_of([name], np.ones(3), np.ones(1)), [np.ones(20)], str(tmp_path / "x.svg"))
    assert f"sales of series {name!r}" in shown
    assert written_out(name) == name if name in PLAIN else written_out(name).isascii()


@pytest.mark.parametrize(("form", "head"), [("png", b"\x89PNG\r\n"), ("svg", b"<?xml"), ("pdf", b"%PDF-")])
def test_the_same_figure_is_the_same_bytes(tmp_path: Path, form: str, head: bytes) -> None:
    forecast = forecast_of(["a"], np.arange(6.0), np.ones(1))
    made = []
    for i in range(2):
        path = tmp_path / f"{i}.{form}"
        write_figure(str(path), lambda: forecast_figure(forecast, [np.arange(30.0)], (12,), None))
        made.append(path.read_bytes())
    assert made[0] == made[1]
    assert made[0].startswith(head)
    assert b"<dc:date>" not in made[0]
    assert b"CreationDate" not in made[0]


def test_matplotlib_is_left_as_it_was() -> None:
    before = dict(matplotlib.rcParams)
    with styled():
        assert matplotlib.rcParams["svg.hashsalt"] == "rnncast"
    assert dict(matplotlib.rcParams) == before


def test_a_letter_that_no_font_has_is_said(tmp_path: Path) -> None:
    told: list[str] = []
    forecast = forecast_of(["\U00012000"], np.ones(3), np.ones(1))
    for form in ("png", "svg"):
        path = str(tmp_path / f"x.{form}")
        write_figure(path, lambda: forecast_figure(forecast, [np.ones(20)], (), None), told.append)
    assert len(told) == 1
    assert "no font here has all letters" in told[0]


def test_times_are_those_of_the_clocks_that_the_user_reads() -> None:
    columns = Columns((), "at", "load", "%Y-%m-%dT%H:%M%:z", "Europe/Berlin", in_utc=True)
    timeline = Timeline(Frequency("span", HOUR), columns)
    with styled():
        axes = new_figure(8, 3).add_subplot()
        start = 473_000  # hours after 1970, in December 2023
        timeline.set_on(axes, start, start + 48, 6)
        axes.figure.draw_without_rendering()  # type: ignore[union-attr]
        labels = {text.get_position()[0]: text.get_text() for text in axes.get_xticklabels()}
    midnights = [place for place, label in labels.items() if ":" not in label]
    assert midnights
    assert all(num2date(place).hour == 23 for place in midnights)  # UTC: midnight in Berlin


@pytest.mark.parametrize("last", [1, 5, 100])
def test_steps_without_dates_are_whole_numbers(last: int) -> None:
    with styled():
        axes = new_figure(8, 3).add_subplot()
        Timeline(Frequency("step", phase=0), Columns()).set_on(axes, 1, last, 8)
        axes.figure.draw_without_rendering()  # type: ignore[union-attr]
        assert all(text.get_text().lstrip("−-").isdecimal() for text in axes.get_xticklabels())


@pytest.mark.parametrize(
    ("values", "labels"),
    [
        ([0, 50, 100], ["0", "50", "100"]),
        ([0.0, 0.25, 0.5], ["0.00", "0.25", "0.50"]),
        ([2000, 4000], ["2000", "4000"]),
        ([0, 20000, 40000], ["0", "20k", "40k"]),
        ([1_000_000, 1_500_000], ["1.0M", "1.5M"]),
        ([2.5e9, 5e9], ["2.5B", "5.0B"]),
        ([0, 1e15], ["0", "1e+15"]),
    ],
)
def test_ticks_have_the_digits_that_tell_them_apart(values: list[float], labels: list[str]) -> None:
    assert Numbers().format_ticks(values) == labels


@given(st.floats(-1e308, 1e308), st.floats(-1e308, 1e308))
def test_any_values_fit_on_an_axis(one: float, other: float) -> None:
    low, high = value_range([np.array([one, other])], [])
    with styled():
        axes = new_figure(4, 3).add_subplot()
        factor = set_values(axes, low, high)
        bottom, top = axes.get_ylim()
    assert bottom <= one * factor <= top
    assert bottom <= other * factor <= top


@given(st.integers(MOST_POINTS + 1, 20_000), st.data())
def test_of_a_long_line_none_is_lost_that_stands_out(steps: int, data: st.DataObject) -> None:
    y = np.zeros(steps)
    y[data.draw(st.integers(0, steps - 1))] = 1.0
    x, kept = thinned(np.arange(float(steps)), y)
    assert len(kept) <= MOST_POINTS
    assert kept.max() == 1.0
    assert (np.diff(x) > 0).all()
    assert (kept == y[x.astype(int)]).all()


def test_bands_come_from_the_outermost_to_the_innermost_and_darker_inside() -> None:
    probabilities = (0.1, 0.25, 0.5, 0.75, 0.9)
    quantiles = np.tile(np.arange(5.0), (3, 1))
    bands = bands_of(probabilities, quantiles, by_level=True)
    assert [band.name for band in bands] == ["80 %", "50 %"]
    assert [(band.low[0], band.high[0]) for band in bands] == [(0, 4), (1, 3)]
    assert [band.name for band in bands_of(probabilities, quantiles, by_level=False)] == ["0.1 to 0.9", "0.25 to 0.75"]
    assert tints("#0072b2", 3) == sorted(tints("#0072b2", 3), reverse=True)


def test_a_forecast_without_intervals_is_drawn_too(tmp_path: Path) -> None:
    forecast = forecast_of([f"s{i}" for i in range(11)], np.ones(4), np.ones(11))
    point = dataclasses.replace(forecast, quantiles=forecast.quantiles[:, :, 3:4], probabilities=(0.5,))
    shown = texts(point, [np.arange(20.0)] * 11, str(tmp_path / "x.svg"))
    assert "9 of 11 series" in shown

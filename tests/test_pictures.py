"""Pictures for a terminal: what every drawing keeps to, however wide, whatever the data."""

import dataclasses
import math
import os

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rich.cells import cell_len

from rnncast.report.bars import Bars, Sparklines, sparkline
from rnncast.report.dots import DENSE, SPARSE, Layer, band, line
from rnncast.report.pictures import Strips, check_picture, forecast_picture
from rnncast.report.room import Room, has_braille
from rnncast.report.screen import screen
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Columns, Panel
from rnncast.times.frequency import Frequency

MONTHLY = Frequency("month")
ANY_ID = st.text(max_size=30)
VALUE = st.floats(-1e300, 1e300) | st.integers(-1000, 1000).map(float) | st.just(math.nan)


@st.composite
def rooms(draw: st.DrawFn) -> Room:
    return Room(draw(st.integers(60, 200)), draw(st.integers(10, 80)), draw(st.booleans()))


def forecast_of(
    point: NDArray[np.float64], spread: NDArray[np.float64], series: str = "a", levels: int = 2
) -> Forecast:
    probabilities = (0.025, 0.1, 0.5, 0.9, 0.975) if levels == 2 else (0.1, 0.5, 0.9) if levels else (0.5,)
    offsets = np.linspace(-1, 1, len(probabilities)) if levels else np.zeros(1)
    quantiles = point[:, None] + offsets * spread[:, None]
    columns = Columns(("shop",), "month", "sales", "%Y-%m")
    return Forecast((series,), np.array([700]), point[None], quantiles[None], probabilities, MONTHLY, columns)


def panel_of(*series: NDArray[np.float64]) -> Panel:
    """Monthly series whose first values are observed."""
    columns = Columns(("shop",), "month", "sales", "%Y-%m")
    named = {f"shop-{s}": y for s, y in enumerate(series)}
    return Panel.from_series(named, frequency=MONTHLY, columns=columns, start=np.full(len(series), 600))


def columns_of(layer: Layer) -> list[set[int]]:
    """The heights of the dots in each column of dots, counted from below."""
    down, across = 4 * len(layer.rows), 2 * len(layer.rows[0])
    found: list[set[int]] = [set() for _ in range(across)]
    for r, row in enumerate(layer.rows):
        for c, character in enumerate(row):
            for dot, (x, y) in enumerate([(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (0, 3), (1, 3)]):
                if (ord(character) - 0x2800) >> dot & 1:
                    found[2 * c + x].add(down - 1 - (4 * r + y))
    return found


@given(
    seen=st.lists(VALUE, max_size=60),
    point=st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=30),
    spread=st.floats(0, 1e300),
    room=rooms(),
    series=ANY_ID,
    levels=st.integers(0, 2),
    season=st.integers(1, 30),
)
@example([], [0.0] * 20 + [10_000.0], 0.0, Room(60, 10, braille=False), "", 0, 1)  # nothing seen before the forecast
def test_no_picture_is_wider_than_its_room(
    seen: list[float], point: list[float], spread: float, room: Room, series: str, levels: int, season: int
) -> None:
    forecast = forecast_of(np.array(point), np.full(len(point), spread), series, levels)
    for text in forecast_picture(forecast, 0, np.array(seen), (season,)).lines(room):
        assert cell_len(text.plain) <= room.width
        assert "\x1b" not in text.plain
        assert room.braille or series or text.plain.isascii()


@given(seen=st.lists(VALUE, min_size=1, max_size=400), room=rooms(), series=st.integers(1, 12))
def test_what_check_draws_fits_and_is_plain_where_there_is_no_braille(
    seen: list[float], room: Room, series: int
) -> None:
    picture = check_picture(panel_of(*[np.array([1.0, *seen])] * series), range(series))
    lines = [text.plain for text in picture.lines(room)]  # type: ignore[union-attr]
    assert max(map(cell_len, lines)) <= room.width
    assert room.braille or "".join(lines).isascii()


@given(st.lists(st.tuples(*[st.floats(0, 1)] * 3), min_size=2, max_size=60), st.integers(2, 16))
def test_a_band_holds_its_line(values: list[tuple[float, float, float]], rows: int) -> None:
    low, point, high = np.sort(np.array(values), axis=1).T
    steps = 2 * (len(values) // 2)  # as many as there are columns of dots
    x = np.arange(steps) / (steps - 1)
    size = (steps // 2, rows)
    inside = columns_of(band(size, x, low[:steps], high[:steps], "", "", every=1))
    drawn = columns_of(line(size, x, point[:steps], "", ""))
    for step, y in enumerate(point[:steps]):
        height = round(y * (4 * rows - 1))
        assert height in drawn[step]
        assert height in inside[step]


def test_a_wide_band_is_thinner_than_a_narrow_one_in_it() -> None:
    x, size = np.linspace(0, 1, 20), (10, 4)
    dots = {
        every: sum(map(len, columns_of(band(size, x, x * 0, x * 0 + 1, "", "", every)))) for every in (SPARSE, DENSE)
    }
    assert dots[DENSE] == 20 * 16 / DENSE
    assert dots[SPARSE] == 20 * 16 / SPARSE


@given(st.lists(st.floats(0, 1) | st.just(math.nan), min_size=2, max_size=120))
def test_where_a_value_is_missing_the_line_has_a_gap(values: list[float]) -> None:
    y = np.array(values[: 2 * (len(values) // 2)])
    drawn = columns_of(line((len(y) // 2, 5), np.arange(len(y)) / (len(y) - 1), y, "", ""))
    assert [bool(each) for each in drawn] == [not math.isnan(each) for each in y]


@given(st.sets(st.integers(1, 78), max_size=20), st.booleans())
def test_every_gap_is_marked_on_the_axis_and_nothing_else(missing: set[int], braille: bool) -> None:
    y = np.sin(np.arange(80.0))
    y[[*missing]] = np.nan
    lines = [text.plain for text in check_picture(panel_of(y), [0]).lines(Room(100, 40, braille))]  # type: ignore[union-attr]
    axis = lines[-2]
    start = axis.index("└" if braille else "+") + 1
    columns = {round(step * (2 * (len(axis) - start) - 1) / 79) // 2 for step in missing}
    assert {i for i, mark in enumerate(axis[start:]) if mark == ("×" if braille else "x")} == columns
    assert ("missing" in lines[0]) == bool(missing)


def test_a_strip_with_a_gap_says_where_and_a_long_list_says_how_many_it_leaves_out() -> None:
    whole = np.arange(50.0)
    torn = whole.copy()
    torn[[10, 49 - 1]] = np.nan
    strips = Strips(panel_of(torn, whole), (0, 1), 9)
    lines = [text.plain for text in strips.lines(Room(80, 40, True))]
    assert lines[0] == "sales, 2 of 9 series, each on its own scale   × missing"
    assert [i - len("shop-0 ") for i, mark in enumerate(lines[2]) if mark == "×"] == [10, 48]
    assert lines[3].startswith("shop-1 ▁")
    assert len(lines) == 5


@given(st.integers(300, 5000), st.integers(0, 299))
def test_of_many_values_none_that_stands_out_is_lost(steps: int, place: int) -> None:
    y = np.zeros(steps)
    y[place] = 1.0
    drawn = columns_of(line((40, 4), np.arange(steps) / (steps - 1), y, "", ""))
    assert 15 in drawn[round(place * 79 / (steps - 1))]
    assert all(drawn)


def test_a_forecast_leaves_from_the_last_value_and_the_labels_are_seasons_apart() -> None:
    seen = 100 + 10 * np.sin(np.arange(60) * math.tau / 12)
    forecast = forecast_of(seen[:12], np.full(12, 5.0))
    lines = [text.plain for text in forecast_picture(forecast, 0, seen, (12,), " (1 of 3)").lines(Room(100, 40, True))]
    assert "sales of series 'a' (1 of 3)" in lines[0]
    assert all(words in lines[0] for words in ("history", "forecast", "95 %", "80 %"))
    first = str(MONTHLY.times(np.array([701]))[0])[:7]
    assert first in lines[-1].split()
    months = MONTHLY.positions(np.array([f"{label}-01" for label in lines[-1].split()], "datetime64[us]"))
    assert {12 % gap for gap in np.diff(months).tolist()} == {0}
    assert sum("┊" in each for each in lines) > 3


def test_without_levels_a_band_is_named_by_its_quantiles() -> None:
    forecast = dataclasses.replace(forecast_of(np.ones(4), np.ones(4), levels=1), by_level=False)
    title = next(forecast_picture(forecast, 0, np.ones(20), ()).lines(Room(100, 40, True))).plain
    assert "0.1 to 0.9" in title
    assert "%" not in title


@given(st.lists(st.floats(-1e308, 1e308) | st.just(math.nan), min_size=1, max_size=100), st.integers(1, 80))
def test_a_sparkline_rises_with_its_values(values: list[float], width: int) -> None:
    drawn = sparkline(np.array(values), width, braille=True)
    assert len(drawn) == min(width, len(values))
    if width >= len(values):
        known = [(value, mark) for value, mark in zip(values, drawn, strict=True) if not math.isnan(value)]
        assert all(mark == " " for value, mark in zip(values, drawn, strict=True) if math.isnan(value))
        for (one, low), (other, high) in zip(sorted(known), sorted(known)[1:], strict=False):
            assert low <= high or one == other


@given(
    st.dictionaries(ANY_ID, st.floats(0, 1e6) | st.just(math.nan) | st.just(math.inf), min_size=1, max_size=9),
    rooms(),
)
def test_bars_fit(scores: dict[str, float], room: Room) -> None:
    with open(os.devnull, "w") as nowhere:
        lines = screen(nowhere, room.width).render_lines(Bars("MASE", scores, next(iter(scores))), pad=False)
    for each in lines:
        assert cell_len("".join(segment.text for segment in each)) <= room.width


def test_a_bar_is_as_long_as_its_score() -> None:
    with open(os.devnull, "w") as nowhere:
        console = screen(nowhere, 80)
        found = console.render_lines(Bars("MASE", {"lstm": 0.5, "naive": 1.0, "drift": 9.0}, "lstm"), pad=False)
    lengths = [sum("".join(segment.text for segment in each).count(mark) for mark in "█#") for each in found[1:]]
    assert lengths[1] == 2 * lengths[0] == 2 * 15
    assert "»" in "".join(segment.text for segment in found[3])  # four times the best is as far as they go


def test_lines_of_a_training_name_where_it_began_and_ended() -> None:
    with open(os.devnull, "w") as nowhere:
        console = screen(nowhere, 60)
        found = console.render_lines(Sparklines({"training: loss": [0.5, 0.25, math.nan, 0.125]}), pad=False)
    assert "".join(segment.text for segment in found[0]) == "training: loss █▃ ▁ 0.500 → 0.125"


@pytest.mark.parametrize(
    ("encoding", "language", "drawn"),
    [
        ("utf-8", "de_DE.UTF-8", True),
        ("utf-8", "", True),
        ("utf-8", "C", False),
        ("utf-8", "POSIX", False),
        ("latin-1", "de_DE", False),
        ("ascii", "", False),
        ("cp437", "", False),
    ],
)
def test_braille_is_drawn_where_it_can_be_shown(
    monkeypatch: pytest.MonkeyPatch, encoding: str, language: str, drawn: bool
) -> None:
    for name in ("LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", language)
    assert has_braille(encoding) is drawn

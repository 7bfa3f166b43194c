"""The HTML report: what its file holds, what may run in it, and that it draws what was computed."""

import base64
import dataclasses
import hashlib
import json
import math
import re
from html.parser import HTMLParser
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnncast.config import Config
from rnncast.evaluate.compare import Entry, Plan, compare_candidates
from rnncast.evaluate.findings import Findings
from rnncast.report.excerpts import Band, Strand
from rnncast.report.harmless import harmless
from rnncast.report.page.blocks import Page, Section, Table, Text
from rnncast.report.page.compared import Compared, compared_page
from rnncast.report.page.forecast import Forecasted, forecast_page
from rnncast.report.page.markup import embedded, page_html
from rnncast.report.page.series import Drawn, Track, Tracks, explorer
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Columns, Panel
from rnncast.times.frequency import Frequency
from tests.conftest import Program

# Of uPlot 1.6.32, as its authors published it.
VENDORED = {
    "uPlot.iife.min.js": "19c8d4c6ad88929a79f4ae49d6f7161566dfd0ba3d15cc495e974f787eb78f1f",
    "uPlot.min.css": "df630c6a8d6f8eeaff264b50f73ce5b114f646ffd9a0bb74f049b0a00135fa04",
    "LICENSE": "8f989229699b4fe2f1a0432d0e9edc338a8a911e250e2d1b01ecd770a5f5b1bd",
}
HOURLY = Columns(("meter",), "time", "load", "%Y-%m-%d %H:%M:%S")
MEGABYTE = 1_000_000
FINITE = st.floats(-1e200, 1e200).filter(lambda value: value == 0 or abs(value) > 1e-100)
VALUE = FINITE | st.integers(-10_000, 10_000).map(float) | st.just(math.nan)


class Read(HTMLParser):
    """What a page holds: its elements with their attributes, its text, and that of its scripts and styles."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.raw: dict[str, list[str]] = {"script": [], "style": []}
        self._in = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag

    def handle_endtag(self, tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in in self.raw:
            self.raw[self._in].append(data)
        else:
            self.text += data

    @property
    def charts(self) -> list[dict[str, object]]:
        return json.loads(self.raw["script"][0])

    @property
    def policy(self) -> str:
        return next(a["content"] or "" for _, a in self.tags if a.get("http-equiv") == "Content-Security-Policy")


def hours(series: int, steps: int, horizon: int, names: tuple[str, ...] = ()) -> tuple[Panel, Forecast]:
    """Noisy series of hours, and a forecast of them with two intervals."""
    random = np.random.default_rng(0)
    values = {
        (names + tuple(f"meter {i}" for i in range(series)))[i]: 1000 + random.normal(0, 100, steps).cumsum()
        for i in range(series)
    }
    frequency = Frequency("span", 3_600_000_000)
    panel = Panel.from_series(values, frequency=frequency, columns=HOURLY, start=np.full(series, 400_000))
    point = np.stack([y[-1] + random.normal(0, 100, horizon).cumsum() for _, _, y in panel])
    quantiles = point[:, :, None] + np.array([-400.0, -200, 0, 200, 400])
    probabilities = (0.025, 0.1, 0.5, 0.9, 0.975)
    return panel, Forecast(panel.ids, panel.ends, point, quantiles, probabilities, frequency, HOURLY)


def forecast_html(series: int, steps: int, horizon: int, names: tuple[str, ...] = ()) -> str:
    panel, forecast = hours(series, steps, horizon, names)
    return page_html(forecast_page(Forecasted(forecast, panel, (24,), "meters.csv", None), "rnncast forecast"))


@pytest.mark.parametrize("name", VENDORED)
def test_the_vendored_library_is_the_published_one(name: str) -> None:
    content = files("rnncast.report.page").joinpath("uplot", name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == VENDORED[name]


def test_a_page_loads_nothing_and_runs_only_what_its_policy_names() -> None:
    page = Read(forecast_html(3, 100, 12))
    for tag, attributes in page.tags:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base", "form", "audio", "video")
        for name, value in attributes.items():
            assert not name.startswith("on")
            assert name not in ("style", "src")
            assert name != "href" or (value or "").startswith("#")
    rules = dict(rule.split(" ", 1) for rule in page.policy.split("; "))
    assert rules["default-src"] == "'none'"
    _, script = page.raw["script"]
    for rule, text in (("script-src", script), ("style-src", page.raw["style"][0])):
        hashed = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{hashed}'"
    assert "Permission is hereby granted" in script  # the licence goes where the library goes
    assert not re.search(r"unsafe|\*", page.policy)


@given(st.text(max_size=60), st.text(max_size=60))
def test_text_stays_text(words: str, cell: str) -> None:
    """Whatever stands in a title, a paragraph or a cell is read back as what it is, and makes no element."""
    table = Table(words, ("a", "b"), [(cell, 1.0)])
    html = page_html(Page(words, cell, words, "lead", (Section("s", words, (Text(cell), table)),)))
    empty = (Text(""), Table("", ("a", "b"), [("", 1.0)]))
    page, plain = Read(html), Read(page_html(Page("", "", "", "lead", (Section("s", "", empty),))))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in plain.tags]
    for text in (words, cell):
        assert harmless(text) in page.text


@given(st.recursive(st.text() | st.integers() | st.floats() | st.none(), lambda inner: st.lists(inner, max_size=4)))
def test_embedded_values_come_back_and_end_no_script(value: object) -> None:
    text = embedded(value)
    assert "<" not in text
    assert "\u2028" not in text

    def finite(each: object) -> object:
        if isinstance(each, list):
            return [finite(inner) for inner in each]
        return None if isinstance(each, float) and not math.isfinite(each) else each

    assert json.loads(text) == finite(value)


def drawn_values(series: dict[str, object], values: object) -> NDArray[np.float64]:
    """The values that a browser makes of whole numbers."""
    power, offset = series["e"], series["b"]
    assert isinstance(values, list)
    exact = [math.nan if v is None else v + offset for v in values]
    return np.array([v / 10**-power if power < 0 else v * 10.0**power for v in exact])


@given(
    y=st.lists(VALUE, min_size=1, max_size=20),
    point=st.lists(FINITE, min_size=1, max_size=5),
    spread=st.floats(0, 1e200),
    start=st.integers(-(10**17), 10**17),
)
def test_what_is_drawn_is_what_was_computed(y: list[float], point: list[float], spread: float, start: int) -> None:
    """To a thousandth of the range of the series."""
    strand = Strand(
        start + len(y), np.array(point), (Band(np.array(point) - spread, np.array(point) + spread, "80 %"),)
    )
    tracks = Tracks(
        (Track("a", start, np.array(y), (Drawn(0, strand),)),),
        ("lstm",),
        Columns(),
        lambda positions: positions,
        (),
        len(point),
        1,
    )
    block, left_out = explorer("title", tracks)
    assert not left_out
    (series,) = json.loads(embedded(block.data))["series"]
    inner = np.array([*y, *point])
    inner = inner[np.isfinite(inner)]
    span = float(inner.max() - inner.min()) or abs(float(inner.max())) or 1.0
    ((_, _, points, lows, highs),) = series["f"]
    for found, wanted in ((series["y"], y), (points, point)):
        np.testing.assert_allclose(drawn_values(series, found), wanted, atol=1e-3 * span, rtol=1e-12)
    for found, wanted in ((lows, strand.bands[0].low), (highs, strand.bands[0].high)):
        np.testing.assert_allclose(drawn_values(series, found), wanted, atol=1e-3 * span, rtol=1e-3)


def test_times_are_written_as_the_user_writes_them() -> None:
    page = Read(forecast_html(2, 30, 3))
    (chart,) = page.charts
    ((first, labels),) = chart["times"]
    assert first == 400_000
    assert labels[0] == str(np.datetime64(400_000, "h")).replace("T", " ") + ":00:00"
    assert len(labels) == 33
    assert chart["series"][1]["n"] == "meter 1"


def test_five_hundred_series_stay_below_two_megabytes() -> None:
    html = forecast_html(500, 2000, 48)
    assert len(html.encode()) < 2 * MEGABYTE
    page = Read(html)
    (chart,) = page.charts
    assert len(chart["series"]) == 500
    steps = len(chart["series"][0]["y"])
    assert 48 < steps < 2000
    assert f"Of each series the last {steps} steps are drawn" in page.text


def test_of_too_many_series_a_page_says_how_many_it_draws() -> None:
    html = forecast_html(9000, 20, 48)
    assert len(html.encode()) < 2 * MEGABYTE
    page = Read(html)
    (chart,) = page.charts
    few = len(chart["series"])
    assert 100 < few < 9000
    assert f"{few:,} of 9,000 series are drawn, the first" in page.text


def naive_findings(panel: Panel, folds: int = 4) -> Findings:
    config = dataclasses.replace(Config(), task=dataclasses.replace(Config().task, horizon=24, seasons=(24,)))
    return compare_candidates(panel, config, Plan((Entry("drift"),), (Entry("mean"),), folds=folds))


def test_a_comparison_of_five_hundred_series_stays_below_two_megabytes() -> None:
    panel, _ = hours(500, 300, 24)
    findings = naive_findings(panel)
    html = page_html(compared_page(Compared(panel, "meters.csv", Config(), findings), "rnncast compare"))
    assert len(html.encode()) < 2 * MEGABYTE
    page = Read(html)
    assert "Of each series the last origin is drawn" in page.text
    assert findings.verdict is not None
    assert findings.verdict.sentence in page.text
    leads, coverage, series = page.charts
    assert len(series["series"]) == 500
    assert [len(line["y"]) for line in leads["lines"]] == [24] * 4
    assert coverage["at"] == list(findings.comparison.levels)
    for line in leads["lines"]:
        np.testing.assert_allclose(line["y"], findings.comparison[line["name"]].by_lead, rtol=1e-4)
    assert series["names"][0] == findings.verdict.model
    assert series["series"][7]["m"][0] == pytest.approx(
        findings.comparison[findings.verdict.model].by_series[7], rel=1e-3
    )


def test_error_by_lead_time_is_that_of_the_forecasts() -> None:
    """Its mean is the mean MASE; each lead time is the mean of absolute errors over those of seasonal naive before."""
    panel, _ = hours(4, 200, 24)
    found = naive_findings(panel, folds=2).comparison
    assert found is not None
    errors = []
    for back in (48, 24):
        for _, _, y in panel:
            past, came = y[:-back], y[len(y) - back :][:24]
            scale = np.abs(past[24:] - past[:-24]).mean()
            errors.append(np.abs(came - past[-1]) / scale)
    np.testing.assert_allclose(found["naive"].by_lead, np.mean(errors, axis=0))
    for score in found.scores:
        assert score.by_lead.mean() == pytest.approx(score.mean)
        assert score.by_series.mean() == pytest.approx(score.mean)


def test_an_interrupted_comparison_has_a_report_too() -> None:
    panel, _ = hours(2, 100, 12)
    page = compared_page(Compared(panel, "x.csv", Config(), Findings((), None, None, 5)), "rnncast compare")
    assert [section.name for section in page.sections] == ["data", "settings"]
    assert "Interrupted: 5 forecasts were still to come" in Read(page_html(page)).text


COMMANDS = [["train", "air_passengers.csv"], ["forecast"], ["compare", "air_passengers.csv"]]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_report_that_is_no_html_or_cannot_be_written_is_refused_before_the_work(
    trained: Program, command: list[str]
) -> None:
    other = ["-o", "other.safetensors"] if command[0] == "train" else ["-o", "other.csv"]
    done = trained(*command, *other, "--report", "report.pdf")
    assert done.returncode == 2
    assert "--report writes HTML, but report.pdf does not end in .html" in done.stderr
    done = trained(*command, *other, "--report", "nowhere/report.html")
    assert done.returncode == 1
    assert "cannot write nowhere/report.html: No such file or directory" in done.stderr
    assert not (trained.folder / other[1]).exists()


def test_a_report_replaces_no_other_output(trained: Program) -> None:
    done = trained("forecast", "--format", "csv", "-o", "both.html", "--report", "both.html")
    assert done.returncode == 2
    assert "both.html would be written twice" in done.stderr


@pytest.mark.parametrize("more", [["--paths", "5"], ["--follow"]])
def test_of_paths_and_streams_there_is_no_report(trained: Program, more: list[str]) -> None:
    done = trained("forecast", "--report", "report.html", *more, stdin="Month,#Passengers\n1961-01,450\n")
    assert done.returncode == 2
    assert "--report" in done.stderr


def test_a_forecast_is_the_same_with_a_report(trained: Program) -> None:
    plain, reported = trained("forecast"), trained("forecast", "--report", "report.html")
    assert reported.returncode == 0
    assert reported.stdout == plain.stdout
    assert "wrote the report: report.html" in reported.stderr
    page = Read((trained.folder / "report.html").read_text("utf-8"))
    assert "rnncast forecast --report report.html" in page.text
    (chart,) = page.charts
    (series,) = chart["series"]
    rows = [line.split(",") for line in plain.stdout.splitlines()[1:]]
    np.testing.assert_allclose(
        drawn_values(series, series["f"][0][2]), [float(row[1]) for row in rows], atol=series_unit(series)
    )
    ((start, labels),) = chart["times"]
    assert labels[series["f"][0][1] - start :] == [row[0] for row in rows]


def series_unit(series: dict[str, object]) -> float:
    return 10.0 ** series["e"]

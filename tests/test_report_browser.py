"""The HTML report in a real browser, headless Chromium: drawn, searched, zoomed, read aloud, and held by its policy."""

import csv
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Program, Shared
from tests.test_report import forecast_html

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed, which drives Chromium")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
if CHROMIUM is None:
    pytest.skip("there is no Chromium here, to open the HTML report in", allow_module_level=True)

HOSTILE = "<script>alert(1)</script>"
NAMES = ("north", HOSTILE, "south & co", '"><img src=x onerror=alert(2)>', "</script><b>")
SIZES = [(width, scheme) for width in (400, 1400) for scheme in ("light", "dark")]
TINY = ["--epochs", "2", "--members", "1", "--hidden-size", "4", "-H", "6", "--season", "12"]
# Whether any dot of a canvas is coloured: a chart that could not be drawn leaves it clear.
INKED = """() => [...document.querySelectorAll('figure[data-chart]')].map(figure => {
  const canvas = figure.querySelector('canvas');
  if (!canvas || !canvas.width) return 0;
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let i = 0; i < data.length; i += 4)
    if (data[i + 3]) seen.add((data[i] << 16) | (data[i + 1] << 8) | data[i + 2]);
  return seen.size;
})"""


def made(folder: Path) -> None:
    """A report of each command, of series with hostile names, and of 500 series."""
    with open(folder / "shops.csv", "w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["month", "shop", "sales"])
        for s, name in enumerate(NAMES):
            for i in range(48):
                table.writerow([f"{2015 + i // 12}-{i % 12 + 1:02}", name, 100 + i + 9 * s + i % 12 * 5 + i * i % 7])
    program = Program(folder)
    for command in (
        ["train", "shops.csv", *TINY, "--report", "train.html"],
        ["forecast", "shops.csv", "--report", "forecast.html"],
        ["compare", "shops.csv", *TINY, "--model", "rnn", "--folds", "2", "--report", "compare.html"],
    ):
        done = program(*command, "--quiet")
        assert done.returncode == 0, done.stderr
    (folder / "many.html").write_text(forecast_html(500, 2000, 48, NAMES), "utf-8")


@pytest.fixture(scope="module")
def reports(shared: Shared) -> Path:
    return shared("reports", made)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        # A browser that runs as root, as in a container, has no sandbox of its own.
        options = ["--no-sandbox"] if os.geteuid() == 0 else []
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=options)
        yield opened
        opened.close()


class Opened:
    """A page, and what it said and asked for."""

    def __init__(self, browser: Any, path: Path, width: int = 1400, scheme: str = "light", **more: Any) -> None:
        self.said: list[str] = []
        self.asked: list[str] = []
        self.failed: list[str | None] = []
        self.context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, **more)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("dialog", lambda dialog: self.said.append(dialog.message))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("requestfailed", lambda request: self.failed.append(request.failure))
        self.page.goto(path.as_uri())
        self.path = path

    def until(self, expression: str) -> None:
        """Wait until an expression is true, asked from outside: within the page, its policy forbids to evaluate it."""
        self._wait(lambda: self.page.evaluate(expression), expression)

    def says(self, text: str) -> None:
        """Wait until the chart of a series says a text: its table is filled once it is open."""
        self._wait(lambda: text in self.page.locator("figure[data-series]").inner_text(), text)

    def _wait(self, true: Callable[[], bool], what: str) -> None:
        for _ in range(600):
            if true():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"never so: {what}")

    def drawn(self) -> None:
        """Wait until every chart is drawn."""
        self.until(
            "document.querySelectorAll('.chart[data-drawn]').length === document.querySelectorAll('figure').length"
        )
        self.page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def quiet(self) -> None:
        """Nothing was said, and nothing asked for but the file."""
        assert self.said == []
        assert self.asked == [self.path.as_uri()]


@pytest.fixture
def opened(browser: Any) -> Iterator[Any]:
    """Opens pages, and closes them after the test."""
    there: list[Opened] = []

    def of(*arguments: Any, **more: Any) -> Opened:
        there.append(Opened(browser, *arguments, **more))
        return there[-1]

    yield of
    for each in there:
        each.context.close()


@pytest.mark.parametrize("name", ["train", "forecast", "compare", "many"])
def test_every_chart_is_drawn_at_any_width_in_light_and_dark(opened: Any, reports: Path, name: str) -> None:
    for width, scheme in SIZES:
        view = opened(reports / f"{name}.html", width, scheme)
        view.drawn()
        assert all(colours > 10 for colours in view.page.evaluate(INKED))
        assert view.page.evaluate("document.documentElement.scrollWidth") == width  # nothing hangs over the side
        view.quiet()
        view.context.close()


def test_a_chart_follows_the_window_and_the_scheme(opened: Any, reports: Path) -> None:
    view = opened(reports / "forecast.html")
    view.drawn()
    view.page.keyboard.press("Tab")
    background = "getComputedStyle(document.body).backgroundColor"
    before = view.page.evaluate(INKED), view.page.evaluate(background)
    view.page.set_viewport_size({"width": 420, "height": 800})
    view.until("document.querySelector('canvas').getBoundingClientRect().width < 420")
    view.page.emulate_media(color_scheme="dark")
    view.until(f"{background} !== '{before[1]}'")
    view.drawn()
    assert view.page.evaluate(INKED) != before[0]
    view.quiet()


def test_a_name_from_data_stays_text(opened: Any, reports: Path) -> None:
    """It is found, shown and read out as it is, and nothing in it runs or becomes an element."""
    for name in ("train", "forecast", "compare"):
        view = opened(reports / f"{name}.html")
        view.drawn()
        for hostile in NAMES[1:]:
            view.page.fill("#series", hostile)
            view.page.keyboard.press("Enter")
            view.drawn()
            assert view.page.locator("figure[data-series]").get_attribute("data-series") == hostile
            view.page.locator("figure[data-series] summary").click()
            view.says(hostile)
        assert view.page.locator("img").count() == 0
        assert view.page.locator("script").count() == 2
        view.quiet()


def test_a_series_is_found_by_typing(opened: Any, reports: Path) -> None:
    view = opened(reports / "many.html")
    view.drawn()
    shown = view.page.locator("figure[data-series]")
    assert shown.get_attribute("data-series") == "north"
    assert view.page.locator("#series-names option").count() == 500
    view.page.get_by_label("Series, of 500").click()
    view.page.keyboard.type("METER 123")
    view.page.keyboard.press("Enter")
    assert shown.get_attribute("data-series") == "meter 123"
    view.page.get_by_role("button", name="Next").click()
    assert shown.get_attribute("data-series") == "meter 124"
    view.page.fill("#series", "nowhere")
    view.page.keyboard.press("Enter")
    assert shown.get_attribute("data-series") == "meter 124"
    assert "No series is called so." in shown.inner_text()
    view.drawn()
    view.quiet()


def test_hovering_shows_values_and_dragging_zooms(opened: Any, reports: Path) -> None:
    view = opened(reports / "forecast.html")
    view.drawn()
    chart = view.page.locator("figure[data-series] .chart")
    over = chart.locator(".u-over").bounding_box()
    middle = over["y"] + over["height"] / 2
    seen = []
    for part in (0.1, 0.5, 0.9):
        view.page.mouse.move(over["x"] + part * over["width"], middle)
        seen.append((chart.get_attribute("data-at"), chart.locator(".legend").inner_text()))
    assert len({at for at, _ in seen}) == 3
    assert seen == sorted(seen)
    assert "80 %" in seen[2][1]
    assert " to " in seen[2][1]
    before = chart.get_attribute("data-view").split()
    view.page.mouse.move(over["x"] + 0.4 * over["width"], middle)
    view.page.mouse.down()
    view.page.mouse.move(over["x"] + 0.6 * over["width"], middle, steps=4)
    view.page.mouse.up()
    view.until(f"document.querySelector('.chart').dataset.view !== '{' '.join(before)}'")
    low, high = map(float, chart.get_attribute("data-view").split())
    assert float(before[0]) < low < high < float(before[1])
    chart.get_by_role("button", name="Show all").click()
    view.until(f"+document.querySelector('.chart').dataset.view.split(' ')[0] < {low}")
    view.quiet()


def test_the_keyboard_does_all_that_the_mouse_does(opened: Any, reports: Path) -> None:
    view = opened(reports / "compare.html")
    view.drawn()
    chart = view.page.locator("figure[data-series] .chart")
    chart.locator(".plot").focus()
    press = view.page.keyboard.press
    press("End")
    last = chart.get_attribute("data-at")
    press("ArrowLeft")
    assert chart.get_attribute("data-at") < last
    assert chart.get_attribute("data-at") in chart.locator(".told").inner_text()  # what a screen reader says
    assert "80 %" in chart.locator(".told").inner_text()
    press("Home")
    assert chart.get_attribute("data-at") == "2015-01"
    press("0")
    shown = chart.get_attribute("data-view")
    whole = [float(x) for x in shown.split()]
    press("+")
    view.until(f"document.querySelector('figure[data-series] .chart').dataset.view !== '{shown}'")
    low, high = map(float, chart.get_attribute("data-view").split())
    assert high - low < whole[1] - whole[0]
    hidden = chart.get_by_role("button", name="naive", exact=True)
    assert hidden.get_attribute("aria-pressed") == "false"
    hidden.focus()
    press("Enter")
    assert hidden.get_attribute("aria-pressed") == "true"
    chart.locator("summary").focus()
    press("Enter")
    chart.locator("tbody tr").nth(5).wait_for(state="attached")  # filled when it is opened
    assert chart.locator("tbody tr").count() > 5
    view.quiet()


def test_every_chart_has_a_name_and_a_table(opened: Any, reports: Path) -> None:
    for name in ("train", "forecast", "compare"):
        view = opened(reports / f"{name}.html")
        view.drawn()
        for figure in view.page.locator("figure").all():
            assert len(figure.locator(".plot").get_attribute("aria-label")) > 20
            assert figure.locator(".plot").get_attribute("tabindex") == "0"
            figure.locator("summary").click()
            figure.locator("table tbody tr").nth(1).wait_for(state="attached")  # filled when it is opened
        for button in view.page.get_by_role("button").all():
            assert button.get_attribute("aria-label") or button.inner_text().strip()
        view.quiet()


def test_the_policy_holds(opened: Any, reports: Path) -> None:
    """What got into the page all the same could neither run, nor load, nor send anything, nor look otherwise."""
    view = opened(reports / "compare.html")
    view.drawn()
    found = view.page.evaluate(
        """async () => {
          const broken = [];
          document.addEventListener('securitypolicyviolation', event => broken.push(event.effectiveDirective));
          const script = document.createElement('script');
          script.textContent = 'window.ran = true';
          document.body.append(script);
          const markup = '<img src="http://127.0.0.1:9/x.png"><b style="color: red">x</b>';
          document.body.insertAdjacentHTML('beforeend', markup);
          const sent = await fetch('http://127.0.0.1:9/').then(() => true, () => false);
          const form = document.createElement('form');
          form.action = 'http://127.0.0.1:9/';
          document.body.append(form);
          form.submit();
          await new Promise(done => setTimeout(done, 200));
          return { ran: window.ran === true, sent, broken: broken.sort() };
        }"""
    )
    assert found["ran"] is False
    assert found["sent"] is False
    directives = ["connect-src", "form-action", "img-src", "script-src-elem", "style-src-attr"]
    assert found["broken"] == directives
    assert view.failed == ["csp"] * (len(view.asked) - 1)  # what the page asked for all the same, the policy stopped


def test_without_scripts_there_are_the_tables(opened: Any, reports: Path) -> None:
    view = opened(reports / "compare.html", java_script_enabled=False)
    assert "scripts are switched off here" in view.page.content()
    assert view.page.get_by_text("The reasons:").is_visible()
    assert HOSTILE in view.page.locator("details").first.text_content()

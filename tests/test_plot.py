"""`--plot FILE`: each command that has it draws a figure into a file, whole or not at all."""

import math
import re
import shutil
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rnncast.report.figures import file
from tests.conftest import AIR_PASSENGERS, ROOT, Program, fitted, small_config
from tests.test_cli import modules_after

SVG = "{http://www.w3.org/2000/svg}"
HEADS = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF-"}
ENDS = {"png": b"IEND\xaeB`\x82", "svg": b"</svg>\n", "pdf": b"%%EOF\n"}
COMMANDS = {
    "forecast": "forecast",
    "check": "check air_passengers.csv",
    "inspect": "inspect",
    "score": "score forecasts.csv --actual air_passengers.csv",
    "compare": "compare air_passengers.csv --model drift --baseline mean --folds 3",
}
SHOWN = {
    "forecast": {"#Passengers", "history", "forecast", "80 %", "95 %", "12 steps ahead, monthly"},
    "check": {"#Passengers", "144 steps, monthly"},
    "inspect": {"rnncast.safetensors: lstm", "MASE on held-out data", "Hidden state after the last value", "95 %"},
    "score": {"#Passengers", "observed", "forecast", "80 %"},
    "compare": {"#Passengers", "drift", "mean", "naive", "seasonal-naive", "observed", "MASE (lower is better)"},
}


@pytest.fixture
def ready(trained: Program, program: Program) -> Program:
    """The program beside a model, its data, and forecasts of their last year."""
    for name in ("air_passengers.csv", "rnncast.safetensors"):
        shutil.copy(trained.folder / name, program.folder / name)
    lines = AIR_PASSENGERS.read_text().splitlines()
    rows = [f"{line},{float(line.split(',')[1]) - 40},{float(line.split(',')[1]) + 40}" for line in lines[-12:]]
    table = ["Month,forecast,forecast-lo-80,forecast-hi-80", *rows]
    (program.folder / "forecasts.csv").write_text("\n".join(table))
    return program


def texts(path: Path) -> set[str]:
    return {each.text or "" for each in ElementTree.parse(path).iter(f"{SVG}text")}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_draws_each_form(ready: Program, command: str) -> None:
    for form, head in HEADS.items():
        done = ready(*COMMANDS[command].split(), "--plot", f"x.{form}")
        assert done.returncode == 0, done.stderr
        made = (ready.folder / f"x.{form}").read_bytes()
        assert made.startswith(head)
        assert made.endswith(ENDS[form])
    assert SHOWN[command] <= texts(ready.folder / "x.svg")
    plain = ready(*COMMANDS[command].split())
    assert plain.stdout.splitlines()[0] == done.stdout.splitlines()[0]
    assert {path.name for path in ready.folder.iterdir()} == {
        *("air_passengers.csv", "rnncast.safetensors", "forecasts.csv"),
        *(f"x.{form}" for form in HEADS),
    }


def test_a_process_without_a_display_draws_and_loads_no_pyplot(ready: Program) -> None:
    ready.environment.pop("DISPLAY", None)
    loaded = modules_after(ready, "forecast --plot x.png")
    assert "matplotlib" in loaded
    assert not {"matplotlib.pyplot", "torch", "plotille", "tkinter"} & loaded
    assert (ready.folder / "x.png").read_bytes().startswith(HEADS["png"])


@pytest.mark.parametrize("arguments", ["forecast", "check air_passengers.csv", "inspect"])
def test_without_it_matplotlib_is_not_loaded(trained: Program, arguments: str) -> None:
    loaded = modules_after(trained, arguments)
    assert not {"matplotlib", "plotille"} & loaded
    assert not {name for name in loaded if name.startswith("rnncast.report.figures")}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_cannot_be_drawn_is_refused_before_the_work(
    ready: Program, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = COMMANDS[command].split()
    for name in ("x.jpg", "x", "-", "x.svg.gz"):
        done = ready(*words, "--plot", name)
        assert done.returncode == 2
        assert "a figure is a .png, .svg or .pdf file" in done.stderr
    done = ready(*words, "--plot", "nowhere/x.png")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot write nowhere/x.png" in done.stderr
    monkeypatch.setattr(file, "find_spec", lambda name: None)
    done = ready(*words, "--plot", "x.png")
    assert (done.returncode, done.stdout) == (1, "")
    assert "to draw x.png, matplotlib is needed" in done.stderr
    assert "pip install 'rnncast[plot]'" in done.stderr
    assert not (ready.folder / "x.png").exists()


def test_an_old_figure_is_there_until_the_new_one_is_whole(ready: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    (ready.folder / "x.svg").write_text("old")

    def broken(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", broken)
    done = ready("forecast", "--plot", "x.svg")
    assert done.returncode == 1
    assert "cannot write x.svg: No space left on device" in done.stderr
    assert (ready.folder / "x.svg").read_text() == "old"


def test_paths_and_streams_are_not_drawn(ready: Program) -> None:
    for words in (["--paths", "3"], ["--follow"]):
        done = ready("forecast", *words, "--plot", "x.svg", stdin="Month,#Passengers\n1961-01,500\n")
        assert done.returncode == 2
        assert "--plot: there are no pictures of paths or streams" in done.stderr
    done = ready("forecast", "--plot", "x.svg", "-o", "x.svg")
    assert done.returncode == 2
    assert "would be written twice" in done.stderr


def test_of_a_panel_the_worst_the_median_and_the_best_are_drawn(program: Program) -> None:
    """The forecasts of store k are off by k: their order is known."""
    names = [f"<{k}>" for k in range(12)]
    days = [f"2024-01-{day:02d}" for day in range(1, 29)]
    actual = [f"{name},{day},{10 + i % 7}" for name in names for i, day in enumerate(days)]
    off = [
        f"{name},{day},{10 + i % 7 + k + 1}" for k, name in enumerate(names) for i, day in enumerate(days) if i >= 21
    ]
    (program.folder / "actual.csv").write_text("\n".join(["store,day,sold", *actual]))
    (program.folder / "mine.csv").write_text("\n".join(["store,day,mine", *off]))
    done = program("score", "mine.csv", "--actual", "actual.csv", "--plot", "x.svg")
    assert done.returncode == 0, done.stderr
    found = [each.text or "" for each in ElementTree.parse(program.folder / "x.svg").iter(f"{SVG}text")]
    assert [each for each in found if each.startswith("<")] == [f"<{k}>" for k in (11, 10, 9, 7, 6, 5, 2, 1, 0)]
    words = [each.split(",")[0] for each in found if ", MASE " in each]
    assert words == [*["worst"] * 3, *["median"] * 3, *["best"] * 3]
    assert "9 of 12 series: the worst, the median and the best, by MASE" in found
    done = program("check", "actual.csv", "--plot", "y.svg")
    said = "9 of 12 series: the worst, the median and the best, by how much is missing"
    assert said in texts(program.folder / "y.svg")


def test_a_reader_that_has_seen_enough_loses_no_figure(ready: Program) -> None:
    ready.shell("rnncast forecast --plot x.svg | head -1")
    assert (ready.folder / "x.svg").read_text().endswith("</svg>\n")


@pytest.mark.parametrize("model", ["window", "jordan"])
def test_a_net_with_little_or_no_state_can_be_inspected(program: Program, model: str) -> None:
    fitted(small_config(model)).save(str(program.folder / "m.safetensors"))
    done = program("inspect", "m.safetensors", "--plot", "x.svg")
    assert done.returncode == 0, done.stderr
    shown = texts(program.folder / "x.svg")
    assert ("Hidden state after the last value" in shown) == (model == "jordan")
    assert "no data were held out" in shown


def test_how_far_back_a_model_looks_is_drawn(program: Program) -> None:
    fitted(small_config("lstm")).save(str(program.folder / "m.safetensors"))
    rows = [f"{s},{i},{100 + 10 * math.sin(i + s)}" for s in range(2) for i in range(1, 80)]
    (program.folder / "data.csv").write_text("\n".join(["id,step,value", *rows]))
    done = program("inspect", "m.safetensors", "data.csv", "--memory", "--plot", "x.svg")
    assert done.returncode == 0, done.stderr
    wanted = {"How far back lstm looks", "through the state", "through the frame", "end of the window", "lead 4"}
    assert wanted <= texts(program.folder / "x.svg")


PICTURES = sorted((ROOT / "docs" / "pictures").glob("*.svg"))


@pytest.mark.parametrize("path", PICTURES, ids=lambda path: path.stem)
def test_a_picture_of_the_pages_fetches_nothing_and_is_shown_on_one(path: Path) -> None:
    ElementTree.parse(path)
    assert not re.search(r"(href=|url\(|src=)[\"']?https?:|@import|<script", path.read_text())
    pages = [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]
    assert any(f"pictures/{path.name})" in page.read_text() for page in pages)


def test_a_terminal_is_pictured_as_it_was(tmp_path: Path) -> None:
    spec = spec_from_file_location("make_pictures", ROOT / "docs" / "make_pictures.py")
    assert spec is not None
    assert spec.loader is not None
    script = module_from_spec(spec)
    spec.loader.exec_module(script)
    svg = script.terminal_picture("rnncast forecast", "\x1b[1mMonth\x1b[0m <b> ⢕\n1961-01\n", "name")
    shown = [each.text for each in ElementTree.fromstring(svg).iter(f"{SVG}text")]
    words = "".join(filter(None, shown)).replace("\xa0", " ")
    assert all(each in words for each in ("$ rnncast forecast", "Month", "<b> ⢕", "1961-01"))

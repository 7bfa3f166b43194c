"""`--plot FILE`: each command that has it draws a figure into a file, whole or not at all."""

import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from rnncast.report.figures import file
from tests.conftest import AIR_PASSENGERS, Program
from tests.test_cli import modules_after

SVG = "{http://www.w3.org/2000/svg}"
HEADS = {"png": b"\x89PNG\r\n\x1a\n", "svg": b"<?xml", "pdf": b"%PDF-"}
ENDS = {"png": b"IEND\xaeB`\x82", "svg": b"</svg>\n", "pdf": b"%%EOF\n"}
COMMANDS = {
    "forecast": "forecast",
    "check": "check air_passengers.csv",
    "score": "score forecasts.csv --actual air_passengers.csv",
    "compare": "compare air_passengers.csv --model drift --baseline mean --folds 3",
}
SHOWN = {
    "forecast": {"#Passengers", "history", "forecast", "80 %", "95 %", "12 steps ahead, monthly"},
    "check": {"#Passengers", "144 steps, monthly"},
    "score": {"#Passengers", "observed", "forecast", "80 %"},
    "compare": {"#Passengers", "drift", "mean", "naive", "seasonal-naive", "observed", "MASE, where less is better"},
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
        assert "--plot: of paths and of streams nothing is drawn" in done.stderr
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

"""`rnncast inspect`: the card of a model file."""

import csv
import io
import json

import numpy as np
import pytest

from rnncast.forecaster.forecaster import Forecaster
from rnncast.report.memory import MemoryCurve, reach_of
from rnncast.report.room import Room
from tests.conftest import Program, fitted, small_config, waves
from tests.test_cli import modules_after


def test_the_card_says_what_the_file_holds(trained: Program) -> None:
    told = json.loads(trained("inspect", "--json").stdout)
    model = Forecaster.load(str(trained.folder / "rnncast.safetensors"))
    assert told["net"]["parameters"] == sum(weight.size for weight in model.weights.values())
    assert told["file"]["bytes"] == (trained.folder / "rnncast.safetensors").stat().st_size
    assert (told["data"]["path"], told["data"]["series"]) == ("air_passengers.csv", 1)
    assert (told["data"]["frequency"], told["data"]["last time"]) == ("monthly", "1960-12")
    assert told["scores"] == model.scores
    assert told["training"]["seed"] == 1
    assert {"rnncast", "python", "numpy", "torch"} == told["versions"].keys()


def test_the_card_is_read_by_people_too(trained: Program) -> None:
    done = trained("inspect")
    assert (done.returncode, done.stderr) == (0, "")
    assert "last time 1960-12" in done.stdout
    assert "seasonal naive" in done.stdout


def test_a_pipe_has_no_date(trained: Program) -> None:
    piped = json.loads(trained.shell("rnncast inspect - --json < rnncast.safetensors").stdout)
    assert "written" not in piped["file"]


def test_inspect_imports_neither_torch_nor_pandas(trained: Program) -> None:
    assert not {"torch", "pandas"} & modules_after(trained, "inspect")


def test_memory_is_a_table_of_gradients_and_a_line_that_sums_it_up(trained: Program) -> None:
    done = trained("inspect", "--memory")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert list(rows[0]) == ["lag", "lead", "state", "frame", "window"]
    assert {row["lead"] for row in rows} >= {"1", "12"}
    state = np.array([float(row["state"]) for row in rows])
    assert (state >= 0).all()
    assert state.max() > 0
    assert all(float(row["window"]) == 0 for row in rows if int(row["lag"]) >= 24)
    said = done.stderr.splitlines()
    assert said[0] == "reading the data that the model file names: air_passengers.csv"
    assert "95 % of what the state adds comes from the last" in done.stderr
    assert "the window holds 24; the cycle is about 12" in done.stderr
    assert "the mean of 3 nets" in done.stderr


def test_memory_as_json_says_the_same(trained: Program) -> None:
    done = trained("inspect", "rnncast.safetensors", "air_passengers.csv", "--memory", "--format", "json")
    told = json.loads(done.stdout)
    assert told["summary"] in done.stderr
    for curve in ("state", "frame", "window"):
        assert np.array(told["influence"][curve]).shape == (100, len(told["leads"]))
    assert told["reach"]["window"] <= told["window"] == 24


def test_what_is_for_memory_alone_is_refused_without_it(trained: Program) -> None:
    for words in (["rnncast.safetensors", "air_passengers.csv"], ["--format", "csv"]):
        done = trained("inspect", *words)
        assert (done.returncode, "--memory" in done.stderr) == (2, True)


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("braille", [True, False])
def test_the_memory_curve_is_drawn_within_its_room(width: int, braille: bool) -> None:
    for net in ("window", "gru"):
        found = MemoryCurve.of(fitted(small_config(net)), waves())
        lines = [line.plain for line in found.picture().lines(Room(width, 40, braille))]
        assert max(map(len, lines)) <= width
        assert "through the state" in "".join(lines)
        assert braille or "".join(lines).isascii()
        assert ("the state adds nothing" in found.sentence) == (net == "window")


def test_a_reach_holds_95_percent() -> None:
    assert [reach_of(np.array(curve)) for curve in ([0.0, 0.0], [1.0, 0.0], [0.5, 0.4, 0.1], [0.9, 0.0, 0.1])] == [
        0,
        1,
        3,
        3,
    ]

"""`rnncast inspect`: the card of a model file."""

import json

from rnncast.forecaster.forecaster import Forecaster
from tests.conftest import Program
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

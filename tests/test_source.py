"""A path that stands in a model file is never opened without the user's word, unless it is a file in this folder."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from rnncast.errors import DataError
from rnncast.forecaster.forecaster import Forecaster
from tests.conftest import Program

OUTSIDE, NO_FILE = "lies outside the working folder", "is not a plain file"


def pointing(trained: Program, folder: Path, path: str) -> Path:
    """The trained model in a folder, saying that its data are at a path."""
    model = Forecaster.load(str(trained.folder / "rnncast.safetensors"))
    target = folder / "model.safetensors"
    replace(model, source=replace(model.source, path=path)).save(str(target))
    return target


def linked(folder: Path, target: Path) -> str:
    (folder / "link.csv").symlink_to(target)
    return "link.csv"


def through_a_folder(folder: Path, target: Path) -> str:
    (folder / "in").symlink_to(target.parent)
    return f"in/{target.name}"


def pipe(folder: Path, target: Path) -> str:
    os.mkfifo(folder / "pipe")
    return "pipe"


def in_a_circle(folder: Path, target: Path) -> str:
    (folder / "circle").symlink_to("circle")
    return "circle"


PATHS: dict[str, tuple[Callable[[Path, Path], str], str]] = {
    "absolute": (lambda folder, target: str(target), OUTSIDE),
    "up": (lambda folder, target: f"../{target.parent.name}/{target.name}", OUTSIDE),
    "down and up": (lambda folder, target: f"a/b/../../../{target.parent.name}/{target.name}", OUTSIDE),
    "a link": (linked, OUTSIDE),
    "a link on the way": (through_a_folder, OUTSIDE),
    "a device": (lambda folder, target: "/dev/zero", OUTSIDE),
    "a descriptor": (lambda folder, target: "/dev/fd/0", OUTSIDE),
    "a pipe": (pipe, NO_FILE),
    "a folder": (lambda folder, target: ".", NO_FILE),
    "a circle": (in_a_circle, "cannot be|" + OUTSIDE + "|there is no file|cannot read"),
    "a null character": (lambda folder, target: "a\0b", "cannot be"),
}


@pytest.mark.parametrize("name", PATHS)
def test_what_leads_elsewhere_is_not_opened(
    name: str, trained: Program, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = tmp_path_factory.mktemp("here"), tmp_path_factory.mktemp("there")
    target = there / "secret.csv"
    target.write_text("date,y\n2024-01-01,1\n")
    monkeypatch.chdir(here)
    make, reason = PATHS[name]
    model = Forecaster.load(str(pointing(trained, here, make(here, target))))
    opened: list[str] = []
    with pytest.raises(DataError, match=reason):
        model.training_data(opened.append)
    assert not opened or name == "a circle"


def test_an_address_on_the_web_is_only_a_name(
    trained: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    model = Forecaster.load(str(pointing(trained, tmp_path, "https://example.com/a.csv")))
    with pytest.raises(DataError, match=r"there is no file https://example\.com/a\.csv"):
        model.training_data()


def test_compare_says_what_it_reads_and_asks_where_that_is_elsewhere(trained: Program, program: Program) -> None:
    elsewhere = trained.folder / "air_passengers.csv"
    pointing(trained, program.folder, str(elsewhere))
    asked = ("compare", "--model", "model.safetensors", "--baseline", "naive", "--folds", "1", "--epochs", "1")
    refused = program(*asked)
    assert (refused.returncode, refused.stdout) == (1, "")
    sentence, hint = refused.stderr.splitlines()
    assert sentence == f"rnncast: the model file says that its data are in {elsewhere}, which {OUTSIDE}"
    assert "--data-of-model" in hint
    done = program(*asked, "--data-of-model")
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines()[0] == f"reading the data that the model file names: {elsewhere}"

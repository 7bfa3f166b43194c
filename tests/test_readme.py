"""README.md keeps its promises: its commands run, and nothing that a user can call is left out."""

import os
import re
import shutil
from pathlib import Path

import pytest

from rnncast.cli.app import COMMANDS
from rnncast.cli.options import _PANELS as PANELS
from tests.conftest import ROOT, Program

README = (ROOT / "README.md").read_text()


def blocks(language: str) -> list[str]:
    """The fenced blocks whose first line is ```language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_every_command_and_option_group_is_named() -> None:
    for command in COMMANDS:
        assert f"rnncast {command}" in README
    for panel in PANELS.values():
        assert f"**{panel}**" in README


# A shell's rnncast that learns for as short as can be: of an option given twice, the last counts.
BRIEFLY = """
rnncast() {
  case $1 in
    train) command rnncast "$@" --epochs 1 --members 1 ;;
    compare) command rnncast "$@" --epochs 1 --members 1 --no-validate ;;
    *) command rnncast "$@" ;;
  esac
}
"""


@pytest.mark.parametrize(
    "learning", [pytest.param(BRIEFLY, id="briefly"), pytest.param("", id="fully", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("block", blocks("sh"), ids=lambda block: block.splitlines()[0])
def test_shell_blocks_run(program: Program, trained: Program, block: str, learning: str) -> None:
    shutil.copytree(ROOT / "sample_data", program.folder / "sample_data")
    # A model that earlier blocks of the README leave behind.
    (program.folder / "rnncast.safetensors").write_bytes((trained.folder / "rnncast.safetensors").read_bytes())
    # Not pipefail: what is piped into head ends with 141, as it should.
    done = program.shell(f"set -eu\n{learning}{block}")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "rnncast: " not in done.stderr


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.splitlines()[0])
def test_python_blocks_run(tmp_path: Path, block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {"__name__": "readme"})
    assert os.listdir(tmp_path)


def test_every_linked_file_exists() -> None:
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / link).exists(), link

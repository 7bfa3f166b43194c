"""README.md and docs/ keep their promises: their commands run, their links lead somewhere, and nothing is left out."""

import os
import re
import runpy
import shutil
from pathlib import Path

import pytest

from rnncast.cli.app import COMMANDS
from rnncast.cli.examples import EXAMPLES, MISTAKES
from tests.conftest import BRIEFLY, ROOT, Program

README = ROOT / "README.md"
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [README, *DOCS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]
RUN_ELSEWHERE = {"memory.md", "exit-codes.md", "settings.md", "reliability.md", "tables.md", "CONTRIBUTING.md"}
MOST_LINES = 180  # of the README


def blocks(page: Path, language: str) -> list[str]:
    """The fenced blocks whose first line is ```language."""
    return re.findall(rf"^```{language}\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE)


def all_blocks(language: str) -> list[object]:
    """Every block of a language, with the page and its first line for a name."""
    return [
        pytest.param(block, id=f"{page.name}: {block.splitlines()[0]}")
        for page in PAGES
        if page.name not in RUN_ELSEWHERE
        for block in blocks(page, language)
    ]


def test_the_readme_is_read_in_a_few_minutes() -> None:
    assert len(README.read_text().splitlines()) <= MOST_LINES


def test_every_command_has_its_page() -> None:
    """What a page says of options is what --help says; after a change: python docs/make_commands.py."""
    made = runpy.run_path(str(ROOT / "docs" / "make_commands.py"))
    for command in COMMANDS:
        page = (ROOT / "docs" / "commands" / f"{command}.md").read_text()
        begin, end = made["OPTIONS"]
        assert page.partition(begin)[2].partition(end)[0].strip() == made["options"](command), command
        for line in [example.command for example in EXAMPLES[command]] + list(MISTAKES.get(command, ())):
            assert f"$ {line}\n" in page, line
        assert f"commands/{command}.md" in (ROOT / "docs" / "README.md").read_text()


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    for page in DOCS:
        assert page.name == "README.md" or f"({page.relative_to(ROOT / 'docs')})" in index, page


@pytest.mark.parametrize(
    "learning", [pytest.param(BRIEFLY, id="briefly"), pytest.param("", id="fully", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("block", all_blocks("sh"))
def test_shell_blocks_run(program: Program, trained: Program, block: str, learning: str) -> None:
    # A model that earlier blocks of the page leave behind.
    (program.folder / "rnncast.safetensors").write_bytes((trained.folder / "rnncast.safetensors").read_bytes())
    runs(program, learning + block)


@pytest.mark.parametrize("block", all_blocks("sh new"))
def test_shell_blocks_run_where_there_is_no_model(program: Program, block: str) -> None:
    runs(program, block)


def runs(program: Program, lines: str) -> None:
    """Run lines of a shell beside the sample data, and see that nothing goes wrong."""
    shutil.copytree(ROOT / "sample_data", program.folder / "sample_data")
    # Not pipefail: what is piped into head ends with 141, as it should.
    done = program.shell(f"set -eu\n{lines}")
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "rnncast: " not in done.stderr


@pytest.mark.parametrize("block", blocks(README, "python"), ids=lambda block: block.splitlines()[0])
def test_python_blocks_run(tmp_path: Path, block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(ROOT / "sample_data", tmp_path / "sample_data")
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "README.md", "exec"), {"__name__": "readme"})
    assert os.listdir(tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file that is there, and to a heading that it has."""
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        headings = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE) if anchor else []
        anchors = {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
        assert not anchor or anchor in anchors, link

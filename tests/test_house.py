"""The house rules that the code can be read for: imports point down, nothing grows too large, nothing forbidden."""

import ast
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.conftest import ROOT
from tests.wording import opening_faults

PACKAGE = ROOT / "rnncast"
# From the ground up: single files that every room may import, each also those before it. Then each room, the libraries
# that belong in it, and the other rooms that it may import from, all of which stand above it here; "files" are all
# three, and values may enter everywhere. The first docstring of a room says what may enter it, and what may not.
GROUND = (
    "version",
    "errors",
    "plain",
    "losses",
    "settings",
    "interruption",
    "table_config",
    "config",
    "decided",
    "spec",
)
_TABLE = """
values        | numpy                     |
times         | numpy                     |
intervals     | numpy                     |
series        | numpy                     | times intervals
frame         | numpy                     | times series
files.formats | numpy pandas pyarrow python_calamine | times
files.panels  | numpy pandas              | times series files.formats
files.output  | numpy pandas pyarrow safetensors xlsxwriter | times series frame
pretrained    | numpy safetensors         |
runtime       | numpy scipy               | intervals series frame pretrained
choices       | numpy scipy               | times series frame runtime
nets          | numpy torch               | frame runtime pretrained
training      | numpy torch               | intervals series frame files.output runtime pretrained choices nets
forecaster    | numpy                     | times intervals series frame files runtime pretrained choices nets training
evaluate      | numpy scipy statsforecast | times series files.formats files.panels runtime choices training forecaster
tuning        | numpy optuna              | series files.output training forecaster evaluate
scale         | dask distributed          | series files.formats files.panels files.output forecaster evaluate
report        | numpy plotille rich       | series files.output choices training forecaster evaluate tuning
report.figures| matplotlib numpy          | times series files.output forecaster evaluate report
api           | matplotlib numpy pandas   | times series files choices training forecaster evaluate tuning reports
cli           | rich typer       | series files runtime choices training forecaster evaluate tuning scale reports
__main__      |                           | cli
"""
FILES = "files.formats files.panels files.output "
REPORTS = "report report.figures"  # what "reports" means in the table
COMPUTE = {"times", "intervals", "series", "frame", "runtime", "pretrained", "nets", "training"}
ASKED = {"Config", "TaskConfig", "NetConfig", "TrainConfig"}
FORBIDDEN = ("pickle", "torch.load", "csv.Sniffer", "import click", "**kwargs")
FILE_LINES, FUNCTION_LINES, CLASS_LINES, PARAMETERS = 400, 60, 250, 8

SOURCES = sorted(PACKAGE.rglob("*.py"))


class Room(NamedTuple):
    """What a room may import."""

    libraries: set[str]
    rooms: set[str]


def named(rooms: str) -> set[str]:
    """The rooms in a row of the table."""
    return set(rooms.replace("files ", FILES).replace("reports", REPORTS).split())


ROOMS = {name: Room(set(), set(GROUND[:place])) for place, name in enumerate(GROUND)} | {
    name.strip(): Room(set(libraries.split()), {*GROUND, "values", *named(rooms)} - {name.strip()})
    for name, libraries, rooms in (line.split("|") for line in _TABLE.strip().splitlines())
}


def room_of(module: str) -> str:
    """The room of a module, `rnncast.files.formats.cells` in files.formats: the longest name of the list that fits."""
    names = module.split(".")[1:]
    fitting = [".".join(names[:n]) for n in range(len(names), 0, -1) if ".".join(names[:n]) in ROOMS]
    return fitting[0] if fitting else names[0]


def room(path: Path) -> str:
    return room_of(".".join(["rnncast", *path.relative_to(PACKAGE).with_suffix("").parts]))


def imports(tree: ast.AST) -> set[str]:
    """Every module that a file imports, wherever in the file it does."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(node.module or "")
    return found


@pytest.fixture(params=SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def source(request: pytest.FixtureRequest) -> Path:
    return request.param


def test_the_table_of_rooms_is_one_of_a_house() -> None:
    """It names every room, from the ground up, and no room may import from one above it."""
    names = list(ROOMS)
    assert set(names) == {room(path) for path in SOURCES} - {"__init__", "files"}
    for place, (name, (_, rooms)) in enumerate(ROOMS.items()):
        assert rooms <= set(names[:place]), f"{name} stands below {rooms - set(names[:place])}"


def test_a_room_imports_what_the_table_says(source: Path) -> None:
    here = room(source)
    if here not in ROOMS:
        return
    for module in imports(ast.parse(source.read_text())):
        library, *inner = module.split(".")
        if library == "rnncast":
            assert not inner or room_of(module) in ROOMS[here].rooms | {here}, f"{here} may not import {module}"
        elif library not in sys.stdlib_module_names | {"_typeshed"}:
            assert library in ROOMS[here].libraries, f"{library} does not belong in {here}"


def test_whoever_computes_takes_what_was_decided(source: Path) -> None:
    """A Config says what was asked; below and beside the choices, only a ModelSpec will do."""
    if room(source) not in COMPUTE:
        return
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "rnncast.config":
            assert not {alias.name for alias in node.names} & ASKED


def test_docstrings_open_with_a_verb_or_a_noun(source: Path) -> None:
    """ "Return the mean...", not "The mean..." or "What..."; a new verb goes into tests/wording.py."""
    assert not opening_faults(ast.parse(source.read_text()))


def test_nothing_grows_too_large(source: Path) -> None:
    text = source.read_text()
    assert len(text.splitlines()) < FILE_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            lines = (node.end_lineno or 0) - node.lineno + 1
            assert lines < (CLASS_LINES if isinstance(node, ast.ClassDef) else FUNCTION_LINES), node.name


def test_functions_take_few_parameters(source: Path) -> None:
    if room(source) == "cli":
        return  # a command's parameters are its options
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.FunctionDef):
            arguments = node.args
            assert len(arguments.args + arguments.kwonlyargs + arguments.posonlyargs) <= PARAMETERS, node.name


def test_nothing_forbidden(source: Path) -> None:
    text = source.read_text()
    for words in FORBIDDEN:
        assert words not in text


def test_everything_public_says_what_it_is(source: Path) -> None:
    tree = ast.parse(source.read_text())
    assert ast.get_docstring(tree), "the file does not say what room it is"
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    nested = {inner.name for node in functions for inner in ast.walk(node) if inner in functions and inner is not node}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            assert node.name in nested or ast.get_docstring(node), f"{node.name} has no docstring"


def test_no_import_cycles() -> None:
    """Within a room too."""
    graph = {}
    for path in SOURCES:
        name = "rnncast." + str(path.relative_to(PACKAGE)).removesuffix(".py").replace("/", ".")
        graph[name] = {module for module in imports(ast.parse(path.read_text())) if module.startswith("rnncast")}
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, f"cycle: {' -> '.join((*path, name))}"
        if name in done or name not in graph:
            return
        for module in graph[name]:
            visit(module, (*path, name))
        done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("folder", ["benchmarks", "docs", "pretraining", "tests"])
def test_what_stands_beside_the_package_imports_what_is_there(folder: str) -> None:
    """Also where nothing runs it in the suite; a move must take these along."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for module in imports(ast.parse(path.read_text())):
            if module.split(".")[0] == "rnncast":
                place = ROOT.joinpath(*module.split("."))
                assert place.is_dir() or place.with_suffix(".py").is_file(), f"{path.name} imports {module}"

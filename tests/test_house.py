"""The house rules that the code can be read for: imports point down, nothing grows too large, nothing forbidden."""

import ast
from pathlib import Path

import pytest

from tests.conftest import ROOT

PACKAGE = ROOT / "rnncast"
# From the ground up. A room may import from rooms below it, and from itself.
ROOMS = [
    "version",
    "errors",
    "plain",
    "losses",
    "config",
    "spec",
    "times",
    "intervals",
    "series",
    "frame",
    "files.formats",
    "files.panels",
    "files.output",
    "runtime",
    "choices",
    "nets",
    "training",
    "given",
    "model_header",
    "forecaster",
    "following",
    "evaluate",
    "report",
    "cli",
    "__main__",
]
# Not yet in the folder of its room.
ELSEWHERE = {"rnncast.files.beside": "rnncast.files.panels.beside"}
HOMES = {
    "torch": {"nets", "training"},
    "pandas": {"files.formats", "files.panels"},
    "scipy": {"evaluate", "runtime"},
    "statsforecast": {"evaluate"},
    "typer": {"cli"},
    "rich": {"report", "cli"},
}
COMPUTE = {"times", "series", "frame", "runtime", "nets", "training"}
ASKED = {"Config", "TaskConfig", "NetConfig", "TrainConfig"}
FORBIDDEN = ("pickle", "torch.load", "csv.Sniffer", "import click", "**kwargs")
FILE_LINES, FUNCTION_LINES, CLASS_LINES, PARAMETERS = 400, 60, 250, 8

SOURCES = sorted(PACKAGE.rglob("*.py"))


def room_of(module: str) -> str:
    """The room of a module, `rnncast.files.formats.cells` in files.formats: the longest name of the list that fits."""
    names = ELSEWHERE.get(module, module).split(".")[1:]
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


def test_imports_point_down(source: Path) -> None:
    here = room(source)
    if here == "__init__":
        return
    for module in imports(ast.parse(source.read_text())):
        if module.startswith("rnncast."):
            there = room_of(module)
            assert ROOMS.index(there) <= ROOMS.index(here), f"{here} imports {module}, which lies above it"


def test_whoever_computes_takes_what_was_decided(source: Path) -> None:
    """A Config says what was asked; below and beside the choices, only a ModelSpec will do."""
    if room(source) not in COMPUTE:
        return
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "rnncast.config":
            assert not {alias.name for alias in node.names} & ASKED


def test_each_library_has_its_home(source: Path) -> None:
    for module in imports(ast.parse(source.read_text())):
        library = module.split(".")[0]
        assert room(source) in HOMES.get(library, {room(source)}), f"{library} does not belong in {room(source)}"


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


@pytest.mark.parametrize("folder", ["benchmarks", "tests"])
def test_what_stands_beside_the_package_imports_what_is_there(folder: str) -> None:
    """Also where nothing runs it in the suite; a move must take these along."""
    for path in sorted((ROOT / folder).rglob("*.py")):
        for module in imports(ast.parse(path.read_text())):
            if module.split(".")[0] == "rnncast":
                place = ROOT.joinpath(*module.split("."))
                assert place.is_dir() or place.with_suffix(".py").is_file(), f"{path.name} imports {module}"

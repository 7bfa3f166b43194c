"""--help: what most need on two screens, everything else one flag away, with examples that run."""

import shutil

import pytest

from rnncast.cli.app import COMMANDS, program_with
from rnncast.cli.examples import EXAMPLES
from tests.conftest import BRIEFLY, ROOT, Program

TWO_SCREENS = 120  # lines of a terminal of 80 columns


def shown(program: Program, command: str, option: str = "--help", columns: int = 80) -> list[str]:
    done = program.shell(f"COLUMNS={columns} rnncast {command} {option}")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_is_two_screens_with_examples(program: Program, command: str) -> None:
    lines = shown(program, command)
    assert len(lines) <= TWO_SCREENS
    assert all(len(line) <= 80 for line in lines)
    for example in EXAMPLES[command]:
        assert any(example.command in line for line in lines), example.command


@pytest.mark.parametrize("columns", [60, 160])
def test_help_is_as_wide_as_the_terminal(program: Program, columns: int) -> None:
    widths = [len(line.rstrip()) for line in shown(program, "train", columns=columns)]
    assert columns - 2 <= max(widths) <= columns


@pytest.mark.parametrize("command", COMMANDS)
def test_help_all_shows_every_option(program: Program, command: str) -> None:
    parameters = program_with([command]).registered_commands[0].callback
    assert parameters is not None
    some, every = (" ".join(shown(program, command, option)) for option in ("--help", "--help-all"))
    assert len(every) >= len(some)
    if command == "train":
        for flag in ("--bptt-steps", "--ledger", "--duplicates", "--no-calendar"):
            assert flag in every
            assert flag not in some


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_examples_run(program: Program, command: str) -> None:
    """In the order in which they stand, over small tables of the names that they use."""
    sample = ROOT / "sample_data"
    shutil.copy(sample / "air_passengers.csv", program.folder / "sales.csv")
    shutil.copy(sample / "store_sales.csv", program.folder / "stores.csv")
    train = program.shell(f"{BRIEFLY}rnncast train sales.csv -q && cp rnncast.safetensors sales.safetensors")
    assert train.returncode == 0, train.stderr
    if command == "score":
        sales = (program.folder / "sales.csv").read_text().splitlines(keepends=True)
        (program.folder / "actual.csv").write_text("".join([sales[0], *sales[-12:]]))
        (program.folder / "sales.csv").write_text("".join(sales[:-12]))
        assert program.shell("rnncast forecast sales.csv -H 12 -o forecast.csv").returncode == 0
    if command == "export":
        pytest.importorskip("onnxscript")
    for example in EXAMPLES[command]:
        done = program.shell(f"{BRIEFLY}{example.command}")
        assert done.returncode == 0, (example.command, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("words", "expected"),
    [("train --model ", "lstm"), ("compare --baseline se", "seasonal-naive"), ("train --preset b", "best")],
)
def test_a_shell_completes_values(program: Program, words: str, expected: str) -> None:
    count = len(words.split(" "))
    done = program.shell(f"COMP_WORDS='rnncast {words}' COMP_CWORD={count} _RNNCAST_COMPLETE=complete_bash rnncast")
    assert expected in done.stdout.split()


def test_the_case_of_a_word_does_not_matter(program: Program) -> None:
    shutil.copy(ROOT / "sample_data" / "air_passengers.csv", program.folder / "sales.csv")
    done = program("train", "sales.csv", "--model", "GRU", "--preset", "Fast", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "trained gru" in done.stderr
    both = program("compare", "sales.csv", "--model", "Naive", "--baseline", "DRIFT", "--folds", "1", "--format", "csv")
    assert both.returncode == 0, both.stderr
    assert {line.split(",")[0] for line in both.stdout.splitlines()[1:]} >= {"naive", "drift"}


def test_m_names_the_model_file(program: Program) -> None:
    shutil.copy(ROOT / "sample_data" / "air_passengers.csv", program.folder / "sales.csv")
    assert program("train", "sales.csv", "--epochs", "0", "-m", "own.safetensors").returncode == 0
    for command in (["forecast"], ["inspect"], ["compare", "--folds", "1", "--epochs", "0"]):
        done = program(*command, "-m", "own.safetensors")
        assert done.returncode == 0, done.stderr
    data = program("inspect", "sales.csv", "--memory", "-m", "own.safetensors", "--format", "csv")
    assert (data.returncode, data.stdout.startswith("lag")) == (0, True), data.stderr + data.stdout
    for command in (["inspect", "own.safetensors", "sales.csv"], ["export", "own.safetensors", "--onnx"]):
        twice = program(*command, "-m", "own.safetensors")
        assert (twice.returncode, "the model file is named twice" in twice.stderr) == (2, True)

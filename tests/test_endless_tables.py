"""Tables of absurd shapes: very long lines, very many columns, huge cells, deep nesting: refused at once, with why."""

import time
from pathlib import Path

import pytest

from rnncast.errors import DataError
from rnncast.files.panels.tables import read_table
from tests.conftest import Program

MILLION = 1_000_000
ENDLESS = {
    "a line of numbers": (",".join(map(str, range(MILLION))), "the line is longer than 4,194,304 bytes"),
    "a short line of ones": (",".join("1" * 200_000), "has 200,000 columns, and a table may have 100,000"),
    "very many columns": (
        "\n".join((",".join(f"c{i}" for i in range(MILLION)), ",".join("1" * MILLION))),
        "the line is longer than 4,194,304 bytes",
    ),
    "a cell of 10 MB": ("ds,y\n2024-01-01," + "x" * 10**7 + "\n", "data.csv:2: the line is longer than"),
    "a quote never closed": (
        'ds,y\n2024-01-01,"1\n' + "2024-01-02,3\n" * 100_000,
        "data.csv:2: a cell holds more than 131,072 characters",
    ),
    "nested brackets": ("[" * 100_000 + "]" * 100_000, "this is not JSON: a number or a nesting is too large"),
    "nested in an object": ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}\n", "nesting is too large"),
}


@pytest.mark.parametrize("kind", ENDLESS)
def test_what_is_no_table_is_refused_at_once(tmp_path: Path, kind: str) -> None:
    text, reason = ENDLESS[kind]
    path = tmp_path / "data.csv"
    path.write_text(text)
    began = time.process_time()
    with pytest.raises(DataError, match=reason):
        read_table(str(path))
    assert time.process_time() - began < 1


def test_the_cost_of_columns_is_linear(tmp_path: Path) -> None:
    """Beside the time for a tenth as many, which says what this machine can do."""

    def seconds(columns: int) -> float:
        path = tmp_path / "wide.csv"
        path.write_text("\n".join((",".join(f"c{i}" for i in range(columns)), *[",".join("1" * columns)] * 2)))
        began = time.process_time()
        with pytest.raises(DataError, match=f"has {columns} numeric columns"):
            read_table(str(path))
        return time.process_time() - began

    seconds(100)
    assert seconds(40_000) < 25 * seconds(4000)


def test_every_command_refuses_an_endless_line(program: Program) -> None:
    (program.folder / "endless.csv").write_text(ENDLESS["a line of numbers"][0])
    for arguments in (["check"], ["train"], ["compare"], ["score", "endless.csv", "--actual"]):
        done = program(*arguments, "endless.csv")
        assert done.returncode == 1
        assert "the line is longer than 4,194,304 bytes" in done.stderr
        assert "Traceback" not in done.stderr

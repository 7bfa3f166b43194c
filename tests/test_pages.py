"""The pages of the project: their tables are whole, and the benchmark that writes one puts it in its place."""

import re
import runpy
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.conftest import ROOT

PAGES = sorted(path for folder in (".", "docs", "pretraining", "sample_data") for path in (ROOT / folder).glob("*.md"))
ACCURACY = ROOT / "docs" / "accuracy.md"


def tables(text: str) -> list[list[str]]:
    """The tables of a page, each its lines up to the next empty one; not those within a block of code."""
    lines = re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE).splitlines()
    starts = [
        place for place in range(1, len(lines)) if re.fullmatch(r"\|?(\s*:?-+:?\s*\|)+(\s*:?-+:?)?", lines[place])
    ]
    found = []
    for start in starts:
        end = next((place for place in range(start, len(lines)) if not lines[place].strip()), len(lines))
        found.append(lines[start - 1 : end])
    return found


def cells(line: str) -> int:
    """The cells of a line of a table; a bar in a span of code is one of them only where it is not escaped."""
    return len(re.split(r"(?<!\\)\|", line.strip().removeprefix("|").removesuffix("|")))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_row_of_a_table_has_the_cells_of_its_header(page: Path) -> None:
    for header, *rows in tables(page.read_text()):
        assert len(rows) > 1, f"the table {header} has no rows"
        for row in rows:
            assert cells(row) == cells(header), row


def test_the_test_of_tables_finds_what_is_wrong_with_one() -> None:
    lost = "| set | series |\n|---|---|\n0.940ingles\n\nText with a | bar.\n\n| a | b |\n|---|---|\n| `x\\|y` | 2 |\n"
    (first, second) = tables(lost)
    assert (cells(first[0]), cells(first[2])) == (2, 1)
    assert [cells(line) for line in second] == [2, 2, 2]


def test_the_benchmark_writes_the_table_of_single_series(tmp_path: Path) -> None:
    """Under the header that docs/accuracy.md has, in place of all that stood there."""
    module = runpy.run_path(str(ROOT / "benchmarks" / "accuracy_table.py"))
    ours = {"lstm": {"a": 1.0, "b": 4.0, "c": 1.5, "d": 9.0}, "window": {"a": 2.0, "b": 2.0, "c": 3.0}}
    peers = {name: {"a": 2.0, "b": error, "c": 3.0} for name, error in (("AutoETS", 8.0), ("AutoARIMA", 2.0))}
    peers["AutoTheta"] = {"a": 4.0, "b": 2.0, "c": 6.0}
    table = module["singles_table"](ours, peers, {"a": "one", "b": "one", "c": "two", "d": "two"})
    assert table.splitlines()[2:] == [
        "| one | 2 | 2.000 | 4.000 | 2.000 | 2.828 | 1.000 | 1.000 |",
        "| two | 1 | 1.500 | 3.000 | 3.000 | 6.000 | 0.500 | 1.000 |",
    ]
    assert table.splitlines()[0] in ACCURACY.read_text().splitlines()
    page = tmp_path / "page.md"
    page.write_text(f"before\n\n{table.splitlines()[0]}\n|---|\n0.940ingles\n\nafter\n")
    module["put"](table, page)
    assert page.read_text() == f"before\n\n{table}\nafter\n"
    with pytest.raises(ValueError, match="cells"):
        module["markdown"](["a", "b"], [["1"]])


def test_the_benchmark_writes_the_table_of_seeds() -> None:
    """A row for each figure: its mean, its range, its targets, and the mean of the seconds."""
    module = runpy.run_path(str(ROOT / "benchmarks" / "accuracy_table.py"))
    seeds = [
        SimpleNamespace(row="work", metric="MSE", model="lstm", value=value, seconds=10, reach=0.4, stretch=None)
        for value in (0.5, 0.3, 0.4)
    ]
    assert module["seeds_table"](seeds).splitlines()[2:] == ["| work | MSE | lstm | 0.4 | 0.3 to 0.5 | 0.4 |  | 10 |"]
    assert module["seeds_table"](seeds).splitlines()[0] in ACCURACY.read_text().splitlines()

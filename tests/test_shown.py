"""Pictures are for a person at a terminal: there with every command, and never in a pipe."""

from pathlib import Path

import pytest

from tests.conftest import AIR_PASSENGERS, Program
from tests.test_cli import in_a_terminal, modules_after

AXIS = "└"


@pytest.fixture
def torn(program: Program) -> Program:
    """The program beside a table with a gap."""
    lines = AIR_PASSENGERS.read_text().splitlines()
    (program.folder / "torn.csv").write_text("\n".join([*lines[:40], *lines[44:]]))
    return program


def test_forecast_draws_above_its_table_what_it_remembers(trained: Program) -> None:
    code, shown = in_a_terminal(trained, "forecast")
    assert code == 0
    axis, first = shown.index(AXIS), shown.index("1961-01  ")
    assert shown.index("#Passengers   ⠤⠤ history   ⠤⠤ forecast") < axis < shown.index("lo-80") < first
    assert max(map(len, shown.splitlines())) <= 80


def test_with_data_it_draws_those(trained: Program) -> None:
    _, kept = in_a_terminal(trained, "forecast")
    kept = kept[kept.index("#Passengers") :]
    _, given = in_a_terminal(trained, "forecast", "air_passengers.csv")
    assert (
        given[given.index("#Passengers") :] == kept
    )  # the state still holds the last three seasons of what it was trained on, as it was


@pytest.mark.parametrize("columns", [60, 200])
def test_a_picture_is_as_wide_as_the_terminal(trained: Program, columns: int) -> None:
    _, shown = in_a_terminal(trained, "forecast", "-H", "2", columns=columns)
    assert columns - 3 <= max(map(len, shown.splitlines())) <= columns


@pytest.mark.parametrize("arguments", [["--no-plot"], ["-q"], ["--format", "csv"], ["--paths", "2"], ["-o", "x.csv"]])
def test_there_is_none_where_it_is_not_wanted(trained: Program, arguments: list[str]) -> None:
    code, shown = in_a_terminal(trained, "forecast", "-H", "1", *arguments)
    assert code == 0
    assert AXIS not in shown


def test_a_dumb_terminal_gets_none_and_a_plain_one_plain_characters(trained: Program) -> None:
    for variables, drawn in (({"TERM": "dumb"}, ""), ({"LANG": "C", "LC_ALL": "C"}, "++--")):
        plain = Program(trained.folder)
        plain.environment |= variables
        code, shown = in_a_terminal(plain, "forecast", "-H", "1", term=variables.get("TERM", "xterm"))
        assert code == 0
        assert AXIS not in shown
        assert drawn in shown
        assert ("history" in shown) == bool(drawn)


@pytest.mark.parametrize("arguments", ["forecast", "forecast --format table", "check air_passengers.csv"])
def test_in_a_pipe_nothing_is_drawn_and_nothing_loaded_to_draw_with(trained: Program, arguments: str) -> None:
    loaded = modules_after(trained, arguments)
    assert not {"plotille", "rnncast.report.pictures", "rnncast.report.chart"} & loaded
    assert AXIS not in trained(*arguments.split()).stdout


def test_of_a_panel_the_series_asked_for_is_drawn(program: Program) -> None:
    days = [f"2024-01-{day:02d}" for day in range(1, 31)]
    rows = [f"{shop},{day},{i % 7 + (100 if shop == 'b' else 0)}" for shop in "ab" for i, day in enumerate(days)]
    (program.folder / "two.csv").write_text("\n".join(["shop,day,sold", *rows]))
    done = program("train", "two.csv", "--epochs", "1", "--members", "1", "--no-validate", "-H", "2")
    assert done.returncode == 0, done.stderr
    _, first = in_a_terminal(program, "forecast", columns=120)
    _, second = in_a_terminal(program, "forecast", "--series", "b", columns=120)
    assert "sold of series 'a' (1 of 2; --series ID draws another)" in first
    assert "sold of series 'b' (2 of 2; --series ID draws another)" in second
    assert "100┤" not in first
    assert "100┤" in second
    done = program("forecast", "--series", "c")
    assert done.returncode == 2
    assert "there is no series 'c'" in done.stderr
    assert "name one of: a, b" in done.stderr
    assert program("forecast", "--series", "a", "--paths", "3").returncode == 2
    _, few = in_a_terminal(program, "check", "two.csv")
    assert "a ▁▂▃▅▆▇█▁" in few


def test_check_draws_the_series_and_its_gap(torn: Program) -> None:
    code, shown = in_a_terminal(torn, "check", "torn.csv")
    assert code == 0
    assert "#Passengers   × missing" in shown
    assert "××" in next(line for line in shown.splitlines() if AXIS in line)
    assert AXIS not in in_a_terminal(torn, "check", "torn.csv", "--no-plot")[1]
    assert AXIS not in in_a_terminal(torn, "check", "torn.csv", "--json")[1]


def test_a_table_with_nothing_to_draw_is_still_refused_in_words(program: Program) -> None:
    Path(program.folder / "none.csv").write_text("day,sold\n2024-01-01,\n2024-01-02,\n")
    code, shown = in_a_terminal(program, "check", "none.csv")
    assert code == 1
    assert "Traceback" not in shown


def test_train_draws_how_it_went(torn: Program) -> None:
    quick = ["--epochs", "3", "--members", "1", "--hidden-size", "4"]
    _, shown = in_a_terminal(torn, "train", "torn.csv", *quick)
    assert "validation: loss " in shown
    assert "validation: MASE " in shown
    assert "training: loss " in shown
    assert " → " in shown
    assert "gradient norm " not in shown
    _, told = in_a_terminal(torn, "train", "torn.csv", *quick, "-v")
    assert "training: gradient norm " in told
    _, plain = in_a_terminal(torn, "train", "torn.csv", *quick, "--no-plot")
    assert "training: loss " not in plain
    done = torn("train", "torn.csv", *quick, "-v")
    assert "training: loss " not in done.stderr


def test_compare_draws_its_scores_above_the_verdict(torn: Program) -> None:
    quick = ["compare", "torn.csv", "--epochs", "1", "--members", "1", "--hidden-size", "4", "--folds", "2"]
    code, shown = in_a_terminal(torn, *quick, "--refit", "first")
    assert code == 0
    assert shown.index("seconds") < shown.index("MASE (lower is better)") < shown.index("No verdict")
    assert sum("█" in line for line in shown.splitlines()) == 4


def test_remarks_are_folded_between_words(trained: Program) -> None:
    """A terminal folds in the middle of a word; elsewhere a remark is one line, for whoever searches it."""
    arguments = ("train", "air_passengers.csv", "--epochs", "1", "--members", "1", "-o", "new.safetensors", "--no-plot")
    _, shown = in_a_terminal(trained, *arguments, columns=60)
    lines = [line.rstrip() for line in shown.splitlines()]
    remark = next(i for i, line in enumerate(lines) if line.startswith("on held-out data"))
    assert max(len(line) for line in lines[remark:]) <= 60
    piped = trained(*arguments).stderr.splitlines()
    whole = next(line for line in piped if line.startswith("on held-out data"))
    assert len(whole) > 60
    folded = [lines[remark], *(line for line in lines[remark + 1 :] if line.startswith("  "))]
    assert " ".join(" ".join(folded).split()).startswith(whole)

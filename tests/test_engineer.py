"""What a pipeline needs: errors as objects, a log, standard input left alone, a doctor, and a page for agents."""

import json
import re
import shutil

import pytest

from rnncast.errors import ExitCode, RnncastError
from tests.conftest import AIR_PASSENGERS, BRIEFLY, ROOT, Program

SKILL = (ROOT / "rnncast" / "SKILL.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "kind", "file", "line"),
    [
        (["forecast", "none.csv"], 1, "data", None, None),
        (["check", "two.csv"], 1, "data", "two.csv", 4),
        (["train", "two.csv", "--horizon", "0"], 2, "usage", None, None),
        (["train", "--nonsense"], 2, "usage", None, None),
        (["forecast", "-m", "none"], 1, "model-file", None, None),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_an_error_is_one_object(
    program: Program, arguments: list[str], code: int, kind: str, file: str | None, line: int | None
) -> None:
    (program.folder / "two.csv").write_text("date,y\n2024-01-01,1\n2024-01-02,2\n2024-01-02,3,4\n")
    done = program(*arguments, "--errors", "json")
    assert done.returncode == code
    told = json.loads(done.stderr)
    assert set(told) == {"code", "kind", "message", "file", "line", "hint"}
    assert (told["code"], told["kind"], told["file"], told["line"]) == (code, kind, file, line)
    plain = program(*arguments)
    assert (plain.returncode, plain.stdout) == (code, done.stdout)


def test_the_documentation_lists_every_kind_of_error_with_its_code() -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text()
    listed = {(int(code), kind) for code, kind in re.findall(r"^\| (\d+) \| `([\w-]+)` \|", page, re.MULTILINE)}

    def kinds(of: type[RnncastError]) -> set[type[RnncastError]]:
        return {of}.union(*(kinds(each) for each in of.__subclasses__()))

    known = {(int(each.exit_code), each.kind) for each in kinds(RnncastError) - {RnncastError}}
    assert listed == known | {(ExitCode.TERMINATED, "interrupted")}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", page, re.MULTILINE)} == set(map(int, ExitCode))


def test_a_log_has_what_was_said_with_its_time_and_how_it_ended(program: Program) -> None:
    shutil.copy(AIR_PASSENGERS, program.folder / "sales.csv")
    done = program.process("train", "sales.csv", "--epochs", "0", "--quiet", "--log", "runs.log")
    assert (done.returncode, done.stderr) == (0, "")
    assert program.process("forecast", "none.csv", "-m", "rnncast.safetensors", "--log", "runs.log").returncode == 1
    lines = (program.folder / "runs.log").read_text().splitlines()
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 \d+ ", line) for line in lines)
    said = "\n".join(line.split(" ", 2)[2] for line in lines)
    assert "rnncast train sales.csv --epochs 0 --quiet" in said
    assert "wrote rnncast.safetensors" in said
    assert re.search(r"^done after [\d.]+ s$", said, re.MULTILINE)
    assert "failed with 1: there is no file none.csv" in said


def test_a_log_that_cannot_be_written_is_said(program: Program) -> None:
    done = program("forecast", "--log", "no/such/folder/x.log")
    assert (done.returncode, "--log no/such/folder/x.log cannot be written" in done.stderr) == (1, True)


def test_a_loop_that_reads_lines_keeps_them(trained: Program) -> None:
    loop = "while read x; do rnncast forecast -m rnncast.safetensors -H 1 --format csv | tail -1; done"
    done = trained.shell(f"printf 'a\\nb\\nc\\n' | {loop}")
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 3
    assert done.stderr.count("standard input is not read") == 2  # nothing is left for the third


def test_a_named_model_does_not_wait_for_an_idle_pipe(trained: Program) -> None:
    done = trained.shell("timeout 30 rnncast forecast -m rnncast.safetensors < <(sleep 60 > /dev/null 2>&1); echo $?")
    assert "\n0" in done.stdout


def test_a_dash_asks_for_standard_input(trained: Program) -> None:
    piped = trained.shell("cat air_passengers.csv | rnncast forecast - -m rnncast.safetensors")
    named = trained("forecast", "air_passengers.csv", "-m", "rnncast.safetensors")
    assert piped.returncode == 0
    assert piped.stdout == named.stdout


def test_the_doctor_names_what_is_here_and_what_is_not(program: Program) -> None:
    told = json.loads(program("doctor", "--json").stdout)
    assert {"numpy", "pandas", "torch", "typer", "rich"} <= set(told["needed"])
    assert told["rnncast[parquet]"]["pyarrow"] != "not installed"
    assert "cpu" in told["devices"]
    shown = program("doctor").stdout
    for group in told:
        assert group in shown


@pytest.mark.parametrize("block", re.findall(r"^```sh\n(.*?)^```", SKILL, re.DOTALL | re.MULTILINE))
def test_what_agents_are_told_runs(program: Program, block: str) -> None:
    shutil.copy(AIR_PASSENGERS, program.folder / "sales.csv")
    done = program.shell(f"set -eu\n{BRIEFLY}{block}")
    assert done.returncode == 0, done.stderr
    assert done.stdout or "train" in block

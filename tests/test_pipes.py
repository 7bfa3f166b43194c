"""Pipes as people build them, in a real shell."""

import json
from pathlib import Path

import pytest

from tests.conftest import Program

HEADER = "Month,forecast,forecast-lo-80,forecast-hi-80,forecast-lo-95,forecast-hi-95"


def test_a_model_goes_through_a_pipe_and_is_the_same(trained: Program) -> None:
    piped = trained.shell("cat rnncast.safetensors | rnncast forecast -m -")
    assert (piped.returncode, piped.stderr) == (0, "")
    assert piped.stdout == trained("forecast").stdout


def test_training_writes_to_a_pipe_that_forecasting_reads(trained: Program) -> None:
    line = "rnncast train - -o - -q --epochs 1 --no-validate < air_passengers.csv | rnncast forecast -m - | wc -l"
    assert trained.shell(line).stdout.strip() == "13"


def test_head_takes_what_it_wants(trained: Program) -> None:
    done = trained.shell("rnncast forecast | head -1; echo ${PIPESTATUS[0]}")
    first, status = done.stdout.splitlines()
    assert (first, done.stderr) == (HEADER, "")
    assert status in ("0", "141")  # a short table fits into the pipe


def test_jq_reads_it(trained: Program) -> None:
    if trained.shell("command -v jq").returncode:
        pytest.skip("there is no jq here")
    done = trained.shell("rnncast forecast --format jsonl | jq -r '.Month' | tail -1")
    assert done.stdout == "1961-12\n"
    assert trained.shell("rnncast forecast --format json | jq length").stdout == "12\n"


def test_four_at_a_time(trained: Program) -> None:
    line = "seq 1 8 | xargs -P 4 -I N rnncast forecast -H N -o out-N.csv"
    done = trained.shell(line)
    assert (done.returncode, done.stderr) == (0, "")
    for n in range(1, 9):
        lines = (trained.folder / f"out-{n}.csv").read_text().splitlines()
        assert (lines[0], len(lines)) == (HEADER, n + 1)


def test_as_cron_runs_it(trained: Program) -> None:
    """No terminal, no home, hardly an environment, stdin closed or /dev/null."""
    program = trained.shell("command -v rnncast").stdout.strip()
    for stdin in ("< /dev/null", "<&-"):
        done = trained.shell(f"env -i PATH=/usr/bin:/bin {program} forecast -o cron.csv {stdin}")
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert (trained.folder / "cron.csv").read_text().startswith(HEADER)


def test_a_stream_through_tail_and_grep(trained: Program) -> None:
    (trained.folder / "new.csv").write_text("Month,#Passengers\n1961-01,440\n1961-02,420\n")
    line = "tail -n +1 new.csv | rnncast forecast --follow -H 1 | grep -c '^1961-0[23],'"
    assert trained.shell(line).stdout == "2\n"


def test_rows_of_json_come_back_as_json(trained: Program) -> None:
    line = """printf '{"Month":"1961-01","#Passengers":440}\\n' | rnncast forecast --follow --format jsonl -H 1"""
    assert json.loads(trained.shell(line).stdout)["Month"] == "1961-02"


def test_no_file_is_left_behind(trained: Program, tmp_path: Path) -> None:
    done = trained.shell(
        f"cd {tmp_path} && cat {trained.folder}/rnncast.safetensors | rnncast forecast -m - > /dev/null; ls -A"
    )
    assert done.stdout == ""

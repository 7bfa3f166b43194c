"""Standard output and standard error: any locale, any end of the pipe, any text in the data."""

import io
import json
import os
import re
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncast.cli.app import run
from rnncast.cli.environment import Environment
from rnncast.cli.streams import stream_to
from rnncast.errors import RnncastError
from rnncast.report.harmless import harmless
from rnncast.report.progress import progress
from rnncast.report.screen import screen
from rnncast.report.tables import number
from tests.conftest import Program
from tests.test_cli import in_a_terminal

NAMES = ("größe [kw]", "note [/x]", "[bold]loud[/bold] :smile:", "\x1b[31mred\x1b[0m", "two\nlines", "=cmd()")
SHOWN = ("größe [kw]", "note [/x]", "[bold]loud[/bold] :smile:", r"\x1b[31mred\x1b[0m", r"two\nlines", "=cmd()")
ASCII = {"PYTHONIOENCODING": "ascii:strict", "LC_ALL": "C"}


@pytest.fixture(scope="module")
def strange(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program in a folder with a panel, and a model of it, whose ids are what no one would call a series."""
    there = Program(tmp_path_factory.mktemp("strange"))
    rows = [{"who": name, "ds": f"2024-01-{day:02}", "y": day % 7} for name in NAMES for day in range(1, 25)]
    (there.folder / "data.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model = there.folder / "rnncast.safetensors"
    assert said(f"train {there.folder / 'data.jsonl'} -o {model} --epochs 0 -H 2")[0] == 0
    return there


def said(command: str) -> tuple[int, str]:
    """Run a command in this process: its exit code, and all that it writes to both streams."""
    out = io.StringIO()
    return run(command.split(), Environment(stdout=out, stderr=out)), out.getvalue()


def in_ascii(program: Program, line: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", line], capture_output=True, cwd=program.folder, env={**program.environment, **ASCII}
    )


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_data_are_utf_8_in_a_pipe_and_in_a_file_whatever_the_locale(strange: Program, kind: str) -> None:
    piped = in_ascii(strange, f"rnncast forecast --format {kind} | cat")
    assert (piped.stderr, piped.stdout.count("größe".encode())) == (b"", 2)
    filed = in_ascii(strange, f"rnncast forecast --format {kind} -o forecast && cat forecast")
    assert filed.stdout == piped.stdout == strange.shell(f"rnncast forecast --format {kind}").stdout.encode()


def test_data_are_as_they_were_given(strange: Program) -> None:
    """Ids come back to the byte, escapes and all: data are data, and who reads them decides what they mean."""
    rows = [json.loads(line) for line in strange("forecast", "--format", "jsonl").stdout.splitlines()]
    assert [row["who"] for row in rows[::2]] == list(NAMES)


def test_an_ascii_terminal_shows_what_it_can(strange: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strange, "environment", {**strange.environment, **ASCII})
    for kind in ("table", "csv"):
        code, shown = in_a_terminal(strange, "forecast", "--format", kind)
        assert code == 0
        assert shown.isascii()
        assert r"gr\xf6\xdfe [kw]" in shown


def test_messages_never_fail_for_the_locale(strange: Program) -> None:
    done = in_ascii(strange, "rnncast train größe.csv")
    assert (done.returncode, done.stdout) == (1, b"")
    assert rb"there is no file gr\xf6\xdfe.csv" in done.stderr or b"there is no file gr\\udcc3" in done.stderr


@pytest.mark.parametrize("command", ["forecast --format table", "check data.jsonl"])
def test_tables_show_names_whole_and_harmless(strange: Program, command: str) -> None:
    done = strange(*command.split())
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    for name in SHOWN:
        assert name in done.stdout


def test_a_column_s_name_is_shown_whole(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(program.folder)
    rows = "".join(f"2024-01-{day:02},{day % 7}\n" for day in range(1, 25))
    (program.folder / "data.csv").write_text("\x1b[1mday\x1b[0m [/x],power [kw]\n" + rows)
    code, words = said("train data.csv --epochs 0 -H 2")
    assert code == 0, words
    assert r"time '\x1b[1mday\x1b[0m [/x]', target 'power [kw]'" in words
    for command in ("forecast --format table", "inspect", "check data.csv", "forecast none.csv", "forecast -m [/x]"):
        assert "\x1b" not in said(command)[1]
    assert r"\x1b[1mday\x1b[0m [/x]" in said("forecast --format table")[1]


def test_errors_show_text_from_data_harmless(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_text("ds,y\n2024-01-01,1\n2024-01-02,\x1b]0;title\x07\n2024-01-03,2\n")
    code, words = said(f"train {path}")
    assert code == 1
    assert r"'\x1b]0;title\x07'" in words
    assert "\x1b" not in words
    assert r"rnncast: there is no file \x1b[31m.csv" in said("train \x1b[31m.csv")[1]


def test_rows_left_out_of_a_stream_are_named_harmless(strange: Program) -> None:
    rows = json.dumps({"who": "\x1b[31mno one", "ds": "2024-01-25", "y": 1}) + "\n"
    done = strange("forecast", "--follow", stdin=rows)
    assert done.returncode == 1
    assert "\x1b" not in done.stderr
    assert r"\x1b[31mno one" in done.stderr


def test_progress_shows_names_whole_and_harmless() -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    with progress(screen(out, 100), shown=True) as advance:
        for name in NAMES:
            advance(1, 2, name, name)
    shown = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out.getvalue())
    for name in SHOWN:
        assert name in shown
    assert "\x1b" not in shown


@given(st.text())
def test_what_is_shown_is_one_line_without_control_characters(text: str) -> None:
    shown = harmless(text)
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in shown)
    assert len(shown.splitlines()) <= 1
    assert harmless(shown) == shown
    if text.isprintable():
        assert shown == text


def test_right_to_left_and_joined_scripts_are_left_alone_and_reversals_are_not() -> None:
    assert harmless("שלום می‌خواهم 👩‍🔬 क्ष") == "שלום می‌خواهم 👩‍🔬 क्ष"
    assert harmless("invoice\u202efdp.exe") == r"invoice\u202efdp.exe"


@given(st.text())
def test_a_message_is_a_line_whatever_is_in_it(text: str) -> None:
    environment = Environment(stdout=io.StringIO(), stderr=io.StringIO())
    environment.say(text)
    environment.warn(text)
    environment.complain(RnncastError(text, hint=text or "hint"))
    assert isinstance(environment.stderr, io.StringIO)
    assert environment.stderr.getvalue().count("\n") == 4


COMMANDS = [
    "forecast",
    "forecast --format table",
    "forecast --format json",
    "forecast --paths 3",
    "check data.jsonl",
    "check data.jsonl --json",
    "inspect",
    "inspect --json",
    "score data.jsonl --actual data.jsonl",
    "train data.jsonl -q --epochs 0 -o -",
    "--help",
    "forecast --help",
    "--version",
]


@pytest.fixture
def inside(strange: Program, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], tuple[int, str]]:
    """Run a command in this process with a descriptor as its standard output: its exit code, and what it says."""

    def inside(command: str, descriptor: int) -> tuple[int, str]:
        monkeypatch.chdir(strange.folder)
        said = io.StringIO()
        with open(descriptor, "w") as given:
            code = run(command.split(), Environment(stdout=stream_to(given, forgiving=False), stderr=said))
        return code, said.getvalue()

    return inside


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", COMMANDS)
def test_a_full_standard_output_is_one_sentence(inside: Callable[[str, int], tuple[int, str]], command: str) -> None:
    code, said = inside(command, os.open("/dev/full", os.O_WRONLY))
    assert code == 1
    assert "rnncast: cannot write to standard output: No space left on device\n  hint: make room" in said


@pytest.mark.parametrize("command", COMMANDS)
def test_a_closed_pipe_is_quiet(inside: Callable[[str, int], tuple[int, str]], command: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    code, said = inside(command, writing)
    assert code == 141
    assert "rnncast: " not in said


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="there is no /dev/full here")
@pytest.mark.parametrize("command", ["forecast", "--help"])
def test_a_process_ends_without_a_traceback(strange: Program, command: str) -> None:
    """At the interpreter's end too, when it flushes what is left."""
    done = strange.shell(f"rnncast {command} > /dev/full")
    assert done.returncode == 1
    assert done.stderr.startswith("rnncast: cannot write to standard output: No space left on device\n  hint: ")
    assert len(done.stderr.splitlines()) == 2
    assert strange.shell(f"(sleep 0.1; rnncast {command}; echo $? >&2) | true").stderr == "141\n"


def test_closed_streams(strange: Program) -> None:
    done = strange.shell("rnncast forecast >&-")
    assert (done.returncode, done.stderr) == (1, "rnncast: cannot write to standard output: Bad file descriptor\n")
    done = strange.shell("rnncast forecast -o out.csv >&- 2>&-")
    assert done.returncode == 0
    whole = strange("forecast").stdout
    assert (strange.folder / "out.csv").read_text() == whole
    for stderr in ("2>&-", "2>/dev/full"):
        done = strange.shell(f"rnncast forecast data.jsonl -v {stderr}")
        assert (done.returncode, done.stdout) == (0, whole)


def test_a_reader_of_remarks_may_go(strange: Program) -> None:
    done = strange.shell("rnncast check data.jsonl -v 2> >(true)")
    assert (done.returncode, done.stdout) == (0, strange.shell("rnncast check data.jsonl").stdout)


def test_a_pipe_that_does_not_wait_is_waited_for() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    content = os.urandom(1_000_000)
    found: list[bytes] = []

    def read() -> None:
        with open(reading, "rb") as pipe:
            found.append(pipe.read())

    reader = threading.Thread(target=read)
    reader.start()
    with open(writing, "w") as given:
        stream = stream_to(given, forgiving=False)
        stream.buffer.write(content)
        stream.flush()
    reader.join()
    assert found == [content]


def test_numbers_that_are_none() -> None:
    assert [number(value) for value in (float("nan"), float("inf"), float("-inf"), 0.0, 12.5)] == [
        "",
        "inf",
        "-inf",
        "0.000",
        "12.50",
    ]


@pytest.mark.parametrize("by", ["overall", "series", "lead"])
def test_a_model_without_intervals_is_scored_beside_one_with_them(tmp_path: Path, by: str) -> None:
    (tmp_path / "actual.csv").write_text("ds,y\n" + "".join(f"2024-01-{day:02},{day % 7}\n" for day in range(1, 25)))
    (tmp_path / "forecasts.csv").write_text(
        "ds,A,A-lo-80,A-hi-80,B\n" + "".join(f"2024-01-{day:02},1,0,2,3\n" for day in range(20, 25))
    )
    out = io.StringIO()
    arguments = [str(tmp_path / "forecasts.csv"), "--actual", str(tmp_path / "actual.csv"), "--by", by]
    assert run(["score", *arguments, "--format", "table"], Environment(stdout=out, stderr=io.StringIO())) == 0
    assert "coverage-80" in out.getvalue()
    assert "nan" not in out.getvalue()

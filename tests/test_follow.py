"""`rnncast forecast --follow`: fed row by row, in a real process where its stream or a signal matters."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rnncast.files.panels.grid import Schema
from rnncast.files.panels.tables import read_table
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.panel import Columns, Panel
from rnncast.times.formats import read_time
from tests.conftest import Program, small_config

HEADER = "series,step,value"


def rows(first: int, last: int, series: tuple[str, ...] = ("a", "b")) -> list[str]:
    """Rows of several series in turn."""
    return [f"{name},{t},{100 + 10 * np.sin(t + s):.4f}" for t in range(first, last) for s, name in enumerate(series)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of two series up to step 60."""
    folder = tmp_path_factory.mktemp("followed")
    table, path = folder / "rows.csv", folder / "rnncast.safetensors"
    table.write_text("\n".join([HEADER, *rows(1, 61)]))
    Forecaster.fit(read_table(str(table)), small_config("gru")).save(str(path))
    return path


@pytest.fixture
def there(program: Program, model: Path) -> Program:
    """A folder with that model."""
    (program.folder / "rnncast.safetensors").write_bytes(model.read_bytes())
    return program


@pytest.fixture
def stream(there: Program) -> Iterator["subprocess.Popen[str]"]:
    """A stream that saves its state, whose header is in."""
    process = subprocess.Popen(
        ["rnncast", "forecast", "--follow", "--save-state", "-H", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, cwd=there.folder, env=there.environment, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    process.stdin.write(f"{HEADER}\n")
    yield process
    process.kill()
    process.communicate()


def test_each_forecast_is_that_of_new_rows_taken_in_together(there: Program, tmp_path: Path) -> None:
    done = there("forecast", "--follow", "-H", "2", "--digits", "full", stdin="\n".join([HEADER, *rows(61, 64)]))
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()[1:]
    begun = Forecaster.load(str(there.folder / "rnncast.safetensors"))
    for t in range(61, 64):
        path = tmp_path / "rows.csv"
        path.write_text("\n".join([HEADER, *rows(61, t + 1)]))
        after = begun.update(read_table(str(path), schema=Schema(begun.columns, begun.frequency)))
        expected = after.predict(None, 2).point.reshape(-1)  # of a, then of b
        ours = [line.split(",") for line in lines[4 * (t - 61) : 4 * (t - 60)]]
        assert [cells[:2] for cells in ours] == [[name, str(t + h)] for name in "ab" for h in (1, 2)]
        np.testing.assert_allclose([float(cells[2]) for cells in ours], expected, rtol=1e-5)


def test_a_row_is_answered_before_the_next_is_there(stream: "subprocess.Popen[str]") -> None:
    assert stream.stdin is not None
    assert stream.stdout is not None
    assert stream.stdout.readline().startswith("series,step,forecast,")
    for t, row in enumerate(rows(61, 64, ("a",)), 62):
        stream.stdin.write(f"{row}\n")
        stream.stdin.flush()
        assert stream.stdout.readline().startswith(f"a,{t},")


def test_sigterm_saves_the_state(stream: "subprocess.Popen[str]", there: Program) -> None:
    assert stream.stdin is not None
    assert stream.stdout is not None
    stream.stdin.write("\n".join(rows(61, 63)) + "\n")
    stream.stdin.flush()
    for _ in range(5):
        stream.stdout.readline()
    stream.send_signal(signal.SIGTERM)
    assert stream.wait(timeout=30) == 0
    after = Forecaster.load(str(there.folder / "rnncast.safetensors"))
    assert after.frequency.times(after.cutoff).tolist() == [62, 62]
    # What comes next follows that state, and what was there does not.
    again = there("forecast", "--follow", "-H", "1", stdin="\n".join([HEADER, *rows(62, 64, ("a",))]))
    assert again.returncode == 1
    assert "line 2: the row of series 'a' is at 62, but the state already includes everything up to 62" in again.stderr
    assert again.stdout.splitlines()[1].startswith("a,64,")


def test_a_reader_that_goes_ends_it_quietly_and_the_state_is_saved(there: Program) -> None:
    (there.folder / "rows.csv").write_text("\n".join([HEADER, *rows(61, 1000)]))
    done = there.shell("rnncast forecast --follow --save-state rows.csv | head -1; echo ${PIPESTATUS[0]}")
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "141"
    after = Forecaster.load(str(there.folder / "rnncast.safetensors"))
    assert 61 <= after.frequency.times(after.cutoff)[0] < 1000


def test_bad_rows_are_left_out_by_name(there: Program) -> None:
    bad = ["c,61,1", "a,63,1", "a,60,1", "a,61", "a,61,x", "a,six,1", "a,999999999,1"]
    done = there("forecast", "--follow", "-H", "1", "-q", stdin="\n".join([HEADER, *bad, "", "a,61,101"]))
    assert done.returncode == 1
    assert [line.split(",")[:2] for line in done.stdout.splitlines()[1:]] == [["a", "62"]]
    said = done.stderr.splitlines()
    words = [
        "series 'c'",
        "the row of series 'a' is at 63, but the state ends at 60: 2 steps are missing",
        "the row of series 'a' is at 60, but the state already includes everything up to 60",
        "2 cells",
        "'x' in column",
        "'six' in column",
    ]
    assert len(said) == len(bad)
    for i, word in enumerate(words):
        assert said[i].startswith(f"rnncast: left out line {i + 2}: ")
        assert word in said[i]
    strict = there("forecast", "--follow", "--strict", stdin="\n".join([HEADER, *bad]))
    assert strict.returncode == 1
    assert "rnncast: line 2: the model has no state for series 'c'" in strict.stderr


def test_gaps_are_stepped_over_where_that_is_asked_for(there: Program) -> None:
    done = there("forecast", "--follow", "--gaps", "mask", "-H", "1", stdin="\n".join([HEADER, "a,64,101", "a,65,"]))
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split(",")[1] for line in done.stdout.splitlines()[1:]] == ["65", "66"]


def test_every_thins(there: Program) -> None:
    done = there("forecast", "--follow", "--every", "3", "-H", "1", stdin="\n".join([HEADER, *rows(61, 68, ("b",))]))
    assert [line.split(",")[1] for line in done.stdout.splitlines()[1:]] == ["64", "67"]


def test_json_lines_in_and_out(there: Program) -> None:
    lines = [json.dumps({"series": "a", "step": t, "value": 100.5}) for t in (61, 62)]
    done = there("forecast", "--follow", "--format", "jsonl", "-H", "1", stdin="\n".join(lines))
    assert [json.loads(line)["step"] for line in done.stdout.splitlines()] == [62, 63]


@pytest.mark.parametrize(
    ("flags", "stdin", "code", "words"),
    [
        (["--follow", "--continue"], "", 2, "both read new rows"),
        (["--follow", "--format", "table"], HEADER, 2, "--format table needs an end"),
        (["--follow"], "time,sales\n1,2\n", 1, "does not name the columns series, step, value"),
    ],
)
def test_refusals(there: Program, flags: list[str], stdin: str, code: int, words: str) -> None:
    done = there("forecast", *flags, stdin=stdin)
    assert words in done.stderr
    assert done.returncode == code


def test_following_loads_neither_torch_nor_pandas(there: Program) -> None:
    (there.folder / "rows.csv").write_text("\n".join([HEADER, *rows(61, 63)]))
    code = (
        "import sys; sys.argv = 'rnncast forecast --follow rows.csv'.split(); from rnncast.cli.app import run; run();"
        "sys.exit(bool({'torch', 'pandas'} & set(sys.modules)))"
    )
    assert there.shell(f'python -c "{code}"').returncode == 0


@pytest.mark.parametrize(
    "form",
    [
        "%Y-%m-%d",
        "%-d.%-m.%Y",
        "%d/%m/%y",
        "%Y%m%d",
        "%^b %d, %Y",
        "%d %B %Y",
        "%Y-%m-%dT%H:%M:%S.%3f",
        "%Y-%m-%d %-I:%M %P",
        "%Y-%m-%d %H:%M:%SZ",
        "%Y-%m-%d %H:%M%:z",
        "%Y-%m",
        "%b-%y",
        "%YQ%q",
        "%Y",
    ],
)
def test_a_time_is_read_as_it_is_written(form: str) -> None:
    columns = Columns(time="t", time_format=form)
    for time in np.array(["2024-02-29T23:45", "1999-12-31T12:00", "2001-01-01"], "datetime64[us]"):
        text = columns.written(time[None])[0]
        read = read_time(text, form)
        assert read is not None
        assert columns.written(np.array([read[0]], "datetime64[us]"))[0] == text


def test_no_time_is_none() -> None:
    assert read_time("2024-02-30", "%Y-%m-%d") is None
    assert read_time("2024-02", "%Y-%m-%d") is None


def test_clocks_that_were_set_back(tmp_path: Path) -> None:
    """The hour that comes twice is two rows of the stream."""
    from rnncast.config import TableConfig
    from rnncast.files.panels.stream import StreamRow, stream_rows

    path = tmp_path / "hours.csv"
    lines = [f"2024-10-{day:02d} {hour:02d}:00,{hour}" for day in (25, 26) for hour in range(24)]
    path.write_text("\n".join(["time,y", *lines]))
    panel: Panel = read_table(str(path), TableConfig(zone="Europe/Berlin"))
    night = ["time,y", *(f"2024-10-27 {hour:02d}:00,1" for hour in (0, 1, 2, 2, 3))]
    read = list(stream_rows(night, panel.columns, panel.frequency, TableConfig()))
    places = [row.positions for row in read if isinstance(row, StreamRow)]
    end = int(panel.ends[0])
    assert places == [(end + 1,), (end + 2,), (end + 3, end + 4), (end + 3, end + 4), (end + 5,)]


def test_a_model_with_covariates_by_time_is_refused(model: Path, tmp_path: Path) -> None:
    from rnncast.errors import DataError
    from rnncast.forecaster.following import Follower
    from rnncast.series.encoding import Code, Encoding

    forecaster = replace(Forecaster.load(str(model)), encoding=Encoding(known=(Code("price"),)))
    with pytest.raises(DataError, match="trained with --known price, which a stream of values does not contain"):
        Follower(forecaster)


def test_each_bad_row_is_named_with_its_line_where_asked(there: Program) -> None:
    lines = [HEADER, *(f"a,{61 + i},oops" if i % 2 else f"a,{61 + i // 2},5" for i in range(60))]
    plain, verbose = (
        there("forecast", "--follow", "-H", "1", *flags, stdin="\n".join(lines)) for flags in ([], ["-v"])
    )
    assert plain.stderr.count("left out line") == 10
    assert "further rows left out are only counted; -v lists each" in plain.stderr
    assert "30 rows were left out in all" in plain.stderr
    named = [line for line in verbose.stderr.splitlines() if "left out line" in line]
    assert [line.split(":")[1] for line in named] == [f" left out line {3 + 2 * i}" for i in range(30)]
    assert all("'oops' in column 'value' is not a number" in line for line in named)
    assert verbose.stdout == plain.stdout


def test_a_stream_goes_on_after_a_bad_value(there: Program) -> None:
    """Its step counts as missing, unless a good row for it comes after all; a step of which no row came is a gap."""
    lines = [HEADER, "a,61,5", "a,62,oops", "a,63,5", "a,64,oops", "a,64,5", "a,66,5"]
    done = there("forecast", "--follow", "-H", "1", stdin="\n".join(lines))
    assert [line.split(",")[:2] for line in done.stdout.splitlines()[1:]] == [["a", "62"], ["a", "64"], ["a", "65"]]
    missing = there("forecast", "--follow", "-H", "1", stdin="\n".join([HEADER, "a,61,5", "a,62,", "a,63,5", "a,64,5"]))
    assert missing.stdout.splitlines()[3:] == done.stdout.splitlines()[2:]
    said = [line for line in done.stderr.splitlines() if "left out" in line]
    assert [line.split(":")[1] for line in said] == [" left out line 3", " left out line 5", " left out line 7"]


def peak_of_stream(there: Program, number: int) -> float:
    """Peak memory, in bytes, of a stream of so many rows, one in a hundred of them bad, each of which is named."""
    code = "import resource, subprocess, sys; done = subprocess.run(sys.argv[1:], stdin=open('stream.csv'), " \
        "stdout=subprocess.DEVNULL, stderr=open('bad.txt', 'w')); print(done.returncode, " \
        "resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"  # fmt: skip
    with (there.folder / "stream.csv").open("w") as file:
        file.write(f"{HEADER}\n")
        place = 60
        for i in range(number):
            place += i % 100 != 7
            file.write(f"a,{place},oops\n" if i % 100 == 7 else f"a,{place},{100 + i % 6}\n")
    line = ["rnncast", "forecast", "--follow", "--every", "1000", "-v"]
    done = subprocess.run(
        [sys.executable, "-c", code, *line], cwd=there.folder, env=there.environment, capture_output=True, text=True
    )
    status, peak = done.stdout.split()
    assert status == "1"
    assert (there.folder / "bad.txt").read_text().count("left out line") == number // 100
    return float(peak) * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.slow
def test_the_memory_of_a_stream_is_flat(there: Program) -> None:
    assert peak_of_stream(there, 100_000) < peak_of_stream(there, 5000) + 10e6


def test_a_line_that_does_not_end_does_not_fill_the_memory(there: Program) -> None:
    text = "\n".join([HEADER, "a,61,5", "a,62," + "7" * 5_000_000, "a,62,5"])
    done = there("forecast", "--follow", "-H", "1", stdin=text)
    assert done.returncode == 1
    assert len(done.stdout.splitlines()) == 3
    assert "left out line 3: " in done.stderr
    assert len(done.stderr) < 1000

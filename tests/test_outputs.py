"""Whatever a command writes survives what goes wrong: the old file is whole, and there is one sentence on it."""

import errno
import io
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from rnncast.cli.app import run
from rnncast.cli.environment import Environment
from rnncast.forecaster.forecaster import Forecaster
from tests.conftest import Program, small_config, waves
from tests.faults import faults, small_disk

OLD = b"old\n"
QUICK = "--epochs 1 --members 1 --no-validate -H 2 --window 3 --hidden-size 4"


def said(command: str | Sequence[str]) -> tuple[int, str, str]:
    """Run a command in this process: its exit code, and what it writes to its two streams."""
    out, words = io.StringIO(), io.StringIO()
    arguments = command.split() if isinstance(command, str) else list(command)
    return run(arguments, Environment(stdout=out, stderr=words)), out.getvalue(), words.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds data, forecasts, new rows and a model."""
    folder = tmp_path_factory.mktemp("made")
    rows = [(f"2024-{month:02}-{day:02}", (day * month) % 7) for month in (1, 2) for day in range(1, 29)]
    rows = [row for row in rows if row[0] <= "2024-01-28"]
    (folder / "data.csv").write_text("ds,y\n" + "".join(f"{ds},{y}\n" for ds, y in rows))
    (folder / "new.csv").write_text("ds,y\n2024-01-29,3\n")
    (folder / "forecasts.csv").write_text("ds,A\n2024-01-27,3\n2024-01-28,4\n")
    assert said(f"train {folder}/data.csv -q -o {folder}/model {QUICK}")[0] == 0
    return folder


@pytest.fixture
def here(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with all of it anew."""
    for path in made.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Forecaster, "onnx_step", lambda model: bytes(100_000))  # what it holds is of no matter here
    return tmp_path


COMMANDS = {
    "train": f"train data.csv -q {QUICK} -o out",
    "train and ledger": f"train data.csv -q {QUICK} -o model --ledger out",
    "forecast": "forecast -m model -o out",
    "forecast as a table": "forecast -m model -o out --format table",
    "forecast as JSON": "forecast -m model data.csv -o out --format json",
    "paths": "forecast -m model -o out --paths 50",
    "state": "forecast -q -m out --continue new.csv --save-state",
    "score": "score forecasts.csv --actual data.csv -q -o out --format jsonl",
    "compare": "compare data.csv -q --model drift --baseline mean -H 2 --folds 3 -o out",
    "compare as JSON": "compare data.csv -q --model drift --baseline mean -H 2 --folds 3 -o out --format json",
    "compared forecasts": "compare data.csv -q --model drift --baseline mean -H 2 --folds 3 --save-forecasts out",
    "export": "export model --onnx -q -o out",
}
FULL = {errno.ENOSPC: "No space left on device", errno.EIO: "Input/output error"}


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("error", FULL, ids=errno.errorcode.get)
@pytest.mark.parametrize("name", COMMANDS)
def test_every_write_of_every_command_may_fail(here: Path, name: str, error: int) -> None:
    """The disk is full at each call to the operating system in turn, until the command comes through."""
    command = COMMANDS[name]
    old = (here / "model").read_bytes() if name == "state" else OLD
    (here / "out").write_bytes(old)
    before, at = files(here), 0
    while True:
        with faults(at, error) as layer:
            code, _, words = said(command)
        if not layer.reached:
            assert code == 0, words
            break
        failed = layer.calls[at]
        lines = words.splitlines()
        assert code == 1, f"a failing {failed} was not noticed"
        assert lines[0].startswith("rnncast: cannot write ")
        assert FULL[error] in lines[0]
        assert len(lines) == (2 if error == errno.ENOSPC else 1)
        after = files(here)
        assert after.keys() == before.keys()
        if "ledger" not in name and not (failed in ("open", "fsync") and after["out"] != old):
            assert after == before
        for path, content in before.items():
            (here / path).write_bytes(content)
        at += 1
    assert at >= 3
    assert (here / "out").read_bytes() != old


def test_a_ledger_that_cannot_be_written_does_not_cost_the_model(here: Path) -> None:
    command = f"train data.csv {QUICK} --epochs 3 -o new --ledger log"
    assert said(command)[0] == 0
    lines, model = (here / "log").read_text().splitlines(keepends=True), (here / "new").read_bytes()
    for at in range(len(lines)):
        (here / "new").unlink()
        with faults(at, only=("write",), lasting=False):
            code, _, words = said(command)
        assert code == 1
        assert "the ledger ends at training, epoch " in words.splitlines()[-2]
        assert "the model is complete" in words.splitlines()[-2]
        assert [line.split('"seconds"')[0] for line in (here / "log").read_text().splitlines()] == [
            line.split('"seconds"')[0] for line in lines[:at]
        ]
        assert (here / "new").read_bytes() == model


def test_the_reader_of_a_ledger_may_go(here: Path) -> None:
    os.mkfifo("log")
    reader = threading.Thread(target=lambda: os.close(os.open("log", os.O_RDONLY)), daemon=True)
    reader.start()
    code, _, words = said(f"train data.csv {QUICK} --epochs 4 -o new --ledger log")
    assert code == 0, words
    assert Path("new").exists()


@pytest.fixture
def disk(here: Path) -> Iterator[Path]:
    """A small disk of its own, full but for 4 KB, in the working folder."""
    folder = here / "disk"
    with small_disk(folder, "128k"):
        yield folder


def filled(disk: Path, name: str, content: bytes) -> None:
    """A file on the disk, and as much besides as there is room for."""
    (disk / name).write_bytes(content)
    with open(disk / "ballast", "wb", 0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk(here: Path, disk: Path, name: str) -> None:
    old = b"" if "ledger" in name else (here / "model").read_bytes() if name == "state" else OLD
    filled(disk, "out", old)
    before = files(disk)
    code, _, words = said(COMMANDS[name].replace(" out", " disk/out"))
    assert code == 1, words
    assert words.startswith("rnncast: cannot write disk/out: No space left on device")
    assert files(disk) == before


@pytest.mark.parametrize("name", COMMANDS)
def test_a_read_only_disk_is_noticed_before_the_work(here: Path, disk: Path, name: str) -> None:
    (disk / "out").write_bytes((here / "model").read_bytes() if name == "state" else OLD)
    before = files(disk)
    subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
    code, out, words = said(COMMANDS[name].replace(" -q", "").replace(" out", " disk/out"))
    assert (code, out) == (1, "")
    assert words.startswith("rnncast: cannot write disk/out: ")
    assert len(words.splitlines()) <= 2
    assert files(disk) == before


@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "state"])
def test_a_folder_that_is_not_there_is_noticed_before_the_work(here: Path, name: str) -> None:
    code, out, words = said(COMMANDS[name].replace(" -q", "").replace(" out", " gone/out"))
    assert (code, out) == (1, "")
    sentence, hint = words.splitlines()
    assert sentence == "rnncast: cannot write gone/out: No such file or directory"
    assert "make the folder" in hint


SAME = {
    "forecast data.csv -m model -o data.csv": "data.csv is read",
    "forecast data.csv -m model -o ./link": "./link is read",
    "forecast -m model -o model": "model is read",
    "forecast new.csv -m model --future data.csv -o data.csv": "data.csv is read",
    "score forecasts.csv --actual data.csv -o forecasts.csv": "forecasts.csv is read",
    "score forecasts.csv --actual data.csv -o data.csv": "data.csv is read",
    "score forecasts.csv --actual new.csv --history data.csv -o data.csv": "data.csv is read",
    "train data.csv -o data.csv": "data.csv is read",
    "train data.csv --ledger data.csv": "data.csv is read",
    "train data.csv -o new --ledger ./new": "./new would be written twice",
    "train data.csv -o - --ledger -": "- would be written twice",
    "compare data.csv --model drift -o data.csv": "data.csv is read",
    "compare data.csv --model model -o model": "model is read",
    "compare data.csv --model drift --save-forecasts link": "link is read",
    "compare data.csv --model drift -o new --save-forecasts new": "new would be written twice",
    "export model --onnx -o model": "model is read",
}


@pytest.mark.parametrize("command", SAME)
def test_what_is_read_is_not_replaced(here: Path, command: str) -> None:
    (here / "link").symlink_to("data.csv")
    before = files(here)
    code, out, words = said(command)
    assert (code, out) == (2, "")
    assert words.startswith(f"rnncast: {SAME[command]}")
    assert words.splitlines()[1] == "  hint: write to another file"
    assert files(here) == before


def test_the_data_that_a_model_remembers_are_not_replaced(here: Path) -> None:
    assert said(f"train data.csv {QUICK} -o model")[0] == 0
    before = Path("data.csv").read_bytes()
    code, out, words = said("compare --model model -o data.csv")
    assert (code, out, words.splitlines()[0]) == (2, "", "rnncast: data.csv is read, and would be replaced")
    assert Path("data.csv").read_bytes() == before


def test_what_comes_in_by_a_redirection_is_not_replaced(trained: Program) -> None:
    before = (trained.folder / "air_passengers.csv").read_bytes()
    done = trained.shell("rnncast forecast - -o air_passengers.csv < air_passengers.csv")
    assert (done.returncode, done.stdout) == (2, "")
    assert "rnncast: air_passengers.csv is read, and would be replaced" in done.stderr
    assert (trained.folder / "air_passengers.csv").read_bytes() == before


def test_devices_may_be_read_and_written(here: Path) -> None:
    assert said("forecast -m model -o /dev/null")[0] == 0
    assert said(f"train data.csv {QUICK} -o /dev/null --ledger /dev/null")[0] == 0


def test_an_output_by_process_substitution(trained: Program) -> None:
    done = trained.shell("rnncast forecast -o >(wc -l) | cat; rnncast forecast | wc -l")
    assert done.stdout == "13\n13\n"


def test_a_stream_of_forecasts_goes_to_standard_output(here: Path) -> None:
    code, _, words = said("forecast new.csv -m model --follow -o out")
    assert code == 2
    assert "--follow > out" in words
    assert not Path("out").exists()


def test_a_model_that_is_replaced_is_said_in_a_line(here: Path) -> None:
    def lines(command: str) -> list[str]:
        code, _, words = said(command)
        assert code == 0, words
        return [line for line in words.splitlines() if "replaced" in line]

    assert lines(f"train data.csv {QUICK} -o new") == []
    assert lines(f"train data.csv {QUICK} -o new") == ["new already exists and will be replaced"]
    assert lines(f"train data.csv {QUICK} -q -o new") == []
    assert lines(f"train data.csv {QUICK} -o /dev/null") == []


def test_a_comparison_has_both_outputs_though_one_cannot_be_written(here: Path) -> None:
    command = "compare data.csv -q --model drift --baseline mean -H 2 --folds 3 --format csv"
    _, table, _ = said(command)
    with faults(0, only=("write",), lasting=False):
        code, out, words = said(f"{command} --save-forecasts out")
    assert (code, words.splitlines()[0]) == (1, "rnncast: cannot write out: No space left on device")
    assert [line.split(",")[:2] for line in out.splitlines()] == [line.split(",")[:2] for line in table.splitlines()]
    with faults(0, only=("write",), lasting=False):
        code, _, words = said(f"{command} -o table --save-forecasts out")
    assert (code, words.splitlines()[0]) == (1, "rnncast: cannot write table: No space left on device")
    assert Path("out").read_text().startswith("ds,cutoff,")
    assert not Path("table").exists()


def test_the_state_moves_on_only_with_a_forecast(here: Path) -> None:
    before = Path("model").read_bytes()
    continued = "forecast new.csv -m model --continue --save-state"
    assert said(f"{continued} -H 99")[0] == 1
    assert Path("model").read_bytes() == before
    with faults(0):
        assert said(f"{continued} -o out")[0] == 1
    assert Path("model").read_bytes() == before
    assert said(f"{continued} -o out")[0] == 0
    assert Path("model").read_bytes() != before


def test_the_state_moves_on_though_the_reader_has_seen_enough(here: Path) -> None:
    before = Path("model").read_bytes()
    done = Program(here).shell(
        "(sleep 0.1; rnncast forecast new.csv -m model --continue --save-state; echo $? >&2) | true"
    )
    assert done.stderr == "141\n"
    assert Path("model").read_bytes() != before


def test_half_of_a_character_is_refused_at_the_door(here: Path) -> None:
    """JSON can say what UTF-8 cannot hold; whole pairs are what they stand for."""
    rows = "".join(f'{{"id":"a\\ud83d\\ude00","ds":"2024-01-{day:02}","y":{day % 7}}}\n' for day in range(1, 25))
    Path("pairs.jsonl").write_text(rows)
    code, out, words = said("forecast pairs.jsonl -m model --format csv")
    assert (code, out.splitlines()[1][:2]) == (0, "a\N{GRINNING FACE}"), words
    Path("halves.jsonl").write_text(rows.replace("\\ude00", ""))
    code, _, words = said(f"train halves.jsonl {QUICK} -o new")
    assert (code, words.splitlines()[0]) == (1, "rnncast: halves.jsonl:1: a text holds half of a character")


def loop(work: Callable[[], None], stop: threading.Event) -> threading.Thread:
    """A thread that does some work until it is stopped."""

    def working() -> None:
        while not stop.is_set():
            work()

    thread = threading.Thread(target=working)
    thread.start()
    return thread


def test_a_model_that_is_replaced_all_the_time_is_always_whole(here: Path) -> None:
    one, other = (Forecaster.fit(waves(seed=seed), small_config(epochs=1)) for seed in (1, 2))
    points = {each.predict().point.tobytes() for each in (one, other)}
    one.save("model")
    stop = threading.Event()
    threads = [loop(lambda each=each: each.save("model"), stop) for each in (one, other)]  # type: ignore[misc]
    try:
        for _ in range(200):
            assert Forecaster.load("model").predict().point.tobytes() in points
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not list(here.glob(".rnncast-*"))


def at_once(program: Program, lines: Sequence[str]) -> list[tuple[int, bytes, bytes]]:
    """Run lines in shells side by side: the exit code and both streams of each."""
    running = [
        subprocess.Popen(
            ["bash", "-c", line],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=program.folder,
            env={**program.environment, "OMP_NUM_THREADS": "1"},
        )
        for line in lines
    ]
    found = []
    for process in running:
        out, words = process.communicate()
        found.append((process.returncode, out, words))
    return found


@pytest.mark.slow
def test_two_trainings_to_one_output_leave_one_of_their_models(here: Path) -> None:
    program, models = Program(here), []
    for seed in (1, 2):
        assert said(f"train data.csv -q {QUICK} --seed {seed} -o alone")[0] == 0
        models.append(Path("alone").read_bytes())
    for _ in range(3):
        lines = [f"rnncast train data.csv -q {QUICK} --seed {seed} -o both" for seed in (1, 2)]
        assert at_once(program, lines) == [(0, b"", b"")] * 2
        assert Path("both").read_bytes() in models
    assert not list(here.glob(".rnncast-*"))


@pytest.mark.slow
def test_fifty_forecasts_at_once_beside_one_who_replaces_the_model(here: Path) -> None:
    program = Program(here)
    Path("other").write_bytes(Path("model").read_bytes())
    assert said("forecast new.csv -q -m other --continue --save-state")[0] == 0
    one, other = Forecaster.load("model"), Forecaster.load("other")
    answers = {program("forecast", "-m", name).stdout.encode() for name in ("model", "other")}
    assert len(answers) == 2
    stop = threading.Event()
    threads = [loop(lambda each=each: each.save("model"), stop) for each in (one, other)]  # type: ignore[misc]
    try:
        found = at_once(program, [f"rnncast forecast -m model {'-o out' if n % 2 else ''}" for n in range(50)])
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert {(code, words) for code, _, words in found} == {(0, b"")}
    assert {out for _, out, _ in found} - {b""} <= answers
    assert Path("out").read_bytes() in answers
    assert not list(here.glob(".rnncast-*"))

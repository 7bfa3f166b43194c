"""A training that is asked to stop writes the best it has, says what that is, and can go on where it was asked to."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

from tests.conftest import ROOT, Program
from tests.test_killed import SMALL, table

LONG = [*SMALL[:-1], "800", "--members", "1", "--bptt-steps", "16"]  # epochs: more than any of these tests waits for


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """The program beside a small table."""
    folder = tmp_path_factory.mktemp("interrupted")
    table(folder / "data.csv", 3)
    return Program(folder)


def begun(there: Program, *arguments: str, epochs: int = 1) -> "subprocess.Popen[str]":
    """A training, long unless its arguments say otherwise, that has ended so many epochs."""
    ledger = there.folder / "epochs.jsonl"
    ledger.unlink(missing_ok=True)
    process = subprocess.Popen(
        ["rnncast", *LONG, "--ledger", ledger.name, *arguments],
        cwd=there.folder,
        env=there.environment,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while process.poll() is None and (not ledger.exists() or ledger.read_text().count("\n") < epochs):
        time.sleep(0.005)
    return process


def ended(process: "subprocess.Popen[str]", *signals: signal.Signals) -> tuple[int, str]:
    """The exit code and what was said, after signals."""
    for each in signals:
        process.send_signal(each)
        time.sleep(0.01)
    _, said = process.communicate()
    return process.returncode, said


def test_ctrl_c_writes_the_best_weights_and_names_them_so(there: Program) -> None:
    code, said = ended(begun(there, "--no-validate", "-o", "a.safetensors", epochs=3), signal.SIGINT)
    assert code == 130
    assert said.startswith("rnncast: interrupted: a.safetensors holds the net after ")
    assert said.count("\n") == 1
    card = there("inspect", "a.safetensors").stdout
    assert "interrupted the net after " in card
    assert " of 800 epochs" in card
    assert there("forecast", "-m", "a.safetensors").returncode == 0


def test_sigterm_does_the_same_and_validation_weights_are_named(there: Program) -> None:
    code, said = ended(begun(there, "-o", "b.safetensors", epochs=101), signal.SIGTERM)
    assert code == 143
    assert said.startswith("rnncast: interrupted: b.safetensors holds the net after ")
    assert said.endswith(" epochs, without the data held out for validation\n")
    assert "MASE" in there("inspect", "b.safetensors").stdout


def test_before_any_weights_nothing_is_written(there: Program) -> None:
    output = there.folder / "c.safetensors"
    output.write_bytes(b"old")
    wide = ["--hidden-size", "512", "--layers", "4", "--bptt-steps", "2"]  # an epoch takes its time
    code, said = ended(begun(there, "-o", output.name, *wide, epochs=0), signal.SIGINT)
    assert (code, said) == (130, "rnncast: interrupted before anything was learnt: nothing was written\n")
    assert output.read_bytes() == b"old"


def test_before_the_first_score_the_last_epoch_is_written(there: Program) -> None:
    code, said = ended(begun(there, "-o", "f.safetensors"), signal.SIGINT)  # it would be judged after 100 epochs
    assert code == 130
    assert said.startswith("rnncast: interrupted: f.safetensors holds the net after ")
    assert said.endswith(" of 800 epochs, without the data held out for validation\n")
    assert there("forecast", "-m", "f.safetensors").returncode == 0


def test_ctrl_c_twice_stops_at_once_and_leaves_the_old_file(there: Program) -> None:
    """The first is held up, as in a long update, so that the second comes in time."""
    output = there.folder / "d.safetensors"
    output.write_bytes(b"old")
    process = begun(there, "--no-validate", "-o", output.name)
    os.kill(process.pid, signal.SIGSTOP)
    code, said = ended(process, signal.SIGINT, signal.SIGTERM, signal.SIGCONT)
    assert code in (130, 143)
    assert said == "rnncast: stopped at once; nothing more was written\n"
    assert output.read_bytes() == b"old"
    assert not list(there.folder.glob(".rnncast-*"))


def test_what_was_interrupted_goes_on(there: Program) -> None:
    short = [*LONG, "--epochs", "40"]
    assert there(*short, "-o", "whole.safetensors").returncode == 0
    checkpoint = ["--epochs", "40", "--checkpoint", "kept", "-o", "e.safetensors", "--every", "1h"]
    code, said = ended(begun(there, *checkpoint), signal.SIGINT)
    assert code == 130
    assert said.endswith("  hint: --resume continues from kept\n")
    again = there(*LONG, *checkpoint)
    assert again.returncode == 2
    assert again.stderr.startswith("rnncast: kept holds the checkpoint of an unfinished training run\n")
    changed = there(*LONG, *checkpoint, "--resume", "--seed", "9")
    assert changed.returncode == 1
    assert "--seed was 1 and is 9" in changed.stderr
    done = there.process(*(each for each in LONG if each != "-q"), *checkpoint, "--resume")
    assert done.returncode == 0, done.stderr
    assert "resuming from kept: validation at epoch " in done.stderr
    assert (there.folder / "e.safetensors").read_bytes() == (there.folder / "whole.safetensors").read_bytes()
    assert list((there.folder / "kept").iterdir()) == []


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--resume"], "--resume needs --checkpoint"),
        (["--every", "5m"], "--every needs --checkpoint"),
        (["--checkpoint", "x", "--every", "often"], "--every is 'often', but must be a time"),
    ],
)
def test_flags_that_make_no_sense(there: Program, flags: list[str], words: str) -> None:
    done = there(*SMALL, *flags)
    assert done.returncode == 2
    assert words in done.stderr


def test_the_commands_of_the_page_run(program: Program) -> None:
    """docs/reliability.md, with one net and one epoch."""
    shutil.copytree(ROOT / "sample_data", program.folder / "sample_data")
    commands = re.findall(r"^(?:\$ |until )rnncast ([^;\n]*)", (ROOT / "docs" / "reliability.md").read_text(), re.M)
    assert len(commands) == 3
    for command in commands:
        done = program(*command.split(), "--epochs", "1", "--members", "1", "--no-validate")
        assert done.returncode == 0, done.stderr
        assert "; 1 epoch\n" in done.stderr

"""Training by torchrun, for real: two processes, each with its own files, and what becomes of them when one dies."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rnncast.errors import ExitCode
from rnncast.forecaster.forecaster import Forecaster
from rnncast.training.checkpoint_folder import NAME
from tests.conftest import Program

SETTINGS = {"epochs": 3, "members": 1, "hidden-size": 8, "batch-size": 16, "from": "scratch"}
FLAGS = ["-H", "7", *(f"--{name}={value}" for name, value in SETTINGS.items())]


def fill(folder: Path, parts: int = 4) -> None:
    """Write daily series, ten a file, all of different lengths."""
    folder.mkdir()
    random = np.random.default_rng(0)
    for part in range(parts):
        rows = ["id,date,y"]
        for s in range(10):
            steps = 60 + part * 10 + s
            days = np.datetime64("2024-01-01") + np.arange(steps)
            y = 100 + 10 * np.sin(2 * np.pi * np.arange(steps) / 7 + s) + random.normal(0, 2, steps)
            rows += [f"s{part}-{s},{day},{value:.3f}" for day, value in zip(days, y, strict=True)]
        (folder / f"p{part}.csv").write_text("\n".join([*rows, ""]))


def begun(program: Program, *arguments: str, ranks: int = 2) -> "subprocess.Popen[str]":
    words = ["-m", "torch.distributed.run", f"--nproc-per-node={ranks}", "-m", "rnncast", *arguments]
    environment = {**program.environment, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, *words], cwd=program.folder, env=environment, stderr=subprocess.PIPE, text=True
    )


def ended(process: "subprocess.Popen[str]") -> tuple[int, list[str]]:
    """The exit code, and what the ranks said, without what torchrun says of their end."""
    _, errors = process.communicate()
    if (at := errors.find("torch/distributed/run.py")) >= 0:  # its traceback, of the failure of a rank
        errors = errors[: errors.rfind("Traceback", 0, at)]
    return process.returncode, [line for line in errors.splitlines() if "torch/distributed/elastic" not in line]


def process_of(rank: int, launcher: int) -> int:
    children = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    (found,) = [int(p) for p in children if f"\0RANK={rank}\0" in Path(f"/proc/{p}/environ").read_text()]
    return found


@pytest.fixture
def sales(program: Program) -> Program:
    fill(program.folder / "sales")
    return program


@pytest.mark.slow
def test_two_ranks_learn_what_one_process_learns(sales: Program) -> None:
    one = sales.process("train", "sales", *FLAGS, "-o", "one.safetensors")
    assert one.returncode == 0, one.stderr
    code, said = ended(begun(sales, "train", "sales", *FLAGS, "-o", "two.safetensors"))
    assert code == 0, said
    # The first rank alone has spoken, and says the same, but for its own files and the time.
    assert said[:2] == [
        "sales/p0.csv and sales/p1.csv: time 'date', target 'y', id 'id'; 20 series, 1,390 steps, daily",
        "2 ranks: 40 series, 3,180 steps in all",
    ]
    assert said[2:-1] == one.stderr.splitlines()[2:-1]
    alone, both = (Forecaster.load(str(sales.folder / f"{name}.safetensors")) for name in ("one", "two"))
    assert (both.ids, both.source) == (alone.ids, alone.source)
    assert both.spec.with_linear(0.0) == alone.spec.with_linear(0.0)  # its share is a number that sums are rounded in
    assert both.spec.net.linear == pytest.approx(alone.spec.net.linear, rel=1e-4)
    for name, weight in alone.weights.items():
        np.testing.assert_allclose(both.weights[name], weight, atol=1e-5, err_msg=name)
    np.testing.assert_allclose(both.predict().quantiles, alone.predict().quantiles, rtol=1e-5)


@pytest.mark.slow
def test_a_dead_rank_ends_all_with_a_sentence_and_training_resumes(sales: Program) -> None:
    flags = ["train", "sales", *FLAGS, "--every", "0s", "--checkpoint", "kept"]
    process = begun(sales, *flags)
    while not (sales.folder / "kept" / NAME).exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    os.kill(process_of(1, process.pid), signal.SIGKILL)
    code, said = ended(process)
    assert code == ExitCode.COULD_NOT
    assert not any("Traceback" in line for line in said)
    assert [line for line in said if line.startswith("rnncast: ")] == [
        "rnncast: another rank of this training has ended, or did not answer for 60 seconds: nothing was written"
    ]
    assert not (sales.folder / "rnncast.safetensors").exists()
    # The rest is as if nothing had happened, to the bit; but not with another number of ranks.
    refused = sales.process(*flags, "--resume")
    assert "the checkpoint is of a training of 2 ranks, but this is one of 1" in refused.stderr
    code, said = ended(begun(sales, *flags, "--resume"))
    assert code == 0, said
    assert any(line.startswith("resuming from kept: validation at epoch") for line in said)
    code, said = ended(begun(sales, *flags, "--checkpoint", "other", "-o", "whole.safetensors"))
    assert code == 0, said
    resumed, whole = (Forecaster.load(str(sales.folder / f"{name}.safetensors")) for name in ("rnncast", "whole"))
    for name, weight in whole.weights.items():
        assert (resumed.weights[name] == weight).all(), name


@pytest.mark.slow
def test_ranks_that_are_asked_to_stop_leave_a_model(sales: Program) -> None:
    process = begun(sales, "train", "sales", *FLAGS, "--every", "0s", "--checkpoint", "kept", "--epochs", "1000")
    while not (sales.folder / "kept" / NAME).exists():
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    time.sleep(3)
    process.terminate()
    code, said = ended(process)
    assert code != 0
    assert any("interrupted: rnncast.safetensors holds the net after" in line for line in said), said
    assert Forecaster.load(str(sales.folder / "rnncast.safetensors")).interruption is not None


@pytest.mark.slow
def test_a_series_in_the_files_of_two_ranks_is_refused(sales: Program) -> None:
    with (sales.folder / "sales" / "p3.csv").open("a") as file:
        file.write("s0-3,2024-09-01,100\n")
    code, said = ended(begun(sales, "train", "sales", *FLAGS))
    assert code == ExitCode.COULD_NOT
    assert "rnncast: the rows of series 's0-3' lie in the files of two ranks" in said
    assert sum(line.startswith("rnncast: ") for line in said) == 1


@pytest.fixture
def of_five(program: Program) -> Program:
    """The program as the first of five ranks that were started; it must not come to wait for the others."""
    for name, value in {"TORCHELASTIC_RUN_ID": "1", "RANK": "0", "WORLD_SIZE": "5", "LOCAL_RANK": "0"}.items():
        program.environment[name] = value
    return program


REFUSED = {
    ("train", "sales"): "sales has 4 files, too few for 5 ranks, each of which reads its own",
    ("train", "sales/p0.csv"): "sales/p0.csv has 1 file, too few for 5 ranks, each of which reads its own",
    ("train", "sales", "--model", "auto"): "--model auto is for one process, not for 5",
    ("train", "sales", "--ledger", "l.jsonl"): "--ledger is for one process, not for 5",
    ("train", "sales", "--from", "finetuned"): "--from finetuned is for one process, not for 5",
    ("tune", "sales"): "torchrun is for rnncast train, not for tune",
    ("forecast", "sales"): "torchrun is for rnncast train, not for forecast",
}


@pytest.mark.parametrize("words", REFUSED)
def test_what_ranks_cannot_do_together_is_refused(of_five: Program, words: tuple[str, ...]) -> None:
    fill(of_five.folder / "sales")
    done = of_five(*words)
    assert done.returncode == ExitCode.USAGE
    assert done.stderr.splitlines()[0] == f"rnncast: {REFUSED[words]}"
    # All others end in silence.
    of_five.environment["RANK"] = "3"
    done = of_five(*words)
    assert (done.returncode, done.stderr) == (ExitCode.USAGE, "")

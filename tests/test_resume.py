"""Training goes on from any checkpoint to the bits of a training that was never stopped."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
import torch

from rnncast.config import Config
from rnncast.errors import CheckpointError, InterruptedTrainingError, ModelFileError
from rnncast.forecaster.forecaster import Forecaster
from rnncast.series.panel import Panel
from rnncast.training.checkpoint import Checkpoint
from rnncast.training.checkpoint_folder import NAME, claimed, due_every, load_checkpoint, save_checkpoint
from rnncast.training.epoch import EpochReport
from rnncast.training.watch import Watch
from tests.conftest import small_config, waves

PANEL = waves()
Told = list[tuple[str, EpochReport]]


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def written_and_read(checkpoint: Checkpoint) -> Checkpoint:
    """What is left of a checkpoint that went through a file."""
    with TemporaryDirectory() as folder:
        save_checkpoint(folder, checkpoint)
        read = load_checkpoint(folder)
    assert read is not None
    return read


def watched(panel: Panel, config: Config, start: Checkpoint | None = None) -> tuple[Forecaster, list[Checkpoint], Told]:
    """A training, all its checkpoints (one before every update), and what it told."""
    checkpoints: list[Checkpoint] = []
    told: Told = []
    watch = Watch(
        lambda run, step: told.append((run, step)),
        ledger=True,
        due=lambda run: True,
        reached=checkpoints.append,
        start=start,
    )
    return Forecaster.fit(panel, config, watch=watch), checkpoints, told


def timeless(told: Told) -> Told:
    """By run, without the clock."""
    return sorted(((run, replace(step, seconds=0.0)) for run, step in told), key=lambda each: (each[0], each[1].epoch))


def file_of(forecaster: Forecaster, path: Path) -> bytes:
    forecaster.save(str(path))
    return path.read_bytes()


CONFIGS: dict[str, Config] = {
    "lstm": small_config(),
    "gru": small_config("gru", epochs=2),
    "rnn-no-carry": small_config("rnn", epochs=2, carry=False),
    "window": small_config("window", epochs=2),
    "jordan-scheduled": small_config("jordan", epochs=2, training="scheduled"),
    "dropout": replace(small_config(epochs=2), net=replace(small_config().net, dropout=0.4)),
    "stride": small_config(epochs=2, stride=3),
    "segments": small_config("lstm/4", epochs=2),
    "either-segment": small_config("lstm/1+4", epochs=2, validate=True, members=2),
    "student-t": small_config(epochs=2, loss="student-t"),
    "validated-members": small_config(epochs=2, validate=True, members=2, shrinkage=None),
    "patience": small_config("rnn", epochs=6, validate=True, members=2, patience=1, learning_rate=0.3),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_from_any_checkpoint_to_the_same_bytes(name: str, tmp_path: Path) -> None:
    config = CONFIGS[name]
    whole, checkpoints, told = watched(PANEL, config)
    expected = file_of(whole, tmp_path / "whole")
    random = np.random.default_rng(0)
    for index in {len(checkpoints) - 1, *random.integers(len(checkpoints), size=3)}:
        resumed, _, told_again = watched(PANEL, config, written_and_read(checkpoints[index]))
        assert file_of(resumed, tmp_path / "resumed") == expected, index
        assert timeless(told_again) == timeless(told)


def test_members_side_by_side_each_have_their_part(tmp_path: Path) -> None:
    torch.set_num_threads(2)
    panel, config = waves(series=5), small_config(epochs=2, validate=True, members=3, shrinkage=None)
    whole, checkpoints, told = watched(panel, config)
    expected = file_of(whole, tmp_path / "whole")
    going = [sum(not run.ended for run in checkpoint.runs.values()) for checkpoint in checkpoints]
    assert max(going) == 2
    for index in np.random.default_rng(0).integers(len(checkpoints), size=3):
        resumed, _, told_again = watched(panel, config, written_and_read(checkpoints[index]))
        assert file_of(resumed, tmp_path / "resumed") == expected
        assert timeless(told_again) == timeless(told)


def stopped_after(updates: int, config: Config) -> tuple[Forecaster | None, Checkpoint | None]:
    """What is left of a training that is stopped before an update: the model, and the last checkpoint."""
    asked, reached = [0], list[Checkpoint]()

    def stopped() -> bool:
        asked[0] += 1
        return asked[0] > updates

    with pytest.raises(InterruptedTrainingError) as caught:
        Forecaster.fit(PANEL, config, watch=Watch(stopped=stopped, reached=reached.append))
    return caught.value.rescued, reached[-1] if reached else None


def test_what_is_stopped_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    config = small_config(epochs=4, validate=True, members=2)
    expected = file_of(Forecaster.fit(PANEL, config), tmp_path / "whole")
    for updates in (1, 7, 30, 55):
        _, checkpoint = stopped_after(updates, config)
        resumed = Forecaster.fit(PANEL, config, watch=Watch(start=checkpoint))
        assert file_of(resumed, tmp_path / "resumed") == expected
        assert resumed.interruption is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"epochs": 9}, "--epochs was 3 and is 9"),
        ({"seed": 5}, "--seed was 1 and is 5"),
    ],
)
def test_another_config_is_refused_by_name(change: dict[str, Any], words: str) -> None:
    _, checkpoints, _ = watched(PANEL, small_config())
    with pytest.raises(CheckpointError, match=words):
        Forecaster.fit(PANEL, small_config(**change), watch=Watch(start=checkpoints[3]))


def test_other_data_versions_and_threads_are_refused() -> None:
    _, checkpoints, _ = watched(PANEL, small_config())
    start = checkpoints[3]
    with pytest.raises(CheckpointError, match="other data"):
        Forecaster.fit(waves(seed=1), small_config(), watch=Watch(start=start))
    versions = {**start.made_by["versions"], "torch": "0.1"}
    older = replace(start, made_by={**start.made_by, "versions": versions})
    with pytest.raises(CheckpointError, match=r"other versions: torch was 0\.1 and is"):
        Forecaster.fit(PANEL, small_config(), watch=Watch(start=older))
    torch.set_num_threads(torch.get_num_threads() + 1)
    with pytest.raises(CheckpointError, match=r"with \d threads, but this is one with \d threads"):
        Forecaster.fit(PANEL, small_config(), watch=Watch(start=start))


def test_a_checkpoint_that_does_not_fit_the_net_is_refused() -> None:
    _, checkpoints, _ = watched(PANEL, small_config())
    (name, run), *_ = checkpoints[3].runs.items()
    assert run.place is not None
    arrays = {key: array for key, array in run.place.arrays.items() if not key.startswith("weight.head")}
    damaged = replace(checkpoints[3], runs={name: replace(run, place=replace(run.place, arrays=arrays))})
    with pytest.raises(CheckpointError, match="damaged"):
        Forecaster.fit(PANEL, small_config(), watch=Watch(start=damaged))


def test_stopped_before_any_epoch_there_is_nothing_to_keep() -> None:
    rescued, checkpoint = stopped_after(2, small_config(validate=True))
    assert rescued is None
    assert checkpoint is not None
    rescued, checkpoint = stopped_after(0, small_config())
    assert rescued is None
    assert checkpoint is None


def test_stopped_before_the_first_score_the_last_whole_epoch_is_kept() -> None:
    forecaster, _ = stopped_after(8, small_config(epochs=800, validate=True))
    assert forecaster is not None
    assert forecaster.interruption is not None
    assert (forecaster.interruption.run, forecaster.interruption.epochs) == ("validation", 1)
    assert any(weight.any() for name, weight in forecaster.weights.items() if "head" in name)
    assert forecaster.scores["mase"] > 0


def test_what_is_kept_of_a_stopped_training_says_which_nets_it_holds(tmp_path: Path) -> None:
    """Nets of validation until a net on all the data is trained to its end; the scores are those of validation."""
    config, kept = small_config(epochs=4, validate=True, members=2, shrinkage=None), []
    for updates in (8, 13, 17, 22, 42, 64):
        forecaster, _ = stopped_after(updates, config)
        assert forecaster is not None
        assert forecaster.interruption is not None
        assert np.isfinite(forecaster.predict().point).all()
        assert forecaster.scores["mase"] > 0
        assert forecaster.spec.net.members == forecaster.interruption.nets <= forecaster.interruption.of_nets == 2
        again = Forecaster.load(_saved(forecaster, tmp_path / "model"))
        assert again.interruption == forecaster.interruption
        kept.append((forecaster.interruption.run, forecaster.interruption.nets, forecaster.interruption.epochs))
    ladder = [("validation", 1, epochs) for epochs in range(1, 5)] + [("validation", 2, 4), ("training", 1, 4)]
    assert kept == ladder


def test_a_net_on_all_the_data_is_kept_where_none_is_validated() -> None:
    forecaster, _ = stopped_after(30, small_config(epochs=40, members=2))
    assert forecaster is not None
    assert forecaster.interruption is not None
    assert forecaster.interruption.run == "training"
    assert 1 <= forecaster.interruption.epochs < forecaster.interruption.of_epochs == 40
    assert forecaster.interruption.of_nets == 2


def _saved(forecaster: Forecaster, path: Path) -> str:
    forecaster.save(str(path))
    return str(path)


def test_a_folder_is_for_one_training_at_a_time(tmp_path: Path) -> None:
    left = tmp_path / ".rnncast-0123"  # of a process that was killed while it wrote
    left.touch()
    with claimed(str(tmp_path)):
        assert not left.exists()
        with pytest.raises(CheckpointError, match="another training"), claimed(str(tmp_path)):
            pass
    with claimed(str(tmp_path)):
        pass


def test_a_damaged_checkpoint_is_refused_with_the_reason(tmp_path: Path) -> None:
    _, checkpoints, _ = watched(PANEL, small_config(epochs=1))
    save_checkpoint(str(tmp_path), checkpoints[1])
    path = tmp_path / NAME
    whole = path.read_bytes()
    path.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    with pytest.raises(CheckpointError, match="is a damaged checkpoint: its checksum is wrong"):
        load_checkpoint(str(tmp_path))
    path.write_bytes(whole)
    with pytest.raises(ModelFileError, match="is not a rnncast model file"):
        Forecaster.load(str(path))
    path.write_bytes((tmp_path / _saved(Forecaster.fit(PANEL, small_config(epochs=1)), tmp_path / "m")).read_bytes())
    with pytest.raises(CheckpointError, match="is not a rnncast checkpoint"):
        load_checkpoint(str(tmp_path))


def test_a_checkpoint_is_due_by_the_clock_for_each_run() -> None:
    now = [0.0]
    due = due_every(60, lambda: now[0])
    asked = []
    for now[0] in (0.0, 59.0, 60.0, 61.0, 130.0):
        asked.append(due("a"))
    assert asked == [False, False, True, False, True]
    assert not due("b")

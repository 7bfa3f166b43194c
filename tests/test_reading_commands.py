"""What the reader understood goes through the commands: into the model file, and out with the forecasts."""

import io

import pandas as pd
import pytest
from rich.console import Console

from rnncast.report import progress
from tests.conftest import Program
from tests.tables import as_csv


def test_ids_and_offsets_come_back_from_the_model_file(program: Program) -> None:
    stamps = pd.date_range("2024-10-20", "2024-10-27 01:00", freq="h", tz="Europe/Berlin")
    # A summer day first, so that the zone can be told from the offsets.
    rows = [
        [region, store, stamp.isoformat(), 100.0 + stamp.hour]
        for region, store in (("north", "01"), ("south", "01"))
        for stamp in stamps
    ]
    (program.folder / "x.csv").write_bytes(as_csv(["region", "store", "at", "sold"], rows))
    read = ["--id", "region,store", "--zone", "Europe/Berlin"]
    done = program("train", "x.csv", *read, "--target", "sold", "-H", "4", "--epochs", "0")
    assert done.returncode == 0, done.stderr
    lines = [line.split(",") for line in program("forecast", "--format", "csv").stdout.splitlines()]
    assert lines[0][:4] == ["region", "store", "at", "forecast"]
    assert [line[:3] for line in lines[1:5]] == [
        ["north", "01", "2024-10-27T02:00:00+02:00"],
        ["north", "01", "2024-10-27T02:00:00+01:00"],
        ["north", "01", "2024-10-27T03:00:00+01:00"],
        ["north", "01", "2024-10-27T04:00:00+01:00"],
    ]
    assert lines[5][:2] == ["south", "01"]


def test_progress_of_reading_appears_late_and_on_a_terminal_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def shown(patience: float, terminal: bool) -> str:
        monkeypatch.setattr(progress, "PATIENCE", patience)
        console = Console(file=io.StringIO(), force_terminal=True, width=100)
        with progress.reading_progress(console, shown=terminal) as told:
            told(1_000_000, 300_000_000)
        return console.file.getvalue()  # type: ignore[attr-defined]

    assert "reading 1 of 300 MB" in shown(0, True)
    assert shown(1000, True) == ""
    assert shown(0, False) == ""

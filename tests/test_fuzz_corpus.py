"""What is fuzzed, by `python tests/fuzz/NAME.py`, holds for the inputs that were worth keeping, and for their like."""

import importlib
import random
import subprocess
import sys
from pathlib import Path

import pytest

from rnncast.forecaster.forecaster import Forecaster
from tests.fuzz.harness import CORPUS, HERE, TARGETS, mutated, seeds

LARGEST = 300_000  # bytes of all
MUTANTS = {"cells": 2000, "rows": 2000, "settings": 1000}  # of those that are soon tried; of others, a few
FEW = 40


@pytest.mark.parametrize("name", TARGETS)
def test_the_corpus_and_mutants_of_it_break_nothing(name: str) -> None:
    target, corpus, chance = importlib.import_module(f"tests.fuzz.{name}"), seeds(name), random.Random(5)
    for data in corpus:
        target.try_input(data)
    for _ in range(MUTANTS.get(name, FEW)):
        data = mutated(chance.choice(corpus), chance)
        try:
            target.try_input(data)
        except Exception as error:
            raise AssertionError(f"{name} broken by {data!r}") from error


def test_the_corpus_is_small_and_whole() -> None:
    assert {path.name for path in CORPUS.iterdir()} == set(TARGETS)
    assert sum(path.stat().st_size for path in CORPUS.rglob("*") if path.is_file()) < LARGEST


@pytest.mark.parametrize("path", sorted((CORPUS / "model").iterdir()), ids=lambda path: path.stem)
def test_model_files_of_the_corpus_load(path: Path) -> None:
    """Else their mutants would be refused before anything is tried."""
    Forecaster.load(str(path)).predict(horizon=1)


def test_a_target_runs_by_hand() -> None:
    command = [sys.executable, str(HERE / "cells.py"), "-runs=300"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=HERE)
    assert done.returncode == 0, done.stderr
    assert "Done 300 runs" in done.stdout + done.stderr

"""Model files that were changed and signed again are refused with the reason, or forecast finite numbers in order."""

import csv
import io
import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rnncast.cli.app import run
from rnncast.cli.environment import Environment
from rnncast.errors import DataError, ForecastError, ModelFileError
from rnncast.forecaster.forecaster import Forecaster
from tests.golden.make import HERE
from tests.mutants import Mutant, mutants
from tests.tiny_models import Kind, kinds, train

KINDS = kinds()
FEWEST = 7_000
FAST, LONG = 61, 4  # of so many mutants, one is tried in the fast test, and in the long one
EVERY = [pytest.param(LONG, marks=pytest.mark.slow), pytest.param(1, marks=pytest.mark.campaign)]
NO_MODEL = "is not a rnncast model file"
REFUSED = re.compile(r"rnncast: model is a (?:damaged model file: \S+ .+|model file of format .+)")
CANNOT = re.compile(
    r"rnncast: .*(?:is not a finite number|end of the calendar|which a stream of values does not|is not known at)"
)


class Folder:
    """A folder with a kind of model in it, where the program is run in this process."""

    def __init__(self, kind: Kind, path: Path) -> None:
        self.kind = kind
        self.path = path
        self.model = train(kind, path).read_bytes()

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """The exit code, what went to stdout, and to stderr. An exception is a bug of the program's."""
        out, err = io.StringIO(), io.StringIO()
        code = run(list(arguments), Environment(io.StringIO(), out, err))
        assert "Traceback" not in err.getvalue()
        return code, out.getvalue(), err.getvalue()

    def try_out(self, mutant: Mutant) -> str:
        """What became of a mutant: refused, fine, or what it cannot; AssertionError if it is none of these."""
        (self.path / "model").write_bytes(mutant.data())
        code, out, err = self("inspect", "--json", "model")
        if code:
            assert (code, out) == (1, "")
            sentence = err.splitlines()[0]
            assert REFUSED.fullmatch(sentence) or sentence.endswith(NO_MODEL), sentence
            return "refused" if REFUSED.fullmatch(sentence) else "no model"
        json.loads(out, parse_constant=_no_number)
        assert self("inspect", "model")[0] == 0
        code, table, err = self("forecast", "-m", "model")
        if code:
            assert code == 1
            assert CANNOT.match(err), err
            return "no forecast"
        _in_order(list(csv.DictReader(io.StringIO(table))))
        code, objects, _ = self("forecast", "-m", "model", "--format", "json")
        assert code == 0
        _in_order(json.loads(objects, parse_constant=_no_number))
        self._follow()
        self._score(table)
        return "fine"

    def _follow(self) -> None:
        code, out, err = self("forecast", "rows.csv", "-m", "model", "--follow", "--format", "jsonl")
        if code == 2:  # which a file can ask for: its data are resampled
            assert "--follow takes a step a row, and --resample makes steps of several rows" in err
            return
        assert code in (0, 1), err
        assert code == 0 or re.match("rnncast: (left out line|the first line of the stream)", err) or CANNOT.match(err)
        _in_order([json.loads(line, parse_constant=_no_number) for line in out.splitlines()])

    def _score(self, table: str) -> None:
        (self.path / "forecast.csv").write_text(table)
        code, out, err = self("score", "forecast.csv", "--actual", "data.csv", "--json")
        assert code == 1 if err.startswith("rnncast: ") else code == 0
        if not code:
            json.loads(out, parse_constant=_no_number)


def _no_number(word: str) -> Any:
    raise AssertionError(f"JSON holds {word}")


def _in_order(rows: list[dict[str, Any]]) -> None:
    """Every number is finite, and the ends of wider intervals lie outside those of narrower ones."""
    for row in rows:
        ends = [(float(name.split("-lo-")[1]), name) for name in row if name.startswith("forecast-lo-")]
        names = [name for _, name in sorted(ends, reverse=True)]
        order = [*names, "forecast", *(name.replace("-lo-", "-hi-") for name in reversed(names))]
        values = [float(row[name]) for name in order]
        assert all(map(math.isfinite, values)), row
        assert values == sorted(values), row


@pytest.fixture(scope="module", params=list(KINDS))
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Folder]:
    before, path = Path.cwd(), tmp_path_factory.mktemp(request.param)
    made = Folder(KINDS[request.param], path)
    os.chdir(path)  # the program is run here, and says short names
    yield made
    os.chdir(before)


def tried(folder: Folder, every: int) -> Counter[str]:
    """What became of one mutant in so many; a bug is told of with the name of the mutant that shows it."""
    found: Counter[str] = Counter()
    for number, mutant in enumerate(mutants(folder.model)):
        if number % every:
            continue
        try:
            found[folder.try_out(mutant)] += 1
        except Exception as error:
            raise AssertionError(f"the mutant {mutant.name!r}: {error!r}") from error
    return found


def test_the_model_itself_is_fine(folder: Folder) -> None:
    fate = folder.try_out(Mutant("none", lambda: folder.model))
    assert fate == "fine"


def test_a_sample_of_the_mutants(folder: Folder) -> None:
    found = tried(folder, FAST)
    assert found["refused"] > found["fine"] > 0


def test_a_sample_of_the_mutants_of_format_1(tmp_path: Path) -> None:
    found = _loaded(tmp_path / "model", FAST)
    assert found["refused"] > found["fine"] > 0
    assert found["reasons"] > 0.8 * found["refused"]  # the others are no model files at all


@pytest.mark.parametrize("every", EVERY)
def test_mutants_of_format_1(tmp_path: Path, every: int) -> None:
    found = _loaded(tmp_path / "model", every)
    print(f"\nmutants of format 1: {dict(found)}")
    assert found["refused"] > found["fine"] > 0


def _loaded(path: Path, every: int) -> Counter[str]:
    """What became of the mutants of the golden file of format 1, which no program writes any more."""
    found: Counter[str] = Counter()
    for number, mutant in enumerate(mutants((HERE / "format-1.safetensors").read_bytes())):
        if number % every:
            continue
        path.write_bytes(mutant.data())
        try:
            quantiles = Forecaster.load(str(path)).predict().quantiles
        except (ModelFileError, ForecastError, DataError) as error:
            found["refused" if isinstance(error, ModelFileError) else "no forecast"] += 1
            found["reasons"] += len(error.message) > len(f"{path} is a damaged model file: ")
            continue
        except Exception as error:
            raise AssertionError(f"the mutant {mutant.name!r}: {error!r}") from error
        found["fine"] += 1
        assert np.isfinite(quantiles).all(), mutant.name
        assert (np.diff(quantiles, axis=-1) >= 0).all(), mutant.name
    return found


@pytest.mark.parametrize("every", EVERY)
def test_mutants(folder: Folder, every: int) -> None:
    """The long test tries 7,000 in all, the campaign every one."""
    found = tried(folder, every)
    print(f"\nmutants: {dict(found)}")
    assert found.total() > FEWEST / (len(KINDS) + 1)
    assert found["refused"] > found["fine"] > 0

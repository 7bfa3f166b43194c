"""State of a training run as a value that can be stored, from which it continues to the same final bytes.

No torch here: tensors are NumPy arrays, and everything else is plain values, ready for JSON.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rnncast.errors import CheckpointError
from rnncast.settings import flag
from rnncast.training.epoch import EpochReport

Weights = dict[str, NDArray[np.float32]]
Arrays = dict[str, NDArray[Any]]
HINT = "give the same data and flags, or another folder to start again"
HINTS = {"device": "use --device {}", "threads": "set OMP_NUM_THREADS={}", "ranks": "use --nproc-per-node {}"}
MOST_NAMED = 3  # settings that differ


@dataclass(frozen=True)
class Update:
    """An update of the optimiser: the summed loss, its total weight, and the gradient norm before clipping."""

    loss: float
    weight: float
    norm: float


@dataclass(frozen=True)
class Place:
    """Position of the training loop, after `chunks` chunks of an epoch.

    updates, steps: of this epoch so far. lr: the last learning rate. seconds: used since training began. order: the
    state of the batches' random generator before the epoch, which determines all its chunks. arrays: the weights, the
    optimiser's moments, the state of the net and those of torch's generators, by name.
    """

    epoch: int
    chunks: int
    updates: tuple[Update, ...]
    steps: int
    lr: float
    seconds: float
    order: Mapping[str, Any]
    arrays: Arrays


class Best(NamedTuple):
    """Weights after an epoch, with their score (MASE on validation origins, else the loss)."""

    weights: Weights
    epoch: int
    score: float


@dataclass(frozen=True)
class RunState:
    """Progress of the training of one net. kept: the weights so far; at epoch 0, those of the untrained net.

    best: the weights with the best score, None before any. without_progress: scores since then. reports: all that it
    made. place: of its loop, None once it has ended.
    """

    kept: Best
    best: Best | None = None
    without_progress: int = 0
    reports: tuple[EpochReport, ...] = ()
    place: Place | None = None

    @property
    def ended(self) -> bool:
        """True if there is nothing left to train."""
        return self.place is None


@dataclass(frozen=True)
class Checkpoint:
    """Runs that have begun, by name; made_by: everything on which the final bytes depend, as plain values."""

    made_by: Mapping[str, Any]
    runs: Mapping[str, RunState] = field(default_factory=dict)

    def check(self, made_by: Mapping[str, Any]) -> None:
        """Raise CheckpointError, naming the difference, if continuing with other data or settings would change the
        result."""
        for name, words in {"data": "other data", "settings": "other settings", "versions": "other versions"}.items():
            there, here = _flat(self.made_by[name]), _flat(made_by[name])
            differing = [key for key in there | here if there.get(key) != here.get(key)]
            if differing:
                said = [f"{_named(name, key)} was {there.get(key)} and is {here.get(key)}" for key in differing]
                details = "" if name == "data" else ": " + ", ".join(said[:MOST_NAMED])
                raise CheckpointError(f"the checkpoint is of a training with {words}{details}", hint=HINT)
        for name, words in {"device": "on {}", "threads": "with {} threads", "ranks": "of {} ranks"}.items():
            there, here = self.made_by.get(name, 1), made_by.get(name, 1)
            if there != here:
                raise CheckpointError(
                    f"the checkpoint is of a training {words.format(there)}, but this is one {words.format(here)}: "
                    "the result would not be the same",
                    hint=HINTS[name].format(there),
                )

    def to_parts(self) -> tuple[dict[str, Any], Arrays]:
        """Return plain values for JSON, and arrays by name."""
        arrays: Arrays = {}
        runs = []
        for number, (name, run) in enumerate(self.runs.items()):
            plain: dict[str, Any] = {
                "name": name,
                "reports": [asdict(report) for report in run.reports],
                "without_progress": run.without_progress,
            }
            for which, best in (("kept", run.kept), ("best", run.best)):
                plain[which] = best and {"epoch": best.epoch, "score": best.score}
                arrays |= {f"{number}.{which}.{key}": array for key, array in (best.weights if best else {}).items()}
            plain["place"] = run.place and {
                key: value for key, value in vars(run.place).items() if key not in ("arrays", "updates")
            }
            if run.place is not None:
                plain["place"]["updates"] = [asdict(update) for update in run.place.updates]
                arrays |= {f"{number}.place.{key}": array for key, array in run.place.arrays.items()}
            runs.append(plain)
        return {"made_by": dict(self.made_by), "runs": runs}, arrays

    @classmethod
    def from_parts(cls, plain: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> "Checkpoint":
        """Return the Checkpoint that `to_parts` took apart. Raises KeyError, TypeError or ValueError if it is not
        one."""
        runs = {}
        for number, run in enumerate(plain["runs"]):
            best, kept = (_best(run[which], arrays, f"{number}.{which}.") for which in ("best", "kept"))
            if kept is None:
                raise ValueError("a run has kept nothing")
            place = run["place"]
            if place is not None:
                updates = tuple(Update(**update) for update in place.pop("updates"))
                place = Place(**place, updates=updates, arrays=_under(arrays, f"{number}.place."))
            reports = tuple(_report(each) for each in run["reports"])
            runs[str(run["name"])] = RunState(kept, best, run["without_progress"], reports, place)
        return cls(dict(plain["made_by"]), runs)


def _best(plain: Mapping[str, Any] | None, arrays: Mapping[str, NDArray[Any]], prefix: str) -> Best | None:
    if plain is None:
        return None
    score = math.inf if plain["score"] is None else plain["score"]  # JSON cannot express infinity
    return Best(_under(arrays, prefix), plain["epoch"], score)


def _report(plain: Mapping[str, Any]) -> EpochReport:
    by_lag = {int(lag): norm for lag, norm in plain["gradient_by_lag"].items()}  # JSON keys are texts
    return EpochReport(**{**plain, "gradient_by_lag": by_lag})


def _under(arrays: Mapping[str, NDArray[Any]], prefix: str) -> Arrays:
    return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}


def _flat(values: Any, name: str = "") -> dict[str, Any]:
    """Return the leaves of nested tables by the last of their names; lists stay whole."""
    if not isinstance(values, Mapping):
        return {name: list(values) if isinstance(values, tuple) else values}
    return {key: leaf for inner, value in values.items() for key, leaf in _flat(value, inner).items()}


def _named(part: str, key: str) -> str:
    return flag(key) if part == "settings" else key

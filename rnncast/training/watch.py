"""Callbacks of a training run. No torch here, so that any room may hold them."""

from collections.abc import Callable
from dataclasses import dataclass

from rnncast.training.checkpoint import Checkpoint
from rnncast.training.epoch import EpochReport
from rnncast.training.ranks import ALONE, Ranks


@dataclass(frozen=True)
class Watch:
    """Callbacks and requests of a caller.

    told: called after each epoch, with the name of the run ("validation", "training"; or "training, net 2" if there are
    several). ledger: measure the gradient by lag. device: where to compute. stopped: returns whether to stop, asked
    before each update. planned: called with the number of runs; ended: called with the name of a run that has ended.
    due: returns whether a checkpoint of a run is wanted, asked after each update in the thread that trains it. reached:
    called with a checkpoint then, and when a run ends. start: the checkpoint to continue from. began: when --max-time
    began to count, on `time.perf_counter`; None for when training begins. ranks: the processes that train together.
    """

    told: Callable[[str, EpochReport], None] = lambda run, report: None
    ledger: bool = False
    device: str = "auto"
    stopped: Callable[[], bool] = lambda: False
    planned: Callable[[int], None] = lambda runs: None
    ended: Callable[[str], None] = lambda run: None
    due: Callable[[str], bool] = lambda run: False
    reached: Callable[[Checkpoint], None] = lambda checkpoint: None
    start: Checkpoint | None = None
    began: float | None = None
    ranks: Ranks = ALONE

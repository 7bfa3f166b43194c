"""What a caller wants of a training run. No torch here, so that anyone may hold it."""

from collections.abc import Callable
from dataclasses import dataclass

from rnncast.training.checkpoint import Checkpoint
from rnncast.training.epoch import EpochReport


@dataclass(frozen=True)
class Watch:
    """What a caller wants of a run.

    told: is called after each epoch, with the name of the run ("validation", "training"; or "training, net 2" where
    there are several). ledger: measure the gradient by lag. device: where to compute. stopped: whether to stop, asked
    before each update. planned: is told how many runs there will be; ended: the name of one that has ended. due:
    whether a checkpoint of a run is wanted, asked after each of its updates, in the thread that trains it. reached: is
    given one then, and where a run ends. start: the checkpoint to go on from. began: when
    --max-time began to count, on `time.perf_counter`; None: where training begins.
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

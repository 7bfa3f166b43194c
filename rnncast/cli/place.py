"""Place of this process among those that `torchrun` has started."""

import os
from typing import NamedTuple

from rnncast.errors import UsageError


class Place(NamedTuple):
    """Place of this process among those that torchrun has started, on all machines and on this one."""

    rank: int = 0
    size: int = 1
    here: int = 0


def place() -> Place:
    """Return the place that torchrun gives this process; the only one if it was not started so."""
    given = os.environ
    if "TORCHELASTIC_RUN_ID" not in given:
        return Place()
    return Place(*(int(given[name]) for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK")))


def refuse_ranks(command: str | None) -> None:
    """Raise UsageError if several processes were started for a command that does not share its work."""
    if command != "train" and place().size > 1:
        raise UsageError(f"torchrun is for rnncast train, not for {command}", hint="start rnncast without torchrun")

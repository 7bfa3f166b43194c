"""Ranks that `torchrun` has started, joined by torch.distributed: gloo on CPUs, NCCL between GPUs."""

import datetime
import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from rnncast.errors import RnncastError, UsageError
from rnncast.training.ranks import Ranks

SECONDS = 60  # that a rank waits for another's gradients
PATIENT = 3600  # and for work of other kinds, such as reading, whose parts may take unequally long


def joined_ranks(rank: int, size: int, device: torch.device) -> Ranks:
    """Join the ranks of a training as one of them. Raises RnncastError if they cannot be reached."""
    with _answered(SECONDS):
        backend = "cpu:gloo,cuda:nccl" if device.type == "cuda" and _gpu_each() else "gloo"
        dist.init_process_group(backend, timeout=datetime.timedelta(seconds=SECONDS))
        patient = dist.new_group(backend="gloo", timeout=datetime.timedelta(seconds=PATIENT))
    assert patient is not None
    return Ranks(rank, size, Joined(size, rank, patient, between_gpus=backend != "gloo"))


def leave() -> None:
    """Close the exchange with the other ranks, after a training."""
    if dist.is_initialized():
        dist.destroy_process_group()


def own_device(name: str, local_rank: int) -> str:
    """Return the device of a rank: of several GPUs each has its own. Raises UsageError for one that all would share."""
    if name not in ("auto", "cuda") or not torch.cuda.is_available():
        if name.startswith("cuda:"):
            raise UsageError(f"--device {name} is one GPU for all ranks", hint="use --device cuda: each has its own")
        return name
    return f"cuda:{local_rank % torch.cuda.device_count()}"


def _gpu_each() -> bool:
    """Return whether there is a GPU for every rank on this machine, which NCCL needs."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", "1")) <= torch.cuda.device_count()


class Joined:
    """Exchange by torch.distributed, which sums in an order that the number of ranks fixes."""

    def __init__(self, size: int, rank: int, patient: dist.ProcessGroup, *, between_gpus: bool) -> None:
        self.size, self.rank, self.patient, self.between_gpus = size, rank, patient, between_gpus

    def add(self, values: Tensor) -> None:
        """Replace values by their sum over all ranks."""
        with _answered(SECONDS):
            if values.device.type == "cpu" or self.between_gpus:
                dist.all_reduce(values)
            else:
                here = values.cpu()
                dist.all_reduce(here)
                values.copy_(here)

    def gather(self, data: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """Return the bytes of each rank, in their order."""
        lengths = torch.zeros(self.size, dtype=torch.int64)
        lengths[self.rank] = len(data)
        with _answered(PATIENT):
            dist.all_reduce(lengths, group=self.patient)
            padded = torch.zeros(int(lengths.max()), dtype=torch.uint8)
            padded[: len(data)] = torch.from_numpy(data.copy())
            every = [torch.empty_like(padded) for _ in range(self.size)]
            dist.all_gather(every, padded, group=self.patient)
        return [part[: int(length)].numpy() for part, length in zip(every, lengths, strict=True)]


@contextmanager
def _answered(seconds: int) -> Iterator[None]:
    """Raise RnncastError, instead of torch's error, if another rank has ended or does not answer."""
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, torch.OutOfMemoryError):
            raise
        raise RnncastError(
            f"another rank of this training has ended, or did not answer for {seconds} seconds: nothing was written",
            hint="start all ranks again; with --checkpoint DIR --resume they go on from the last checkpoint",
        ) from None

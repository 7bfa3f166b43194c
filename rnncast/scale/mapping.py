"""Partitions mapped one after the other in this process, or by the workers of Dask."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from rnncast.errors import RnncastError, UsageError
from rnncast.scale.partitions import Outcome, Task

if TYPE_CHECKING:
    from distributed import Client

LOCAL = "local:"
AHEAD = 2  # partitions per worker that are submitted: one being forecast and one waiting
RETRIES = 2  # of a partition whose worker died

Done = TypeVar("Done", bound=Outcome)


def check_cluster(cluster: str) -> None:
    """Raise UsageError for a name that is not a cluster, or if Dask is not installed."""
    workers = cluster.removeprefix(LOCAL)
    if not (cluster.startswith(("tcp://", "tls://", "ucx://")) or (cluster.startswith(LOCAL) and workers.isdecimal())):
        raise UsageError(
            f"--cluster is {cluster!r}, but must be local:N or the address of a Dask scheduler",
            hint="use local:2, or tcp://host:8786",
        )
    if workers == "0":
        raise UsageError("--cluster local:0 has no workers", hint="use local:1 or more")
    try:
        import distributed  # noqa: F401
    except ImportError:
        raise UsageError("--cluster needs Dask, which is not installed", "pip install 'rnncast[cluster]'") from None


def mapped(tasks: Sequence[Task], work: Callable[[Task], Done], cluster: str | None) -> Iterator[Done | Outcome]:
    """Yield the outcome of the work on each partition as it is done; an Outcome with an error if its workers died.

    work: plain data, because it is sent to workers. cluster: "local:N" for N processes, or the address of a scheduler,
    whose workers see the same files; None for this process. At most two partitions per worker are in memory. Raises
    RnncastError if the cluster cannot be reached.
    """
    if cluster is None:
        yield from map(work, tasks)
        return
    with ExitStack() as stack:
        client = _client(cluster, stack)
        yield from _submitted(client, tasks, work)


def _client(cluster: str, stack: ExitStack) -> "Client":
    import dask
    from distributed import Client, LocalCluster

    # A worker is one thread; more threads in the libraries below would only compete.
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    stack.enter_context(dask.config.set({"distributed.nanny.pre-spawn-environ": threads}))
    stack.enter_context(
        dask.config.set({"distributed.scheduler.allowed-failures": RETRIES, "logging.distributed": "critical"})
    )
    address: Any = cluster
    if cluster.startswith(LOCAL):
        address = stack.enter_context(
            LocalCluster(
                n_workers=int(cluster.removeprefix(LOCAL)),
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs=50,
            )
        )
    try:
        return stack.enter_context(Client(address, timeout="20s"))
    except OSError as error:
        raise RnncastError(
            f"no Dask scheduler answers at {cluster}: {error}", hint="start one with: dask scheduler"
        ) from None


def _submitted(client: "Client", tasks: Sequence[Task], work: Callable[[Task], Done]) -> Iterator[Done | Outcome]:
    """Yield outcomes as workers finish, with a bounded number of partitions submitted."""
    from distributed import KilledWorker, as_completed

    waiting = iter(tasks)
    submitted: dict[Any, Task] = {}

    def submit(number: int) -> list[Any]:
        fresh = []
        for task in islice(waiting, number):
            future = client.submit(work, _absolute(task), pure=False)
            submitted[future] = task
            fresh.append(future)
        return fresh

    workers = max(1, len(client.scheduler_info()["workers"]))
    done = as_completed(submit(AHEAD * workers))
    for future in done:
        task = submitted.pop(future)
        error = future.exception()
        if isinstance(error, KilledWorker):
            yield Outcome(task.part.path, error=f"its worker died {RETRIES + 1} times; it may need more memory")
        elif error is not None:
            raise error
        else:
            yield replace(future.result(), path=task.part.path)
        for fresh in submit(1):
            done.add(fresh)


def _absolute(task: Task) -> Task:
    """Return a task as a worker in another folder needs it."""
    part = replace(task.part, path=os.path.abspath(task.part.path))
    return Task(part, os.path.abspath(task.target))

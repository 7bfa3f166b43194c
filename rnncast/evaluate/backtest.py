"""Rolling origins: each candidate forecasts from the same pasts, in this process or in several."""

import multiprocessing
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import NamedTuple

from rnncast.errors import RnncastError
from rnncast.evaluate.candidates import Candidate
from rnncast.series.forecast import Forecast
from rnncast.series.panel import Panel
from rnncast.series.splits import Split


class FoldForecast(NamedTuple):
    """A candidate's forecast at an origin (counted from 0), and the seconds it took."""

    candidate: str
    origin: int
    forecast: Forecast
    seconds: float


class _Work(NamedTuple):
    """A candidate that is fitted at the first of some origins and forecasts from each of them."""

    candidate: Candidate
    origins: tuple[int, ...]
    seen: tuple[Panel, ...]


def backtest(
    candidates: list[Candidate], splits: list[Split], *, refit: bool = True, jobs: int = 1
) -> Iterator[FoldForecast]:
    """Yield the forecast of each candidate at each origin, as they are made.

    refit: fit anew at each origin, on the values before it; else once, on the values before the first. jobs: processes;
    the outcomes are the same for any number, except for their order and seconds. An error of a candidate names it.
    """
    work = _pieces(candidates, splits, refit)
    if jobs == 1:
        for piece in work:
            yield from _done(piece)
    else:
        yield from _in_processes(work, min(jobs, len(work)))


def _pieces(candidates: list[Candidate], splits: list[Split], refit: bool) -> list[_Work]:
    """Return the work origin by origin, so that what is finished early can be compared."""
    origins = range(len(splits))
    groups = [(origin,) for origin in origins] if refit else [tuple(origins)]
    return [
        _Work(candidate, group, tuple(splits[origin].seen for origin in group))
        for group in groups
        for candidate in candidates
    ]


def _done(work: _Work) -> list[FoldForecast]:
    work.candidate.load()
    began = time.perf_counter()
    outcomes = []
    try:
        forecast = work.candidate.fit(work.seen[0])
        for origin, seen in zip(work.origins, work.seen, strict=True):
            made = forecast(seen)
            ended = time.perf_counter()
            outcomes.append(FoldForecast(work.candidate.name, origin, made, ended - began))
            began = ended
    except RnncastError as error:
        where = f"{work.candidate.name} at origin {work.origins[0] + 1}"
        raise type(error)(f"{where}: {error.message}", error.hint) from None
    return outcomes


def _in_processes(work: list[_Work], jobs: int) -> Iterator[FoldForecast]:
    # Not forked: a process forked from one with threads may hang.
    before = set(multiprocessing.active_children())
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"))
    try:
        with _interrupts_ignored():  # inherited by the processes: this one deals with interruptions
            futures = [pool.submit(_done, piece) for piece in work]
        for future in as_completed(futures):
            yield from future.result()
    except BrokenProcessPool:
        raise RnncastError(
            "a process ended before its work was done, perhaps for lack of memory", hint="ask for fewer --jobs"
        ) from None
    except BaseException:
        # Interrupted or failed: work still in progress is not waited for.
        for child in set(multiprocessing.active_children()) - before:
            child.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():  # only the main thread may set signal handlers
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

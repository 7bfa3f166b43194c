"""Jobs run in threads, with their results merged into one stream; useful only if they release the GIL."""

import threading
from collections.abc import Callable, Iterator, Sequence
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")
# A job gets a function that says whether it is still wanted, to be called often, and yields its progress.
Work = Callable[[Callable[[], bool]], Iterator[T]]


def side_by_side(works: Sequence[Work[T]], at_once: int) -> Iterator[tuple[int, T]]:
    """Yield the results of each job, with its number, in the order they arrive; `at_once` jobs run at once.

    With one at a time no thread is made. An error in a job is raised here, and the others are then no longer wanted.
    """
    if at_once < 2 or len(works) < 2:
        for number, work in enumerate(works):
            yield from ((number, item) for item in work(lambda: True))
        return
    told: SimpleQueue[tuple[int, T] | BaseException | None] = SimpleQueue()
    waiting, stopped = iter(enumerate(works)), threading.Event()
    next_one = threading.Lock()

    def worker() -> None:
        try:
            while not stopped.is_set():
                with next_one:
                    number, work = next(waiting, (None, None))
                if number is None or work is None:
                    return
                for item in work(lambda: not stopped.is_set()):
                    told.put((number, item))
        except BaseException as error:  # raised again in the calling thread
            told.put(error)
        finally:
            told.put(None)

    threads = [threading.Thread(target=worker) for _ in range(min(at_once, len(works)))]
    for thread in threads:
        thread.start()
    try:
        working = len(threads)
        while working:
            item = told.get()
            if isinstance(item, BaseException):
                raise item
            if item is None:
                working -= 1
            else:
                yield item
    finally:
        stopped.set()
        for thread in threads:
            thread.join()

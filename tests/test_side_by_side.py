"""Works at once: what comes is what came one after the other, and what fails stops the rest."""

import threading
from collections.abc import Callable, Iterator

import pytest

from rnncast.training.side_by_side import Work, side_by_side


def counting(to: int, threads: set[int]) -> Work[int]:
    def work(wanted: Callable[[], bool]) -> Iterator[int]:
        for number in range(to):
            threads.add(threading.get_ident())
            yield number

    return work


def endless(went_on: list[bool]) -> Work[int]:
    """Goes on for as long as it is wanted, and says that it stopped."""

    def work(wanted: Callable[[], bool]) -> Iterator[int]:
        while wanted():
            yield 0
        went_on.append(False)

    return work


@pytest.mark.parametrize("at_once", [1, 2, 5])
def test_each_work_yields_all_it_has_in_order(at_once: int) -> None:
    threads: set[int] = set()
    found: dict[int, list[int]] = {}
    for number, item in side_by_side([counting(n, threads) for n in (3, 0, 50, 2)], at_once):
        found.setdefault(number, []).append(item)
    assert found == {0: [0, 1, 2], 2: list(range(50)), 3: [0, 1]}
    assert (threading.get_ident() in threads) == (at_once == 1)
    assert len(threads) <= at_once


def test_what_a_work_raises_is_raised_and_the_others_stop() -> None:
    def failing(wanted: Callable[[], bool]) -> Iterator[int]:
        yield 1
        raise ArithmeticError("no more")

    stopped: list[bool] = []
    with pytest.raises(ArithmeticError, match="no more"):
        list(side_by_side([endless(stopped), failing, endless(stopped)], 2))
    assert stopped == [False]  # the third was never begun


def test_who_stops_listening_stops_the_works() -> None:
    stopped: list[bool] = []
    before = threading.active_count()
    told = side_by_side([endless(stopped), endless(stopped)], 2)
    next(told)
    told.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
    assert stopped == [False, False]

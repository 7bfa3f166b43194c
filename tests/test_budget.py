"""--max-time is for all runs together, and so is the bar; no test of it reads a clock."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncast import Forecaster
from rnncast.report.course import WHOLE, Course
from rnncast.training.budget import Budget
from rnncast.training.epoch import EpochReport
from rnncast.training.watch import Watch
from tests.conftest import small_config, waves

REPORT = EpochReport(1, 4, 0.5, 0.1, 0.1, 0.0, 0.01, 10, 1.0, {})


@given(st.integers(1, 9), st.integers(1, 4), st.floats(0, 100), st.data())
def test_runs_that_keep_to_their_shares_end_in_time_and_use_all_of_it(
    runs: int, at_once: int, seconds: float, data: st.DataObject
) -> None:
    budget, now = Budget.of(seconds, 50.0, runs, at_once), 50.0
    for round_ in range(budget.rounds):
        share = budget.share(round_, now)
        last = round_ == budget.rounds - 1
        now += share if last else share * data.draw(st.floats(0, 1))  # patience may end a run before its time
    assert now == pytest.approx(50.0 + seconds)


def test_what_one_run_overruns_the_others_make_up() -> None:
    budget = Budget.of(12.0, 0.0, 3, 1)
    assert [budget.share(0, 0.0), budget.share(1, 4.0), budget.share(1, 8.0), budget.share(2, 13.0)] == [4, 4, 2, 0]
    assert Budget.of(12.0, 0.0, 4, 2).share(0, 0.0) == 6
    assert Budget.of(float("inf"), 0.0, 3, 1).share(1, 100.0) == float("inf")


def test_an_epoch_ends_with_the_time() -> None:
    told: list[EpochReport] = []
    for max_time in (None, 0.0):
        config = small_config(epochs=1, max_time=max_time, bptt_steps=4)
        Forecaster.fit(waves(), config, watch=Watch(lambda run, report: told.append(report)))
    assert 0 < told[1].steps < told[0].steps


def test_time_that_had_passed_before_training_counts() -> None:
    told: list[EpochReport] = []
    watch = Watch(lambda run, report: told.append(report), began=-1e9)
    Forecaster.fit(waves(), small_config(epochs=5, max_time=1e6), watch=watch)
    assert len(told) == 1


def test_the_bar_is_of_all_runs() -> None:
    names, planned, ended = set[str](), list[int](), list[str]()
    watch = Watch(lambda run, report: names.add(run), planned=planned.append, ended=ended.append)
    Forecaster.fit(waves(), small_config(epochs=1, members=2, validate=True), watch=watch)
    assert planned == [len(names)]
    assert sorted(ended) == sorted(names)


def test_a_bar_goes_up_to_its_end_over_all_runs() -> None:
    course = Course(None)
    course.planned(2)
    course.told("validation", REPORT)
    assert course.done == WHOLE // 8
    course.ended("validation")  # early, as patience has it
    assert course.done == WHOLE // 2
    course.told("training", replace(REPORT, epoch=4))
    assert course.done == WHOLE


def test_where_time_will_end_first_the_bar_is_of_time() -> None:
    now = [100.0]
    course = Course(10.0, lambda: now[0])
    course.planned(2)
    course.told("validation", REPORT)
    now[0] = 108.0
    assert course.done == np.floor(0.8 * WHOLE)
    now[0] = 120.0
    assert course.done < WHOLE

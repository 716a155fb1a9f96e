"""The clock of a fit: parts of the time that is left, and monitors that take none of it."""

from __future__ import annotations

import time

import pytest

from methods.core.budget import Clock
from methods.surrogates.schedule import Schedule


@pytest.fixture
def stopped(own_time):
    """Let time pass only by what is slept."""
    own_time.tick = 0.0
    return own_time


def test_parts_are_of_the_time_that_is_left(stopped):
    whole = Clock(100.0)
    time.sleep(20)
    first = whole.share(0.25)
    assert (first.left, whole.reserve(30.0).left) == (20, 50)
    time.sleep(25)
    assert (first.left, first.budget, whole.left) == (-5, 0, 55)


def test_without_a_limit_nothing_ends(stopped):
    for part in (Clock(None), Clock(None).share(0.1), Clock(None).reserve(5.0)):
        time.sleep(1e9)
        assert part.left > 1e300
        assert part.budget is None
        assert not part.is_limited


def test_a_monitor_of_a_part_takes_no_time_of_any(stopped):
    whole = Clock(10.0)
    part, other = whole.share(0.5), whole.reserve(1.0)
    part.show(lambda method: time.sleep(2), None)
    assert (part.left, other.left, whole.left) == (5, 9, 10)


def test_a_schedule_plans_with_its_clock_and_ends_with_the_latest(stopped):
    whole = Clock(100.0)
    schedule = Schedule(None, whole.share(0.5), 0.0, latest=whole)
    time.sleep(26)
    assert schedule.factor(10) == 1
    assert schedule.n_updates == 19
    time.sleep(70)
    assert not schedule.is_over(11)
    time.sleep(5)
    assert schedule.is_over(12)

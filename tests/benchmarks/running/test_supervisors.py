"""A pool of supervisors: the next run finds what the first one found, whatever became of the one before."""

from __future__ import annotations

import os
import sys

import faulty_functions as faulty
import forkserver_functions
import psutil
import pytest
from isolated_processes import LIMIT_S, alive, ends, number_in

from benchmarks.running import isolated

linux = pytest.mark.skipif(sys.platform != "linux", reason="what is tested is asked of Linux")


@pytest.fixture
def supervisors():
    with isolated.Supervisors() as pool:
        yield pool


def call(supervisors, function, *args, time_limit=LIMIT_S):
    with isolated.Process(function, *args, time_limit=time_limit, supervisors=supervisors) as process:
        return process.outcome()


def found(supervisors):
    """Return the supervisor's identifier, and whether ended children wake up anybody in its worker."""
    return call(supervisors, forkserver_functions.supervisor_and_signals).result


def test_the_next_run_has_the_same_supervisor_and_finds_the_same(supervisors):
    first = found(supervisors)
    assert first[1] is False
    assert [found(supervisors) for _ in range(3)] == [first] * 3


def test_runs_leave_no_open_files_in_their_supervisor(supervisors):
    first = psutil.Process(found(supervisors)[0]).num_fds()
    for _ in range(20):
        pid = found(supervisors)[0]
    assert psutil.Process(pid).num_fds() == first


def test_none_waits_outside_of_the_context():
    pool = isolated.Supervisors()
    pid = found(pool)[0]
    assert ends(pid)
    with pool:
        pid = found(pool)[0]
        assert alive(pid)
        assert found(pool)[0] == pid
    assert ends(pid)


def test_runs_at_the_same_time_have_supervisors_of_their_own(supervisors):
    limits = {"time_limit": LIMIT_S, "supervisors": supervisors}
    with isolated.Process(os.getppid, **limits) as one, isolated.Process(os.getppid, **limits) as other:
        pids = {one.outcome().result, other.outcome().result}
    assert len(pids) == 2
    assert found(supervisors)[0] in pids


@pytest.mark.parametrize(
    ("function", "args", "status"),
    [
        (faulty.raised, ("torch",), "out_of_memory"),
        (faulty.left, (3,), "crashed"),
        (faulty.died, (9,), "crashed"),
        (faulty.talkative, (10**6,), "crashed"),
    ],
)
def test_a_failed_run_leaves_nothing_to_the_next(supervisors, function, args, status):
    first = found(supervisors)
    assert call(supervisors, function, *args).status == status
    assert found(supervisors) == first


def test_a_run_that_took_too_long_leaves_nothing_to_the_next(supervisors):
    first = found(supervisors)
    limits = {"time_limit": LIMIT_S, "supervisors": supervisors}
    with isolated.Process(faulty.speaks_then_sleeps, **limits) as process:
        assert process.outcome().status == "ok"
        assert process.outcome(time_limit=0.5).status == "timeout"
    assert found(supervisors) == first


@linux
def test_a_daemonised_grandchild_ends_before_the_next_run(supervisors, tmp_path):
    assert call(supervisors, faulty.daemonised, str(tmp_path / "pid"), "return").status == "ok"
    assert not alive(number_in(tmp_path / "pid"))
    assert call(supervisors, faulty.returned, 1).result == 1


@linux
def test_another_takes_the_place_of_a_killed_supervisor(supervisors, tmp_path):
    pid = found(supervisors)[0]
    psutil.Process(pid).kill()
    assert ends(pid)
    other = found(supervisors)[0]
    assert other != pid
    assert call(supervisors, faulty.supervisor_killed, str(tmp_path / "pid")).status == "infrastructure"
    assert ends(other)
    assert call(supervisors, faulty.returned, 1).status == "ok"

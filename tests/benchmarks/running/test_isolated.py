"""A function in a process of its own may die, hang, leave others behind, or not start: the suite goes on."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import faulty_functions as faulty
import psutil
import pytest
from isolated_processes import LIMIT_S, alive, call, ends, number_in

from benchmarks.running import isolated

ROOT = Path(__file__).resolve().parents[3]

linux = pytest.mark.skipif(sys.platform != "linux", reason="what is tested is asked of Linux")


# ----- processes that die, hang or leave others behind ------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSEGV])
def test_a_crash_says_its_signal_and_its_last_output(number):
    outcome = call(faulty.died, int(number))
    assert outcome.status == "crashed"
    assert number.name in outcome.reason
    assert "last words" in outcome.reason
    assert outcome.traceback == "last words\n"


def test_an_exit_is_a_crash():
    outcome = call(faulty.left, 0)
    assert outcome.status == "crashed"
    assert "exit code 0" in outcome.reason


def test_a_process_killed_while_it_sends_has_crashed(monkeypatch):
    read = os.read

    def killing_read(descriptor, size):
        monkeypatch.setattr(isolated.os, "read", read)
        piece = read(descriptor, size)
        (supervisor,) = (p for p in multiprocessing.active_children() if alive(p.pid))
        (worker,) = psutil.Process(supervisor.pid).children()
        worker.kill()
        return piece

    with isolated.Process(faulty.many_numbers, time_limit=LIMIT_S) as process:
        monkeypatch.setattr(isolated.os, "read", killing_read)
        outcome = process.outcome()
    assert outcome.status == "crashed"
    assert "SIGKILL" in outcome.reason
    assert call(faulty.returned, 1).result == 1


def test_a_timeout_keeps_the_last_output():
    with isolated.Process(faulty.speaks_then_sleeps, time_limit=LIMIT_S) as process:
        assert process.outcome().status == "ok"
        outcome = process.outcome(time_limit=1.0)
    assert outcome.status == "timeout"
    assert "time limit of 1 s" in outcome.reason
    assert outcome.traceback == "last words\n"


@linux
@pytest.mark.parametrize(("then", "status"), [("return", "ok"), ("die", "crashed")])
def test_a_daemonised_grandchild_ends_with_the_run(tmp_path, then, status):
    assert call(faulty.daemonised, str(tmp_path / "pid"), then).status == status
    assert not alive(number_in(tmp_path / "pid"))


@linux
def test_a_daemonised_grandchild_ends_with_the_time(tmp_path):
    with isolated.Process(faulty.daemonises_then_sleeps, str(tmp_path / "pid"), time_limit=LIMIT_S) as process:
        assert process.outcome().status == "ok"
        grandchild = number_in(tmp_path / "pid")
        assert alive(grandchild)
        assert process.outcome(time_limit=1.0).status == "timeout"
        assert not alive(grandchild)


@linux
@pytest.mark.parametrize("start_method", ["fork", "spawn", "forkserver"])
def test_processes_that_a_function_starts_by_multiprocessing_end_with_it(tmp_path, start_method):
    assert call(faulty.with_workers_of_its_own, str(tmp_path / "pid"), start_method).status == "ok"
    assert not alive(number_in(tmp_path / "pid"))


@linux
def test_nothing_stays_where_the_suite_is_killed(tmp_path):
    """Neither a function whose native code holds the interpreter, nor its daemonised child."""
    suite = start_suite(
        f"isolated.call(faulty.daemonised, {str(tmp_path / 'pid')!r}, 'hold the interpreter', time_limit=600)"
    )
    worker, grandchild = number_in(tmp_path / "pid.worker"), number_in(tmp_path / "pid")
    supervisor = psutil.Process(worker).ppid()
    forkserver = psutil.Process(supervisor).ppid()
    suite.kill()
    suite.wait()
    for pid in (worker, grandchild, supervisor, forkserver):
        assert ends(pid)
    suite.communicate()


@linux
def test_a_function_that_kills_its_supervisor_is_ended_and_the_suite_goes_on(tmp_path):
    outcome = call(faulty.supervisor_killed, str(tmp_path / "pid"))
    assert outcome.status == "infrastructure"
    assert ends(number_in(tmp_path / "pid"))
    assert call(faulty.returned, 1).status == "ok"


@linux
@pytest.mark.parametrize("moment", ["importing", "running"])
def test_an_interrupt_of_the_whole_group_prints_nothing(tmp_path, moment):
    suite = start_suite(f"isolated.call(faulty.interruptible, {str(tmp_path / 'signal')!r}, time_limit=600)")
    suite.stdout.readline()
    if moment == "running":
        assert number_in(tmp_path / "signal") == signal.SIGINT
    else:
        time.sleep(0.5)
    os.killpg(suite.pid, signal.SIGINT)
    _, errors = suite.communicate(timeout=LIMIT_S)
    assert errors == ""
    assert suite.returncode == 130


def start_suite(code: str) -> subprocess.Popen:
    """Start a process that says that it begins, runs `code`, and exits with 130 when it is interrupted."""
    script = f"""
import sys
from benchmarks.running import isolated
import faulty_functions as faulty
if __name__ == "__main__":
    print("begins", flush=True)
    try:
        {code}
    except KeyboardInterrupt:
        sys.exit(130)
"""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests" / "helpers")])}
    return subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, text=True, start_new_session=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


# ----- faults that are not the function's -------------------------------------------------------------------------


def test_a_function_that_cannot_be_sent_is_no_failure_of_a_method():
    outcome = call(lambda: 1)
    assert outcome.status == "infrastructure"
    assert "lambda" in outcome.reason


def test_arguments_that_cannot_be_sent_are_no_failure_of_a_method():
    outcome = call(faulty.returned, faulty.Unpicklable())
    assert outcome.status == "infrastructure"
    assert "not to be sent" in outcome.reason


def test_arguments_that_cannot_be_received_are_no_failure_of_a_method(tmp_path):
    outcome = call(faulty.returned, faulty.Bomb(str(tmp_path / "no folder" / "file")))
    assert outcome.status == "infrastructure"
    assert "FileNotFoundError" in outcome.reason


def test_a_full_disk_of_the_harness_is_no_failure_of_a_method():
    outcome = call(faulty.full_disk_of_the_harness)
    assert outcome.status == "infrastructure"
    assert "No space left on device" in outcome.reason


def test_no_more_pipes_are_no_failure_of_a_method():
    call(faulty.returned, 1)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    before = psutil.Process().num_fds()
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before + 3, hard))
        outcome = call(faulty.returned, 1)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert outcome.status == "infrastructure"
    assert "Too many open files" in outcome.reason
    assert psutil.Process().num_fds() == before


def test_a_dead_forkserver_is_started_again():
    call(faulty.returned, 1)
    kill_forkserver()
    assert call(faulty.returned, 1).status == "ok"


def test_a_forkserver_that_does_not_start_is_no_failure_of_a_method():
    call(faulty.returned, 1)
    kill_forkserver()
    context = multiprocessing.get_context("forkserver")
    context.set_executable("/bin/false")
    try:
        outcome = call(faulty.returned, 1)
    finally:
        context.set_executable(sys.executable)
    assert outcome.status == "infrastructure"
    # Only once it has ended, and not while it is ending, another is started in its place.
    while any(
        child.name() == "false" and child.status() != psutil.STATUS_ZOMBIE for child in psutil.Process().children()
    ):
        time.sleep(0.01)
    assert call(faulty.returned, 1).status == "ok"


def kill_forkserver() -> None:
    children = psutil.Process().children()
    (server,) = [child for child in children if "multiprocessing.forkserver" in " ".join(child.cmdline())]
    server.kill()
    while alive(server.pid):
        time.sleep(0.01)


def test_the_forkserver_has_loaded_torch_and_not_touched_the_gpu():
    assert call(faulty.state_of_torch).result == [False, False]

"""Turns on the machine and one suite per folder, also between processes, and whatever lies in the way."""

from __future__ import annotations

import contextlib
import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import faulty_functions as faulty
import psutil
import pytest
from machine_locks import Waits, give_up, is_shared

from benchmarks.running import isolated, machine_lock
from methods.base import InputError

LIMIT_S = 120.0
ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def locks(tmp_path, monkeypatch):
    """Use a folder for lock files that no other test uses."""
    folder = tmp_path / "locks"
    folder.mkdir()
    monkeypatch.setenv("LOOPMARK_LOCKS", str(folder))
    return folder


@contextlib.contextmanager
def another_process(entry: str):
    """Start a process that enters a lock and stays in it until it is killed."""
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from benchmarks.running import machine_lock\n"
        f"with machine_lock.{entry}:\n"
        "    print('in', flush=True)\n"
        "    time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "in\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def test_runs_share_the_machine():
    assert not is_shared()
    with machine_lock.sharing(), machine_lock.sharing():
        assert is_shared()
    assert not is_shared()


def test_runs_of_two_processes_share_the_machine():
    with another_process("sharing()"), machine_lock.sharing():
        assert is_shared()


@pytest.mark.parametrize("entry", ["sharing()", "alone()"])
def test_a_timing_is_told_of_the_other_and_need_not_wait_for_it(entry):
    with another_process(entry) as other:
        for _ in range(2):  # who has given up leaves nothing behind
            with pytest.raises(Waits, match=f"process {other.pid}"), machine_lock.alone(give_up):
                pass
    assert not is_shared()


def test_a_run_waits_while_another_suite_times_and_says_so():
    told = []
    with another_process("alone()") as other:

        def end(sentence):
            told.append(sentence)
            other.kill()

        with machine_lock.sharing(end):
            assert other.wait() != 0
    assert f"another Loopmark command (process {other.pid}) measures them on this machine" in told[0]
    assert told[1].startswith("Waited for ")
    assert len(told) == 2


def test_a_timing_waits_for_runs_and_says_so():
    told = []
    with another_process("sharing()") as other:

        def end(sentence):
            told.append(sentence)
            other.kill()

        with machine_lock.alone(end):
            assert other.wait() != 0
            assert is_shared()
    assert f"runs of other Loopmark commands (process {other.pid}) go on here" in told[0]
    assert len(told) == 2
    assert not is_shared()


def test_a_timing_waits_as_long_as_runs_take(monkeypatch):
    """On a clock that goes on by two hours whenever it is read."""
    hours = itertools.count(step=2 * 3600.0)
    monkeypatch.setattr(machine_lock, "time", SimpleNamespace(monotonic=lambda: next(hours), sleep=time.sleep))
    with another_process("sharing()") as other, machine_lock.alone(lambda _: other.kill()):
        assert other.wait() != 0


def test_threads_of_one_process_take_turns():
    inside, seen = [0], []

    def times():
        with machine_lock.alone():
            inside[0] += 1
            seen.append(inside[0])
            time.sleep(0.02)
            inside[0] -= 1

    threads = [threading.Thread(target=times) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 5


def test_a_stream_of_runs_does_not_keep_a_timing_out():
    """Each of two runs stays until the other has come back, or has to wait: the room never empties of itself."""
    ended, waits = threading.Event(), threading.Event()
    turns, inside = ([threading.Event(), threading.Event()] for _ in range(2))

    def runs(own, other):
        while True:
            turns[own].wait()
            turns[own].clear()
            with machine_lock.sharing(lambda _: waits.set()):
                inside[other].clear()  # until it comes back
                inside[own].set()
                turns[other].set()
                while not (inside[other].is_set() or waits.is_set() or ended.is_set()):
                    time.sleep(0.001)
            if ended.is_set():
                turns[other].set()
                return

    threads = [threading.Thread(target=runs, args=pair) for pair in ((0, 1), (1, 0))]
    for thread in threads:
        thread.start()
    turns[0].set()
    inside[0].wait()
    try:
        with machine_lock.alone():
            pass
    finally:
        ended.set()
        for thread in threads:
            thread.join()


def test_a_daemonised_grandchild_of_a_run_holds_no_lock(tmp_path):
    with isolated.Process(faulty.daemonises_then_sleeps, str(tmp_path / "pid"), time_limit=LIMIT_S) as process:
        with machine_lock.sharing():
            assert process.outcome().status == "ok"
        assert psutil.pid_exists(int((tmp_path / "pid").read_text()))
        with machine_lock.alone(give_up):
            assert process.outcome(time_limit=0.1).status == "timeout"


@pytest.mark.parametrize("entry", ["sharing()", "alone()"])
def test_killing_a_suite_gives_the_machine_back(entry):
    with another_process(entry) as other:
        other.kill()
        other.wait()
        assert not is_shared()


@pytest.mark.parametrize("entry", [machine_lock.sharing, machine_lock.alone])
def test_a_symbolic_link_in_the_way_is_neither_followed_nor_emptied(entry, locks, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("keep me")
    (locks / f"loopmark-{os.getuid()}-room.lock").symlink_to(precious)
    with pytest.raises(InputError, match=r"room\.lock cannot be opened.*LOOPMARK_LOCKS"), entry():
        pass
    assert precious.read_text() == "keep me"


@pytest.mark.parametrize("what", ["pipe", "second name"])
def test_what_is_no_file_of_ours_alone_is_refused(what, locks, tmp_path):
    path = locks / f"loopmark-{os.getuid()}-turnstile.lock"
    if what == "pipe":
        os.mkfifo(path)
    else:
        (tmp_path / "precious").write_text("keep me")
        os.link(tmp_path / "precious", path)
    with pytest.raises(InputError, match=r"turnstile\.lock is not a regular file of yours"), machine_lock.sharing():
        pass
    assert what == "pipe" or path.read_text() == "keep me"


def test_lock_files_lie_where_only_we_may_write(tmp_path, monkeypatch):
    monkeypatch.delenv("LOOPMARK_LOCKS")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    (tmp_path / "runtime").mkdir()
    for folder, used in (("runtime", "runtime"), ("missing", "temporary")):
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / folder))
        with machine_lock.sharing():
            assert len(list((tmp_path / used).iterdir())) == 2
    monkeypatch.setattr(os, "getuid", lambda: 10**6)  # the folder is another user's
    with pytest.raises(InputError, match=r"temporary.*not a regular file of yours"), machine_lock.sharing():
        pass


# ----- folders ----------------------------------------------------------------------------------------------------


def test_a_folder_is_one_suites(tmp_path):
    out = tmp_path / "new" / "out"
    with machine_lock.folder(out):
        assert (out / ".lock").exists()
        with pytest.raises(InputError, match=f"this very process, works in the folder {out}"), machine_lock.folder(out):
            pass
        with machine_lock.folder(tmp_path / "another"):
            pass
    assert list(out.iterdir()) == []
    with machine_lock.folder(out):
        pass


def test_the_suite_that_works_in_a_folder_is_named_and_killing_it_frees_the_folder(tmp_path):
    with another_process(f"folder(Path({str(tmp_path / 'out')!r}))") as other:
        with pytest.raises(InputError, match=f"process {other.pid}, works"), machine_lock.folder(tmp_path / "out"):
            pass
        other.kill()
        other.wait()
        assert (tmp_path / "out" / ".lock").exists()
        with machine_lock.folder(tmp_path / "out"):
            pass


def test_a_folder_is_given_back_where_the_suite_fails(tmp_path):
    with pytest.raises(ZeroDivisionError), machine_lock.folder(tmp_path):
        1 / 0  # noqa: B018
    assert list(tmp_path.glob(".lock")) == []


def test_many_suites_take_turns_in_a_folder(tmp_path):
    """Removing the lock file lets no two in: who opened the removed one opens another."""
    inside, seen = [0], []

    def works():
        while True:
            with contextlib.suppress(InputError), machine_lock.folder(tmp_path / "out"):
                inside[0] += 1
                seen.append(inside[0])
                time.sleep(0.001)
                inside[0] -= 1
                return

    threads = [threading.Thread(target=works) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 20


def test_a_folder_that_cannot_be_made_or_locked_is_named(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with (
        pytest.raises(InputError, match=r"folder .*file/out cannot be made"),
        machine_lock.folder(tmp_path / "file/out"),
    ):
        pass
    (tmp_path / ".lock").symlink_to(tmp_path / "file")
    with pytest.raises(InputError, match=r"\.lock cannot be opened"), machine_lock.folder(tmp_path):
        pass
    assert (tmp_path / "file").read_text() == "in the way"

"""An interrupt at any moment ends a command with a sentence, and what a kill leaves is removed by the next suite."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from benchmarks import interrupts
from benchmarks.running import socket_folder

ROOT = Path(__file__).resolve().parents[2]

WHILE_IMPORTED = """
import os, sys

class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == "benchmarks.experiments":
            os.kill(os.getpid(), int(os.environ["NUMBER"]))

sys.meta_path.insert(0, Interrupts())
"""
"""A sitecustomize by which a process interrupts itself while it imports."""


@pytest.mark.parametrize("number", interrupts.SIGNALS)
def test_a_command_that_is_imported_ends_with_a_sentence(number, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(WHILE_IMPORTED)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]), "NUMBER": str(int(number))}
    command = [sys.executable, "-m", "benchmarks.accuracy", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (interrupts.INTERRUPTED, "", interrupts.SENTENCE)
    assert not (tmp_path / "out").exists()


UNCAUGHT = """
import sys
sys.argv = ["-m"]
import benchmarks
def main(): raise {problem}
main()
"""


@pytest.mark.parametrize(("problem", "said"), [("KeyboardInterrupt", "Interrupted; "), ("ValueError", "Traceback ")])
def test_an_interrupt_that_nobody_catches_is_a_sentence_and_an_error_is_none(problem, said):
    command = [sys.executable, "-c", UNCAUGHT.format(problem=problem)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert done.stderr.startswith(said)


@pytest.mark.parametrize("number", interrupts.SIGNALS)
def test_callers_may_catch_an_interrupt(number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), interrupts.raised():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) is before


def test_a_nohup_is_respected():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts.raised():
            os.kill(os.getpid(), signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


CLAIMS = """
import os
from benchmarks.running import socket_folder
folder = socket_folder.claim()
"""


@pytest.fixture
def ended():
    """Return a function: what stands in the temporary folder once a process has claimed its own and done `then`."""
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:  # pytest's have too long a path for sockets

        def ended(then: str) -> list[Path]:
            environment = os.environ | {"TMPDIR": folder}
            subprocess.run([sys.executable, "-c", CLAIMS + then], cwd=ROOT, env=environment, check=False)
            return list(Path(folder).iterdir())

        yield ended


def test_a_killed_process_leaves_its_sockets_and_the_next_one_removes_them(ended):
    (left,) = ended("os.kill(os.getpid(), 9)")
    assert left.name.startswith(socket_folder.PREFIX)
    assert [path.name[:5] for path in left.iterdir()] == ["pymp-"]
    assert ended("socket_folder.remove(); os._exit(0)") == []
    assert ended("pass") == []


def test_the_sockets_of_a_living_process_stay(ended):
    assert len(ended("socket_folder.remove_left_over(folder.parent); os.kill(os.getpid(), 9)")) == 1


def test_a_folder_that_another_process_removes_before_it_is_locked_is_made_again(tmp_path, monkeypatch):
    made, mkdtemp = [], tempfile.mkdtemp

    def made_and_found(**options):
        made.append(mkdtemp(**options))
        if len(made) == 1:
            socket_folder.remove_left_over(tmp_path)
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", made_and_found)
    assert socket_folder.locked_folder(tmp_path) == Path(made[1])
    socket_folder.remove_left_over(tmp_path)
    assert [str(path) for path in tmp_path.iterdir()] == made[1:]


def test_a_disk_that_takes_no_locks_keeps_nobody_waiting(tmp_path, monkeypatch):
    def refuses(*_):
        raise OSError(errno.ENOTSUP, "no locks here")

    monkeypatch.setattr(fcntl, "flock", refuses)
    assert socket_folder.locked_folder(tmp_path) is None
    assert list(tmp_path.iterdir()) == []


def test_sockets_lie_elsewhere_if_the_temporary_folder_has_too_long_a_path(tmp_path):
    long = tmp_path / ("long" * 20)
    long.mkdir()
    environment = os.environ | {"TMPDIR": str(long)}
    printed = subprocess.check_output([sys.executable, "-c", CLAIMS + "print(folder)"], cwd=ROOT, env=environment)
    assert Path(printed.decode()).parent == socket_folder.SHORT_BASE
    assert not list(long.iterdir())

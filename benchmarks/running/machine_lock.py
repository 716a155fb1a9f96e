"""Locks that order runs and timings on a machine, and keep a folder to one suite.

Two locks order runs and timings. `room` is held shared by every run and exclusively by a timing. `turnstile` is taken
briefly before `room`; a timing keeps it until it has ended, so that runs which come later wait, and the timing waits
only for runs that had begun. The process of a suite holds these locks, never that of a run.

The system takes the locks (flock) from a process that ends, however it ends. Their files lie in LOOPMARK_LOCKS, else
XDG_RUNTIME_DIR, else the folder for temporary files; that of a folder lies in it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from methods.base import InputError

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.001, 0.1
"""Between two attempts at a lock. The pause doubles, and a handover costs a tenth of a second at most."""

TELL_AFTER_S = 0.3
"""Shorter waits, such as for others who pass the turnstile, are not worth a sentence."""

PROCESS_ID_BYTES = 20
"""Room for a process id at the start of a lock file: written over, so that nothing has to be truncated."""

MACHINE_ADVICE = "remove it if it is left over, or name a folder of yours for lock files in the variable LOOPMARK_LOCKS"
FOLDER_ADVICE = "remove it if it is left over, or give another folder"

TIMES = "another Loopmark command{process} measures them on this machine, or is about to"
SHARES = "runs of other Loopmark commands{process} go on here"

THIS_PROCESS = "this very process"

Say = Callable[[str], None] | None


class _Taken(Exception):
    """Raised where others hold a lock for which one does not wait."""


@contextlib.contextmanager
def sharing(say: Say = None) -> Iterator[None]:
    """Let runs go on that may share the machine; waits as long as somebody times, or waits to time.

    Parameters
    ----------
    say : callable, optional
        Gets a sentence where it has to wait, and how long it was once it goes on.
    """
    with contextlib.ExitStack() as room:
        with _locked("turnstile", fcntl.LOCK_EX, TIMES, say):
            room.enter_context(_locked("room", fcntl.LOCK_SH, TIMES, say))
        yield


@contextlib.contextmanager
def alone(say: Say = None) -> Iterator[None]:
    """Keep the machine unshared while something is timed; waits until nobody shares it or times.

    Whoever shares it itself must have left before: it would wait for itself.

    Parameters
    ----------
    say : callable, optional
        Gets a sentence where it has to wait, and how long it was once it goes on.
    """
    with _locked("turnstile", fcntl.LOCK_EX, TIMES, say), _locked("room", fcntl.LOCK_EX, SHARES, say):
        yield


@contextlib.contextmanager
def cpu(numbers: Iterable[int]) -> Iterator[int | None]:
    """Keep one of these CPUs to what is run on it, among all who ask for one here; None where all are taken."""
    with contextlib.ExitStack() as taken:
        for number in numbers:
            try:
                taken.enter_context(_locked(f"cpu-{number}", fcntl.LOCK_EX, TIMES, None, waits=False))
            except _Taken:
                continue
            yield number
            return
        yield None


@contextlib.contextmanager
def folder(path: Path) -> Iterator[None]:
    """Keep a folder to one suite, since two would measure the same runs twice; the folder is made where there is none.

    Raises
    ------
    InputError
        Another suite works there, or nothing can be written there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise InputError(f"The folder {path} cannot be made ({problem.strerror}); give another one.") from problem
    lock = _lock_of_folder(path)
    try:
        yield
    finally:
        # While it is locked: whoever has opened it meanwhile finds that it is gone, and opens another.
        with contextlib.suppress(OSError):  # a file that is left over locks nobody out
            (path / ".lock").unlink()
        os.close(lock)


def _lock_of_folder(path: Path) -> int:
    """Return the descriptor of the locked lock file of a folder."""
    file = path / ".lock"
    while True:
        lock = _opened(file, FOLDER_ADVICE)
        try:
            if not _take(lock, fcntl.LOCK_EX):
                raise InputError(
                    f"Another suite, {_process(lock)}, works in the folder {path}; wait until it has done, or give "
                    "this one another folder."
                )
            if _is_at(lock, file):
                _sign(lock)
                return lock
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)  # of a file that its suite has removed since


@contextlib.contextmanager
def _locked(name: str, kind: int, why: str, say: Say, waits: bool = True) -> Iterator[None]:
    """Hold a lock, fcntl.LOCK_SH or LOCK_EX, on a descriptor of its own, so that threads wait for each other too."""
    lock = _opened(_lock_folder() / f"loopmark-{os.getuid()}-{name}.lock", MACHINE_ADVICE)
    try:
        start, pause, told = time.monotonic(), SHORTEST_PAUSE_S, ""
        while not _take(lock, kind):
            if not waits:
                raise _Taken
            if say and not told and time.monotonic() - start > TELL_AFTER_S:
                other = _process(lock)
                told = f"Waiting, since times are measured alone: {why}."
                say(told.format(process="" if other == THIS_PROCESS else f" ({other})"))
            time.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE_S)
        if say and told:
            say(f"Waited for {time.monotonic() - start:,.0f} s.")
        _sign(lock)
        yield
    finally:
        os.close(lock)


def _take(lock: int, kind: int) -> bool:
    """Take a lock if nobody is in the way, and tell whether it is ours now."""
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as problem:
        raise InputError(f"This disk takes no locks ({problem.strerror}); {MACHINE_ADVICE}.") from problem
    return True


def _sign(lock: int) -> None:
    """Write this process's id into the lock file, for the sentence that others get."""
    with contextlib.suppress(OSError):  # a full disk: the lock holds without it
        os.pwrite(lock, f"{os.getpid():<{PROCESS_ID_BYTES}d}\n".encode("ascii"), 0)


def _process(lock: int) -> str:
    """Return who has signed a lock file, in words."""
    words = os.pread(lock, PROCESS_ID_BYTES, 0).decode("ascii", "replace").strip()
    if words == str(os.getpid()):
        return THIS_PROCESS
    return f"process {words}" if words.isdecimal() else "a process that left no number"


def _is_at(lock: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(lock), path.stat(follow_symlinks=False))
    except FileNotFoundError:
        return False


def _opened(path: Path, advice: str) -> int:
    """Open a lock file without following links or changing what is there; no process that is started inherits it."""
    try:
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise InputError(f"The lock file {path} cannot be opened ({problem.strerror}); {advice}.") from problem
    status = os.fstat(lock)
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid() or status.st_nlink > 1:
        os.close(lock)
        raise InputError(f"The lock file {path} is not a regular file of yours under this name alone; {advice}.")
    return lock


def _lock_folder() -> Path:
    if told := os.environ.get("LOOPMARK_LOCKS"):
        return Path(told)
    runtime = os.environ.get("XDG_RUNTIME_DIR", "")
    try:
        status = os.stat(runtime)
    except OSError:
        return Path(tempfile.gettempdir())
    ours = stat.S_ISDIR(status.st_mode) and status.st_uid == os.getuid()
    return Path(runtime if ours else tempfile.gettempdir())

"""The folder in which this process's forkserver has its sockets; the next suite removes it where a kill has left it.

Python removes that folder when a process ends by itself. So it lies in one of ours, which is locked as long as the
process lives: an unlocked one is left over.
"""

from __future__ import annotations

import contextlib
import fcntl
import functools
import multiprocessing.util
import os
import shutil
import tempfile
from pathlib import Path

PREFIX = "loopmark-s-"
"""Beginning of the names of our folders, which are a part of every socket's path."""

LONGEST_BASE = 107 - 32 - 8 - len(f"/{PREFIX}")
"""Characters of the path below which our folder lies, at most: a socket's may have 107, of which Python's names take
32, and the random end of our folder's name 8."""

SHORT_BASE = Path("/tmp")
"""Where our folder lies if the temporary folder's own path is too long for that."""

ATTEMPTS = 10
"""Tries to make a folder and lock it: another process that starts may remove it in between."""

AFTER_PYTHON = -101
"""Priority at exit: Python removes the folder in ours at -100, and complains where it is gone."""


@functools.cache
def claim() -> Path | None:
    """Make the folder of this process, once, and remove those of processes that are gone.

    Returns
    -------
    Path or None
        The folder; None where none with a path short enough for sockets can be made and locked: they then lie where
        Python puts them.
    """
    base = Path(tempfile.gettempdir())
    if len(str(base)) > LONGEST_BASE:
        base = SHORT_BASE
    if not os.access(base, os.W_OK):
        return None
    remove_left_over(base)
    folder = locked_folder(base)
    if folder is None:
        return None
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        multiprocessing.util.get_temp_dir()
    finally:
        tempfile.tempdir = before
    arguments = (folder, True)  # errors are ignored
    multiprocessing.util.Finalize(None, shutil.rmtree, args=arguments, exitpriority=AFTER_PYTHON)
    return folder


def locked_folder(base: Path) -> Path | None:
    """Make a folder below `base` that is locked as long as this process lives; None on a disk that takes no locks.

    Between the two another process may find it unlocked and remove it: then it is made again.
    """
    for _ in range(ATTEMPTS):
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
        lock = _taken(folder)
        if lock is not None and folder.is_dir():
            return folder
        if lock is not None:  # of a folder that was removed while it was opened
            os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)
    return None


def remove() -> None:
    """Remove the folder of this process, which ends at once and starts no other."""
    if (folder := claim()) is not None:
        shutil.rmtree(folder, ignore_errors=True)


def remove_left_over(base: Path) -> None:
    """Remove the folders below `base` that no process holds."""
    for folder in base.glob(f"{PREFIX}*"):
        if (lock := _taken(folder)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)


def _taken(folder: Path) -> int | None:
    """Lock a folder of this user and return the descriptor; None where another process has it, or it is gone."""
    try:
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with contextlib.suppress(OSError):  # another process holds it
        if os.fstat(lock).st_uid == os.getuid():
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return lock
    os.close(lock)
    return None

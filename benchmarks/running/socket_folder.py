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

PREFIX = f"loopmark-{os.getuid()}-sockets-"

LONGEST_PATH = 75
"""Characters of our folder, at most: a socket's path may have 108, of which Python's names take 32."""

SHORT_BASE = Path("/tmp")
"""Where our folder lies if the temporary folder's own path is too long for that."""

AFTER_PYTHON = -101
"""Priority at exit: Python removes the folder in ours at -100, and complains where it is gone."""


@functools.cache
def claim() -> Path | None:
    """Make the folder of this process, once, and remove those of processes that are gone.

    Returns
    -------
    Path or None
        The folder; None where none with a path short enough for sockets can be made, which then lie where Python
        puts them.
    """
    base = Path(tempfile.gettempdir())
    if len(str(base / PREFIX)) + 8 > LONGEST_PATH:
        base = SHORT_BASE
    if not os.access(base, os.W_OK):
        return None
    remove_left_over(base)
    folder = tempfile.mkdtemp(prefix=PREFIX, dir=base)
    _taken(Path(folder))  # the descriptor stays open as long as this process lives
    before, tempfile.tempdir = tempfile.tempdir, folder
    try:
        multiprocessing.util.get_temp_dir()
    finally:
        tempfile.tempdir = before
    arguments = (folder, True)  # errors are ignored
    multiprocessing.util.Finalize(None, shutil.rmtree, args=arguments, exitpriority=AFTER_PYTHON)
    return Path(folder)


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

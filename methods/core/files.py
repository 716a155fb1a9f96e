"""Files that are there complete or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from io import BufferedRandom
from pathlib import Path

UMASK = os.umask(0o022)
"""Permissions that files of this process do not have; temporary ones are readable by their owner alone."""

os.umask(UMASK)  # there is no way to read it but to change it


def write_text(path: Path, text: str) -> None:
    """Write a text file, and its folder; half characters (lone surrogates), which UTF-8 lacks, become "?".

    Raises
    ------
    OSError
        Where it cannot be written; what stood at `path` before still does, and nothing else is left.
    """
    write_bytes(path, text.encode("utf-8", errors="replace"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file, and its folder. Raises OSError as `write_text` does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with writing(path) as file:
        file.write(content)


@contextlib.contextmanager
def writing(path: Path) -> Iterator[BufferedRandom]:
    """Open a file to be written and read, which is at `path` once the block has ended without an exception.

    Several writers do not meet: each writes a file of its own, and the last one to end stays. Raises OSError as
    `write_text` does.
    """
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
    try:
        with open(descriptor, "w+b") as file:
            yield file
        os.chmod(partial, 0o666 & ~UMASK)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise


def remove_partial(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder, in which nobody writes now."""
    for path in folder.glob(".*.partial"):
        path.unlink(missing_ok=True)

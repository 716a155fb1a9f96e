"""Files that are there complete or not at all: everything the harness writes goes through here."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from methods.base import InputError


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
    descriptor, partial = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".partial")
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
        os.chmod(partial, 0o644)
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(partial)
        raise


def remove_partial(folder: Path) -> None:
    """Remove what writers that were killed have left in a folder, in which nobody writes now."""
    for path in folder.glob(".*.partial"):
        path.unlink(missing_ok=True)


def check_writable(folder: Path) -> None:
    """Raise InputError where nothing can be written below `folder`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
    except OSError as problem:
        raise InputError(
            f"Nothing can be written to --out {folder}: {problem.strerror}; give another folder."
        ) from problem

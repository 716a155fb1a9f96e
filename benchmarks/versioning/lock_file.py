"""The lock file of the methods' versions: what `python -m benchmarks.versions` found when it last wrote each entry."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import methods
from methods.core import files

LOCK = Path(methods.__file__).with_name("versions.json")
"""The file of the registered methods, which lies beside them and is committed."""

Entry = dict[str, Any]
"""Entry of a method in the lock file, whose keys `benchmarks.versions` explains."""

Lock = dict[str, Entry]
"""Name of a method -> its entry."""


def current_version(name: str) -> int | None:
    """Return the version of a registered method, as the lock has it; None for others."""
    entry = _committed().get(name)
    return None if entry is None else entry["version"]


def read(path: Path = LOCK) -> Lock:
    """Return the entries of a lock by method; none where there is no file."""
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def write(lock: Lock, path: Path = LOCK) -> None:
    """Write a lock, its methods in alphabetical order; the file changes at once or not at all."""
    files.write_text(path, json.dumps(dict(sorted(lock.items())), indent=1, allow_nan=False) + "\n")


@functools.cache
def _committed() -> Lock:
    """Return the lock of the registered methods, which is read once."""
    return read()

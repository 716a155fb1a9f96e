"""A journal of a long computation, line by line, so that it can be ended at any moment and taken up again."""

from __future__ import annotations

import fcntl
import hashlib
import json
from pathlib import Path
from typing import Any, Self

from methods.base import InputError


class Journal:
    """An append-only file of finished parts, each with the results under its label; a context in which to write it.

    Parameters
    ----------
    path : Path
        The file; made when the first part is finished.
    key : str
        Of the whole computation: what was written under another key is forgotten.

    Raises
    ------
    InputError
        On entry, where another process writes to the same file.
    """

    def __init__(self, path: Path, key: str) -> None:
        self._path, self._key = path, key
        self._parts: dict[str, Any] = {}
        if path.exists():
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
            entries = [entry for line in lines if (entry := _entry(line))]
            self._parts = {entry["label"]: entry["result"] for entry in entries if entry["key"] == key}

    def __enter__(self) -> Self:
        self._file = self._path.open("a", encoding="utf-8")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as problem:
            self._file.close()
            raise InputError(f"Another process writes to {self._path}; wait until it is done.") from problem
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        if self._path.exists() and not self._path.stat().st_size:
            self._path.unlink()

    def __contains__(self, label: str) -> bool:
        return label in self._parts

    def __getitem__(self, label: str) -> Any:
        return self._parts[label]

    def write(self, label: str, result: Any) -> None:
        """Add a finished part; `result` is anything that JSON holds."""
        self._parts[label] = result
        # The newline comes first: what a killed process left unfinished then spoils no line but its own.
        entry = {"key": self._key, "label": label, "result": result}
        self._file.write("\n" + json.dumps(entry | {"checksum": _checksum(entry)}))
        self._file.flush()

    def remove(self) -> None:
        """Delete the file: what it held is stored elsewhere."""
        self._path.unlink(missing_ok=True)


def _entry(line: str) -> dict[str, Any] | None:
    """Return a finished part; None for a line that was cut short when the process ended, or is damaged."""
    try:
        entry = json.loads(line)
        checksum = entry.pop("checksum")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return entry if checksum == _checksum(entry) else None


def _checksum(entry: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(entry, sort_keys=True).encode()).hexdigest()[:12]

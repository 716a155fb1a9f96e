"""Records that are superseded: by a newer version of their method, of the integral's equation, or of its truth.

Versions decide, never dates: running old code again on another machine makes nothing else old.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import references
from benchmarks.versioning import lock_file
from methods.core import names

VERSIONS = ("version", "labels_version", "integral_hash", "truth_hash")
"""Records that differ in one of these are never averaged."""


class Current:
    """Current versions and hashes among records.

    A registered method's version is that of the lock file, a registered integral's equation and truth are those stored
    with it. Of a method that is not registered the highest version among the records is current. Of an integral that
    is not registered nobody knows which equation is the newest one: where there are several, all of them say so.

    Parameters
    ----------
    found : iterable of dict
        The records.
    """

    def __init__(self, found: Iterable[Mapping[str, Any]]) -> None:
        self._versions: dict[str, int] = {}
        self._hashes: dict[tuple[str, str], set[str | None]] = {}
        for record in found:
            for method, version in _versions(record):
                self._versions[method] = max(self._versions.get(method, 0), version)
            for key in ("integral_hash", "truth_hash"):
                self._hashes.setdefault((record["integral"], key), set()).add(record[key])

    def outdated(self, record: Mapping[str, Any]) -> list[str]:
        """Return in words what of the record is superseded, or is not what is registered; [] where it is current."""
        notes = []
        for method, version in _versions(record):
            newest = max(lock_file.current_version(method) or 0, self._versions[method])
            if version < newest:
                notes.append(f"superseded: version {version} of {method}, now {newest}")
        stored = references.stored_hashes(record["integral"])
        if stored is not None:
            if record["integral_hash"] not in (stored.integral_hash, None):
                # An older one, or that of somebody's own integral with a registered name: the record does not tell.
                notes.append("of another equation than the registered one")
            elif record["truth_hash"] not in (stored.truth_hash, None):
                notes.append("superseded: older truth")
            return notes
        for key, word in (("integral_hash", "equation"), ("truth_hash", "truth")):
            known = self._hashes[record["integral"], key] - {None}
            if len(known) > 1:
                notes.append(f"one of {len(known)} {word}s ({(record[key] or '')[:6]})")
        return notes


def _versions(record: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the methods that a record depends on, with their versions: its own, and that of its labels."""
    pairs = [(record["method"], record["version"])]
    if record["labels_version"] is not None:
        pairs.append((names.parse_spec(str(record["params"].get("labels")))[0], record["labels_version"]))
    return pairs

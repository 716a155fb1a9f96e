"""Records: one JSON file per run under DIR/runs/, named by a hash of its identity, which is the resume key.

`docs/records.md` explains every key. A record is believed only if its checksum is right, its name is its identity, and
every key holds the kind of value that `record_types` says; whatever else lies in the folder is named and left out.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.records import record_types, record_upgrade
from methods.core import files

SCHEMA = record_upgrade.SCHEMA

IDENTITY = (
    "integral", "integral_hash", "method", "version", "labels_version", "params", "repeat", "seed", "budget_s",
    "device", "threads", "points", "machine", "truth_hash",
)  # fmt: skip

MEASURED = (
    "digits_mean", "digits_std", "digits_median", "digits_worst", "digits_re", "digits_im", "rel_err_median",
    "rel_err_p90", "rel_err_p99", "rel_err_max", "frac_within_1pct", "frac_within_0p1pct", "delta_mean", "delta_std",
    "r_mean", "r_std", "pull_mean", "pull_std", "coverage_1sigma", "coverage_3sigma", "n_points", "by_cornerness",
    "by_edge", "by_invariant", "histograms", "by_n_replicas", "truth_how", "truth_rel_err_max", "fit_s", "setup_s",
    "label_s", "n_eval_fit", "n_eval_per_integral", "n_eval_source", "n_updates", "peak_mem_mb", "model_bytes",
    "details", "anytime", "diagnostics",
)  # fmt: skip
"""Keys that the first stage of a run, fit and judge, fills in."""

TIMED = ("s_per_integral", "timed_from", "flop_per_integral", "flop_reason", "rates", "load_1min", "environment")
"""Keys that the second stage of a run, its timing, fills in."""

PROVENANCE = ("fit_machine", "date_utc", "code_hash", "commit", "dirty", "host", "cpu", "gpu", "versions", "checksum")

KEYS = (
    "schema", *IDENTITY, "fields", "precision", "status", "reason", "traceback", *MEASURED, *TIMED, *PROVENANCE,
)  # fmt: skip
"""The keys of every record, exactly these."""

STATUSES = record_types.STATUSES

UNBELIEVABLE = (OSError, ValueError, RecursionError)
"""Errors that reading a file that is no record may raise; the last is for brackets within brackets within brackets."""

Record = dict[str, Any]

Row = tuple[dict[str, str], list[Record]]
"""A row of a table: text in every cell, and the records that it comes from."""


def identity_of(record: Mapping[str, Any]) -> str:
    """Return the resume key: a hash of the identity."""
    return digest({key: record[key] for key in IDENTITY})


def path_of(folder: Path, record: Mapping[str, Any]) -> Path:
    """Return where the record of this identity lies below the folder that holds everything of a suite."""
    return folder / "runs" / f"{slug(record['integral'])}.{slug(record['method'])}.{identity_of(record)}.json"


def slug(text: str) -> str:
    """Return the text as a part of a file's name: what is no letter or digit becomes an underscore."""
    return "".join(c if c.isalnum() else "_" for c in text)


def digest(content: Any) -> str:
    """Return twelve hexadecimal digits of a hash of anything that JSON holds."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def write(folder: Path, record: Record) -> Path:
    """Write a record with its checksum, so that it is there complete or not at all.

    Raises
    ------
    ValueError
        For a missing or a foreign key, a value of the wrong kind, or NaN, which JSON does not have.
    OSError
        Where the file cannot be written.
    """
    wrong = set(KEYS) ^ set(record)
    if wrong:
        raise ValueError(f"A record has exactly the keys of run_records.KEYS; these differ: {sorted(wrong)}.")
    if problem := record_types.problem(record):
        raise ValueError(problem)
    path = path_of(folder, record)
    complete = record | {"checksum": checksum(record)}
    lines = (f"{json.dumps(key)}: {json.dumps(complete[key], allow_nan=False)}" for key in KEYS)
    files.write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")
    return path


def checksum(record: Mapping[str, Any]) -> str:
    """Return the hash of all that a record says, but for this hash."""
    return digest({key: value for key, value in record.items() if key != "checksum"})


def read(path: Path) -> Record | None:
    """Return the record in `path`, brought up to this schema; None where there is none that can be believed."""
    try:
        return _believed(path)
    except UNBELIEVABLE:
        return None


def _believed(path: Path) -> Record:
    """Return the record in `path`; raises ValueError, with the reason, where it is not to be believed."""
    record = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse_constant)
    if not isinstance(record, dict):
        raise ValueError("it is no JSON object")
    written_checksum = checksum(record)  # the upgrade adds keys
    record = record_upgrade.upgraded(record)
    if wrong := set(KEYS) ^ set(record):
        raise ValueError(f"these keys are missing or foreign: {', '.join(sorted(map(str, wrong)))}")
    if problem := record_types.problem(record):
        raise ValueError(problem)
    if record["checksum"] is not None and record["checksum"] != written_checksum:
        raise ValueError("its checksum is not that of its content, so it was changed or damaged")
    if record["checksum"] is not None and path.name != path_of(path.parent.parent, record).name:
        raise ValueError(f"its name is not that of its identity, {path_of(path.parent.parent, record).name}")
    return record


def read_all(folder: Path) -> tuple[list[Record], dict[Path, str]]:
    """Return all records below `folder`, in the order of their names, and the other files with what is wrong."""
    found, damaged = [], {}
    for path in sorted((folder / "runs").glob("*.json")):
        try:
            found.append(_believed(path))
        except UNBELIEVABLE as problem:
            damaged[path] = str(problem)
    return found, damaged


def _refuse_constant(name: str) -> None:
    raise ValueError(f"it holds {name}, which JSON does not have")

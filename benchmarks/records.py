"""Records: one JSON file per run under DIR/runs/, named by a hash of its identity, which is the resume key."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from methods.base import InputError

SCHEMA = 1

IDENTITY = (
    "schema", "integral", "integral_hash", "method", "code_hash", "params", "repeat", "seed", "budget_s", "device",
    "threads", "machine", "truth_hash",
)  # fmt: skip

KEYS = (
    *IDENTITY, "status", "reason",
    "digits_mean", "digits_std", "digits_median", "digits_worst", "rel_err_median", "rel_err_p90", "rel_err_p99",
    "rel_err_max", "frac_within_1pct", "frac_within_0p1pct", "delta_mean", "delta_std", "r_mean", "r_std", "pull_mean",
    "pull_std", "coverage_1sigma", "coverage_3sigma", "n_points",
    "by_cornerness", "by_edge", "histograms", "truth_how", "truth_rel_err_max",
    "fit_s", "setup_s", "label_s", "n_eval_fit", "n_eval_per_integral", "s_per_integral", "n_eval_source", "n_updates",
    "peak_mem_mb", "model_bytes", "details", "anytime", "diagnostics",
    "date_utc", "commit", "dirty", "host", "cpu", "gpu", "versions",
)  # fmt: skip
"""The keys of every record, exactly these."""

STATUSES = ("ok", "unsupported", "failed", "crashed", "timeout", "out_of_memory")

Record = dict[str, Any]

Row = tuple[dict[str, str], list[Record]]
"""A row of a table: text in every cell, and the records that it comes from."""


def identity_of(record: Mapping[str, Any]) -> str:
    """Return the resume key: a hash of the identity."""
    identity = {key: record[key] for key in IDENTITY}
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:12]


def path_of(folder: Path, record: Mapping[str, Any]) -> Path:
    """Return where the record of this identity lies below the folder that holds everything of a suite."""
    method = "".join(c if c.isalnum() else "_" for c in record["method"])
    return folder / "runs" / f"{record['integral']}.{method}.{identity_of(record)}.json"


def write(folder: Path, record: Record) -> Path:
    """Write a record so that it is there complete or not at all.

    Raises
    ------
    ValueError
        For a missing or a foreign key, or NaN, which JSON does not have.
    """
    wrong = set(KEYS) ^ set(record)
    if wrong:
        raise ValueError(f"A record has exactly the keys of records.KEYS; these differ: {sorted(wrong)}.")
    path = path_of(folder, record)
    lines = (f"{json.dumps(key)}: {json.dumps(record[key], allow_nan=False)}" for key in KEYS)
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    write_text(path, text)
    return path


def write_text(path: Path, text: str) -> None:
    """Write a file, and its folder, so that it is there complete or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=".", suffix=".partial", delete=False) as file:
        file.write(text)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def read(path: Path) -> Record | None:
    """Return the record in `path`; None where there is none, or it is damaged or of another schema."""
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    complete = isinstance(record, dict) and set(record) == set(KEYS) and record["schema"] == SCHEMA
    return record if complete else None


def read_all(folder: Path) -> tuple[list[Record], list[Path]]:
    """Return all records below `folder`, in the order of their names, and the files that are not readable records."""
    paths = sorted((folder / "runs").glob("*.json"))
    found = {path: read(path) for path in paths}
    return [r for r in found.values() if r is not None], [path for path, r in found.items() if r is None]


def check_writable(folder: Path) -> None:
    """Raise InputError where nothing can be written below `folder`."""
    try:
        (folder / "runs").mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder / "runs"):
            pass
    except OSError as problem:
        raise InputError(
            f"Nothing can be written to --out {folder}: {problem.strerror}; give another folder."
        ) from problem

"""Records of `benchmarks.hardware`: one JSON file per machine × integral × method × device × threads × precision.

Keys: the identity, which names the file; the versions, by which a finished one is reused or made again; what was
measured; and the machine with its load and date, of which every record has a copy, so that tables need nothing else.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from benchmarks import records

SCHEMA = 1

FOLDER = "hardware"

IDENTITY = ("schema", "machine", "integral", "method", "fields", "precision", "device", "threads")
VERSIONS = ("integral_hash", "code_hash")
MEASURED = ("s_per_integral", "flop_per_integral", "flop_reason", "bytes_per_integral", "model_bytes", "rates")
HOST = (
    "device_name", "host", "cpu", "gpu", "versions", "commit", "dirty", "load_1min", "busy", "environment", "date_utc",
)  # fmt: skip
KEYS = {*IDENTITY, *VERSIONS, "status", "reason", *MEASURED, *HOST}

OF_RATES = ("schema", "machine", "device", "threads")
"""Identity of a record of what a device can do."""

KEYS_OF_RATES = {*OF_RATES, "status", "reason", "rates", *HOST}

Record = dict[str, Any]


def digest(record: Record, keys: tuple[str, ...]) -> str:
    """Return a hash of these keys."""
    return hashlib.sha256(json.dumps([record[key] for key in keys], sort_keys=True).encode()).hexdigest()[:12]


def path_of(out: Path, record: Record) -> Path:
    """Return where a timing lies: one per identity, whatever the versions."""
    return _path(
        out, [record[key] for key in ("integral", "method", "device", "threads", "precision")], record, IDENTITY
    )


def path_of_rates(out: Path, record: Record) -> Path:
    """Return where the rates of a device lie."""
    return _path(out, ["rates", record["device"], record["threads"]], record, OF_RATES)


def _path(out: Path, parts: list[Any], record: Record, keys: tuple[str, ...]) -> Path:
    words = ["".join(c if c.isalnum() or c == "_" else "_" for c in str(part)) for part in parts if part]
    return out / FOLDER / ".".join([*words, digest(record, keys), "json"])


def write(path: Path, record: Record) -> None:
    """Write a record so that it is there complete or not at all. Raises ValueError for NaN: JSON has none."""
    lines = (f"{json.dumps(key)}: {json.dumps(value, allow_nan=False)}" for key, value in record.items())
    records.write_text(path, "{\n" + ",\n".join(lines) + "\n}\n")


def read(path: Path, keys: set[str] = KEYS) -> Record | None:
    """Return the record in `path`; None where there is none with these keys, or it is damaged or of another schema."""
    try:
        record = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    complete = isinstance(record, dict) and set(record) == keys and record["schema"] == SCHEMA
    return record if complete else None


def read_all(out: Path) -> list[Record]:
    """Return all complete timings below `out`, in the order of their names."""
    found = [read(path) for path in sorted((out / FOLDER).glob("*.json"))]
    return [record for record in found if record is not None]


def label(record: Record) -> str:
    """Return what is timed where, for people."""
    return f"{method_label(record)}, {record['precision'] or 'as it is'}, {place_label(record)}"


def method_label(record: Record) -> str:
    """Return the method as on the command line, but for its precision, which has a key of its own."""
    fields = {field: value for field, value in record["fields"].items() if field != "precision"}
    return ",".join([record["method"], *(f"{field}={value}" for field, value in fields.items())])


def place_label(record: Record) -> str:
    """Return device and threads."""
    return f"{record['device']}, {record['threads']} thread{'s' if record['threads'] > 1 else ''}"

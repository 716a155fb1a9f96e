"""Records of older schemas, brought up to the present one while they are read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SCHEMA = 4

UNKNOWN_MACHINE = "[id unknown]"
"""Ends the machine's name in records of schema 1, which had no random id: processors of one name share it."""

ADDED_BY_2 = {
    "version": 1, "labels_version": None, "points": None, "fields": None, "precision": None, "traceback": None,
    "digits_re": None, "digits_im": None, "timed_from": None, "flop_per_integral": None, "flop_reason": None,
    "rates": None, "load_1min": None, "environment": None, "checksum": None,
}  # fmt: skip
"""Keys that schema 1 did not have, and what they are in its records."""

ADDED_BY_3 = {"by_n_replicas": None}
"""Keys that schema 2 did not have."""

ADDED_BY_4 = {"by_invariant": None}
"""Keys that schema 3 did not have."""


def upgraded(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the record in the present schema. Raises ValueError for a schema that is not known."""
    schema = record.get("schema")
    if schema not in (1, 2, 3, SCHEMA):
        raise ValueError(f"its schema is {schema!r}; known are 1, 2, 3 and {SCHEMA}")
    new = _from_1(record) if schema == 1 else dict(record)
    return new if schema == SCHEMA else ADDED_BY_4 | ADDED_BY_3 | new | {"schema": SCHEMA}


def _from_1(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a record of schema 1, in which a run was fitted and timed in one process, with the keys of schema 2."""
    machine, params = record.get("machine"), record.get("params")
    new = ADDED_BY_2 | dict(record)
    new["machine"] = new["fit_machine"] = f"{machine} {UNKNOWN_MACHINE}"
    if isinstance(params, dict):
        new["labels_version"] = 1 if params.get("labels") else None
        new["precision"] = params.get("precision")
    if record.get("s_per_integral") is not None:
        new["timed_from"] = "fit"
    return new

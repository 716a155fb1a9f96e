"""Records of a method as on the command line, those of them that stand for it, and what sets them apart from others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import methods
from benchmarks.records import configurations, currency
from benchmarks.records.run_records import Record
from methods.core import names


def is_of(record: Mapping[str, Any], spec: str) -> bool:
    """Tell whether the record is of the method `spec`, as on the command line."""
    name, fields = names.parse_spec(spec)
    params = methods.create(name, **fields).params()
    return record["method"] == name and all(params.get(key, record) == value for key, value in record["params"].items())


def current(found: Sequence[Record], spec: str) -> list[Record]:
    """Choose the records that stand for a method, as on the command line: of several versions the current one.

    Of several machines it is the one with most repeats, and then the one that ran last.
    """
    same = configurations.grouped([record for record in found if is_of(record, spec)])
    if not same:
        return []
    return max(same, key=lambda c: (not c.superseded, len(c.records), c.first["date_utc"])).records


def notes(runs: Mapping[str, Sequence[Record]]) -> list[str]:
    """Say which records are superseded, and where each was run if they differ in that.

    Parameters
    ----------
    runs : dict of str to list of dict
        Label -> its records, all of one configuration and version; none where it was not run.

    Returns
    -------
    list of str
        First what holds of all labels that were run, then other notes, each after its labels.
    """
    used = {label: of_label[0] for label, of_label in runs.items() if of_label}
    versions = currency.Current(used.values())
    has_several_places = len(set(map(_place, used.values()))) > 1
    labels: dict[str, list[str]] = {}
    for label, record in used.items():
        for note in versions.outdated(record) + ([f"on {_place(record)}"] if has_several_places else []):
            labels.setdefault(note, []).append(label)
    of_all = [note for note, named in labels.items() if len(named) == len(used)]
    return of_all + [f"{', '.join(named)}: {note}" for note, named in labels.items() if note not in of_all]


def _place(record: Record) -> str:
    return f"{record['machine']}, {record['device']}, {configurations.threads(record['threads'])}"

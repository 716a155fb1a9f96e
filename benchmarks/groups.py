"""Groups of records: the repeats of one configuration by one version, with the name that tells it from the others.

Records of other machines, or of older code, equation or truth, are groups of their own that say so: they are never
averaged with the rest. What a table or a figure shows of a method is one group.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections.abc import Iterable
from typing import Any

Record = dict[str, Any]

CONFIGURATION = ("integral", "method", "params", "budget_s", "device", "threads", "machine")
"""Records that agree in these are repeats of one configuration, or older versions of one another."""

VERSIONS = {"code_hash": "older code", "integral_hash": "older equation", "truth_hash": "older truth"}

SETTINGS = (("budget_s", " s"), ("device", ""), ("threads", " threads"))
"""What belongs to a configuration beside a method's own fields, with its unit."""


@dataclasses.dataclass(frozen=True)
class Group:
    """Repeats of one configuration.

    Parameters
    ----------
    records : list of dict
        The repeats, one at least.
    fields : str
        The method's fields in which its configurations on this integral differ, as "order=8"; "" where they agree.
    settings : str
        The same of budget, device and threads.
    notes : tuple of str
        What makes it incomparable with the newest records, or with those of another machine.
    older : bool
        Whether there is a newer record of its method and integral, by other code, equation or truth.
    """

    records: list[Record]
    fields: str = ""
    settings: str = ""
    notes: tuple[str, ...] = ()
    older: bool = False

    @property
    def first(self) -> Record:
        """Any of the records, for what they agree in."""
        return self.records[0]

    @property
    def method(self) -> str:
        """The method's registered name."""
        return self.first["method"]

    @property
    def label(self) -> str:
        """The method with all that tells this configuration from its others."""
        return ", ".join(filter(None, (self.method, self.fields, self.settings)))

    @property
    def good(self) -> list[Record]:
        """Finished runs."""
        return [record for record in self.records if record["status"] == "ok"]

    @property
    def bad(self) -> list[Record]:
        """Runs of any other status."""
        return [record for record in self.records if record["status"] != "ok"]

    def mean(self, key: str) -> float | None:
        """Return the mean of a figure over the finished runs that have it, None where none does."""
        return _mean([record[key] for record in self.good])

    @property
    def digits(self) -> float | None:
        """Mean digits."""
        return self.mean("digits_mean")

    def seconds(self, batch: str) -> float | None:
        """Return the mean of the median seconds per integral in batches of that size, None where none was timed."""
        timings = (record["s_per_integral"] or {} for record in self.good)
        return _mean([timing.get(batch, {}).get("median") for timing in timings])


def of(found: Iterable[Record]) -> list[Group]:
    """Return the groups, in the order of their first records."""
    found = list(found)
    several = len({record["machine"] for record in found}) > 1
    names = _names(found)
    newest = _newest(found)
    groups = []
    for records in _split(found, (*CONFIGURATION, *VERSIONS)):
        first = records[0]
        older = [label for key, label in VERSIONS.items() if first[key] != newest[_kind(first)][key]]
        machine = [f"on {first['machine']}"] if several else []
        fields, settings = names[first["integral"], first["method"]]
        groups.append(
            Group(
                records,
                ", ".join(f"{field}={first['params'].get(field)}" for field in fields),
                ", ".join(_with_unit(first[key], unit) for key, unit in settings),
                (*older, *machine),
                bool(older),
            )
        )
    return groups


def by_place(groups: Iterable[Group]) -> dict[tuple[str, str], list[Group]]:
    """Return (integral, machine) -> its groups: what may stand in one figure."""
    places: dict[tuple[str, str], list[Group]] = {}
    for group in groups:
        places.setdefault((group.first["integral"], group.first["machine"]), []).append(group)
    return dict(sorted(places.items()))


def _split(found: list[Record], keys: tuple[str, ...]) -> list[list[Record]]:
    parts: dict[str, list[Record]] = {}
    for record in found:
        parts.setdefault(json.dumps([record[key] for key in keys], sort_keys=True), []).append(record)
    return list(parts.values())


def _names(found: list[Record]) -> dict[tuple[str, str], tuple[list[str], list[tuple[str, str]]]]:
    """Return (integral, method) -> the fields, and the settings with their units, in which its records differ."""
    names = {}
    for records in _split(found, ("integral", "method")):
        first = records[0]
        values: dict[str, set[str]] = {}
        for record in records:
            for field, value in record["params"].items():
                values.setdefault(field, set()).add(json.dumps(value))
        differing = [
            field
            for field in sorted(values)
            if len(values[field]) > 1 or any(field not in record["params"] for record in records)
        ]
        settings = [(key, unit) for key, unit in SETTINGS if len({record[key] for record in records}) > 1]
        names[first["integral"], first["method"]] = differing, settings
    return names


def _newest(found: list[Record]) -> dict[tuple[Any, ...], Record]:
    newest: dict[tuple[Any, ...], Record] = {}
    for kind, records in itertools.groupby(sorted(found, key=_sortable_kind), key=_kind):
        newest[kind] = max(records, key=lambda record: record["date_utc"])
    return newest


def _kind(record: Record) -> tuple[Any, ...]:
    """Return what a newer version must agree in; other labels are other code without being older."""
    return record["method"], record["integral"], record["params"].get("labels")


def _sortable_kind(record: Record) -> tuple[str, ...]:
    return tuple(map(str, _kind(record)))


def _with_unit(value: Any, unit: str) -> str:
    return f"{value:g}{unit}" if isinstance(value, float) else f"{value}{unit}"


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None

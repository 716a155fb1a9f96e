"""Configurations: the records of each are repeats by one version, and it has the name that tells it from others.

Records of other machines, or that are superseded by a newer version, equation or truth, are configurations of their own
that say so: they are never averaged with the rest. Tables and figures show a method by its configurations.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable
from typing import Any

from benchmarks.records import currency

Record = dict[str, Any]

CONFIGURATION = ("integral", "method", "params", "budget_s", "device", "threads", "points", "machine")
"""Records that agree in these are repeats of one configuration, or versions of one another."""

SETTINGS = ("budget_s", "device", "threads", "points")
"""Keys that belong to a configuration beside a method's own fields."""


@dataclasses.dataclass(frozen=True)
class Configuration:
    """Repeats of one configuration.

    Parameters
    ----------
    records : list of dict
        The repeats, one at least.
    fields : str
        The method's fields in which its configurations on this integral differ, and those that are not at their
        defaults, as "order=8"; "" where there are none.
    settings : str
        Those of budget, device and threads in which the integral's records of all methods differ.
    outdated : tuple of str
        What of its method, its labels, the integral's equation or its truth is superseded, in words: see `currency`.
    where : str
        "on" its machine, where the records are of several ones; otherwise "".
    replaced : bool
        Whether it is superseded, and its method has a current record on its integral and its machine: until then it is
        still shown.
    """

    records: list[Record]
    fields: str = ""
    settings: str = ""
    outdated: tuple[str, ...] = ()
    where: str = ""
    replaced: bool = False

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
    def superseded(self) -> bool:
        """Whether anything that it depends on has a newer version."""
        return bool(self.outdated)

    @property
    def notes(self) -> tuple[str, ...]:
        """Reasons why it is not comparable with the newest records, or with those of another machine."""
        return (*self.outdated, *filter(None, [self.where]))

    @property
    def good(self) -> list[Record]:
        """Finished runs."""
        return [record for record in self.records if record["status"] == "ok"]

    @property
    def bad(self) -> list[Record]:
        """Runs of any other status."""
        return [record for record in self.records if record["status"] != "ok"]

    def mean(self, key: str) -> float | None:
        """Mean of a figure over the finished runs that have it, None where none does."""
        return _mean([record[key] for record in self.good])

    @property
    def digits(self) -> float | None:
        """Mean digits."""
        return self.mean("digits_mean")

    @property
    def worst(self) -> float | None:
        """Digits of the worst point of all finished runs, None where none has any."""
        return min((r["digits_worst"] for r in self.good if r["digits_worst"] is not None), default=None)

    @property
    def truth_digits(self) -> float:
        """Digits to which the true values are known that judged it, at the point where that is worst."""
        errors = [record["truth_rel_err_max"] for record in self.good if record["truth_rel_err_max"]]
        return -math.log10(max(errors)) if errors else math.inf

    def seconds(self, batch: str) -> float | None:
        """Seconds per integral in batches of that size: the mean of the runs' medians, None where none was timed."""
        timings = (record["s_per_integral"] or {} for record in self.good)
        return _mean([timing.get(batch, {}).get("median") for timing in timings])


def grouped(found: Iterable[Record]) -> list[Configuration]:
    """Group the records by configuration and version, in the order of their first ones."""
    found = list(found)
    several = len({record["machine"] for record in found}) > 1
    fields = _fields(found)
    current = currency.Current(found)
    outdated = {id(record): current.outdated(record) for record in found}
    made_again = {_subject(record) for record in found if not outdated[id(record)]}
    is_replaced = {id(record): bool(outdated[id(record)]) and _subject(record) in made_again for record in found}
    differing = {
        replaced: _settings(record for record in found if replaced or not is_replaced[id(record)])
        for replaced in (False, True)
    }
    made = []
    for records in _split(found, (*CONFIGURATION, *currency.VERSIONS)):
        first = records[0]
        params, replaced = first["params"], is_replaced[id(first)]
        named = {*fields[first["integral"], first["method"]], *(first["fields"] or ())}
        made.append(
            Configuration(
                records,
                ", ".join(f"{key}={params[key]}" for key in sorted(named) if key in params),
                ", ".join(_setting(first, key) for key in differing[replaced][first["integral"]]),
                tuple(outdated[id(first)]),
                f"on {first['machine']}" if several else "",
                replaced,
            )
        )
    return made


def by_place(found: Iterable[Configuration]) -> dict[tuple[str, str], list[Configuration]]:
    """Sort configurations by (integral, machine): only those of one place may stand in one figure."""
    places: dict[tuple[str, str], list[Configuration]] = {}
    for configuration in found:
        places.setdefault((configuration.first["integral"], configuration.first["machine"]), []).append(configuration)
    return dict(sorted(places.items()))


def setting(configuration: Configuration, same: Iterable[Configuration]) -> str:
    """Name what tells a configuration from the same method's others: its fields, and its budget where theirs differ."""
    has_several = len({other.first["budget_s"] for other in same}) > 1
    budget = [_setting(configuration.first, "budget_s")] if has_several else []
    return ", ".join([*filter(None, [configuration.fields]), *budget])


def note(found: Iterable[Configuration]) -> str:
    """Say what of configurations is superseded, for tables that name their machine; "" where all are current."""
    return "; ".join(dict.fromkeys(words for configuration in found for words in configuration.outdated))


def threads(number: int) -> str:
    """Name a number of threads, as "1 thread" or "2 threads"."""
    return f"{number} thread{'' if number == 1 else 's'}"


def _split(found: list[Record], keys: tuple[str, ...]) -> list[list[Record]]:
    parts: dict[str, list[Record]] = {}
    for record in found:
        parts.setdefault(json.dumps([record[key] for key in keys], sort_keys=True), []).append(record)
    return list(parts.values())


def _subject(record: Record) -> tuple[str, str, str]:
    """Identify what a current record replaces superseded ones of: times of another machine replace none."""
    return record["method"], record["integral"], record["machine"]


def _fields(found: list[Record]) -> dict[tuple[str, str], list[str]]:
    """Find the fields in which the records of each (integral, method) differ; one without a field has None there."""
    fields = {}
    for records in _split(found, ("integral", "method")):
        first = records[0]
        fields[first["integral"], first["method"]] = [
            field
            for field in sorted({field for record in records for field in record["params"]})
            if len({json.dumps(record["params"].get(field)) for record in records}) > 1
        ]
    return fields


def _settings(found: Iterable[Record]) -> dict[str, list[str]]:
    """Find the settings in which the records of each integral, of all methods, differ."""
    return {
        records[0]["integral"]: [key for key in SETTINGS if len({record[key] for record in records}) > 1]
        for records in _split(list(found), ("integral",))
    }


def _setting(record: Record, key: str) -> str:
    """Name a setting's value with its unit."""
    value = record[key]
    if key == "threads":
        return threads(value)
    if key == "points":
        return "all points" if value is None else f"{value} points"
    return f"{value:g} s" if key == "budget_s" else str(value)


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None

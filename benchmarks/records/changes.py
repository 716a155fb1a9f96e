"""Changes of published figures between two sets of records: of digits beyond the scatter of seeds, and of times.

Records belong together that the same command leaves: the same integral, method, fields, budget, device, threads and
points. Of each set the newest version of a method counts. Digits d have changed where

    |d_new − d_old| > max(0.1, 2 σ √(1/n_new + 1/n_old)),

with σ the larger of the standard deviations between the repeats of either set; one repeat has none. Times have changed
where medians on the same machine differ by more than a quarter and the ranges of 80 % of the calls do not overlap.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.records import digit_costs
from benchmarks.records.run_records import Record

LEAST_DIGITS = 0.1
"""Difference of digits that is seen in a table."""

STANDARD_ERRORS = 2.0

LEAST_FACTOR = 1.25
"""Factor between times on one machine that two quiet measurements differ by now and then."""

COMMAND = ("integral", "method", "budget_s", "device", "threads", "points")

VERSIONS = {"version": "version", "labels_version": "version of its labels' method"}
HASHES = {"integral_hash": "equation", "truth_hash": "true values"}


class Change(NamedTuple):
    """What became of a configuration: figures (old, new) where they changed, None where they did not."""

    integral: str
    method: str
    setting: str
    digits: tuple[float, float] | None
    microseconds: tuple[float, float] | None
    status: tuple[str, str] | None
    reasons: tuple[str, ...]
    """What differs between the records; none where the same was measured again."""

    @property
    def is_any(self) -> bool:
        """Tell whether a figure or the status changed."""
        return any((self.digits, self.microseconds, self.status))


class Comparison(NamedTuple):
    """All configurations that both sets have and that were run again, and how many only one of them has."""

    changes: list[Change]
    n_gone: int
    n_new: int


def compare(old: Iterable[Record], new: Iterable[Record]) -> Comparison:
    """Compare the records of two sets, command by command."""
    before, after = _by_command(old), _by_command(new)
    both = [key for key in before if key in after]
    again = [key for key in both if _checksums(before[key]) != _checksums(after[key])]
    changes = [_change(before[key], after[key]) for key in sorted(again)]
    return Comparison(changes, len(before) - len(both), len(after) - len(both))


def _by_command(found: Iterable[Record]) -> dict[str, list[Record]]:
    """Group the records by the command that leaves them, and keep those of the newest version."""
    groups: dict[str, list[Record]] = {}
    for record in found:
        fields = record["params"] if record["fields"] is None else record["fields"]
        key = json.dumps([*(record[key] for key in COMMAND), fields], sort_keys=True)
        groups.setdefault(key, []).append(record)
    return {key: [r for r in group if _age(r) == max(map(_age, group))] for key, group in groups.items()}


def _age(record: Mapping[str, Any]) -> tuple[int, int]:
    return record["version"], record["labels_version"] or 0


def _checksums(records: Iterable[Record]) -> list[str]:
    return sorted(str(record["checksum"]) for record in records)


def _change(old: Sequence[Record], new: Sequence[Record]) -> Change:
    first, last = old[0], new[0]
    statuses = tuple(", ".join(sorted({record["status"] for record in records})) for records in (old, new))
    fields = last["params"] if last["fields"] is None else last["fields"]
    return Change(
        first["integral"],
        first["method"],
        ", ".join([*(f"{key}={value}" for key, value in sorted(fields.items())), f"{first['budget_s']:g} s"]),
        _digits(old, new),
        _microseconds(old, new),
        (statuses[0], statuses[1]) if statuses[0] != statuses[1] else None,
        (
            *(f"{words} {first[key]}, now {last[key]}" for key, words in VERSIONS.items() if first[key] != last[key]),
            *(f"other {words}" for key, words in HASHES.items() if first[key] != last[key]),
        ),
    )


def _digits(old: Sequence[Record], new: Sequence[Record]) -> tuple[float, float] | None:
    sets = [[r["digits_mean"] for r in records if r["digits_mean"] is not None] for records in (old, new)]
    if not all(sets):
        return None
    before, after = (statistics.fmean(digits) for digits in sets)
    spread = max(statistics.stdev(digits) if len(digits) > 1 else 0.0 for digits in sets)
    error = spread * math.sqrt(sum(1 / len(digits) for digits in sets))
    return (before, after) if abs(after - before) > max(LEAST_DIGITS, STANDARD_ERRORS * error) else None


def _microseconds(old: Sequence[Record], new: Sequence[Record]) -> tuple[float, float] | None:
    if {record["machine"] for record in old} != {record["machine"] for record in new}:
        return None
    timed = [[r["s_per_integral"] for r in records if r["s_per_integral"]] for records in (old, new)]
    batches = [{int(n) for timing in found for n, time in timing.items() if "median" in time} for found in timed]
    common = [n for n in batches[0] & batches[1] if n <= digit_costs.LARGEST_BATCH]
    if not common:
        return None
    (low, before, high), (new_low, after, new_high) = (_range(found, str(max(common))) for found in timed)
    is_apart = high < new_low or new_high < low
    return (1e6 * before, 1e6 * after) if is_apart and max(before / after, after / before) > LEAST_FACTOR else None


def _range(timed: Iterable[Mapping[str, Any]], batch: str) -> list[float]:
    """Average the tenth percentile, the median and the ninetieth of calls over repeats, in seconds per integral."""
    times = [timing[batch] for timing in timed if "median" in timing.get(batch, {})]
    return [statistics.fmean(time[key] for time in times) for key in ("p10", "median", "p90")]

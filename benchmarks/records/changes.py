"""Changes of published figures between two sets of records: of digits beyond the scatter of seeds, and of times.

Records belong together that the same command leaves: the same integral, method, fields, budget, device, threads and
points. Of each set those count that are current or, where none is, those of the newest version; of them a record that
both sets have was not measured again. Digits d, on average or at the worst point, have changed where

    |d_new − d_old| > max(0.1, 2 σ √(1/n_new + 1/n_old)),

with σ the larger of the standard deviations between the repeats of either set; one repeat has none. Times have changed
where medians on the same machine differ by more than a quarter and the ranges of 80 % of the calls do not overlap, and
preparations where their means do and the ranges of the repeats do not overlap.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from benchmarks.records import currency, digit_costs
from benchmarks.records.run_records import Record

LEAST_DIGITS = 0.1
"""Difference of digits that is seen in a table."""

STANDARD_ERRORS = 2.0

LEAST_FACTOR = 1.25
"""Factor between times on one machine that two quiet measurements differ by now and then; between preparations of
repeats published in `curves` it is 1.12 at most."""

COMMAND = ("integral", "method", "budget_s", "device", "threads", "points")

VERSIONS = {"version": "version", "labels_version": "version of its labels' method"}
HASHES = {"integral_hash": "equation", "truth_hash": "true values"}

Pair = tuple[float, float]
"""A figure: (old, new)."""


class Change(NamedTuple):
    """What became of a configuration: figures (old, new) where they changed, None where they did not."""

    integral: str
    method: str
    setting: str
    digits: Pair | None
    worst: Pair | None
    """Digits at the worst point."""
    microseconds: Pair | None
    """Per integral; of several machines, on that where it changed most."""
    preparation_s: Pair | None
    status: tuple[str, str] | None
    reasons: tuple[str, ...]
    """What differs between the records; none where the same was measured again."""

    @property
    def is_any(self) -> bool:
        """Tell whether a figure or the status changed."""
        return any((self.digits, self.worst, self.microseconds, self.preparation_s, self.status))


class Comparison(NamedTuple):
    """All configurations that both sets have and that were run again, and how many only one of them has."""

    changes: list[Change]
    n_gone: int
    n_new: int


class Measured(NamedTuple):
    """The records of a command in one set that count, of all machines together, and of each one."""

    newest: list[Record]
    by_machine: dict[str, list[Record]]


def compare(old: Iterable[Record], new: Iterable[Record]) -> Comparison:
    """Compare the records of two sets, command by command."""
    before, after = _by_command(old), _by_command(new)
    both = [key for key in before if key in after]
    again = [key for key in both if _checksums(before[key]) != _checksums(after[key])]
    changes = [_change(before[key], after[key]) for key in sorted(again)]
    return Comparison(changes, len(before) - len(both), len(after) - len(both))


def factor(pair: Pair) -> float:
    """By which factor the larger of two times exceeds the smaller one."""
    return max(pair) / min(pair) if min(pair) > 0 else math.inf


def _by_command(found: Iterable[Record]) -> dict[str, Measured]:
    """Group the records by the command that leaves them, and keep those that count."""
    found = list(found)
    current = currency.Current(found)
    groups: dict[str, list[Record]] = {}
    for record in found:
        fields = record["params"] if record["fields"] is None else record["fields"]
        key = json.dumps([*(record[key] for key in COMMAND), fields], sort_keys=True)
        groups.setdefault(key, []).append(record)
    return {key: _measured(group, current) for key, group in groups.items()}


def _measured(group: list[Record], current: currency.Current) -> Measured:
    machines = dict.fromkeys(record["machine"] for record in group)
    by_machine = {name: _newest([r for r in group if r["machine"] == name], current) for name in machines}
    return Measured(_newest(group, current), by_machine)


def _newest(group: list[Record], current: currency.Current) -> list[Record]:
    """Keep the current records or, where there are none, those of the newest version, by one equation and truth."""
    latest = max(group, key=_age)
    alike = [record for record in group if all(record[key] == latest[key] for key in currency.VERSIONS)]
    return [record for record in group if not current.outdated(record)] or alike


def _age(record: Mapping[str, Any]) -> tuple[int, int, str]:
    return record["version"], record["labels_version"] or 0, record["date_utc"] or ""


def _checksums(measured: Measured) -> set[str]:
    return {str(record["checksum"]) for found in measured.by_machine.values() for record in found}


def _again(old: list[Record], new: list[Record]) -> tuple[list[Record], list[Record]]:
    """Leave out the records that are in both, which would count as further seeds."""
    before, after = ({record["checksum"] for record in found} for found in (old, new))
    made = [record for record in new if record["checksum"] not in before]
    if not made:
        return old, new
    return [record for record in old if record["checksum"] not in after] or old, made


def _change(old: Measured, new: Measured) -> Change:
    before, after = _again(old.newest, new.newest)
    shared = [name for name in old.by_machine if name in new.by_machine]
    by_machine = [_again(old.by_machine[name], new.by_machine[name]) for name in shared]
    first, last = before[0], after[0]
    statuses = tuple(", ".join(sorted({record["status"] for record in records})) for records in (before, after))
    fields = last["params"] if last["fields"] is None else last["fields"]
    reasons = [reason for pair in ((before, after), *by_machine) for reason in _reasons(*pair)]
    return Change(
        first["integral"],
        first["method"],
        ", ".join([*(f"{key}={value}" for key, value in sorted(fields.items())), f"{first['budget_s']:g} s"]),
        _digits(before, after, "digits_mean"),
        _digits(before, after, "digits_worst"),
        _largest(_microseconds, by_machine),
        _largest(_preparation_s, by_machine),
        (statuses[0], statuses[1]) if statuses[0] != statuses[1] else None,
        tuple(dict.fromkeys(reasons)),
    )


def _reasons(old: Sequence[Record], new: Sequence[Record]) -> list[str]:
    first, last = old[0], new[0]
    return [
        *(f"{words} {first[key]}, now {last[key]}" for key, words in VERSIONS.items() if first[key] != last[key]),
        *(f"other {words}" for key, words in HASHES.items() if first[key] != last[key]),
    ]


def _digits(old: Sequence[Record], new: Sequence[Record], key: str) -> Pair | None:
    sets = [[r[key] for r in records if r[key] is not None] for records in (old, new)]
    if not all(sets):
        return None
    before, after = (statistics.fmean(digits) for digits in sets)
    spread = max(statistics.stdev(digits) if len(digits) > 1 else 0.0 for digits in sets)
    error = spread * math.sqrt(sum(1 / len(digits) for digits in sets))
    return (before, after) if abs(after - before) > max(LEAST_DIGITS, STANDARD_ERRORS * error) else None


def _largest(
    figure: Callable[[Sequence[Record], Sequence[Record]], Pair | None],
    by_machine: Iterable[tuple[Sequence[Record], Sequence[Record]]],
) -> Pair | None:
    """Find the largest change of a time on any of the machines."""
    changed = [pair for old, new in by_machine if (pair := figure(old, new)) is not None]
    return max(changed, key=factor, default=None)


def _microseconds(old: Sequence[Record], new: Sequence[Record]) -> Pair | None:
    timed = [[r["s_per_integral"] for r in records if r["s_per_integral"]] for records in (old, new)]
    batches = [{int(n) for timing in found for n, time in timing.items() if "median" in time} for found in timed]
    common = [n for n in batches[0] & batches[1] if n <= digit_costs.LARGEST_BATCH]
    if not common:
        return None
    before, after = (_range(found, str(max(common))) for found in timed)
    return _apart(before, after)


def _range(timed: Iterable[Mapping[str, Any]], batch: str) -> list[float]:
    """Average the tenth percentile, the median and the ninetieth of calls over repeats, in µs per integral."""
    times = [timing[batch] for timing in timed if "median" in timing.get(batch, {})]
    return [1e6 * statistics.fmean(time[key] for time in times) for key in ("p10", "median", "p90")]


def _preparation_s(old: Sequence[Record], new: Sequence[Record]) -> Pair | None:
    fits = [[r for r in records if r["status"] == "ok" and r["fit_s"] is not None] for records in (old, new)]
    machines = [{record["fit_machine"] for record in found} for found in fits]
    if not all(fits) or machines[0] != machines[1]:
        return None
    seconds = [[record["fit_s"] for record in found] for found in fits]
    before, after = ([min(found), statistics.fmean(found), max(found)] for found in seconds)
    return _apart(before, after)


def _apart(old: Sequence[float], new: Sequence[float]) -> Pair | None:
    """Return the middle of two ranges (low, middle, high) where these are apart and the middles differ enough."""
    (low, before, high), (new_low, after, new_high) = old, new
    is_apart = high < new_low or new_high < low
    return (before, after) if is_apart and factor((before, after)) > LEAST_FACTOR else None

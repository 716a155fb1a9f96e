"""How long a suite will take: the minutes of its runs, foreseen from records of earlier ones.

    together = fit + judging                 as many runs at a time as there are CPUs
    alone    = timed calls of each batch     one run at a time

What is known best decides: the record of the same configuration, of any version or machine; else the job's pilot; else
the record of the same method on the same integral with the nearest budget; else the budget alone. A method that used
its budget up is taken to use up any other, too. A library that several runs share, as pySecDec's, is compiled once.

What is registered is not described in a process for each, as a plan does it: the lock of versions, the stored hashes of
the truth, and the hash of the code where that counts, tell whether a record is current.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import methods
import references
from benchmarks.records import currency, run_records
from benchmarks.records.folders import is_published
from benchmarks.records.run_records import Record
from benchmarks.running import machine, stopwatch, suite
from benchmarks.running.jobs import HARNESS_FIELDS, Job, KnownSeconds
from benchmarks.running.plan import Options
from benchmarks.versioning.code_hash import code_hash
from methods.core import names

Described = Mapping[str, Mapping[str, Any]]
"""Integrals and methods as on the command line -> what `plan.describe_integral` and `plan.describe_method` say."""

START_S = 1.0
"""Seconds of a process around what it measures: the records of one suite are so far apart."""

USED_UP = 0.8
"""A method whose fit took this share of its budget takes any other budget, too."""

OTHERS = 0.25
"""Points of a truth that are not uniform, as a share of those that are, at most: they are judged, too."""


@dataclasses.dataclass(frozen=True)
class Forecast:
    """What is left of the runs on one integral.

    Parameters
    ----------
    integral : str
        As on the command line.
    runs, finished, unknown : int
        All runs; those with a current record of this machine; and those left of which nothing is known but the budget.
    together_s, alone_s : float
        Seconds of both stages, summed over the runs that are left.
    """

    integral: str
    runs: int
    finished: int
    unknown: int
    together_s: float
    alone_s: float

    def seconds(self, jobs: int) -> float:
        """Seconds of the clock, with `jobs` fits at a time."""
        return self.together_s / jobs + self.alone_s


def forecasts(
    work: Mapping[str, Iterable[Job]], options: Options, folders: Iterable[Path], *, force: bool = False,
    described: Described = MappingProxyType({}),
) -> list[Forecast]:  # fmt: skip
    """Forecast the runs of {integral: jobs}.

    Parameters
    ----------
    work : dict of str to iterable of Job
        Integrals and what to run on them.
    options : Options
        What the runs share, with one place for timing. What has a record in `out` is not run again, unless `force`.
    folders : iterable of Path
        Folders with records that tell how long a run takes, besides `out`.
    described : dict
        Of somebody's own integrals and methods, and where the device is not the CPU of all methods.
    """
    places = list(dict.fromkeys((options.out, *folders)))
    unique = {integral: list(dict.fromkeys(jobs)) for integral, jobs in work.items()}
    return [_of_integral(_Runs(integral, options, described), jobs, places, force) for integral, jobs in unique.items()]


def text(found: Sequence[Forecast], jobs: int) -> str:
    """Write a line for each integral, and one for all of them, with `jobs` fits at a time."""
    lines = [f"{'integral':24} {'runs':>6} {'finished':>9} {'unknown':>8} {'minutes left':>13}"]
    every = Forecast(
        "all",
        *(sum(getattr(one, field) for one in found) for field in ("runs", "finished", "unknown")),
        *(sum(getattr(one, field) for one in found) for field in ("together_s", "alone_s")),
    )
    for one in (*found, every):
        minutes = one.seconds(jobs) / 60
        lines.append(f"{one.integral:24} {one.runs:6,} {one.finished:9,} {one.unknown:8,} {minutes:13,.1f}")
    return "\n".join(lines)


def _of_integral(runs: _Runs, jobs: Sequence[Job], folders: Sequence[Path], force: bool) -> Forecast:
    """Forecast the runs on an integral; the first of the folders is that of the suite."""
    known = {folder: _records(folder, runs, jobs) for folder in folders}
    everywhere = [record for found in known.values() for record in found]
    libraries: set[str] = set()
    finished = unknown = 0
    together_s = alone_s = 0.0
    for job in jobs:
        of_method = [record for record in everywhere if record["method"] == runs.method(job)]
        same = [record for record in of_method if runs.have_fields_of(record, job)]
        for repeat in range(job.repeats):
            own = [] if force else [record for record in known[folders[0]] if runs.have(record, job, repeat)]
            if any(runs.is_finished(record, job) for record in own):
                finished += 1
                continue
            fitting_s, timing_s = _seconds(job, same, of_method, runs.options.timed_s, libraries)
            unknown += not (of_method or job.pilot)
            together_s += 0.0 if any(map(runs.is_fitted, own)) else fitting_s + START_S
            alone_s += timing_s + START_S
    return Forecast(runs.integral, sum(job.repeats for job in jobs), finished, unknown, together_s, alone_s)


def _records(folder: Path, runs: _Runs, jobs: Iterable[Job]) -> list[Record]:
    """Read the records of these methods on an integral, which their files' names tell."""
    stems = dict.fromkeys(runs.stem(runs.method(job)) for job in jobs)
    paths = [path for stem in stems for path in sorted((folder / "runs").glob(f"{stem}.*.json"))]
    return [record for path in paths if (record := run_records.read(path)) is not None]


@dataclasses.dataclass(frozen=True)
class _Runs:
    """The runs of a suite on one integral, and which records are theirs."""

    integral: str
    """The integral as on the command line."""
    options: Options
    described: Described

    @functools.cached_property
    def name(self) -> str:
        """Name of the integral in records."""
        return str(self.described.get(self.integral, {}).get("name", self.integral))

    @functools.cached_property
    def hashes(self) -> tuple[str, str] | None:
        """Hashes of the integral's equation and truth in records; None where they are neither described nor stored."""
        if about := self.described.get(self.integral):
            return about["hash"], references.Truth(**about["truth"]).digest()
        stored = references.stored_hashes(self.integral)
        return None if stored is None else (stored.integral_hash, stored.truth_hash)

    def method(self, job: Job) -> str:
        """Return the name of a job's method in records."""
        return str(self.described.get(job.method, {}).get("name", names.parse_spec(job.method)[0]))

    def stem(self, method: str) -> str:
        """Return how the names of files begin that a run of the method leaves."""
        return f"{run_records.slug(self.name)}.{run_records.slug(method)}"

    def have_fields_of(self, record: Record, job: Job) -> bool:
        """Tell whether a record of a job's method has its fields, whatever the budget and the version."""
        wanted = json.loads(json.dumps(names.parse_spec(job.method)[1]))
        changed = {key for key in record["fields"] or {} if key not in HARNESS_FIELDS}
        values = {key: value for key, value in wanted.items() if key not in HARNESS_FIELDS}
        return changed <= set(wanted) and all(record["params"].get(key) == value for key, value in values.items())

    def have(self, record: Record, job: Job, repeat: int) -> bool:
        """Tell whether a record is that of a run, of this code and this machine, whatever became of it."""
        (place,) = self.options.places
        seed = names.parse_spec(job.method)[1].get("seed", self.options.seed + repeat)
        return (
            record["method"] == self.method(job)
            and self.have_fields_of(record, job)
            and (record["budget_s"], record["points"], record["repeat"]) == (job.budget_s, job.points, repeat)
            and (record["seed"], record["device"], record["threads"]) == (seed, self._device(job), place.threads)
            and self.hashes in (None, (record["integral_hash"], record["truth_hash"]))
            and record["machine"] == machine.name()
            and self._is_of_this_code(record, job)
        )

    def is_finished(self, record: Record, job: Job) -> bool:
        """Tell whether a run has its record; of what is unsupported the suite asks again, in no time."""
        if record["status"] == "unsupported":
            return True
        return record["status"] == "ok" and suite.has_all(record, job.batches, self.options.diagnostics)

    def is_fitted(self, record: Record) -> bool:
        """Tell whether a run has only to be timed, as far as its method has any file on the integral that waits for it.

        Other settings of the method may have left that file: after an interruption a forecast may be too short.
        """
        if record["status"] != "ok" or record["s_per_integral"] is not None:
            return False
        return any((self.options.out / "fitted").glob(f"{self.stem(record['method'])}.*"))

    def _device(self, job: Job) -> str:
        """Return where a job's method is fitted and timed: where it says, and on the CPU if it has no such field."""
        fields, about = names.parse_spec(job.method)[1], self.described.get(job.method)
        if about is not None and "device" not in about["params"]:
            return "cpu"
        return str(fields.get("device", self.options.device))

    def _is_of_this_code(self, record: Record, job: Job) -> bool:
        """Tell whether a record is current: by its version where the suite goes by that, else by the code's hash."""
        target = names.parse_spec(job.method)[0]
        if is_published(self.options.out) and ":" not in target:
            return not currency.Current([record]).outdated(record)
        if about := self.described.get(job.method):
            return bool(record["code_hash"] == about["code_hash"])
        return bool(record["code_hash"] == _code_hash(target, record["params"].get("labels")))


@functools.cache
def _code_hash(target: str, labels: str | None) -> str:
    return code_hash(methods.METHODS.get(target, target), labels)


def _seconds(
    job: Job, same: Sequence[Record], of_method: Sequence[Record], timed_s: float, libraries: set[str]
) -> tuple[float, float]:
    """Seconds of both stages of a run; `libraries` are those that runs before it have compiled."""
    exact = [record for record in same if record["budget_s"] == job.budget_s]
    known = exact or ([] if job.pilot else same or of_method)
    record = min(known, key=lambda record: abs(math.log(record["budget_s"] / job.budget_s)), default=None)
    if record is None:
        if job.pilot is None:
            return job.budget_s, timed_s * len(job.batches)
        return _from_times(job, job.pilot, job.points or 0, timed_s)
    if record["status"] == "unsupported":
        return 0.0, 0.0
    if record["status"] != "ok":
        return (2 * job.budget_s if record["status"] == "timeout" else job.budget_s), 0.0
    used_up = record["fit_s"] >= USED_UP * record["budget_s"] and not record["setup_s"]
    fit_s = job.budget_s if used_up else record["fit_s"]
    if record["setup_s"]:
        library = json.dumps(record["setup_s"])
        fit_s -= sum(record["setup_s"].values()) if library in libraries else 0.0
        libraries.add(library)
    medians = [timing["median"] for timing in (record["s_per_integral"] or {}).values() if "median" in timing]
    known_s = KnownSeconds(fit_s, medians[-1] if medians else 0.0)
    return _from_times(job, known_s, job.points or record["n_points"], timed_s)


def _from_times(job: Job, known: KnownSeconds, n_points: int, timed_s: float) -> tuple[float, float]:
    """Seconds of both stages from what a fit and an integral take."""
    each_s = known.s_per_integral
    calls = {batch: stopwatch.sweep_calls(batch, batch * each_s) for batch in job.batches}
    fewest = {batch: batch * (n if n > 1 else stopwatch.FEWEST_CALLS) for batch, n in calls.items()}
    timed = [n for batch, n in fewest.items() if batch == 1 or batch * each_s <= stopwatch.LONGEST_CALL_S]
    timing_s = sum(max(timed_s, n * each_s) for n in timed)
    return known.fit_s + n_points * (1 + OTHERS) * each_s, timing_s

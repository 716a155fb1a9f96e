"""How long a suite will take: the minutes of its runs, foreseen from records of earlier ones.

    together = fit + judging                 as many runs at a time as there are CPUs
    alone    = timed calls of each batch     one run at a time

What is known best decides: the record of the same configuration, of any version or machine; else the job's pilot; else
the record of the same method on the same integral with the nearest budget; else the budget alone. A method that used
its budget up is taken to use up any other, too. A library that several runs share, as pySecDec's, is compiled once.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.records import currency, run_records
from benchmarks.records.run_records import Record
from benchmarks.running import machine, stopwatch
from benchmarks.running.jobs import HARNESS_FIELDS, Job, KnownSeconds
from methods.core import names

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
    work: Mapping[str, Iterable[Job]], out: Path, folders: Iterable[Path], timed_s: float, *, force: bool = False,
    seed: int = 0,
) -> list[Forecast]:  # fmt: skip
    """Forecast the runs of {integral: jobs}.

    Parameters
    ----------
    work : dict of str to iterable of Job
        Integrals and what to run on them.
    out : Path
        Folder of the suite: what has a record there is not run again, unless `force`.
    folders : iterable of Path
        Folders with records that tell how long a run takes, besides `out`.
    timed_s : float
        Seconds of timed calls of each batch.
    seed : int
        Of the first repeat.
    """
    places = list(dict.fromkeys((out, *folders)))
    unique = {integral: list(dict.fromkeys(jobs)) for integral, jobs in work.items()}
    return [_of_integral(integral, jobs, places, timed_s, force, seed) for integral, jobs in unique.items()]


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


def _of_integral(
    integral: str, jobs: Sequence[Job], folders: Sequence[Path], timed_s: float, force: bool, seed: int
) -> Forecast:
    known = {folder: _records(folder, integral, jobs) for folder in folders}
    everywhere = [record for found in known.values() for record in found]
    current = currency.Current(everywhere)
    libraries: set[str] = set()
    finished = unknown = 0
    together_s = alone_s = 0.0
    for job in jobs:
        same = [record for record in everywhere if _has_fields(record, job)]
        for repeat in range(job.repeats):
            if not force and any(_is_finished(record, job, repeat, seed, current) for record in known[folders[0]]):
                finished += 1
                continue
            fitting_s, timing_s = _seconds(job, same, everywhere, timed_s, libraries)
            unknown += not (same or job.pilot or any(r["method"] == _method(job) for r in everywhere))
            together_s += fitting_s + START_S
            alone_s += timing_s + START_S
    return Forecast(integral, sum(job.repeats for job in jobs), finished, unknown, together_s, alone_s)


def _records(folder: Path, integral: str, jobs: Iterable[Job]) -> list[Record]:
    """Read the records of these methods on an integral, which their files' names tell."""
    methods = dict.fromkeys(run_records.slug(_method(job)) for job in jobs)
    paths = [p for m in methods for p in sorted((folder / "runs").glob(f"{run_records.slug(integral)}.{m}.*.json"))]
    return [record for path in paths if (record := run_records.read(path)) is not None]


def _method(job: Job) -> str:
    return names.parse_spec(job.method)[0]


def _has_fields(record: Record, job: Job) -> bool:
    """Tell whether a record is of a job's method with its fields, whatever the budget and the version."""
    method, fields = names.parse_spec(job.method)
    wanted = json.loads(json.dumps(fields))
    changed = {key for key in record["fields"] or {} if key not in HARNESS_FIELDS}
    return (
        record["method"] == method
        and changed <= set(wanted)
        and all(record["params"].get(key) == value for key, value in wanted.items() if key not in ("seed", "device"))
    )


def _is_finished(record: Record, job: Job, repeat: int, seed: int, current: currency.Current) -> bool:
    seeds = {seed + repeat, names.parse_spec(job.method)[1].get("seed")}
    is_timed = set(map(str, job.batches)) <= set(record["s_per_integral"] or ())
    return (
        _has_fields(record, job)
        and (record["budget_s"], record["points"], record["repeat"]) == (job.budget_s, job.points, repeat)
        and (record["machine"], record["threads"], record["device"]) == (machine.name(), 1, "cpu")
        and record["seed"] in seeds
        and (record["status"] == "unsupported" or (record["status"] == "ok" and is_timed))
        and not current.outdated(record)
    )


def _seconds(
    job: Job, same: Sequence[Record], others: Iterable[Record], timed_s: float, libraries: set[str]
) -> tuple[float, float]:
    """Seconds of both stages of a run; `libraries` are those that runs before it have compiled."""
    of_method = [record for record in others if record["method"] == _method(job)]
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

"""A suite of runs: which there are, which are done already, and how each ended.

A run = integral × method configuration × repeat. Finished ones are reused by the identity of their record; each of the
others gets a process of its own, and whatever becomes of it, the suite goes on.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
from collections.abc import Callable
from pathlib import Path
from typing import Any

import methods
from benchmarks import isolated, machine, records, run
from benchmarks.code_hash import code_hash
from methods import lookup
from methods.base import InputError

PREPARE_LIMIT_S = 600.0
"""For importing an integral, and for the true values of one's own."""

HARNESS_FIELDS = ("seed", "device", "workers")
"""Fields that the harness sets where a method has them and the command line does not."""

GRACE_S = 60.0
"""A run may take 2 × budget and this: evaluation and timing come after the preparation."""


@dataclasses.dataclass(frozen=True)
class Subject:
    """An integral and its truth, as a suite needs them."""

    spec: str
    name: str
    integral_hash: str
    truth: Any


@dataclasses.dataclass(frozen=True)
class Planned:
    """One run: the identity of its record, and what its process is asked to do."""

    identity: records.Record
    task: run.Task

    @property
    def label(self) -> str:
        """What a progress bar shows."""
        return f"{self.identity['integral']} × {self.identity['method']} #{self.identity['repeat']}"


def describe_integral(spec: str) -> Subject | str:
    """Return the integral and its truth, or what is wrong with them; runs in a process of its own."""
    import references

    try:
        integral = references.integral(spec)
        truth = references.truth_of(integral) if ":" in spec else references.truth(spec)
    except InputError as problem:
        return str(problem)
    return Subject(spec, integral.name, integral.fingerprint(), truth)


def describe_method(spec: str) -> dict[str, Any] | str:
    """Return {target, fields, params} of a method, or what is wrong with it; runs in a process of its own."""
    try:
        name, fields = lookup.parse_spec(spec)
        method = methods.create(name, **fields)
        target = methods.METHODS.get(name, name)
        params = method.params()
        return {
            "name": name if name in methods.METHODS else type(method).__dict__.get("name", name),
            "target": name,
            "fields": fields,
            "params": params,
            "code_hash": code_hash(target, params.get("labels")),
        }
    except InputError as problem:
        return str(problem)


def _described(describe: Callable[[str], Any], spec: str) -> Any:
    outcome = isolated.call(describe, spec, time_limit=PREPARE_LIMIT_S)
    if outcome.status != "ok":
        raise InputError(f"{spec} could not be loaded: {outcome.reason}")
    if isinstance(outcome.result, str):
        raise InputError(outcome.result)
    return outcome.result


def plan(
    integrals: dict[str, float],
    method_specs: list[str],
    *,
    repeats: int,
    seed: int,
    device: str,
    threads: int,
    out: Path,
) -> list[Planned]:
    """Return all runs of integrals ({spec: budget in seconds}) × methods × repeats.

    Raises
    ------
    InputError
        For anything that is not there or does not fit, before the first run starts.
    """
    host = machine.describe()
    described = [_described(describe_method, spec) for spec in dict.fromkeys(method_specs)]
    runs = []
    for spec, budget_s in integrals.items():
        subject = _described(describe_integral, spec)
        for method in described:
            for repeat in range(repeats):
                set_by_harness = {"seed": seed + repeat, "device": device, "workers": threads}
                fields = {key: value for key, value in set_by_harness.items() if key in method["params"]}
                fields |= method["fields"]
                params = method["params"] | fields
                identity = {
                    "schema": records.SCHEMA,
                    "integral": subject.name,
                    "integral_hash": subject.integral_hash,
                    "method": method["name"],
                    "code_hash": method["code_hash"],
                    # The seed differs from repeat to repeat of one configuration, and has a key of its own.
                    "params": {key: value for key, value in params.items() if key not in ("seed", "device")},
                    "repeat": repeat,
                    "seed": params.get("seed", seed + repeat),
                    "budget_s": budget_s,
                    "device": params.get("device", "cpu"),
                    "threads": threads,
                    "machine": host["machine"],
                    "truth_hash": subject.truth.digest(),
                }
                raw = out / "raw" / f"{records.path_of(out, identity).stem}.npz"
                task = run.Task(spec, method["target"], fields, budget_s, threads, subject.truth, raw)
                runs.append(Planned(identity, task))
    return runs


def finished(planned: Planned, out: Path) -> records.Record | None:
    """Return the record of a run that ended well before, with the same identity."""
    record = records.read(records.path_of(out, planned.identity))
    return record if record is not None and record["status"] == "ok" else None


def perform(planned: Planned, out: Path) -> records.Record:
    """Execute a run in its own process and write its record, however it ended."""
    import numpy as np

    limit = 2 * planned.task.budget_s + GRACE_S
    outcome = isolated.call(run.execute, planned.task, time_limit=limit)
    truth = planned.task.truth
    record = dict.fromkeys(records.KEYS) | planned.identity
    record |= {"status": outcome.status, "reason": outcome.reason}
    record |= outcome.result or {}
    record |= machine.describe() | {
        "truth_how": truth.how,
        "truth_rel_err_max": float(np.max(truth.error / np.abs(truth.value))),
        "date_utc": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    records.write(out, record)
    return record


def execute(
    runs: list[Planned], out: Path, *, force: bool, jobs: int, progress: Callable[[Planned, records.Record, bool], None]
) -> list[records.Record]:
    """Return the records of all runs, reusing finished ones unless `force`; `progress(run, record, reused)` follows."""

    def one(planned: Planned) -> records.Record:
        reused = None if force else finished(planned, out)
        record = reused or perform(planned, out)
        progress(planned, record, reused is not None)
        return record

    if jobs == 1:
        return [one(planned) for planned in runs]
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(one, runs))

"""A suite of runs: which there are, which are done already, and how each ended.

A run = integral × method configuration × repeat. Finished ones are reused by the identity of their record; each of the
others gets a process of its own, and whatever becomes of it, the suite goes on.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import methods
import references
from benchmarks import isolated, machine, records, run, stopwatch
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


def describe_integral(spec: str) -> tuple[Any, ...] | str:
    """Return the integral and its truth, or what is wrong with them; runs in a process of its own."""
    try:
        integral = references.integral(spec)
        truth = references.truth(spec) if spec in references.names() else references.truth_of(integral)
    except InputError as problem:
        return str(problem)
    return spec, integral.name, integral.fingerprint(), truth


def describe_method(spec: str) -> dict[str, Any] | str:
    """Return {target, fields, params} of a method, or what is wrong with it; runs in a process of its own."""
    try:
        name, fields = lookup.parse_spec(spec)
        method = methods.create(name, **fields)
        target = methods.METHODS.get(name, name)
        params = method.params()
        json.dumps(params, allow_nan=False)
        return {
            "name": name if name in methods.METHODS else type(method).__dict__.get("name", name),
            "target": name,
            "fields": fields,
            "params": params,
            "code_hash": code_hash(target, params.get("labels")),
        }
    except InputError as problem:
        return str(problem)
    except (TypeError, ValueError) as problem:
        return f"The fields of {spec} must be plain values that JSON can hold: {problem}."


def described(describe: Callable[[str], Any], spec: str) -> Any:
    """Return what `describe` says of `spec` in a process of its own; raises InputError for what it finds wrong."""
    outcome = isolated.call(describe, spec, time_limit=PREPARE_LIMIT_S)
    if outcome.status != "ok":
        raise InputError(f"{spec} could not be loaded: {outcome.reason}")
    if isinstance(outcome.result, str):
        raise InputError(outcome.result)
    return outcome.result


def plan(
    work: dict[str, tuple[float, list[str]]],
    *,
    repeats: int,
    seed: int,
    device: str,
    threads: int,
    out: Path,
    diagnostics: bool = False,
) -> list[Planned]:
    """Return all runs of `work`, {integral: (budget in seconds, methods)}, × repeats.

    Raises
    ------
    InputError
        For anything that is not there or does not fit, before the first run starts.
    """
    host = machine.describe()
    specs = dict.fromkeys(spec for _, specs in work.values() for spec in specs)
    methods_by_spec = {spec: described(describe_method, spec) for spec in specs}
    runs = []
    for spec, (budget_s, method_specs) in work.items():
        *named, truth = described(describe_integral, spec)
        subject = Subject(*named, references.Truth(*truth))
        for method in map(methods_by_spec.__getitem__, dict.fromkeys(method_specs)):
            for repeat in range(repeats):
                set_by_harness = {"seed": seed + repeat, "device": device, "workers": threads}
                fields = {key: value for key, value in set_by_harness.items() if key in method["params"]}
                fields |= method["fields"]
                if repeats > 1 and "seed" in method["fields"]:
                    raise InputError(f"{method['name']} is given a seed, so {repeats} repeats would be the same run.")
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
                task = run.Task(spec, method["target"], fields, budget_s, threads, subject.truth, raw, diagnostics)
                runs.append(Planned(identity, task))
    return runs


def finished(planned: Planned, out: Path, jobs: int) -> records.Record | None:
    """Return the record of a run that ended well, with the same identity, if it has all that this suite would give."""
    record = records.read(records.path_of(out, planned.identity))
    if record is None or record["status"] != "ok":
        return None
    if planned.task.diagnostics and record["diagnostics"] is None:
        return None
    shared = any(timing.get("reason") == stopwatch.SHARED for timing in record["s_per_integral"].values())
    return None if shared and jobs == 1 else record


def perform(planned: Planned, out: Path) -> records.Record:
    """Execute a run in its own process and write its record, however it ended."""
    limit = 2 * planned.task.budget_s + GRACE_S
    stopwatch.wait_for_others()
    outcome = isolated.call(run.execute, planned.task, time_limit=limit)
    truth = planned.task.truth
    record = dict.fromkeys(records.KEYS) | planned.identity
    record |= {"status": outcome.status, "reason": outcome.reason}
    record |= outcome.result or {}
    record |= machine.describe() | {
        "truth_how": truth.how,
        "truth_rel_err_max": _largest_relative_error(truth),
        "date_utc": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }
    records.write(out, record)
    return record


def _largest_relative_error(truth: Any) -> float | None:
    """Return the largest relative error of the truth over the uniform points, on which headlines rest."""
    judged = truth.uniform & (truth.value != 0)
    return float((truth.error[judged] / abs(truth.value[judged])).max()) if judged.any() else None


def execute(
    runs: list[Planned],
    out: Path,
    *,
    force: bool,
    jobs: int,
    begin: Callable[[Planned], None],
    end: Callable[[Planned, records.Record, bool], None],
) -> list[records.Record]:
    """Return the records of all runs, reusing finished ones unless `force`; `begin` and `end` are told of each."""

    def one(planned: Planned) -> records.Record:
        begin(planned)
        reused = None if force else finished(planned, out, jobs)
        record = reused or perform(planned, out)
        end(planned, record, reused is not None)
        return record

    pool = concurrent.futures.ThreadPoolExecutor(jobs)
    try:
        return list(pool.map(one, runs))
    finally:
        pool.shutdown(wait=False, cancel_futures=True)

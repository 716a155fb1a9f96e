"""The runs of a suite: every integral × method configuration × repeat, with the identity of each record."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

import methods
from benchmarks.records import run_records
from benchmarks.running import device_rates, isolated, machine
from benchmarks.running.jobs import HARNESS_FIELDS, Job
from benchmarks.running.task import Place, Task
from benchmarks.versioning.code_hash import code_hash
from methods.base import InputError
from methods.core import names
from references import Truth

PREPARE_LIMIT_S = 600.0
"""Seconds for importing an integral, and for the true values of one's own."""


@dataclasses.dataclass(frozen=True)
class Options:
    """Settings that all runs of a suite share.

    Parameters
    ----------
    out : Path
        The folder that holds everything of the suite.
    seed : int
        Of the first repeat.
    device : str
        Where to fit, as torch names it.
    places : tuple of Place
        Where to time what was fitted; each gives a record.
    timed_s : float
        Seconds of timed calls of each batch.
    diagnostics : bool
        Whether to ask the methods how their training stands.
    counts_products : bool
        Whether to count operations in matrix products, and measure what share of the place's rate a timing is.
    """

    out: Path
    seed: int
    device: str
    places: tuple[Place, ...]
    timed_s: float
    diagnostics: bool = False
    counts_products: bool = False


@dataclasses.dataclass(frozen=True)
class Run:
    """One fit, and the records that it leads to, one for each place where it is timed."""

    task: Task
    configuration: run_records.Record
    """The keys of its records that are known beforehand, but for those that depend on the place."""
    places: tuple[Place, ...]
    repeats: int = 1
    """How many runs differ from this one by their seed alone, itself included."""

    @property
    def label(self) -> str:
        """Text that a progress bar shows."""
        number = f" #{self.configuration['repeat']}" if self.repeats > 1 else ""
        return f"{setting(self.configuration)}{number}"

    def record(self, place: Place) -> run_records.Record:
        """Return the keys of the record at a place that are known before the run, its identity among them."""
        params = self.configuration["params"] | {
            key: value for key, value in self.on_place(place).items() if key != "device"
        }
        return self.configuration | {"params": params, "device": place.device, "threads": place.threads}

    def on_place(self, place: Place) -> dict[str, Any]:
        """Return the fields that say where to evaluate and differ from those of the fit."""
        fitted = self.configuration["params"] | self.task.fields
        wanted = {"device": place.device, "workers": place.threads}
        return {key: value for key, value in wanted.items() if key in fitted and fitted[key] != value}


def setting(record: run_records.Record) -> str:
    """Name the integral of a record, its method, and the fields of the method that differ from their defaults."""
    fields = "".join(f",{key}={value}" for key, value in record["fields"].items())
    return f"{record['integral']} × {record['method']}{fields}"


def describe_integral(spec: str) -> dict[str, Any] | str:
    """Return {name, hash, truth} of an integral, or what is wrong with it; runs in a process of its own."""
    import references

    try:
        integral = references.integral(spec)
        truth = references.truth(spec) if spec in references.names() else references.truth_of(integral)
    except InputError as problem:
        return str(problem)
    return {"name": integral.name, "hash": integral.fingerprint(), "truth": truth._asdict()}


def describe_method(spec: str) -> dict[str, Any] | str:
    """Describe a method as a plan needs it, or say what is wrong with it; this runs in a process of its own."""
    try:
        name, fields = names.parse_spec(spec)
        method = methods.create(name, **fields)
        params = method.params()
        json.dumps(params, allow_nan=False)
        defaults = type(method)().params()
        labels = params.get("labels")
        return {
            "name": name if name in methods.METHODS else method.name,
            "target": name,
            "fields": fields,
            "params": params,
            "different": {key: value for key, value in params.items() if value != defaults[key]},
            "version": method.version,
            "labels_version": None if labels is None else methods.create(*_name_only(labels)).version,
            "precision": method.precision,
            "code_hash": code_hash(methods.METHODS.get(name, name), labels),
        }
    except InputError as problem:
        return str(problem)
    except (TypeError, ValueError) as problem:
        return f"The fields of {spec} must be plain values that JSON can hold: {problem}."


def _name_only(spec: str) -> tuple[str]:
    return (names.parse_spec(spec)[0],)


def described(describe: Callable[[str], Any], spec: str) -> Any:
    """Call `describe` for `spec` in a process of its own. Raises InputError with what it finds wrong."""
    outcome = isolated.call(describe, spec, time_limit=PREPARE_LIMIT_S)
    if outcome.status != "ok":
        raise InputError(f"{spec} could not be loaded: {outcome.reason}")
    if isinstance(outcome.result, str):
        raise InputError(outcome.result)
    return outcome.result


def in_each_precision(spec: str, method: Mapping[str, Any]) -> list[str]:
    """List a method as on the command line in each precision that it has, if it names none.

    Parameters
    ----------
    spec : str
        The method.
    method : dict
        Its description: `describe_method`.
    """
    has_both = "precision" in method["params"] and "precision" not in method["fields"]
    return [f"{spec},precision={precision}" for precision in device_rates.PRECISIONS] if has_both else [spec]


def runs(work: Mapping[str, Iterable[Job]], options: Options) -> list[Run]:
    """Return all runs of `work`, {integral: jobs}, × repeats.

    Raises
    ------
    InputError
        For anything that is not there or does not fit, before the first run starts.
    """
    jobs = {spec: list(dict.fromkeys(jobs)) for spec, jobs in work.items()}
    specs = dict.fromkeys(job.method for of_integral in jobs.values() for job in of_integral)
    known = {spec: described(describe_method, spec) for spec in specs}
    planned = []
    for spec, of_integral in jobs.items():
        subject = described(describe_integral, spec)
        truth = Truth(**subject.pop("truth"))
        about = {
            "integral": subject["name"], "integral_hash": subject["hash"], "truth_hash": truth.digest(),
            "machine": machine.name(),
        }  # fmt: skip
        for job in of_integral:
            method = known[job.method]
            if job.repeats > 1 and "seed" in method["fields"]:
                raise InputError(f"{method['name']} is given a seed, so {job.repeats} repeats would be the same.")
            judged = truth if job.points is None else limited(truth, job.points)
            planned += [_run(spec, about, judged, method, job, repeat, options) for repeat in range(job.repeats)]
    return planned


def limited(truth: Truth, n: int) -> Truth:
    """Return the first n uniform points of a truth, and as large a share of the others, evenly spread over them.

    Raises
    ------
    InputError
        Where it has fewer.
    """
    uniform, others = np.flatnonzero(truth.uniform), np.flatnonzero(~truth.uniform)
    if n > len(uniform):
        raise InputError(f"{n} points are more than the {len(uniform)} uniform points of the truth; ask for fewer.")
    n_others = -(-len(others) * n // len(uniform))
    kept = np.concatenate([uniform[:n], others[np.arange(n_others) * len(others) // max(1, n_others)]])
    return Truth(*(array[kept] for array in truth[:-1]), truth.how)


def _run(
    spec: str, about: run_records.Record, truth: Truth, method: dict[str, Any], job: Job, repeat: int, options: Options
) -> Run:
    seed = options.seed + repeat
    set_by_harness = {"seed": seed, "device": options.device, "workers": 1}
    fields = {key: value for key, value in set_by_harness.items() if key in method["params"]} | method["fields"]
    params = method["params"] | fields
    configuration = about | {
        "method": method["name"],
        "version": method["version"],
        "labels_version": method["labels_version"],
        # The seed differs from repeat to repeat of one configuration, and has a key of its own.
        "params": {key: value for key, value in params.items() if key not in ("seed", "device")},
        "budget_s": job.budget_s,
        "points": job.points,
        "repeat": repeat,
        "seed": params.get("seed", seed),
        "fields": {key: value for key, value in method["different"].items() if key not in HARNESS_FIELDS},
        "precision": method["precision"],
        "code_hash": method["code_hash"],
    }
    # A method that names its device, or knows none, is timed where it was fitted.
    fitted_on = fields.get("device", "cpu")
    places = (place._replace(device=fitted_on) if place.device == options.device else place for place in options.places)
    unique = run_records.digest([configuration, options.device])
    stem = f"{run_records.slug(about['integral'])}.{run_records.slug(method['name'])}.{unique}"
    task = Task(
        spec, method["target"], fields, job.budget_s, truth, options.out / "raw" / f"{stem}.npz",
        options.out / "fitted" / stem, job.batches, options.timed_s, options.diagnostics,
    )  # fmt: skip
    return Run(task, configuration, tuple(dict.fromkeys(places)), job.repeats)

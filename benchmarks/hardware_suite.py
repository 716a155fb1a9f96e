"""The timings of `benchmarks.hardware`: which there are, which are done already, and how each ended.

Models are fitted, devices measured and methods timed in processes of their own, one after the other; what several
timings share, a model or a device's rates, is made when the first of them needs it.
"""

from __future__ import annotations

import dataclasses
import datetime
import os
from pathlib import Path
from typing import Any, NamedTuple, Self

from benchmarks import device_rates, hardware_records, hardware_run, isolated, machine, stopwatch
from benchmarks import suite as accuracy_suite
from benchmarks.hardware_records import Record
from benchmarks.isolated import Outcome
from methods.base import InputError

BATCHES = (1, 32, 1024, 27_000, 1_000_000)

TIMED_S = 0.5
"""Seconds of calls per batch: all cells of two cores and eight methods take a few minutes."""

RATE_S = 1.0
"""Seconds of calls per rate of a device."""

BUDGET_S = 60.0
"""For methods whose fields do not end their preparation earlier."""

LIMIT_S = 600.0
"""For one process: five batches, of which three may take five calls of up to ten seconds."""

SLOWS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Environment variables by which OpenBLAS, and NumPy with it, takes other kernels than this processor's best."""


class Place(NamedTuple):
    """Where to time: a device as torch names it, CPU threads, and the device's own name."""

    device: str
    threads: int
    name: str


@dataclasses.dataclass(frozen=True)
class Job:
    """One timing: the identity of its record and its versions, and what it needs."""

    identity: Record
    place: Place
    target: str
    params: dict[str, Any]

    @property
    def label(self) -> str:
        """What a progress bar shows."""
        return hardware_records.label(self.identity)


def devices() -> dict[str, str | None]:
    """Return `device_rates.found()`, from a process of its own. Raises InputError where torch cannot tell."""
    outcome = isolated.call(device_rates.found, time_limit=LIMIT_S)
    if outcome.status != "ok":
        raise InputError(f"The devices of this machine could not be listed: {outcome.reason}")
    return outcome.result


@dataclasses.dataclass
class Suite:
    """What all timings of one command share."""

    spec: str
    integral: str
    integral_hash: str
    host: dict[str, Any]
    load_1min: float
    environment: dict[str, str]
    out: Path
    models: Path
    _made: dict[Path | Place, Outcome] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, spec: str, *, out: Path, models: Path) -> Self:
        """Look at the integral, the machine and its load. Raises InputError for an integral that is not there."""
        import psutil

        load = psutil.getloadavg()[0]
        integral, integral_hash = accuracy_suite.described(hardware_run.describe_integral, spec)
        environment = {name: os.environ[name] for name in SLOWS if name in os.environ}
        return cls(spec, integral, integral_hash, machine.describe(), round(load, 2), environment, out, models)

    @property
    def busy(self) -> bool:
        """Whether others used the machine when the command started: more than half a CPU, or a tenth of all."""
        return self.load_1min > max(0.5, 0.1 * (os.cpu_count() or 1))

    def plan(self, specs: list[str], places: list[Place]) -> list[Job]:
        """Return all timings; those of one model follow one another. Raises InputError for what does not fit."""
        jobs = []
        for spec in dict.fromkeys(specs):
            method = accuracy_suite.described(accuracy_suite.describe_method, spec)
            if "device" in method["fields"]:
                raise InputError(f"{spec} names a device; leave that field out and give --device.")
            own = method["params"].get("precision")
            both = own is not None and "precision" not in method["fields"]
            for precision in device_rates.PRECISIONS if both else (own,):
                fields = method["fields"] | ({"precision": precision} if precision else {})
                common = {
                    "schema": hardware_records.SCHEMA, "machine": self.host["machine"], "integral": self.integral,
                    "integral_hash": self.integral_hash, "method": method["name"], "fields": fields,
                    "code_hash": method["code_hash"], "precision": precision,
                }  # fmt: skip
                for place in places:
                    identity = common | {"device": place.device, "threads": place.threads}
                    jobs.append(Job(identity, place, method["target"], method["params"] | fields))
        return jobs

    def finished(self, job: Job) -> Record | None:
        """Return the record of the same timing, if it ended well with the same code and equation."""
        record = hardware_records.read(hardware_records.path_of(self.out, job.identity))
        if record is None or record["status"] not in ("ok", "unsupported"):
            return None
        return record if all(record[key] == job.identity[key] for key in hardware_records.VERSIONS) else None

    def perform(self, job: Job, *, force: bool) -> Record:
        """Time, and write the record, however it ended; `force` measures the device's rates again."""
        shared = Outcome("failed", f"{stopwatch.SHARED}; start again when it has ended")
        outcome = shared if stopwatch.is_shared() else self._model(job)
        measured: Record = {}
        if outcome.status == "ok":
            measured = {"flop_per_integral": outcome.result, "flop_reason": outcome.reason}
            outcome = self._rates(job.place, force=force)
        if outcome.status == "ok":
            measured["rates"] = outcome.result
            outcome = self._timed(job, measured["flop_per_integral"], measured["rates"])
        if outcome.status == "ok":
            measured |= outcome.result
        record = {
            **job.identity, "device_name": job.place.name, "status": outcome.status, "reason": outcome.reason,
            **dict.fromkeys(hardware_records.MEASURED), **measured,
        }  # fmt: skip
        return self._write(hardware_records.path_of(self.out, job.identity), record)

    def _timed(self, job: Job, flop: dict[str, float] | None, rates: dict[str, Any]) -> Outcome:
        where = {"device": job.place.device, "workers": job.place.threads}
        task = hardware_run.Task(
            self.spec, job.target, job.identity["fields"],
            {key: value for key, value in where.items() if key in job.params and key not in job.identity["fields"]},
            *job.place[:2], BATCHES, TIMED_S,
        )  # fmt: skip
        stopwatch.wait_for_others()
        return isolated.call(hardware_run.measure, task, self._file(job), flop, rates, time_limit=LIMIT_S)

    def _model(self, job: Job) -> Outcome:
        """Return the operations per integral of the fitted model, which lies in a file then, or why there is none."""
        if job.place.device != "cpu" and "device" not in job.params:
            return Outcome("unsupported", f"{job.identity['method']} has no field device: it computes on the CPU")
        path = self._file(job)
        if path not in self._made:
            self._made[path] = self._fitted(job)
        return self._made[path]

    def _fitted(self, job: Job) -> Outcome:
        what = self.spec, job.target, job.identity["fields"]
        outcome = isolated.call(hardware_run.unsupported, *what, time_limit=LIMIT_S)
        if outcome.status != "ok" or outcome.result:
            return Outcome("unsupported", outcome.result) if outcome.status == "ok" else outcome
        outcome = isolated.call(
            hardware_run.fit, *what, machine.n_cpus(), BUDGET_S, self._file(job),
            time_limit=2 * BUDGET_S + accuracy_suite.GRACE_S,
        )  # fmt: skip
        if outcome.status != "ok":
            return outcome
        counted = isolated.call(hardware_run.products, *what, self._file(job), time_limit=LIMIT_S)
        # Counting is no part of timing, and a library of native code may need the compiler that is hidden from it.
        reason = None if counted.result else counted.reason or hardware_run.NO_PRODUCTS
        return Outcome("ok", reason, counted.result or None)

    def _file(self, job: Job) -> Path:
        return self.models / hardware_records.digest(job.identity, ("method", "fields"))

    def _rates(self, place: Place, *, force: bool) -> Outcome:
        if place not in self._made:
            self._made[place] = self._measured(place, force=force)
        return self._made[place]

    def _measured(self, place: Place, *, force: bool) -> Outcome:
        identity = {
            "schema": hardware_records.SCHEMA, "machine": self.host["machine"],
            "device": place.device, "threads": place.threads,
        }  # fmt: skip
        path = hardware_records.path_of_rates(self.out, identity)
        known = None if force else hardware_records.read(path, hardware_records.KEYS_OF_RATES)
        if known and known["status"] == "ok":
            return Outcome("ok", None, known["rates"])
        stopwatch.wait_for_others()
        size = device_rates.SIZES[place.device]
        outcome = isolated.call(device_rates.measure, *place[:2], size, RATE_S, time_limit=LIMIT_S)
        record = identity | {"status": outcome.status, "reason": outcome.reason, "device_name": place.name}
        self._write(path, record | {"rates": outcome.result})
        return outcome

    def _write(self, path: Path, record: Record) -> Record:
        record |= self.host | {"load_1min": self.load_1min, "busy": self.busy, "environment": self.environment}
        record["date_utc"] = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        hardware_records.write(path, record)
        return record

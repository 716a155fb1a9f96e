"""A suite of runs in two stages: fit and judge, several at a time; then time, one at a time, alone on the machine.

Each run gets a process of its own, and whatever becomes of it, the suite goes on. The first stage pins each run to a
CPU of its own and saves what was fitted; the second loads that. A method that cannot be saved is timed in the process
of its fit, which waits until then. Finished runs are reused by the identity of their record; a run that was fitted but
not timed before the suite was interrupted is only timed.
"""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from benchmarks.records import run_records
from benchmarks.records.run_records import Record
from benchmarks.running import device_rates, isolated, machine, machine_lock, run, saved_methods
from benchmarks.running.isolated import Outcome, Process
from benchmarks.running.plan import Options, Run
from benchmarks.running.task import Place
from methods.core import files

if TYPE_CHECKING:
    from benchmarks.running.cluster_runs import ClusterRuns
    from benchmarks.running.cluster_worker import Fitted

GRACE_S = 60.0
"""A fit may take 2 × budget and this: judging and saving come after the preparation."""

TIMING_LIMIT_S = 600.0
"""For timing at one place: of its batches two or three may take four calls of up to ten seconds, and single calls up to
three of whatever a point takes."""

RATES_LIMIT_S = 120.0

ATTEMPTS = 3
"""Tries of a fit, and of a timing that loads it from its file, where the failure is not the method's."""

Told = Callable[[str, Run, Record | None], None]
"""Called with "begin", "reused", "fitted" or "timed", the run, and its record where there is one."""


def fit_limit_s(planned: Run) -> float:
    """Return the seconds that the first stage of a run may take."""
    return 2 * planned.task.budget_s + GRACE_S


def has_all(record: Record, batches: Iterable[int], diagnostics: bool) -> bool:
    """Tell whether the record of a run that ended well has the times, and the diagnostics, that are asked for."""
    if diagnostics and record["diagnostics"] is None:
        return False
    return {str(batch) for batch in batches} <= set(record["s_per_integral"] or ())


class Suite:
    """The runs of one command.

    Parameters
    ----------
    runs : sequence of Run
        What to do.
    options : Options
        What they share.
    force : bool
        Whether to run again what is finished.
    is_published : bool
        Whether the folder holds the project's published records, which are current by version alone.
    say : callable
        Is given a sentence where the suite has to wait for others on this machine.
    """

    def __init__(
        self, runs: Sequence[Run], options: Options, *, force: bool, is_published: bool, say: Callable[[str], None]
    ) -> None:
        self.runs, self._options, self._force, self._is_published, self._say = runs, options, force, is_published, say
        self._waiting: dict[int, Process] = {}
        self._rates: dict[Place, dict[str, Any] | None] = {}
        self._supervisors = isolated.Supervisors()
        self._load = machine.load()  # now, since later it is the load of this suite's own fits

    def fit_and_judge(self, jobs: int, told: Told) -> None:
        """Make the first stage's part of all records, `jobs` at a time."""
        available = machine.cpus()
        runs = iter(self.runs)  # which the threads share, so that each run is one thread's
        stopped = threading.Event()

        def work(cpus: list[int]) -> None:
            for planned in runs:
                if stopped.is_set():
                    return
                if self.is_fitted(planned):
                    told("reused", planned, self.record(planned, planned.places[0]))
                else:
                    told("begin", planned, None)
                    told("fitted", planned, self._fitted(planned, cpus))

        pool = concurrent.futures.ThreadPoolExecutor(jobs)
        with self._supervisors:
            try:
                firsts = [job % len(available) for job in range(jobs)]
                threads = [pool.submit(work, available[first:] + available[:first]) for first in firsts]
                for thread in concurrent.futures.as_completed(threads):
                    thread.result()
            finally:
                stopped.set()
                pool.shutdown(wait=False)

    def fit_and_judge_on(self, cluster: ClusterRuns, told: Told) -> None:
        """Make the first stage's part of all records on a cluster.

        A method that cannot be saved is timed in the process of its fit, which has to be here: it is fitted once more.
        """
        due = []
        for planned in self.runs:
            if self.is_fitted(planned):
                told("reused", planned, self.record(planned, planned.places[0]))
            else:
                due.append(planned)
        unsaved = []
        for planned, outcome, fitted in cluster.outcomes(due, lambda planned: told("begin", planned, None)):
            if outcome.status == "ok" and outcome.result.get("model_bytes", 0) is None:
                unsaved.append(planned)
            else:
                told("fitted", planned, self._received(planned, outcome, fitted))
        for planned in unsaved:
            told("begin", planned, None)
            told("fitted", planned, self._fitted(planned, []))

    def _received(self, planned: Run, outcome: Outcome, fitted: Fitted | None) -> Record:
        """Write the files and the records of a run that a cluster made; return the first record."""
        if fitted is not None:
            for path, content in ((planned.task.raw, fitted.raw), (planned.task.model, fitted.model)):
                if content is not None:
                    files.write_bytes(path, content)
            outcome = dataclasses.replace(outcome, result=(outcome.result or {}) | {"fit_machine": fitted.machine})
        return self._write_all(planned, outcome)

    def to_time(self) -> list[tuple[Run, Place]]:
        """List what the second stage has to do, the runs that wait in their fit's process first: they hold memory."""
        every = ((planned, place) for planned in self.runs for place in planned.places)
        due = [(planned, place) for planned, place in every if self._is_untimed(planned, place)]
        return sorted(due, key=lambda pair: id(pair[0]) not in self._waiting)

    def time(self, due: Sequence[tuple[Run, Place]], told: Told) -> None:
        """Make the second stage's part of these records, each alone on the machine."""
        for planned, place in due:
            told("begin", planned, None)
            with machine_lock.alone(say=self._say):
                told("timed", planned, self._timed(planned, place))
            if (process := self._waiting.pop(id(planned), None)) is not None:
                process.end()
        for planned in self.runs:
            planned.task.model.unlink(missing_ok=True)
        with suppress(OSError):
            (self._options.out / "fitted").rmdir()

    def record(self, planned: Run, place: Place) -> Record | None:
        """Return the record of a run at a place, if it is there and of this code."""
        record = run_records.read(run_records.path_of(self._options.out, planned.record(place)))
        if record is None:
            return None
        by_version = self._is_published and ":" not in planned.task.method
        return record if by_version or record["code_hash"] == planned.configuration["code_hash"] else None

    def is_fitted(self, planned: Run) -> bool:
        """Tell whether the first stage has nothing to do: every record is finished, or waits to be timed."""
        if self._force:
            return False
        return all(self._is_finished(planned, place) or self._is_untimed(planned, place) for place in planned.places)

    def _is_finished(self, planned: Run, place: Place) -> bool:
        record = self.record(planned, place)
        if record is None or record["status"] not in ("ok", "unsupported"):
            return False
        if record["status"] == "unsupported":
            # What a method itself refuses is asked again, since a package that was missing may be there now.
            return place != self._fitted_on(planned)
        return has_all(record, planned.task.batches, planned.task.diagnostics)

    def _is_untimed(self, planned: Run, place: Place) -> bool:
        """Tell whether a run was fitted and judged but not timed, and still can be."""
        record = self.record(planned, place)
        if record is None or record["status"] != "ok" or record["s_per_integral"] is not None:
            return False
        return id(planned) in self._waiting or planned.task.model.exists()

    def _fitted(self, planned: Run, cpus: list[int]) -> Record:
        """Fit and judge in a process of its own and write the records, however it ended; return the first.

        The process is kept to the first of these CPUs that no other suite's run has, or where all are taken, to the
        first.
        """
        limit = fit_limit_s(planned)
        for _ in range(ATTEMPTS):
            with machine_lock.sharing(say=self._say), machine_lock.cpu(cpus) as free:
                own = cpus[:1] if free is None else [free]
                process = Process(
                    run.fit_and_judge, planned.task, time_limit=limit, cpus=own or None, supervisors=self._supervisors
                )
                outcome = process.outcome()
            if outcome.status != "infrastructure":
                break
            process.end()
        is_unsaved = outcome.status == "ok" and outcome.result.get("model_bytes", 0) is None
        if is_unsaved and self._fitted_on(planned) in planned.places:
            self._waiting[id(planned)] = process
        else:
            process.end()
        return self._write_all(planned, outcome)

    def _write_all(self, planned: Run, outcome: Outcome) -> Record:
        """Write the record at each place; return the first."""
        written = [self._write(planned, place, self._judged(planned, place, outcome)) for place in planned.places]
        return written[0]

    def _judged(self, planned: Run, place: Place, outcome: Outcome) -> Record:
        """Return the first stage's part of the record at a place."""
        record: Record = {"status": outcome.status, "reason": outcome.reason, "traceback": outcome.traceback}
        record |= outcome.result or {}
        fitted_on = self._fitted_on(planned)
        if record["status"] == "ok" and place.device != fitted_on.device and "device" not in planned.task.fields:
            name = planned.configuration["method"]
            return {"status": "unsupported", "reason": f"{name} has no field device: it computes on the CPU"}
        if record.get("model_bytes", 0) is None and place != fitted_on:
            return {"status": "unsupported", "reason": "it cannot be saved, so it is timed where it was fitted only"}
        return record

    @staticmethod
    def _fitted_on(planned: Run) -> Place:
        return Place(planned.task.fields.get("device", "cpu"), 1)

    def _timed(self, planned: Run, place: Place) -> Record:
        """Time one place and complete its record."""
        rates = self._rates_of(place)
        flop, flop_reason = self._products(planned)
        if id(planned) in self._waiting:
            outcome = self._waiting[id(planned)].outcome(TIMING_LIMIT_S)
        else:
            arguments = (planned.task, place, planned.on_place(place), flop, rates)
            for _ in range(ATTEMPTS):
                outcome = isolated.call(run.timed_from_file, *arguments, time_limit=TIMING_LIMIT_S)
                if outcome.status != "infrastructure":
                    break
        record = self.record(planned, place) or {}
        if outcome.status != "ok":
            record |= {"status": outcome.status, "traceback": outcome.traceback}
            record["reason"] = f"while it was timed: {outcome.reason}"
        record |= outcome.result or {}
        record |= {"flop_per_integral": flop, "flop_reason": flop_reason, "rates": rates, **self._load}
        return self._write(planned, place, record)

    def _products(self, planned: Run) -> tuple[dict[str, float] | None, str | None]:
        """Return the operations per integral in matrix products, or None and the reason."""
        if not self._options.counts_products:
            return None, None
        if id(planned) in self._waiting:
            return None, "it is timed in the process of its fit"
        counted = isolated.call(saved_methods.count_products, planned.task, time_limit=TIMING_LIMIT_S)
        return (counted.result, None) if counted.result else (None, counted.reason or saved_methods.NO_PRODUCTS)

    def _rates_of(self, place: Place) -> dict[str, Any] | None:
        """Measure the rates of the place, once per suite; None where that fails."""
        if place not in self._rates:
            size = device_rates.SIZES[place.device.partition(":")[0]]
            outcome = isolated.call(
                device_rates.measure, place.device, place.threads, size, device_rates.TIMED_S, time_limit=RATES_LIMIT_S
            )
            self._rates[place] = outcome.result
        return self._rates[place]

    def _write(self, planned: Run, place: Place, record: Record) -> Record:
        truth = planned.task.truth
        complete = dict.fromkeys(run_records.KEYS) | planned.record(place) | record | machine.describe()
        complete |= {
            "schema": run_records.SCHEMA,
            "fit_machine": complete["fit_machine"] or machine.name(),
            "truth_how": truth.how,
            "truth_rel_err_max": _largest_relative_error(truth),
            "date_utc": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        }
        run_records.write(self._options.out, complete)
        return complete


def _largest_relative_error(truth: Any) -> float | None:
    """Return the largest relative error of the truth over the uniform points, on which headlines rest."""
    judged = truth.uniform & (truth.value != 0)
    return float((truth.error[judged] / abs(truth.value[judged])).max()) if judged.any() else None

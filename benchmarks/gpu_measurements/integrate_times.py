"""Seconds per integral on the device, of methods that were fitted before: records as `benchmarks.hardware` leaves them.

All are timed in one process, since a GPU takes seconds to be opened by each.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator
from typing import Any

import numpy as np

import references
from benchmarks.experiments import devices as experiment
from benchmarks.experiments.gpu import AS_PUBLISHED
from benchmarks.gpu_measurements import carried_methods
from benchmarks.gpu_measurements.carried_methods import Carried
from benchmarks.gpu_measurements.session import Entry, Session, tried
from benchmarks.records import record_types, run_records
from benchmarks.running import device_rates, machine, stopwatch

LONGEST_TIMED_S, TIMED_SHARE = 0.1, 0.002
"""Seconds of calls per batch, at most, and as a share of the session's: there are five, for some twenty methods."""


def measure(session: Session) -> Iterator[Entry]:
    """Yield an entry with a record for each method, the papers' networks first."""
    clock = session.clock()
    if session.carried is None:
        yield {"kind": "record", "status": "left_out", "reason": "no fitted methods were given; see --prepare"}
        return
    found, code = carried_methods.read(session.carried)
    rates = _rates(session)
    for item in sorted(found, key=lambda item: not _is_of_paper(item)):
        entry = {"kind": "record", "integral": item.record["integral"], "method": item.record["method"]}
        yield tried(entry, lambda i=item: _timed(i, session, rates, code), clock)


def _is_of_paper(carried: Carried) -> bool:
    """Tell whether it has the size of a published network."""
    return AS_PUBLISHED.items() <= carried.record["params"].items()


def _rates(session: Session) -> dict[str, Any] | None:
    """Find the device's rates among the results of the measurement before this one."""
    path = session.out / "rates.json"
    if not path.exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))["entries"]
    return next((entry["rates"] for entry in found if entry["kind"] == "rates"), None)


def _timed(carried: Carried, session: Session, rates: dict[str, Any] | None, code: dict[str, Any]) -> Entry:
    """Time a method, and compare its values with those of the CPU."""
    import torch

    device, timed_s = session.device, min(LONGEST_TIMED_S, TIMED_SHARE * session.seconds)
    integral, threads = references.integral(carried.task.integral), torch.get_num_threads()
    method = carried.loaded(integral, device, threads)
    value, expected = method.integrate(np.array(carried.s)).value, np.array(carried.value)
    difference = float(np.abs(value / expected - 1).max())
    s = integral.sample(max(experiment.BATCHES), seed=1)
    timings = stopwatch.batch_timings(method.integrate, s, experiment.BATCHES, device=device, timed_s=timed_s)
    flop, n_bytes = carried.record["flop_per_integral"], device_rates.call_bytes(integral)
    for timing in timings.values():
        if rates and "median" in timing:
            timing["share"] = device_rates.shares(timing["median"], flop, n_bytes, rates)
    params = carried.record["params"]
    workers = {"workers": threads} if "workers" in params else {}
    record = carried.record | {
        "params": params | workers, "device": device, "threads": threads, "machine": machine.name(),
        "s_per_integral": timings, "timed_from": "file", "rates": rates, **machine.load(), **machine.describe(),
        "date_utc": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
    }  # fmt: skip
    if code["digest"] == carried_methods.source_digest():  # the code travelled without its history
        record |= {"commit": code["commit"], "dirty": code["dirty"]}
    if problem := record_types.problem(record):
        raise ValueError(problem)
    return {"record": record | {"checksum": run_records.checksum(record)}, "max_difference_to_cpu": difference}

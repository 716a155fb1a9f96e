"""The two stages of a run, in its own processes: prepare a method and judge its values by the truth, then time it.

Accuracy evaluation is never inside a timed section, calls that warm up are not counted (`stopwatch.batch_timings`), and
`integrate` returns arrays on the host, so that a device has finished when the clock is read.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

import methods
import references
from benchmarks.records import record_types
from benchmarks.running import device_rates, isolated, machine, metrics, replica_figures, saved_methods, stopwatch
from benchmarks.running.estimate_check import Disqualified, check_estimate, replica_values
from benchmarks.running.evaluation_counter import Meter
from benchmarks.running.invariant_figures import by_invariant
from benchmarks.running.learning_curve import LearningCurve
from benchmarks.running.task import Place, Task
from methods.base import Estimate, Method, ParametricIntegral, ReportsDetails, ReportsSetup, TrainsInUpdates
from methods.core import build_cache, files
from methods.surrogates import labels
from references.values import test_points

MOST_DETAILS = 2**18
"""Characters of JSON that a method's details, and all of its diagnostics, may have in a record."""


def fit_and_judge(task: Task) -> Iterator[dict[str, Any]]:
    """Yield the first stage's part of the record, and then, if asked, the timing of the method in this process.

    The second is for methods that cannot be saved: `model_bytes` is null in the first. Raises whatever the method
    raises.
    """
    stopwatch.limit_threads(1)
    yield from first_stage(task)


def first_stage(task: Task) -> Iterator[dict[str, Any]]:
    """Yield what `fit_and_judge` does, on as many threads as this process has."""
    integral = references.integral(task.integral)
    method = methods.create(task.method, **task.fields)
    if reason := method.unsupported(integral):
        yield {"status": "unsupported", "reason": reason}
        return
    meter = Meter()
    builds: list[build_cache.Build] = []
    build_cache.BUILDS.set(builds)
    result = _prepare(method, integral, meter, task)
    made_in_fit = list(builds)
    result |= _judge(method, integral, meter, task)
    # What an earlier run compiled, or the first evaluation does, is part of what preparation costs.
    paid_elsewhere = [build for build in builds if build.from_cache or build not in made_in_fit]
    result["fit_s"] += sum(sum(build.seconds.values()) for build in paid_elsewhere)
    details = method.details_ if isinstance(method, ReportsDetails) else None
    result |= {"peak_mem_mb": _peak_mem_mb(), "details": _capped("details", details)}
    if problem := record_types.problem(result):
        raise Disqualified(problem)
    n_points = int(task.truth.uniform.sum())
    digits = {"mean": result["digits_mean"], "worst": result["digits_worst"], "points": n_points}
    method.measured_ = digits | {"integral": integral.fingerprint()}
    known = {build.what for build in builds}
    result["model_bytes"] = saved_methods.saved_bytes(method, integral, task)
    # A loaded method may have compiled what its fit had no time for, and is timed with it.
    late = [build for build in builds if build.what not in known]
    result["fit_s"] += sum(sum(build.seconds.values()) for build in late)
    yield result
    machine.use_all_cpus()  # as what is timed from a file does
    device = task.fields.get("device", "cpu")
    yield {"s_per_integral": _timings(method, integral, device, task), "timed_from": "fit"}


def timed_from_file(
    task: Task, place: Place, on_place: dict[str, Any], flop: dict[str, float] | None, rates: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the second stage's part of the record: the saved method, timed at a place.

    Parameters
    ----------
    task : Task
        Says where the method was saved.
    place : Place
        Where to time it.
    on_place : dict
        Fields that say where to evaluate (device, workers), to be changed from what they were in the fit.
    flop : dict, optional
        Operations in matrix products per integral, by precision.
    rates : dict, optional
        What the place can do: `device_rates.measure`.
    """
    stopwatch.limit_threads(place.threads)
    integral = references.integral(task.integral)
    method = saved_methods.load(task, integral, on_place)
    timings = _timings(method, integral, place.device, task)
    n_bytes = device_rates.call_bytes(integral)
    for timing in timings.values():
        if rates and "median" in timing:
            timing["share"] = device_rates.shares(timing["median"], flop, n_bytes, rates)
    return {"s_per_integral": timings, "timed_from": "file"}


def _prepare(method: Method, integral: ParametricIntegral, meter: Meter, task: Task) -> dict[str, Any]:
    """Fit, counting evaluations and labels, and following how the accuracy grows."""
    costs: list[labels.LabelCost] = []
    labels.LABEL_COSTS.set(costs)
    labels.EVALUATIONS_SEEN.set(lambda: meter.n_eval)
    curve = LearningCurve(meter, task.truth, diagnostics=task.diagnostics)
    method.fit(meter.metered(integral), budget=task.budget_s, monitor=curve.monitor)
    stopwatch.synchronise(task.fields.get("device", "cpu"))
    return {
        "fit_s": curve.end(method),
        "setup_s": method.setup_s_ if isinstance(method, ReportsSetup) else None,
        "label_s": sum(cost.seconds for cost in costs) if costs else None,
        "n_eval_fit": meter.n_eval + sum(cost.n_uncounted for cost in costs),
        "n_updates": method.n_updates_ if isinstance(method, TrainsInUpdates) else None,
        "anytime": curve.anytime,
        "diagnostics": _capped_diagnostics(curve.diagnostics),
    }


def _judge(method: Method, integral: ParametricIntegral, meter: Meter, task: Task) -> dict[str, Any]:
    """Compare with the truth: headline figures on the uniform points, all points by cornerness and edge."""
    truth = task.truth
    before = meter.n_eval
    s = truth.s.copy()
    estimate = method.integrate(s)
    check_estimate(estimate, len(s))
    if not np.array_equal(s, truth.s):
        raise Disqualified("integrate changed the points s that it was given; let it work on a copy of them.")
    counted = meter.n_eval - before
    replicas = replica_values(method, truth.s)
    _write_raw(task.raw, estimate, truth, replicas)
    everything = (estimate.value, estimate.error, truth.value, truth.error)
    uniform = tuple(array[truth.uniform] for array in everything)
    cornerness = test_points.cornerness(integral, truth.s)
    edge = test_points.is_edge(integral, truth.s)
    by_cornerness, corner_histograms = metrics.by_class(
        *everything, {str(c) if c < 3 else "3+": cornerness == c if c < 3 else cornerness >= 3 for c in range(4)}
    )
    by_edge, edge_histograms = metrics.by_class(*everything, {"edge": edge, "inside": ~edge})
    return metrics.summary(*uniform) | {
        "by_cornerness": by_cornerness,
        "by_edge": by_edge,
        "by_invariant": by_invariant(integral, truth.s, estimate.value, truth.value) if integral.is_complex else None,
        "histograms": {
            "all": metrics.histograms(*uniform),
            "by_cornerness": corner_histograms,
            "by_edge": edge_histograms,
        },
        "by_n_replicas": None
        if replicas is None
        else replica_figures.by_n_replicas(
            replicas[:, truth.uniform], truth.value[truth.uniform], truth.error[truth.uniform]
        ),
        "n_eval_per_integral": (counted or estimate.n_eval) / len(truth.s),
        "n_eval_source": "counted" if counted or not estimate.n_eval else "reported",
    }


def _write_raw(path: Path, estimate: Estimate, truth: references.Truth, replicas: np.ndarray | None) -> None:
    """Write the values at each point, and those of each replica where there are any.

    Raises
    ------
    isolated.Infrastructure
        Where the disk does not take them.
    """
    arrays = {} if replicas is None else {"replicas": replicas}
    content = io.BytesIO()
    np.savez(
        content, value=estimate.value, error=estimate.error, s=truth.s, truth=truth.value, truth_error=truth.error,
        uniform=truth.uniform, **arrays,
    )  # fmt: skip
    try:
        files.write_bytes(path, content.getvalue())
    except OSError as problem:
        raise isolated.Infrastructure(f"The values could not be written to {path}: {problem.strerror}.") from problem


def _timings(method: Method, integral: ParametricIntegral, device: str, task: Task) -> dict[str, Any]:
    s = integral.sample(max(*task.batches, stopwatch.SWEEP_POINTS), seed=1)
    return stopwatch.batch_timings(method.integrate, s, task.batches, device=device, timed_s=task.timed_s)


def _capped(what: str, content: Any) -> Any:
    """Replace what a method reports by a note of its size where it is too large."""
    size = len(json.dumps(content, allow_nan=False)) if content is not None else 0
    return content if size <= MOST_DETAILS else {"left_out": f"{what} of {size:,} characters; {MOST_DETAILS:,} fit"}


def _capped_diagnostics(diagnostics: list[dict[str, Any]] | None) -> list[dict[str, Any]] | None:
    """Return the diagnostics, each without the method's part where all of them together are too large."""
    if diagnostics is None or len(json.dumps(diagnostics, allow_nan=False)) <= MOST_DETAILS:
        return diagnostics
    return [{key: point[key] for key in ("fit_s", "digits_mean")} for point in diagnostics]


def _peak_mem_mb() -> float:
    """Return the largest resident memory of this process, and of the largest of its children, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round((own + children) * unit / 2**20, 1)

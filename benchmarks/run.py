"""One run: prepare a method, judge its values by the truth, time it. Everything here happens in the run's own process.

Accuracy evaluation is never inside a timed section, one warm-up is not counted, and `integrate` returns arrays on the
host, so that a device has finished when the clock is read.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import methods
import references
from benchmarks import metrics, stopwatch
from benchmarks.learning_curve import LearningCurve
from benchmarks.meter import Meter
from methods import labels
from methods.base import Estimate, Method, ParametricIntegral
from references import regions

BATCHES = (1, 1024, 65_536)
"""Latency, throughput as the papers' networks are used, and throughput where no overhead is left."""


@dataclasses.dataclass(frozen=True)
class Task:
    """What a run is asked to do; plain values, since it travels to another process."""

    integral: str
    method: str
    fields: dict[str, Any]
    budget_s: float
    threads: int
    truth: references.Truth
    raw: Path
    diagnostics: bool = False
    """Whether to ask the method how its training stands, where it can tell."""


class Disqualified(ValueError):
    """Raised for values that cannot be judged: wrong shape, or not finite."""


def execute(task: Task) -> dict[str, Any]:
    """Return the measured part of the record; raises whatever the method raises."""
    with stopwatch.unshared_machine() as alone:
        stopwatch.limit_threads(task.threads)
        integral = references.integral(task.integral)
        method = methods.create(task.method, **task.fields)
        if reason := method.unsupported(integral):
            return {"status": "unsupported", "reason": reason}
        meter = Meter()
        result = _prepare(method, integral, meter, task)
        result |= _judge(method, integral, meter, task)
        uniform = task.truth.s[task.truth.uniform]
        timings = stopwatch.of_batches(method.integrate, uniform, BATCHES) if alone() else None
        result |= {
            "status": "ok",
            "s_per_integral": timings or {str(batch): {"reason": stopwatch.SHARED} for batch in BATCHES},
            "peak_mem_mb": _peak_mem_mb(),
            "model_bytes": _model_bytes(method),
            "details": getattr(method, "details_", None),
        }
        # What a method reports may be of any type; here it ends this run only.
        json.dumps(result, allow_nan=False)
        return result


def _prepare(method: Method, integral: ParametricIntegral, meter: Meter, task: Task) -> dict[str, Any]:
    """Fit, counting evaluations and labels, and following how the accuracy grows."""
    purchases: list[labels.Purchase] = []
    labels.PURCHASES.set(purchases)
    curve = LearningCurve(meter, task)
    method.fit(meter.metered(integral), budget=task.budget_s, monitor=curve.monitor)
    stopwatch.synchronise(task.fields.get("device", "cpu"))
    fit_s = curve.end(method)
    setup_s = getattr(method, "setup_s_", None)
    if setup_s and (getattr(method, "details_", None) or {}).get("from_cache"):
        fit_s += sum(setup_s.values())  # paid by an earlier run, and part of what preparation costs
    return {
        "fit_s": fit_s,
        "setup_s": setup_s,
        "label_s": sum(purchase.seconds for purchase in purchases) if purchases else None,
        "n_eval_fit": max(meter.n_eval, sum(purchase.n_eval for purchase in purchases)),
        "n_updates": getattr(method, "n_updates_", None),
        "anytime": curve.anytime,
        "diagnostics": curve.diagnostics,
    }


def _judge(method: Method, integral: ParametricIntegral, meter: Meter, task: Task) -> dict[str, Any]:
    """Compare with the truth: headline figures on the uniform points, all points by cornerness and edge."""
    truth = task.truth
    before = meter.n_eval
    estimate = method.integrate(truth.s)
    _check(estimate, len(truth.s))
    counted = meter.n_eval - before
    task.raw.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        task.raw, value=estimate.value, error=estimate.error, s=truth.s, truth=truth.value, truth_error=truth.error,
        uniform=truth.uniform,
    )  # fmt: skip
    everything = (estimate.value, estimate.error, truth.value, truth.error)
    uniform = tuple(array[truth.uniform] for array in everything)
    cornerness = regions.cornerness(integral, truth.s)
    edge = regions.is_edge(integral, truth.s)
    by_cornerness, corner_histograms = metrics.by_class(
        *everything, {str(c) if c < 3 else "3+": cornerness == c if c < 3 else cornerness >= 3 for c in range(4)}
    )
    by_edge, edge_histograms = metrics.by_class(*everything, {"edge": edge, "inside": ~edge})
    return metrics.summary(*uniform) | {
        "by_cornerness": by_cornerness,
        "by_edge": by_edge,
        "histograms": {
            "all": metrics.histograms(*uniform),
            "by_cornerness": corner_histograms,
            "by_edge": edge_histograms,
        },
        "n_eval_per_integral": (counted or estimate.n_eval) / len(truth.s),
        "n_eval_source": "counted" if counted or not estimate.n_eval else "reported",
    }


def _check(estimate: Estimate, n: int) -> None:
    """Raise Disqualified unless there are n finite values and n errors, each positive or nan."""
    for what, array in (("value", estimate.value), ("error", estimate.error)):
        if np.shape(array) != (n,):
            raise Disqualified(f"integrate returned {what} of shape {np.shape(array)} for {n} points; ({n},) is due.")
    bad = np.flatnonzero(~np.isfinite(estimate.value))
    if len(bad):
        raise Disqualified(f"integrate returned {estimate.value[bad[0]]} at {len(bad)} of {n} points, first {bad[0]}.")
    if (estimate.error < 0).any():
        raise Disqualified("integrate returned a negative error; an error is one standard deviation, or nan.")


def _peak_mem_mb() -> float:
    """Return the largest resident memory of this process, and of the largest of its children, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return round((own + children) * unit / 2**20, 1)


def _model_bytes(method: Method) -> int | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model"
        try:
            method.save(path)
        except Exception:
            # Saving is not what a run is about, and a stranger's method may not know how.
            return None
        return path.stat().st_size

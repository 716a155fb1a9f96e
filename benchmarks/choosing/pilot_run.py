"""A pilot in its own process: it fits a method, judges it at points with known values, and times calls of it.

Preparation is counted in seconds of the processor, its own and those of compilers that it starts: on one thread they
are what it takes alone, and other programs on the machine do not lengthen them. Of calls the fastest counts, since all
that disturbs a call makes it longer.
"""

from __future__ import annotations

import resource
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

import methods
import references
from benchmarks.running import metrics, stopwatch
from benchmarks.running.estimate_check import check_estimate
from methods.base import InputError
from methods.core import build_cache

BATCHES = (4, 32, 1024)
"""Integrals in timed calls, beside single ones, as far as a call takes LONGEST_CALL_S at most."""

TIMED_S, LONGEST_CALL_S = 0.1, 0.3
"""Seconds of timed calls of each batch, and of the longest call."""


def fit_and_measure(
    integral_spec: str, method_name: str, fields: dict[str, Any], budget_s: float, truth: references.Truth,
    model: Path | None, judge: Mapping[str, Any] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Fit a method, judge it by `truth`, save it as `model`, and time it.

    Digits are averaged over the points of `truth` that were drawn uniformly; the worst may be any of its points. What
    is known of the rule behind `truth`, `judge` as of `DirectValues.judge`, is saved with the digits.

    Returns
    -------
    dict
        {"reason"} of a method that does not treat the integral; else digits_mean, digits_worst, preparation_s,
        s_single, s_per_integral, batch, values (n,), saved: whether it could be saved, and not_saved: why not.
    """
    stopwatch.limit_threads(1)
    integral = references.integral(integral_spec)
    method = methods.create(method_name, **fields)
    if reason := method.unsupported(integral):
        return {"reason": reason}
    builds: list[build_cache.Build] = []
    build_cache.BUILDS.set(builds)
    before = processor_seconds()
    method.fit(integral, budget=budget_s)
    preparation_s = processor_seconds() - before
    made_in_fit = list(builds)
    estimate = method.integrate(truth.s.copy())
    check_estimate(estimate, len(truth.s))
    # What an earlier run compiled, or the first evaluation does, is part of what preparation costs.
    paid_elsewhere = [build for build in builds if build.from_cache or build not in made_in_fit]
    preparation_s += sum(sum(build.seconds.values()) for build in paid_elsewhere)
    figures = [
        metrics.summary(estimate.value[mask], estimate.error[mask], truth.value[mask], truth.error[mask])
        for mask in (truth.uniform, np.ones(len(truth.s), dtype=bool))
    ]
    digits = {"mean": figures[0]["digits_mean"], "worst": figures[1]["digits_worst"], "points": len(truth.s)}
    method.measured_ = digits | dict(judge or {}) | {"integral": integral.fingerprint()}
    not_saved = "" if model is None else _not_saved(method, model)
    return {
        "digits_mean": digits["mean"], "digits_worst": digits["worst"], "preparation_s": preparation_s,
        "values": estimate.value, "saved": model is not None and not not_saved, "not_saved": not_saved,
        **_timings(method, integral),
    }  # fmt: skip


def refusals(integral_spec: str, wanted: list[tuple[str, dict[str, Any]]]) -> dict[str, str]:
    """Say which of the methods, each with its fields, do not treat the integral, or cannot be had here, and why."""
    integral = references.integral(integral_spec)
    found = {}
    for name, fields in wanted:
        try:
            reason = methods.create(name, **fields).unsupported(integral)
        except (InputError, ImportError) as problem:
            reason = str(problem)
        if reason:
            found[name] = reason
    return found


def processor_seconds() -> float:
    """Seconds that this process, and those that it started and that have ended, have spent on the processor."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _not_saved(method: methods.Method, model: Path) -> str:
    """Save a method, and say why it cannot be saved and loaded again, or nothing; a full disk is an OSError."""
    try:
        method.save(model)
        type(method).load(model, method.integral_)  # type: ignore[attr-defined]
    except OSError:
        raise
    except Exception as problem:  # some methods keep what no file holds, such as a process of their own
        model.unlink(missing_ok=True)
        return " ".join(f"{type(problem).__name__}: {problem}".split())
    return ""


def _timings(method: methods.Method, integral: methods.ParametricIntegral) -> dict[str, Any]:
    """Seconds per integral of calls with one and with the largest batch that does not take too long.

    Each batch predicts the next: a single call may be overhead for the most part, ten times what an integral takes in
    a sum of many terms.
    """
    s = integral.sample(BATCHES[-1], seed=1)
    single = _fastest(method, s[:1])
    batch, seconds = 1, single
    for n in BATCHES:
        if seconds * n / batch > LONGEST_CALL_S:
            break
        batch, seconds = n, _fastest(method, s[:n])
    return {"s_single": single, "s_per_integral": seconds / batch, "batch": batch}


def _fastest(method: methods.Method, s: np.ndarray) -> float:
    return min(stopwatch.call_seconds(lambda: method.integrate(s), timed_s=TIMED_S, warm_up_s=0.01))

"""lattice_qmc on the device: how many digits larger and larger lattices have there, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

import methods
import references
from benchmarks.gpu_measurements.session import Entry, Session, tried
from benchmarks.running import metrics, stopwatch

INTEGRALS = ("box2l", "box1l")

LATTICE_SIZES = (2**11, 2**15, 2**19)
"""About the default, and what takes a GPU to evaluate; with eight shifts each."""

GROWTH = 20.0
"""A lattice is left out where it is predicted to take so many times what the smaller one before took: too long."""

POINTS = 200
"""Uniform points of the truth that it is judged by."""

BATCHES = (1, 1024)

LONGEST_TIMED_S, TIMED_SHARE = 0.3, 0.02
"""Seconds of calls per batch, at most, and as a share of the session's."""


def measure(session: Session) -> Iterator[Entry]:
    """Yield an entry per lattice and integral, the small ones first."""
    clock, seconds = session.clock(), dict.fromkeys(INTEGRALS, 0.0)
    for size in LATTICE_SIZES:
        for name in INTEGRALS:
            entry = {"kind": "lattice", "integral": name, "lattice_size": size}
            start, needed = time.perf_counter(), GROWTH * seconds[name]
            yield tried(entry, lambda i=name, n=size: _figures(i, n, session), clock.reserve(needed))
            seconds[name] = max(seconds[name], time.perf_counter() - start)


def _figures(name: str, size: int, session: Session) -> Entry:
    device, timed_s = session.device, min(LONGEST_TIMED_S, TIMED_SHARE * session.seconds)
    integral, truth = references.integral(name), references.truth(name)
    uniform = np.flatnonzero(truth.uniform)[:POINTS]
    method = methods.create("lattice_qmc", device=device, points=size)
    start = time.perf_counter()
    method.fit(integral)
    stopwatch.synchronise(device)
    fit_s = time.perf_counter() - start
    errors = metrics.relative_errors(method.integrate(truth.s[uniform]).value, truth.value[uniform])
    s = integral.sample(max(BATCHES), seed=1)
    return {
        "details": method.details_,
        "fit_s": fit_s,
        "digits_mean": float(-np.log10(errors).mean()),
        "s_per_integral": stopwatch.batch_timings(method.integrate, s, BATCHES, device=device, timed_s=timed_s),
    }

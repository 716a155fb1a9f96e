"""lattice_qmc on the device: how many digits larger and larger lattices have there, and what they cost."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np

import methods
import references
from benchmarks.gpu_measurements.session import Entry, Session, tried
from benchmarks.running import metrics, stopwatch
from methods.core.budget import Clock

INTEGRALS = ("box2l", "box1l")

MAX_NODES = (20_000, 2**18, 2**22)
"""The default, and what takes a GPU to evaluate."""

POINTS = 200
"""Uniform points of the truth that it is judged by."""

BATCHES = (1, 1024)

LONGEST_TIMED_S, TIMED_SHARE = 0.3, 0.02
"""Seconds of calls per batch, at most, and as a share of the session's."""


def measure(session: Session) -> Iterator[Entry]:
    """Yield an entry per lattice and integral, the small ones first."""
    clock = session.clock()
    for max_nodes in MAX_NODES:
        for name in INTEGRALS:
            entry = {"kind": "lattice", "integral": name, "max_nodes": max_nodes}
            yield tried(entry, lambda i=name, n=max_nodes: _figures(i, n, session, clock), clock)


def _figures(name: str, max_nodes: int, session: Session, clock: Clock) -> Entry:
    device, timed_s = session.device, min(LONGEST_TIMED_S, TIMED_SHARE * session.seconds)
    integral, truth = references.integral(name), references.truth(name)
    uniform = np.flatnonzero(truth.uniform)[:POINTS]
    method = methods.create("lattice_qmc", device=device, max_nodes=max_nodes, epsrel=1e-13)
    start = time.perf_counter()
    method.fit(integral, budget=clock.share(1 / 3).budget)
    stopwatch.synchronise(device)
    fit_s = time.perf_counter() - start
    errors = metrics.relative_errors(method.integrate(truth.s[uniform]).value, truth.value[uniform])
    s = integral.sample(max(BATCHES), seed=1)
    return {
        "details": method.details_,
        "fit_s": fit_s,
        "digits_mean": float(-np.log10(errors).mean()),
        "s_per_integral": stopwatch.of_batches(method.integrate, s, BATCHES, device=device, timed_s=timed_s),
    }

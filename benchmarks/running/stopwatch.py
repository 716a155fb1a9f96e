"""The timing of calls, wherever that happens: threads are limited, calls warm up, the device is waited for."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import threadpoolctl

LONGEST_CALL_S = 10.0
"""A batch predicted to take longer is not timed."""

TIMED_S, WARM_UP_S, FEWEST_CALLS = 1.0, 0.1, 3
"""Calls are timed for TIMED_S seconds, and FEWEST_CALLS at least, after WARM_UP_S seconds that do not count."""

SWEEP_POINTS = 64
"""Points of a sample in calls of fewer integrals. What an adaptive method takes depends on the point: with eight of
them the mean of Cuba's Cuhre on genz_product_peak_6d, which needs 100 ms at epsrel = 1e-4, came out as 19 ms."""

SWEEP_S, FEWEST_POINTS = 2.0, 3
"""A sample whose calls take longer ends there, with so many points at least."""

PROBED = 32
"""Points in the call that predicts once more before a batch is left out: one point takes as long as the call itself
where this is all overhead."""

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
"""Environment variables that libraries read when they are loaded."""

WARM_BY_SMALLER_S = 1.0
"""Calls that are predicted to take longer are warm from the smaller batch before them."""


def batch_timings(
    integrate: Callable[[np.ndarray], Any], s: np.ndarray, batches: Iterable[int], *, device: str = "cpu",
    timed_s: float = TIMED_S,
) -> dict[str, Any]:  # fmt: skip
    """Return {batch: {median, p10, p90} in seconds per integral, or {reason}} for batches of the points s (n, m).

    `batches` ascend: each predicts how long the next takes. In batches up to half of SWEEP_POINTS a sample is the mean
    over a sweep of so many points, or of fewer ones where that takes longer than SWEEP_S. One sweep may be all that is
    timed: it is median, p10 and p90 then. A larger batch has FEWEST_CALLS samples at least.
    """
    timings: dict[str, Any] = {}
    per_integral, largest = 0.0, 0
    for batch in batches:
        if per_integral * batch > LONGEST_CALL_S:
            probed = min(PROBED, batch, int(LONGEST_CALL_S / per_integral))
            if probed > largest:
                points, largest = np.resize(s, (probed, s.shape[1])), probed
                per_integral = _seconds(lambda points=points: integrate(points), device) / probed
        if per_integral * batch > LONGEST_CALL_S:
            timings[str(batch)] = {"reason": f"a batch is predicted to take {per_integral * batch:.0f} s"}
            continue
        warm_up_s = 0.0 if per_integral * batch > WARM_BY_SMALLER_S else WARM_UP_S
        called = np.resize(s, (max(1, SWEEP_POINTS // batch), batch, s.shape[1]))
        warm_up(lambda points=called[0]: integrate(points), warm_up_s, device)
        first: list[float] = []
        for points in called:
            first.append(_seconds(lambda points=points: integrate(points), device))
            if len(first) >= sweep_calls(batch, sum(first) / len(first)):
                break
        called = called[: len(first)]
        again = call_seconds(
            lambda called=called: [integrate(points) for points in called], device=device,
            timed_s=timed_s - sum(first), warm_up_s=0.0, fewest=0 if len(called) > 1 else FEWEST_CALLS - 1,
        )  # fmt: skip
        seconds = [sum(first), *again]
        p10, median, p90 = (float(q) / (len(called) * batch) for q in np.quantile(seconds, [0.1, 0.5, 0.9]))
        timings[str(batch)] = {"median": median, "p10": p10, "p90": p90}
        per_integral, largest = median, batch
    return timings


def call_seconds(
    call: Callable[[], Any], *, device: str = "cpu", timed_s: float = TIMED_S, warm_up_s: float = WARM_UP_S,
    fewest: int = FEWEST_CALLS,
) -> list[float]:  # fmt: skip
    """Return the seconds of each of at least `fewest` calls, `timed_s` in all, after `warm_up_s` of them.

    A call ends when the device has done its work.
    """
    warm_up(call, warm_up_s, device)
    seconds: list[float] = []
    total = 0.0
    while len(seconds) < fewest or total < timed_s:
        seconds.append(_seconds(call, device))
        total += seconds[-1]
    return seconds


def sweep_calls(batch: int, call_s: float) -> int:
    """Return how many calls make a sample, by the integrals of one and its seconds on average."""
    fewest, most = -(-FEWEST_POINTS // batch), max(1, SWEEP_POINTS // batch)
    return most if most * call_s <= SWEEP_S else max(fewest, int(SWEEP_S / call_s))


def warm_up(call: Callable[[], Any], seconds: float, device: str = "cpu") -> float:
    """Make calls for so many seconds, none for 0; return the seconds of the last one."""
    warm = last = 0.0
    while warm < seconds:
        last = _seconds(call, device)
        warm += last
    return last


def _seconds(call: Callable[[], Any], device: str) -> float:
    """Return the seconds of one call."""
    start = time.perf_counter()
    call()
    synchronise(device)
    return time.perf_counter() - start


def synchronise(device: str) -> None:
    """Wait until a device, as torch names it, has done what it was told."""
    kind = device.partition(":")[0]
    if kind != "cpu":
        import torch

        getattr(torch, kind).synchronize()


@functools.lru_cache(maxsize=1)
def thread_pools(threads: int) -> threadpoolctl.ThreadpoolController:
    """Find the loaded libraries that are to use so many threads: 20 ms at first, later 1 to 5 ms.

    With the same number as in the last call nothing is looked for, also in processes forked from this one. With another
    one it is, since libraries that were loaded in the meantime use the number of before.
    """
    return threadpoolctl.ThreadpoolController()


def limit_threads(threads: int) -> None:
    """Have torch, and every library of this process that has threads of its own, use so many threads from now on.

    NumPy's OpenBLAS reads its environment variable when it is loaded, which is long before a run begins: it is told by
    threadpoolctl. Libraries that are loaded later read the variable.
    """
    import torch

    torch.set_num_threads(threads)
    thread_pools(threads).limit(limits=threads)
    for variable in THREAD_VARIABLES:
        os.environ[variable] = str(threads)

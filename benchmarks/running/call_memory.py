"""What a call of `integrate` needs of memory beyond its input and output, as Linux counts it."""

from __future__ import annotations

import ctypes
import gc
import time
from pathlib import Path
from typing import Any

import numpy as np

import methods
import references
from benchmarks.running import stopwatch
from methods.base import Method

PILOT = 1024
"""Points of the call that tells how many can be computed in time."""

FEWEST = 4096
"""Points of a call at least."""


def needed_bytes(method: Method, s: np.ndarray) -> float:
    """Return the bytes that a call for s (n, m) needs beyond s and what it returns."""
    gc.collect()
    if hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)  # else what earlier calls have freed is at hand, and does not count
    Path("/proc/self/clear_refs").write_text("5")  # Linux counts the peak anew
    before = _status("VmRSS")
    value, error, _ = method.integrate(s)
    return max(0.0, _status("VmHWM") - before - value.nbytes - error.nbytes)


def _status(key: str) -> float:
    """Return a size of this process in bytes, which Linux gives in KiB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024.0 * next(int(line.split()[1]) for line in lines if line.startswith(f"{key}:"))


def measured(name: str, fields: dict[str, Any], integral_name: str, n: int, seconds: float) -> dict[str, float | int]:
    """Fit a method and call it; return {points, bytes, growth}, growth in bytes per point between n/4 and n."""
    stopwatch.limit_threads(1)
    integral = references.integral(integral_name)
    method = methods.create(name, **fields).fit(integral)
    few = integral.sample(PILOT, seed=1)
    method.integrate(few)  # what is made once, at the first call, is no part of the next
    start = time.perf_counter()
    method.integrate(few)
    per_point = (time.perf_counter() - start) / PILOT
    points = int(min(n, max(FEWEST, seconds / per_point)))
    s = np.resize(integral.sample(2**16, seed=1), (points, integral.m))
    quarter = needed_bytes(method, s[: points // 4])
    whole = needed_bytes(method, s)
    return {"points": points, "bytes": whole, "growth": (whole - quarter) / (points - points // 4)}

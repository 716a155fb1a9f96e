"""How calls are timed, wherever that happens: threads limited, machine unshared, warmed up, the device waited for."""

from __future__ import annotations

import contextlib
import fcntl
import os
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

LONGEST_CALL_S = 10.0
"""A batch predicted to take longer is not timed."""

TIMED_S, WARM_UP_S, FEWEST_CALLS = 1.0, 0.1, 3
"""Calls are timed for TIMED_S seconds, and FEWEST_CALLS at least, after WARM_UP_S seconds that do not count."""

PROBED = 32
"""Points in the call that predicts once more before a batch is left out: one point takes as long as the call itself
where this is all overhead."""

WARM_BY_SMALLER_S = 1.0
"""Calls that are predicted to take longer are warm from the smaller batch before them."""

SHARED = "another run shared the machine"


class Shared(RuntimeError):
    """Raised where timings would be nobody's, because another run shares the machine."""


def of_batches(
    integrate: Callable[[np.ndarray], Any], s: np.ndarray, batches: Iterable[int], *, device: str = "cpu",
    timed_s: float = TIMED_S,
) -> dict[str, Any]:  # fmt: skip
    """Return {batch: {median, p10, p90} in seconds per integral, or {reason}} for batches of the points s (n, m).

    `batches` ascend: each predicts how long the next takes.
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
        points = np.resize(s, (batch, s.shape[1]))
        warm_up_s = 0.0 if per_integral * batch > WARM_BY_SMALLER_S else WARM_UP_S
        seconds = of_calls(lambda points=points: integrate(points), device=device, timed_s=timed_s, warm_up_s=warm_up_s)
        p10, median, p90 = (float(q) / batch for q in np.quantile(seconds, [0.1, 0.5, 0.9]))
        timings[str(batch)] = {"median": median, "p10": p10, "p90": p90}
        per_integral, largest = median, batch
    return timings


def of_calls(
    call: Callable[[], Any], *, device: str = "cpu", timed_s: float = TIMED_S, warm_up_s: float = WARM_UP_S
) -> list[float]:
    """Return the seconds of each call after `warm_up_s` of them; a call ends when the device has done its work."""
    warm = 0.0
    while warm < warm_up_s:
        warm += _seconds(call, device)
    seconds: list[float] = []
    total = 0.0
    while len(seconds) < FEWEST_CALLS or total < timed_s:
        seconds.append(_seconds(call, device))
        total += seconds[-1]
    return seconds


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


def limit_threads(threads: int) -> None:
    """Have torch, and libraries that are loaded later, use so many threads."""
    import torch

    torch.set_num_threads(threads)
    os.environ["OMP_NUM_THREADS"] = str(threads)


@contextlib.contextmanager
def unshared_machine() -> Iterator[Callable[[], bool]]:
    """Take part in a lock that every run on this machine shares; yield a test whether this run is the only one.

    A run that is alone when it asks keeps the others waiting until it ends: timings take seconds.
    """
    with _lock_path().open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)

        def alone() -> bool:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                # The attempt gave up the shared lock.
                fcntl.flock(lock, fcntl.LOCK_SH)
                return False
            return True

        yield alone


def is_shared() -> bool:
    """Tell whether a run shares the machine now."""
    with unshared_machine() as alone:
        return not alone()


def require(alone: Callable[[], bool]) -> None:
    """Raise Shared unless this run is the only one."""
    if not alone():
        raise Shared(SHARED)


def wait_for_others() -> None:
    """Wait until no run is being timed, so that waiting does not count against the next one's time limit."""
    with _lock_path().open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)


def _lock_path() -> Path:
    return Path(tempfile.gettempdir()) / f"loopmark-{os.getuid()}.lock"

"""Whether the locks of `benchmarks.running.machine_lock` are free."""

from __future__ import annotations

from benchmarks.running import machine_lock
from methods.base import InputError


def is_shared() -> bool:
    """Tell whether anybody shares the machine now, times on it or waits to; this process counts too."""
    try:
        with machine_lock.alone(limit_s=machine_lock.LONGEST_PAUSE_S):  # others pass the turnstile faster than that
            return False
    except InputError as problem:
        if "start again when it has done" not in str(problem):
            raise
        return True

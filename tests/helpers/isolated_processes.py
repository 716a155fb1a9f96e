"""Calls in processes of their own with a limit that a busy machine keeps, and what is left of processes."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from benchmarks.running import isolated

LIMIT_S = 120.0
"""Of functions that end of themselves, on a machine that does other things too."""


def call(function, *args, **limits):
    return isolated.call(function, *args, **({"time_limit": LIMIT_S} | limits))


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be buried does not."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def ends(pid: int, limit_s: float = LIMIT_S) -> bool:
    """Wait for the end of a process that nobody here waits for, so many seconds at most."""
    deadline = time.monotonic() + limit_s
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not alive(pid)


def number_in(path: Path) -> int:
    """Wait for a file with a number."""
    deadline = time.monotonic() + LIMIT_S
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return int(path.read_text())

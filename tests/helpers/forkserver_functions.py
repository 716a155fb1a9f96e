"""Functions for a process of their own that tell what it found there when it began."""

from __future__ import annotations

import os
import signal
import sys

from benchmarks.running import run


def huge_pages_in(maps):
    from benchmarks.running import shared_pages

    return [list(found) for found in shared_pages.own_memory(maps.splitlines())]


def modules_imported_by(task):
    before = set(sys.modules)
    next(run.fit_and_judge(task))
    return sorted(set(sys.modules) - before)


def supervisor_and_signals():
    """Return the supervisor's identifier, and whether ended children wake up anybody here."""
    woken_up = signal.getsignal(signal.SIGCHLD) != signal.SIG_DFL or signal.set_wakeup_fd(-1) != -1
    return [os.getppid(), woken_up]

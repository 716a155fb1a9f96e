"""Calls in processes of their own, one after the other, that wait while another suite times on this machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from benchmarks.running import isolated, machine_lock


def call(function: Callable[..., Any], *args: Any, time_limit: float) -> isolated.Outcome:
    """Call a function as `isolated.call` does, when nobody times; says on stderr whom it waits for."""
    with machine_lock.sharing(say=lambda sentence: print(sentence, file=sys.stderr, flush=True)):
        return isolated.call(function, *args, time_limit=time_limit)

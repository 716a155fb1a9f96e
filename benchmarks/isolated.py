"""Run a function in a process of its own, with a time and a memory limit; whatever happens ends that process only.

Processes come from a forkserver that has NumPy and torch loaded: one starts, answers and is gone in 27 ms; a fresh
interpreter needs 1.2 s to start. Each is the leader of its own session, so that its children can be ended with it, and
dies with the suite.
"""

from __future__ import annotations

import contextlib
import dataclasses
import fcntl
import multiprocessing
import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection, wait
from typing import Any

PRELOADED = ["numpy", "sympy", "torch", "methods.base", "benchmarks.run"]

POLL_S = 1.0
"""Seconds between looks at the memory of a run. A look reads the list of all processes: 3 ms where there are 64."""

LAST_WORDS = 400
"""Characters of a crashed run's standard error that its reason quotes."""


@dataclasses.dataclass(frozen=True)
class Outcome:
    """How a call ended: a status of the record, the reason where it is not ok, and what the function returned."""

    status: str
    reason: str | None = None
    result: Any = None


def call(function: Callable[..., Any], *args: Any, time_limit: float, memory_limit: float | None = None) -> Outcome:
    """Return the outcome of ``function(*args)`` in a process of its own.

    Parameters
    ----------
    function, args
        Importable, and picklable.
    time_limit : float
        Seconds of wall time.
    memory_limit : float, optional
        Bytes of resident memory of the process and its children together; default 80 % of this machine's.
    """
    import psutil

    limit = memory_limit or 0.8 * psutil.virtual_memory().total
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    receiver, sender = context.Pipe(duplex=False)
    lifeline, held = context.Pipe(duplex=False)
    with tempfile.NamedTemporaryFile() as output:
        process = context.Process(target=_child, args=(sender, lifeline, output.name, function, args))
        process.start()
        sender.close()
        lifeline.close()
        try:
            outcome = _watch(process, receiver, time.monotonic() + time_limit, time_limit, limit)
            if outcome is None:
                output.seek(0)
                words = output.read().decode(errors="replace").strip()[-LAST_WORDS:]
                outcome = Outcome("crashed", _epitaph(process.exitcode, words))
        finally:
            _end(process)
            held.close()
            receiver.close()
    return outcome


def _watch(
    process: Any, receiver: Connection, deadline: float, time_limit: float, memory_limit: float
) -> Outcome | None:
    """Wait for the outcome that the child sends; None where it dies without a word."""
    while True:
        if receiver in wait([receiver, process.sentinel], timeout=POLL_S):
            try:
                return Outcome(*receiver.recv())
            except EOFError:
                process.join()
                return None
        if process.exitcode is not None and not receiver.poll():
            return None
        if time.monotonic() > deadline:
            return Outcome("timeout", f"The run was ended after its time limit of {time_limit:.0f} s.")
        used = _resident_bytes(process.pid)
        if used > memory_limit:
            return Outcome(
                "out_of_memory", f"The run was ended at {used / 2**20:.0f} MiB of {memory_limit / 2**20:.0f}."
            )


def _resident_bytes(pid: int) -> int:
    import psutil

    total = 0
    with contextlib.suppress(psutil.Error):
        root = psutil.Process(pid)
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.Error):
                total += process.memory_info().rss
    return total


def _epitaph(exitcode: int | None, words: str) -> str:
    how = f"exit code {exitcode}"
    if exitcode is not None and exitcode < 0:
        how = f"signal {signal.Signals(-exitcode).name}"
    return f"The process died with {how}; its last words: {words or 'none'}"


def _end(process: Any) -> None:
    """End the process and all that it started: its session is its own."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()
    process.join()


def _child(
    sender: Connection, lifeline: Connection, output: str, function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    os.setsid()
    _die_with_suite(lifeline)
    with contextlib.suppress(OSError):
        descriptor = os.open(output, os.O_WRONLY | os.O_APPEND)
        for stream in (1, 2):
            os.dup2(descriptor, stream)
    try:
        outcome: tuple[Any, ...] = ("ok", None, function(*args))
    except BaseException as problem:
        outcome = (*_diagnose(problem), None)
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    sender.send(outcome)
    sender.close()


def _diagnose(problem: BaseException) -> tuple[str, str]:
    """Return status and reason of an exception; torch reports a lack of memory as a RuntimeError."""
    text = " ".join(str(problem).split())
    if isinstance(problem, MemoryError) or "out of memory" in text.lower() or "can't allocate memory" in text:
        return "out_of_memory", f"{type(problem).__name__}: {text}"
    return "failed", f"{type(problem).__name__}: {text}"


def _die_with_suite(lifeline: Connection) -> None:
    """Have Linux kill this session when the other end of `lifeline` closes, that is when the suite dies.

    The kernel does it, so it works while native code holds the interpreter. Elsewhere this does nothing. (The parent of
    this process is the forkserver, and that lives as long as its children do.)
    """
    if hasattr(fcntl, "F_SETSIG"):
        descriptor = lifeline.fileno()
        fcntl.fcntl(descriptor, fcntl.F_SETOWN, -os.getpgrp())
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGKILL)
        fcntl.fcntl(descriptor, fcntl.F_SETFL, fcntl.fcntl(descriptor, fcntl.F_GETFL) | os.O_ASYNC)
        if lifeline.poll():  # closed before this was in place
            os._exit(1)

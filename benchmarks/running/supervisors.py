"""Supervisors: the processes that watch over runs (`benchmarks.running.isolated_supervisor`), one run after the other.

They come from a forkserver that has NumPy and torch loaded, since a fresh interpreter needs seconds to start. Each is
a copy of all that it has: to start one and to end it takes 15 ms of processor time, a quarter of what a run costs
beyond its method. So those of a suite wait for its next run.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import multiprocessing.util
import os
import signal
import socket
import sys
import threading
import types
from collections.abc import Iterator
from multiprocessing.connection import wait
from typing import Any, Self

import psutil

from benchmarks.running import isolated_supervisor, socket_folder, stopwatch, supervisor_orders
from benchmarks.running.supervisor_orders import Ends, Order

PRELOADED = [
    "encodings.cp437",  # of zip files, which NumPy's are
    "numpy",
    "numpy.fft",
    "numpy.polynomial",
    "numpy.random",
    "sympy",
    "sympy.codegen.ast",  # its writer of code
    "sympy.tensor.tensor",  # its printer of NumPy code
    "threadpoolctl",
    "torch",
    "torch._dynamo",  # the first optimiser of a process imports it: 1.4 s that are no method's
    "platformdirs",
    "methods.core.integrand",
    "methods.chebyshev",
    "methods.differential_mlp",
    "methods.gauss_legendre",  # of most labels
    "methods.total_degree",
    "references.integrals.catalogue",
    "references.integrals.double_box",
    "references.integrals.ngon",
    "benchmarks.running.run",
    "benchmarks.running.isolated_supervisor",
    "benchmarks.running.first_runs",
    "benchmarks.running.shared_pages",  # the last: it finds what the others have left in memory
]
"""Modules that the forkserver imports once, so that no run has to: all that most runs were found to import."""

END_LIMIT_S = 10.0
"""Killed processes end within milliseconds, unless a device or a network disk holds them."""

_STARTING = threading.Lock()
"""Starting or joining a process looks at all others too, which threads must not do at once."""


class Supervisor:
    """A process that is given one run after the other."""

    def __init__(self) -> None:
        context: Any = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._orders, theirs = socket.socketpair()
        try:
            self._process = context.Process(target=isolated_supervisor.supervise, args=(theirs,))
            with _STARTING, _deaf_to_interrupts(), _without_main_module(), _one_thread_each():
                socket_folder.claim()
                multiprocessing.forkserver.ensure_running()
                self._process.start()
        except BaseException:
            self._orders.close()
            raise
        finally:
            theirs.close()
        # Where nobody ends it, since this process was interrupted: Python waits for all processes when it ends.
        multiprocessing.util.Finalize(self, self._orders.close, exitpriority=0)

    def is_alive(self) -> bool:
        """Tell whether it could be given a run: it says nothing on this connection, which its death closes."""
        return not wait([self._orders], 0)

    def give(self, order: Order, ends: Ends) -> None:
        """Give it a run and its ends of that run's connections; raises OSError where it has died."""
        supervisor_orders.send(self._orders, order, ends)

    def end(self) -> None:
        """Let it end, now that its run has ended."""
        self._orders.close()
        with _STARTING:
            self._process.join(END_LIMIT_S)
            with contextlib.suppress(ValueError):  # it lives on in the kernel, killed
                self._process.close()

    def kill(self) -> None:
        """Kill it, since it does not answer, and all below it."""
        with contextlib.suppress(psutil.Error):
            supervisor = psutil.Process(self._process.pid)
            for process in [*supervisor.children(recursive=True), supervisor]:
                with contextlib.suppress(psutil.Error):
                    process.kill()
        self.end()


class Supervisors:
    """A pool of supervisors, which within its context keeps those that have nothing to do, for the next run."""

    def __init__(self) -> None:
        self._lock, self._is_open = threading.Lock(), False
        self._waiting: list[Supervisor] = []

    def __enter__(self) -> Self:
        self._is_open = True
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._is_open = False
            waiting, self._waiting = self._waiting, []
        for supervisor in waiting:
            supervisor.end()

    def take(self) -> Supervisor:
        """Return one that waits, or start one."""
        while True:
            with self._lock:
                supervisor = self._waiting.pop() if self._waiting else None
            if supervisor is None:
                return Supervisor()
            if supervisor.is_alive():
                return supervisor
            supervisor.end()

    def give_back(self, supervisor: Supervisor) -> None:
        """Let one whose run has ended wait for the next, or end outside of the context."""
        with self._lock:
            if self._is_open:
                self._waiting.append(supervisor)
                return
        supervisor.end()


@contextlib.contextmanager
def _without_main_module() -> Iterator[None]:
    """Keep multiprocessing from running the main module, a command of ours or anybody's script, again in each child."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Have libraries that the forkserver loads start with one thread, until a run asks for more.

    OpenBLAS starts its other threads again in each forked process, and they wait for work by spinning: they took more
    than half of the processor time of a short run, on a CPU that is another run's.
    """
    before = {name: os.environ.get(name) for name in stopwatch.THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(before, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Keep Ctrl-C waiting, and from whatever process is started: none shall print that it was interrupted.

    The forkserver and a run share the suite's process group until they have finished importing, or have a session.
    """
    multiprocessing.resource_tracker.ensure_running()  # it would end the waiting
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

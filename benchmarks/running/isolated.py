"""Call a function in a process of its own, with a time and a memory limit; whatever happens ends that process only.

    outcome = isolated.call(function, *args, time_limit=60.0)

Processes come from a forkserver that has NumPy and torch loaded: a fresh interpreter needs seconds to start. What the
function returns comes back as JSON and arrays, never as pickles (`benchmarks.running.isolated_messages`); who watches
over it and ends all that it starts is told in `benchmarks.running.isolated_worker`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.forkserver
import multiprocessing.resource_tracker
import os
import signal
import sys
import threading
import time
import types
from collections.abc import Callable, Collection, Iterator
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any, Self

import psutil

from benchmarks.running import isolated_messages as messages
from benchmarks.running import isolated_worker, memory_use, socket_folder, stopwatch
from benchmarks.running.isolated_messages import Infrastructure, Outcome

__all__ = ["PRELOADED", "Infrastructure", "Outcome", "Process", "call"]

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
    "benchmarks.running.isolated_worker",
    "benchmarks.running.first_runs",
    "benchmarks.running.shared_pages",  # the last: it finds what the others have left in memory
]
"""Modules that the forkserver imports once, so that no run has to: all that most runs were found to import."""

LONGEST_WAIT_S = 3600.0
"""The system's own waiting takes no time limit of centuries."""

END_LIMIT_S = 10.0
"""Killed processes end within milliseconds, unless a device or a network disk holds them."""

_STARTING = threading.Lock()
"""Starting or joining a process looks at all others too, which threads must not do at once."""


def call(
    function: Callable[..., Any],
    *args: Any,
    time_limit: float,
    memory_limit: float | None = None,
    cpus: Collection[int] | None = None,
) -> Outcome:
    """Return the outcome of ``function(*args)`` in a process of its own, which has ended then with all that it started.

    Parameters
    ----------
    function, args
        Importable, and picklable. The function may raise `Infrastructure` for a fault that is not its own.
    time_limit : float
        Seconds of wall time.
    memory_limit : float, optional
        Bytes that the process and its descendants may use together, shared pages counted once; default 80 % of the
        machine's or the container's. It is looked at once a second.
    cpus : collection of int, optional
        Where the process may run, on systems that have ``os.sched_setaffinity``.
    """
    with Process(function, *args, time_limit=time_limit, memory_limit=memory_limit, cpus=cpus) as process:
        return process.outcome()


class Process:
    """A function in a process of its own that may have more than one thing to say: parameters as of `call`.

    Nothing of the function runs before the first `outcome` is asked for. A function that is a generator runs until it
    yields, then waits, its memory kept, until it is asked again.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        *args: Any,
        time_limit: float,
        memory_limit: float | None = None,
        cpus: Collection[int] | None = None,
    ):
        self._time_limit = time_limit
        self._last: Outcome | None = None
        self._received = bytearray()
        self._process: Any = None
        self._connections: list[Connection] = []
        try:
            self._start(
                ForkingPickler.dumps((function, args)),
                cpus,
                memory_use.allowed_bytes() if memory_limit is None else memory_limit,
            )
        except Exception as problem:
            sentence = f"No process could be started for the function: {type(problem).__name__}: {problem}"
            self._last = Outcome("infrastructure", messages.one_line(sentence))
            self.end()
        except BaseException:
            self.end()
            raise

    def outcome(self, time_limit: float | None = None) -> Outcome:
        """Wait for the result of the function or, of a generator, for what it yields next.

        Parameters
        ----------
        time_limit : float, optional
            Seconds from now; default those of the constructor.

        Returns
        -------
        Outcome
            Of a process that has ended, every further one is that of its end.
        """
        if self._last is None:
            limit = self._time_limit if time_limit is None else time_limit
            with contextlib.suppress(BrokenPipeError):  # it died while nobody asked: the report says how
                os.write(self._commands.fileno(), b"?")
            message = self._message(time.monotonic() + limit)
            if message is not None:
                try:
                    return messages.decoded(message)
                except ValueError as problem:
                    self._last = Outcome("crashed", messages.one_line(str(problem)))
            report = self._ended()
            self._last = self._last or self._judged(report, limit)
        return self._last

    def end(self) -> None:
        """End the process and all that it started, whatever session that is in."""
        self._last = self._last or Outcome("infrastructure", "The process has been ended, and can say nothing more.")
        self._ended()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def _start(self, function_and_args: Any, cpus: Collection[int] | None, memory_limit: float) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        pipes = []
        for _ in range(4):
            pipes.append(context.Pipe(duplex=False))
            self._connections += pipes[-1]
        (lifeline, self._lifeline), (commands, self._commands) = pipes[:2]
        (self._results, results), (self._report, report) = pipes[2:]
        theirs = (lifeline, commands, results, report)
        arguments = (*theirs, bytes(function_and_args), cpus, memory_limit)
        process = context.Process(target=isolated_worker.supervise, args=arguments)
        with _STARTING, _deaf_to_interrupts(), _without_main_module(), _one_thread_each():
            socket_folder.claim()
            multiprocessing.forkserver.ensure_running()
            process.start()
        self._process = process
        for connection in theirs:
            connection.close()

    def _message(self, deadline: float) -> bytes | None:
        """Return the next message, or None where the process ends, or the time, before it is complete."""
        sources = [self._results, self._report]
        while (message := self._complete_message()) is None:
            left = deadline - time.monotonic()
            ready = wait(sources, timeout=min(left, LONGEST_WAIT_S)) if left > 0 else []
            if self._results in ready:
                piece = os.read(self._results.fileno(), 2**20)
                self._received += piece
                if not piece:
                    sources.remove(self._results)
            elif self._report in ready or left <= 0:
                return None
        return message

    def _complete_message(self) -> bytes | None:
        """Take a message, which follows its length in eight bytes, from what was received; None before its end."""
        size = int.from_bytes(self._received[:8], "big")
        if len(self._received) < 8 or (len(self._received) < 8 + size <= 8 + messages.LARGEST_MESSAGE):
            return None
        message = bytes(self._received[8 : 8 + size])
        del self._received[: 8 + size]
        return message

    def _judged(self, report: Outcome | None, limit: float) -> Outcome:
        """Return the outcome of a process that said nothing before its end or its time limit."""
        if report is None:
            return Outcome("infrastructure", "The process that watches over the function was ended by another.")
        if report.status == "timeout":
            reason = f"The run was ended after its time limit of {limit:.0f} s."
            return Outcome("timeout", reason, None, report.traceback)
        return report

    def _ended(self) -> Outcome | None:
        """End the process, and return what its supervisor reports."""
        process, self._process = self._process, None
        report = None
        if process is not None:
            self._lifeline.close()
            report = self._last_report(process.pid)
            with _STARTING:
                process.join(END_LIMIT_S)
                with contextlib.suppress(ValueError):  # it lives on in the kernel, killed
                    process.close()
        for connection in self._connections:
            connection.close()
        self._connections = []
        return report

    def _last_report(self, pid: int) -> Outcome | None:
        """Read the supervisor's last message; None where it was killed before it could send one."""
        said = None
        deadline = time.monotonic() + END_LIMIT_S
        try:
            while self._report.poll(max(0.0, deadline - time.monotonic())):
                said = messages.decoded(self._report.recv_bytes())
        except (EOFError, OSError, ValueError):
            return said
        _kill_all(pid)
        return said


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


def _kill_all(pid: int) -> None:
    """Kill a supervisor that does not answer, and all below it."""
    with contextlib.suppress(psutil.Error):
        supervisor = psutil.Process(pid)
        for process in [*supervisor.children(recursive=True), supervisor]:
            with contextlib.suppress(psutil.Error):
                process.kill()

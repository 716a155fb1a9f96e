"""Call a function in a process of its own, with a time and a memory limit; whatever happens ends that process only.

    outcome = isolated.call(function, *args, time_limit=60.0)

What the function returns comes back as JSON and arrays, never as pickles (`benchmarks.running.isolated_messages`); who
watches over it and ends all that it starts is told in `benchmarks.running.isolated_supervisor`, and where processes
come from in `benchmarks.running.supervisors`.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
from collections.abc import Callable, Collection
from multiprocessing.connection import Connection, wait
from multiprocessing.reduction import ForkingPickler
from typing import Any, Self

from benchmarks.running import isolated_messages as messages
from benchmarks.running import memory_use
from benchmarks.running.isolated_messages import Infrastructure, Outcome
from benchmarks.running.supervisor_orders import Ends, Order
from benchmarks.running.supervisors import END_LIMIT_S, Supervisor, Supervisors

__all__ = ["Infrastructure", "Outcome", "Process", "Supervisors", "call"]

LONGEST_WAIT_S = 3600.0
"""The system's own waiting takes no time limit of centuries."""


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
    """A function in a process of its own that may have more than one thing to say.

    Parameters are those of `call`, and `supervisors`: the pool that the process which watches over it comes from, and
    goes back to. By default it is a new one, which ends.

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
        supervisors: Supervisors | None = None,
    ):
        self._time_limit = time_limit
        self._last: Outcome | None = None
        self._received = bytearray()
        self._supervisors = supervisors or Supervisors()
        self._supervisor: Supervisor | None = None
        self._connections: list[Connection] = []
        try:
            function_and_args = bytes(ForkingPickler.dumps((function, args)))
            limit = memory_use.allowed_bytes() if memory_limit is None else memory_limit
            self._start(Order(function_and_args, cpus, limit))
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

    def _start(self, order: Order) -> None:
        pipes = []
        for _ in range(4):
            pipes.append(multiprocessing.Pipe(duplex=False))
            self._connections += pipes[-1]
        (lifeline, self._lifeline), (commands, self._commands) = pipes[:2]
        (self._results, results), (self._report, report) = pipes[2:]
        theirs = Ends(lifeline, commands, results, report)
        supervisor = self._supervisors.take()
        try:
            supervisor.give(order, theirs)
        except BaseException:
            supervisor.kill()
            raise
        self._supervisor = supervisor
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
        supervisor, self._supervisor = self._supervisor, None
        report = None
        if supervisor is not None:
            self._lifeline.close()
            report, has_ended = self._last_report()
            if not has_ended:
                supervisor.kill()
            elif report is None:
                supervisor.end()
            else:
                self._supervisors.give_back(supervisor)
        for connection in self._connections:
            connection.close()
        self._connections = []
        return report

    def _last_report(self) -> tuple[Outcome | None, bool]:
        """Read the supervisor's report, None where it was killed before it could send one; tell whether the run ended.

        The supervisor closes its end of the connection when nothing of the run is left.
        """
        said = None
        deadline = time.monotonic() + END_LIMIT_S
        try:
            while self._report.poll(max(0.0, deadline - time.monotonic())):
                said = messages.decoded(self._report.recv_bytes())
        except (EOFError, OSError, ValueError):
            return said, True
        return said, False

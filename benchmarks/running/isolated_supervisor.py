"""The supervisor of isolated calls: it starts a worker for each, watches over it, and ends all that it started.

    suite ─ forkserver ─ supervisor ─ worker ─ whatever the function starts

The supervisor runs no code of the function, so native code that holds the worker's interpreter cannot stop it. It is
the leader of a session, which no Ctrl-C reaches, and on Linux the "subreaper" of all below it: a process whose parent
has ended becomes its child, whatever session it made. So the supervisor knows that nothing is left when it has no
child left. It ends them all when the worker ends, when together they use too much memory, and when the suite closes
the lifeline or dies, which closes it too. Elsewhere than on Linux, orphans that left the worker's session stay.

Then it waits for the next call, and forks a worker (`isolated_worker.py`) that has seen nothing of the one before.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import time
from multiprocessing.connection import Connection, wait
from typing import Any

import psutil

from benchmarks.running import isolated_messages as messages
from benchmarks.running import isolated_worker, memory_use, supervisor_orders
from benchmarks.running.isolated_messages import Outcome
from benchmarks.running.linux_processes import SET_CHILD_SUBREAPER, prctl
from benchmarks.running.supervisor_orders import Ends, Order

LOOK_S = 1.0
"""Seconds between looks at the memory of a run. A look reads the list of all processes: 3 ms where there are 64."""

LAST_OUTPUT = 4_000
"""Bytes of the output that are kept."""

QUOTED_OUTPUT = 400
"""Characters of the output that a reason quotes."""


def supervise(orders: socket.socket) -> None:
    """Take one order after the other, until the suite closes its end or dies; runs in a process of its own."""
    os.setsid()
    prctl(SET_CHILD_SUBREAPER, 1)
    while (received := supervisor_orders.receive(orders)) is not None:
        _supervise_one(orders, *received)


def _supervise_one(orders: socket.socket, order: Order, ends: Ends) -> None:
    """Start the worker, watch it, end all that it started, and say on `ends.report` how it ended."""
    output, written = os.pipe()
    supervisor = os.getpid()
    worker = os.fork()
    if worker == 0:
        for closed in (orders, ends.lifeline, ends.report):
            closed.close()
        os.close(output)
        isolated_worker.work(supervisor, ends.commands, ends.results, written, order)
    ends.commands.close()
    ends.results.close()
    os.close(written)
    watch = _Watch(worker, ends.lifeline, output, order.memory_limit)
    outcome = watch.until_the_end()
    watch.end_descendants()
    watch.read_output(seconds=0.0)
    watch.close()
    text = watch.last_output.decode("utf-8", "replace")
    if outcome.status == "crashed":
        quoted = " ".join(text.split())[-QUOTED_OUTPUT:] or "none"
        outcome = Outcome("crashed", f"The process died with {_how(watch.exit_status)}; its last output: {quoted}")
    outcome = Outcome(outcome.status, outcome.reason, None, messages.last_lines(text) or None)
    with contextlib.suppress(BrokenPipeError):  # the suite has died
        ends.report.send_bytes(messages.encoded(outcome))
    ends.lifeline.close()
    ends.report.close()


class _Watch:
    """Looks after a worker and all below it."""

    def __init__(self, worker: int, lifeline: Connection, output: int, memory_limit: float):
        self.last_output = b""
        self.exit_status: int | None = None
        self._worker = worker
        self._lifeline = lifeline
        self._output: int | None = output
        self._memory_limit = memory_limit
        self._children_ended, self._wake_up = os.pipe()
        for descriptor in (output, self._children_ended, self._wake_up):
            os.set_blocking(descriptor, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # a signal without a handler wakes nobody up
        signal.set_wakeup_fd(self._wake_up, warn_on_full_buffer=False)

    def until_the_end(self) -> Outcome:
        """Return how the run ended: of itself, by its memory, or because the suite wants it to."""
        next_look = time.monotonic() + LOOK_S
        while True:
            self._reap()
            if self.exit_status is not None:
                return Outcome("crashed")
            if self._lifeline in self.read_output(seconds=max(0.0, next_look - time.monotonic())):
                return Outcome("timeout")
            if time.monotonic() >= next_look:
                used = memory_use.used_bytes(self._descendants(), self._memory_limit)
                if used > self._memory_limit:
                    allowed = f"of {self._memory_limit / 2**20:.0f} MiB that it may use"
                    return Outcome("out_of_memory", f"The run was ended at {used / 2**20:.0f} MiB {allowed}.")
                next_look = time.monotonic() + LOOK_S

    def read_output(self, seconds: float) -> list[Any]:
        """Wait for output, an ended child or the lifeline, so many seconds at most; keep the end of the output."""
        watched = [self._lifeline, self._children_ended, *([] if self._output is None else [self._output])]
        ready = wait(watched, timeout=seconds)
        if self._children_ended in ready:
            os.read(self._children_ended, 4096)
        if self._output in ready:
            piece = os.read(self._output, 2**16)
            self.last_output = (self.last_output + piece)[-LAST_OUTPUT:]
            if not piece:
                os.close(self._output)
                self._output = None
        return ready

    def end_descendants(self) -> None:
        """Kill until no child is left; children that are started meanwhile are found in the next turn."""
        if self.exit_status is None:
            os.kill(self._worker, signal.SIGKILL)
            select.select([self._children_ended], [], [], 0.1)  # most runs have no other process
        pause = 0.001
        while self._reap():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._worker, signal.SIGKILL)
            for process in self._descendants():
                with contextlib.suppress(psutil.Error):
                    process.kill()
            time.sleep(pause)
            pause = min(2 * pause, 0.1)  # some may not be killed, as those of another user

    def close(self) -> None:
        """Handle signals as before the worker was started, since the next one inherits that."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        for descriptor in (self._children_ended, self._wake_up, self._output):
            if descriptor is not None:
                os.close(descriptor)

    def _descendants(self) -> list[psutil.Process]:
        return psutil.Process().children(recursive=True)

    def _reap(self) -> bool:
        """Take note of the children that have ended, and tell whether any is left."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self._worker:
                self.exit_status = os.waitstatus_to_exitcode(status)


def _how(exit_status: int | None) -> str:
    if exit_status is None or exit_status >= 0:
        return f"exit code {exit_status}"
    names = {int(number): number.name for number in signal.Signals}
    return f"signal {names.get(-exit_status, -exit_status)}"

"""The worker of an isolated call: it calls the function, and answers each byte of the suite by a message.

It is forked by a supervisor (`isolated_supervisor.py`), and ends where that one does.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import traceback
import types
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from typing import Any, NoReturn

from benchmarks.running import isolated_messages as messages
from benchmarks.running.isolated_messages import Infrastructure, Outcome
from benchmarks.running.linux_processes import SET_PARENT_DEATH_SIGNAL, prctl
from benchmarks.running.supervisor_orders import Order

NOTHING_MORE = Outcome("failed", "The function has ended and says nothing more.")


def work(supervisor: int, commands: Connection, results: Connection, output: int, order: Order) -> NoReturn:
    """Answer each byte on `commands` by a message on `results`, until there is nobody who asks."""
    try:
        os.setsid()
        prctl(SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() == supervisor:  # it may have ended before the signal was asked for
            said = _said(output, order)
            while os.read(commands.fileno(), 1):
                message = next(said, None) or messages.encoded(NOTHING_MORE)
                _send(results.fileno(), message)
    except BaseException:
        traceback.print_exc()
        os._exit(1)
    finally:
        os._exit(0)  # the frames above belong to the supervisor


def _send(descriptor: int, message: bytes) -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError, OSError):  # the function may have closed it
            stream.flush()
    with open(descriptor, "wb", closefd=False) as pipe:
        pipe.write(len(message).to_bytes(8, "big"))
        pipe.write(message)


def _said(output: int, order: Order) -> Iterator[bytes]:
    """Yield a message for each result of the function: one, or those of a generator."""
    try:
        function, args = _prepared(output, order)
    except BaseException as problem:
        sentence = f"The function could not be called in a process of its own: {messages.words(problem)}"
        yield messages.encoded(Outcome("infrastructure", messages.one_line(sentence), None, _traceback(problem)))
        return
    try:
        result = function(*args)
        for item in result if isinstance(result, types.GeneratorType) else [result]:
            yield messages.encoded(Outcome("ok", result=item))
    except BaseException as problem:
        yield messages.encoded(_diagnosis(problem))


def _prepared(output: int, order: Order) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """Return the function and its arguments, this process being where, and writing to what, it should."""
    if order.cpus is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, order.cpus)
    for stream in (1, 2):
        os.dup2(output, stream)
    os.close(output)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    return ForkingPickler.loads(order.call)


def _diagnosis(problem: BaseException) -> Outcome:
    """Return the outcome of an exception."""
    words = messages.one_line(str(problem) if isinstance(problem, messages.Unsendable) else messages.words(problem))
    status = "out_of_memory" if messages.is_out_of_memory(problem) else "failed"
    lacks_room = isinstance(problem, OSError) and problem.errno in messages.MACHINE_ERRORS
    if lacks_room or isinstance(problem, Infrastructure):
        status = "infrastructure"
    return Outcome(status, words, None, _traceback(problem))


def _traceback(problem: BaseException) -> str | None:
    try:
        return messages.last_lines("".join(traceback.format_exception(problem)))
    except BaseException:
        return None

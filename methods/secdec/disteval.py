"""pySecDec's `DistevalLibrary` with workers that die with their parent, and a count of what they do.

pySecDec evaluates by messages to worker processes, on Python's asyncio. Left to itself it starts them niced and one
per core less one, leaves them running when its own process is killed, and waits for ever when one of them stops or
the integrand is not a number.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import math
import os
import random
import sys
import weakref
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from methods.secdec.evaluator import Answer

_DIE_WITH_PARENT = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 = PR_SET_PDEATHSIG
if os.getppid() != int(sys.argv[1]):  # the parent died before prctl
    sys.exit(1)
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Runs a program that the kernel kills as soon as the thread that started it is gone, however that ended."""


def dying_with_parent(command: list[str]) -> list[str]:
    """Return the command that runs `command`, whose first word is a path, so that it does not outlive this process."""
    # -I -S: the launcher needs nothing but the standard library, and starts faster without the rest.
    return [sys.executable, "-I", "-S", "-c", _DIE_WITH_PARENT, str(os.getpid()), *command]


class _Constant(complex):
    """A number that passes for a sympy expression without parameters."""

    __sympy__ = True

    def subs(self, *_: Any) -> _Constant:
        """Return the number, whatever the parameters are."""
        return self


SHRINKINGS = 100
"""How often the contour deformation of a kernel may be made smaller at one phase-space point: to λ = 0.9¹⁰⁰ ≈ 3e-5."""


class Meter:
    """Counts what passes between pySecDec's scheduler and its workers.

    Every evaluation is asked for by a message ("integrate", (kernel, lattice size, first, last, …)), and answered by
    (value, number, seconds). A value that is not a number says that the contour fails a check of signs at some x, and
    pySecDec tries again with λ 0.9 times as large, for ever. Presampling finds the first λ from F alone, and does not
    count as an evaluation; in libraries without contour deformation it does nothing (cpuworker.cpp).

    Parameters
    ----------
    scheduler : RandomScheduler
        pySecDec's.
    shrinkings : int
        How often λ of a kernel may become smaller: 0 where there is no contour deformation.
    fail : callable
        What to do with a reason why the evaluation cannot go on.
    """

    def __init__(self, scheduler: Any, shrinkings: int, fail: Callable[[str], None]) -> None:
        self._send, self._shrinkings, self._fail = scheduler.call_cb, shrinkings, fail
        self._workers = [worker.name for worker in scheduler.workers]
        scheduler.call_cb = self._call_cb
        self.reset()

    def reset(self) -> None:
        """Begin to count from zero."""
        self.n_eval = 0
        self.lattice_size_max = 0
        self.kernel_s = dict.fromkeys(self._workers, 0.0)
        self._not_a_number: Counter[int] = Counter()

    def _call_cb(self, method: str, args: tuple, callback: Callable, callback_args: tuple) -> Any:
        if method == "integrate":
            kernel, lattice_size, first, last, *_ = args
            self.n_eval += last - first
            self.lattice_size_max = max(self.lattice_size_max, lattice_size)
            callback = functools.partial(self._note, callback, kernel)
        return self._send(method, args, callback, callback_args)

    def _note(self, callback: Callable, kernel: int, result: Any, error: str | None, worker: Any, *rest: Any) -> None:
        if result is None:
            return self._fail(f"a worker reports: {error}")
        (real, imaginary), _, seconds = result
        self.kernel_s[worker.name] += seconds
        if math.isnan(real) or math.isnan(imaginary):
            self._not_a_number[kernel] += 1
            if self._not_a_number[kernel] > self._shrinkings:
                return self._fail(
                    "the integrand is not a number at some x in the unit cube."
                    if not self._shrinkings
                    else f"F or another polynomial has the wrong sign, or the integrand is not a number, at some x of "
                    f"the deformed contour, and still so after {self._shrinkings} smaller deformations."
                )
        return callback(result, error, worker, *rest)


class Session:
    """A DistevalLibrary and its workers, on an event loop of its own, so it works under a running one too.

    Parameters
    ----------
    specification : Path
        The library, as compiled.
    workers : int
        How many processes.
    options : dict
        Arguments of each evaluation.
    """

    def __init__(self, specification: Path, workers: int, options: dict[str, Any]) -> None:
        from pySecDec.integral_interface import DistevalLibrary
        from pySecDecContrib import dirname

        program = os.path.join(dirname, "bin", "pysecdec_cpuworker")
        command = dying_with_parent([program])
        self._failure, self._calling, self._options = "", False, options
        self._loop = asyncio.new_event_loop()
        with _as_current(self._loop):
            self._library = DistevalLibrary(str(specification), [command] * workers, verbose=False)
        scheduler = next(part for part in self._library.prepared if hasattr(part, "workers"))
        # The prefactors, which are 1 here, are texts that pySecDec would parse anew at each call: half the time of a
        # sum of 30 terms.
        for term in self._library.prepared[4].values():
            for prefactor in term["expanded_prefactor"]:
                prefactor["coefficient"] = _Constant(float(prefactor["coefficient"]))
        self._parameters = self._library.prepared[1]["realp"]
        deformed = any(integral["deformp_count"] for integral in self._library.prepared[4].values())
        # By weak references, so that the workers end as soon as nobody holds the session.
        session = weakref.ref(self)
        stopped = functools.partial(_fail, session, "a worker has stopped; call again to start new ones.")
        self._readers = {worker.reader_task for worker in scheduler.workers}
        for reader in self._readers:
            reader.add_done_callback(stopped)
        self._meter = Meter(scheduler, SHRINKINGS if deformed else 0, functools.partial(_fail, session))
        self._scheduler = scheduler
        self._finalizer = weakref.finalize(self, _end, self._loop, scheduler.workers)

    @property
    def alive(self) -> bool:
        """Whether it was not closed."""
        return self._finalizer.alive

    def close(self) -> None:
        """Kill the workers; more than once does no harm."""
        self._finalizer()

    def evaluate(self, row: np.ndarray) -> Answer:
        """Integrate at one phase-space point (m,). Raises RuntimeError where that fails.

        It closes then, and after a timeout too: what the workers have left to do would disturb the next evaluation.
        """
        self._meter.reset()
        point = dict(zip(self._parameters, map(float, row), strict=True))
        self._calling = True
        try:
            # pySecDec divides by variances of zero and squares infinities on purpose, and looks at the outcome.
            with _as_current(self._loop), np.errstate(all="ignore"):
                result = self._library(parameters=point, number_of_presamples=1, format="raw", **self._options)
        except BaseException as problem:
            # The workers still have jobs of this point to do.
            self._calling = False
            self.close()
            if self._failure:
                raise RuntimeError(f"pySecDec failed at s = {row.tolist()}: {self._failure}") from problem
            raise
        self._calling = False
        if self._scheduler.npending:
            self.close()
        ((_, value, errors),) = next(iter(result["sums"].values()))
        error = abs(complex(*errors))
        meter, seconds = self._meter, self._meter.kernel_s.values()
        return Answer(complex(*value), error, meter.n_eval, sum(seconds), max(seconds), meter.lattice_size_max)

    def fail(self, reason: str) -> None:
        """End the call in progress, if there is one that has not failed yet: workers also stop at the end."""
        if self._failure or not self._calling:
            return
        self._failure = reason
        for task in asyncio.all_tasks(self._loop) - self._readers:
            task.cancel()


def _fail(session: weakref.ref[Session], reason: str, *_: Any) -> None:
    """Call `fail` of a session that may be gone."""
    if alive := session():
        alive.fail(reason)


def _end(loop: asyncio.AbstractEventLoop, workers: list[Any]) -> None:
    """Kill the workers, wait until everything that belongs to them is closed, and close the loop."""

    async def end() -> None:
        for worker in workers:
            with contextlib.suppress(ProcessLookupError):
                worker.process.kill()
        await asyncio.gather(*(worker.process.wait() for worker in workers))
        await asyncio.gather(*(worker.reader_task for worker in workers), return_exceptions=True)

    with _as_current(loop):
        loop.run_until_complete(end())
    loop.close()


@contextlib.contextmanager
def _as_current(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Let pySecDec find `loop` as the running one, and give Python's global random state back as it was.

    pySecDec calls asyncio.run, which it patches to run nested in whatever loop is current, and picks workers by
    `random.choices`.
    """
    previous, state = asyncio._get_running_loop(), random.getstate()
    asyncio._set_running_loop(loop)
    try:
        yield
    finally:
        asyncio._set_running_loop(previous)
        random.setstate(state)

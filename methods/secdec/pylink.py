"""pySecDec's compiled integrators (Cuba, QMC) in a process that may die.

pySecDec's `IntegralLibrary` loads a shared object into its process and starts over with a larger sample size until
`epsrel` or `epsabs` is met for the sum of all terms. A report on each of these steps, which it prints, is where the
number of evaluations comes from: the library returns none.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from methods.secdec import disteval, server
from methods.secdec.evaluator import Answer

LOADING_S = 120.0
"""Seconds within which a library must be loaded; pySecDec's import takes one or two."""


class Step(NamedTuple):
    """One integration of one term at one sample size."""

    seconds: float
    before: int
    """Sample size of the step before, 0 in the first."""
    size: int
    """Sample size; Cuba's is its own count of evaluations, the QMC's the lattice size."""


_STEP = re.compile(r", time: ([\d.]+)s, .*\nres: .*, n: (\d+) -> (\d+)$", re.MULTILINE)
"""Pattern of pySecDec's report on a step (evaluate_integrals in amplitude.hpp of 1.6.6)."""

_RESULT = re.compile(r"\(\(([^,]+),([^)]+)\) \+/- \(([^,]+),([^)]+)\)\)")
"""Value and error in a series, by both parts: `` + ((1.0e+00,0.0e+00) +/- (2.0e-05,0.0e+00)) + O(lmeps)``."""


class Process:
    """A pylink library in a process that dies with its parent; `RuntimeError`, in the library's words, where it fails.

    Parameters
    ----------
    library : Path
        The shared object.
    use, fields : str and dict
        The integrator, as a method of pySecDec's IntegralLibrary, and its arguments.
    options : dict
        Arguments of each evaluation.
    cores : int
        Processes that Cuba forks for each integration; 0 = it works by itself.
    timeout : float, optional
        Seconds within which a point must be answered.
    count : callable
        Integrand evaluations of a step.
    """

    def __init__(
        self, library: Path, use: str, fields: dict[str, Any], options: dict[str, Any], cores: int,
        timeout: float | None, count: Callable[[Step], int],
    ) -> None:  # fmt: skip
        self._timeout, self._count = timeout, count
        program = [sys.executable, "-P", str(server.__file__)]
        self._words = tempfile.TemporaryFile()
        # In a session of its own, so that what Cuba forks ends with it.
        self._process = subprocess.Popen(
            disteval.dying_with_parent(program), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self._words, env={**os.environ, "CUBACORES": str(cores)}, start_new_session=True,
        )  # fmt: skip
        self._finalizer = weakref.finalize(self, _end, self._process, self._words)
        given = {"library": str(library), "use": use, "fields": fields, "options": {**options, "verbose": True}}
        self._ask(given, LOADING_S, "while loading")

    @property
    def alive(self) -> bool:
        """Whether it was not closed."""
        return self._finalizer.alive

    def close(self) -> None:
        """Kill the process and its children; more than once does no harm."""
        self._finalizer()

    def evaluate(self, row: np.ndarray) -> Answer:
        """Integrate at one phase-space point (m,). Raises RuntimeError, and closes, where that fails."""
        where = f"at s = {row.tolist()}"
        answer = self._ask(row.tolist(), self._timeout, where)
        if "error" in answer:
            raise self._failure(f"failed {where}")
        words = self._said()
        real, imaginary, *errors = map(float, _RESULT.findall(answer["series"])[-1])
        value, error = complex(real, imaginary), abs(complex(*errors))
        if np.isnan(value):
            raise self._failure(f"found that the integrand is not a number {where}", words)
        steps = [Step(float(s), int(a), int(b)) for s, a, b in _STEP.findall(words)]
        seconds = sum(step.seconds for step in steps)
        size_max = max((step.size for step in steps), default=0)
        return Answer(value, error, sum(map(self._count, steps)), seconds, seconds, size_max)

    def _ask(self, question: Any, timeout: float | None, where: str) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("The process of pySecDec's library was started without pipes.")
        with contextlib.suppress(BrokenPipeError):  # it has died, and reading says so
            stdin.write(json.dumps(question).encode() + b"\n")
            stdin.flush()
        poll = select.poll()
        poll.register(stdout, select.POLLIN)
        if not poll.poll(None if timeout is None else 1000 * timeout):
            raise self._failure(f"gave no answer within {timeout:g} s {where}")
        line = stdout.readline()
        if not line:
            code = self._process.wait()
            ended = signal.Signals(-code).name if code < 0 else f"exit status {code}"
            raise self._failure(f"ended by {ended} {where}")
        return json.loads(line)

    def _said(self) -> str:
        """Take what the library has said since the last time."""
        # The file offset is shared with the library, which goes on writing where this leaves it.
        self._words.seek(0)
        words = self._words.read().decode(errors="replace")
        self._words.seek(0)
        self._words.truncate()
        return words

    def _failure(self, what: str, words: str = "") -> RuntimeError:
        lines = [line.strip() for line in (words or self._said()).splitlines() if line.strip()]
        self.close()
        return RuntimeError(f"pySecDec's library {what}; its last words: {' | '.join(lines[-4:]) or 'none'}.")


def _end(process: subprocess.Popen[bytes], words: Any) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in filter(None, (process.stdin, process.stdout, words)):
        with contextlib.suppress(BrokenPipeError):  # unread input of a process that has ended
            pipe.close()

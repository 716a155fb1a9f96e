"""A few short runs in the forkserver: what Python, sympy and NumPy set up at first use is then there for all runs.

Python adapts the code of a function to its arguments after eight calls, and sympy fills tables when it first sees a
formula. Each run would do so again, in memory that it first has to copy, page by page: 15 % of what a run costs beyond
its method. The integral here is nobody's, so that no method finds its own prepared. Importing this module makes them.
"""

from __future__ import annotations

import contextlib
import contextvars
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.running import isolated_messages, run
from benchmarks.running.isolated_messages import Infrastructure, Outcome
from benchmarks.running.task import Task
from methods.base import Estimate, Method, ParametricIntegral
from references import Truth

N = 12
"""Runs: Python adapts code after eight calls."""

POINTS = 60
"""Phase-space points by which they are judged."""


@dataclass(kw_only=True)
class Constant(Method):
    """The value 1 everywhere: a run of it costs what every run costs beyond its method."""

    name = "constant"
    source = "none: it measures the harness"
    seed: int = 0

    def fit(self, integral, *, budget=None, monitor=None):  # type: ignore[no-untyped-def]
        """Keep the integral."""
        self.integral_ = integral
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Give 1 at each point, without a claim of errors."""
        n = len(self.integral_.check(s))
        return Estimate(np.ones(n), np.full(n, np.nan), 0)


def made_integral() -> ParametricIntegral:
    """Return an integral of the form that those after sector decomposition have."""
    return ParametricIntegral.from_expression(
        name="first_runs", expression="2*U/F**3",
        definitions={"U": "1 + x1 + x2", "F": "(1 + x1 + s1*x2)*U + s2*x1*x2 + x1**2"},
        variables=("x1", "x2"), parameters=("s1", "s2"), low=(1.0, 1.0), high=(2.0, 2.0),
    )  # fmt: skip


integral = made_integral()


def make_runs() -> None:
    """Make the first stage of N runs of the constant, and their messages, in a temporary folder."""
    s = integral.sample(POINTS, seed=1)
    truth = Truth(s, np.full(POINTS, 1.1), np.full(POINTS, 1e-12), np.arange(POINTS) < POINTS - 10, "none")
    with tempfile.TemporaryDirectory() as name:
        raw, model = Path(name) / "raw.npz", Path(name) / "model"
        target = f"{__name__}:Constant"
        task = Task(f"{__name__}:integral", target, {"seed": 0}, 1.0, truth, raw, model, (1,), 0.0)
        for _ in range(N):
            made_integral()
            isolated_messages.encoded(Outcome("ok", result=next(run.first_stage(task))))


# In a context of its own, since a run sets context variables; on a full disk runs do without.
with contextlib.suppress(OSError, Infrastructure):
    contextvars.copy_context().run(make_runs)

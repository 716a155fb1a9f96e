"""What the methods on pySecDec's compiled integrators share: generate, compile, ask a process, count."""

from __future__ import annotations

import dataclasses
import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.secdec import library as pysecdec_library
from methods.secdec.pylink import Process, Step


@dataclasses.dataclass(kw_only=True)
class PylinkMethod(Method):
    """A method on a pylink library; subclasses say which integrator it uses, and with which arguments.

    The first fit of an integral compiles for about 35 s of one core per term and 20 s more, whatever the budget, where
    `pysecdec_qmc` takes 2 s per term; later ones find the library in a cache (see `pysecdec_library`).

    Parameters
    ----------
    epsrel, epsabs : float
        Stop at this relative or absolute error, whichever comes first.
    seed : int
        Of the random numbers, at least 0. All rows of s, and all calls, begin with the same ones.
    workers : int
        Cores to use.
    timeout : float, optional
        Seconds after which a point without a result is an error, and its process is killed.
    cxxflags : str
        Further flags of the C++ compiler.
    """

    epsrel: float = 1e-3
    epsabs: float = 0.0
    seed: int = 0
    workers: int = 1
    timeout: float | None = None
    cxxflags: str = "-march=native"

    @abstractmethod
    def _integrator(self) -> tuple[str, dict[str, Any]]:
        """Return the integrator, as a method of pySecDec's IntegralLibrary, and its arguments."""

    @abstractmethod
    def _least(self) -> dict[str, float]:
        """Return fields that have a least value, and that."""

    @abstractmethod
    def _count(self, step: Step) -> int:
        """Return the integrand evaluations of a step."""

    @abstractmethod
    def _identical_repeats(self) -> bool:
        """Tell whether another seed gives the same result."""

    def _transforms(self) -> tuple[str, ...]:
        """Return the transforms that the library's QMC must know."""
        return ("korobov3x3",)

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Return why not: the integrand is no formula, or pySecDec or a compiler is missing."""
        return pysecdec_library.unsupported(integral)

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Generate, compile, start the process. Raises InputError where one of these, or a field, is not possible."""
        for field, low in {"seed": 0, "workers": 1, "epsabs": 0, **self._least()}.items():
            if not getattr(self, field) >= low:
                raise InputError(f"{self.name} has {field} = {getattr(self, field)!r}; give at least {low}.")
        if not self.epsrel > 0:
            raise InputError(f"{self.name} has epsrel = {self.epsrel!r}; give a positive one.")
        if reason := self.unsupported(integral):
            raise InputError(f"{self.name} cannot treat {integral.name}: {reason}")
        self.integral_ = integral
        self._start()
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Return I(s) and the error that pySecDec states, one call of the library per row.

        Raises
        ------
        InputError
            For s outside the box.
        RuntimeError
            Where the library fails, is too slow, or its process ends; calling again starts a new one.
        """
        s = self.integral_.check(s)
        if not self._process.alive:
            self._start()
        start = time.perf_counter()
        value, error, steps = np.empty(len(s)), np.empty(len(s)), []
        for i, row in enumerate(s):
            value[i], error[i], new = self._process.evaluate(row, self.timeout)
            steps += new
        self._report(len(s), time.perf_counter() - start, steps)
        return Estimate(value, error, sum(map(self._count, steps)))

    def close(self) -> None:
        """End the process; the next `integrate` would start a new one. Happens by itself at the end of its life."""
        self._process.close()

    def _start(self) -> None:
        expression = self.integral_.expression
        if expression is None:
            raise InputError(f"{self.name} cannot treat {self.integral_.name}: {self.unsupported(self.integral_)}")
        library = pysecdec_library.build(
            expression, cxxflags=self.cxxflags, jobs=self.workers, form="pylink", transforms=self._transforms()
        )
        start = time.perf_counter()
        use, fields = self._integrator()
        # pySecDec would stop at an absolute error of max_epsabs, and see that each term has min_epsrel or min_epsabs.
        options = {"max_epsabs": 0.0, "number_of_threads": 1}
        cores = 0 if self.workers == 1 else self.workers
        self._process = Process(library.specification, use, fields, options, cores)
        self.setup_s_ = library.setup_s
        self._totals = np.zeros(3)  # integrals, seconds in kernels, seconds of dispatch
        self.details_: dict[str, Any] = {
            "from_cache": library.from_cache,
            "startup_s": time.perf_counter() - start,
            "pysecdec": pysecdec_library.version(),
            "identical_repeats": self._identical_repeats(),
        }

    def _report(self, n: int, wall_s: float, steps: list[Step]) -> None:
        if not n:
            return
        kernel_s = sum(step.seconds for step in steps)
        self._totals += (n, kernel_s, wall_s - kernel_s)
        self.details_["kernel_s_per_integral"] = float(self._totals[1] / self._totals[0])
        self.details_["dispatch_s_per_integral"] = float(self._totals[2] / self._totals[0])

    def _state(self) -> dict[str, np.ndarray]:
        # The library belongs to the machine, so `load` takes it from the cache or makes it again.
        return {}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._start()

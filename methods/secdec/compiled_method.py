"""The base of all methods on pySecDec's compiled integrators: it generates, compiles, asks processes, and counts."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.core.batches import in_batches
from methods.secdec import library as pysecdec_library
from methods.secdec.evaluator import Evaluator
from methods.secdec.library import Library


class CompiledMethod(Method):
    """A method on a library of pySecDec; subclasses have these fields, and say how the library is evaluated.

    Parameters
    ----------
    epsrel, epsabs : float
        Stop at this relative or absolute error, whichever comes first.
    workers : int
        Cores to use.
    cxxflags : str
        Further flags of the C++ compiler.
    """

    treats_complex: ClassVar[bool] = True

    form: ClassVar[str]
    """The form of library, "disteval" or "pylink"."""

    epsrel: float
    epsabs: float
    workers: int
    cxxflags: str

    _evaluator: Evaluator
    """The processes; they may have ended."""
    _largest: int
    """Largest sample size so far."""

    @abstractmethod
    def _open(self, library: Library) -> Evaluator:
        """Start processes that evaluate a library."""

    @abstractmethod
    def _least(self) -> dict[str, float]:
        """Name the fields that have a least value besides those above, and that value."""

    @abstractmethod
    def _identical_repeats(self) -> bool:
        """Tell whether another seed gives the same result."""

    def _transforms(self) -> tuple[str, ...]:
        """Name the transforms that the library's QMC must know."""
        return ()

    def unsupported(self, integral: ParametricIntegral) -> str | None:
        """Return why not: the integrand is no formula, or pySecDec or a compiler is missing."""
        return super().unsupported(integral) or pysecdec_library.unsupported(integral)

    def fit(
        self,
        integral: ParametricIntegral,
        *,
        budget: float | None = None,
        monitor: Callable[[Self], None] | None = None,
    ) -> Self:
        """Generate, compile, start processes. Raises InputError where one of these, or a field, is not possible."""
        for field, low in {"workers": 1, "epsabs": 0, **self._least()}.items():
            if not getattr(self, field) >= low:
                raise InputError(f"{self.name} has {field} = {getattr(self, field)!r}; give at least {low}.")
        if not self.epsrel > 0:
            raise InputError(f"{self.name} has epsrel = {self.epsrel!r}; give a positive one.")
        self._require_supported(integral)
        self.integral_ = integral
        self._start()
        return self

    @in_batches
    def integrate(self, s: np.ndarray) -> Estimate:
        """Return I(s) and the error that pySecDec states, one call of the library per row.

        Where I(s) is complex, the error is √(σ_Re² + σ_Im²).

        Raises
        ------
        InputError
            For s outside the box.
        RuntimeError
            Where the library fails or a process ends; calling again starts new ones.
        """
        s = self.integral_.check(s)
        start = time.perf_counter()
        answers = [self._alive_evaluator().evaluate(row) for row in s]
        wall_s = time.perf_counter() - start
        self._largest = max(self._largest, *(answer.size_max for answer in answers), 0)
        if answers:
            busiest_s = sum(answer.busiest_s for answer in answers)
            self._totals += (len(s), sum(answer.kernel_s for answer in answers), wall_s - busiest_s)
            self.details_["kernel_s_per_integral"] = float(self._totals[1] / self._totals[0])
            self.details_["dispatch_s_per_integral"] = float(self._totals[2] / self._totals[0])
        value = np.array([answer.value for answer in answers], dtype=np.complex128)
        error = np.array([answer.error for answer in answers], dtype=np.float64)
        n_eval = sum(answer.n_eval for answer in answers)
        return Estimate(value if self.integral_.is_complex else value.real.copy(), error, n_eval)

    def close(self) -> None:
        """End the processes, which also end when this object is deleted; the next `integrate` would start new ones."""
        self._evaluator.close()

    def _alive_evaluator(self) -> Evaluator:
        """Give the processes, or new ones where these have ended, as they do after a failure or a timeout."""
        if not self._evaluator.alive:
            self._evaluator = self._open(self._library())
        return self._evaluator

    def _library(self) -> pysecdec_library.Library:
        """Build the integral's library, or find it in the cache."""
        expression = self.integral_.expression
        if expression is None:
            raise InputError(f"{self.name} cannot treat {self.integral_.name}: {self.unsupported(self.integral_)}")
        return pysecdec_library.build(
            expression, self.integral_.prescription, cxxflags=self.cxxflags, jobs=self.workers, form=self.form,
            transforms=self._transforms(),
        )  # fmt: skip

    def _start(self) -> None:
        library = self._library()
        start = time.perf_counter()
        self._evaluator = self._open(library)
        self.setup_s_ = library.setup_s
        self._totals = np.zeros(3)  # integrals, seconds in kernels, seconds of dispatch
        self._largest = 0
        self.details_: dict[str, Any] = {
            "from_cache": library.from_cache,
            "startup_s": time.perf_counter() - start,
            "pysecdec": pysecdec_library.version(),
            "identical_repeats": self._identical_repeats(),
        }

    def _state(self) -> dict[str, np.ndarray]:
        # The library belongs to the machine, so `load` takes it from the cache or makes it again.
        return {}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._start()

"""pySecDec's quasi-Monte Carlo: the field's reference, by the real package.

    I(s) ≈ 1/S Σ_{j=1..S} 1/n Σ_{i=0..n−1} f(s, φ({i z/n + Δ_j})) φ'(…)          (mean over S random shifts Δ_j)

with a rank-1 lattice of generating vector z and lattice size n, and the Korobov transform φ of weight 3. The error is
the standard deviation of the mean over the shifts, as pySecDec states it. pySecDec enlarges the lattice until `epsrel`
or `epsabs` is met.

Borowka, Heinrich, Jahn, Jones, Kerner, Schlenk, "A GPU compatible quasi-Monte Carlo integrator interfaced to
pySecDec", Comput. Phys. Commun. 240 (2019) 120; the workers ("disteval"): Heinrich et al., CPC 295 (2024) 108956.

notation: n → lattice size (`points` is the first), S → `shifts`, Δ → random shift, z → generating vector.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np

from methods.base import Estimate, InputError, Method, ParametricIntegral
from methods.secdec import library as pysecdec_library
from methods.secdec.disteval import Session


@dataclasses.dataclass(kw_only=True)
class PySecDecQMC(Method):
    """pySecDec's QMC through its Python interface `DistevalLibrary`, with workers kept warm between calls.

    The first fit of an integral generates and compiles its library, which takes seconds to minutes whatever the
    budget; later ones find it in a cache (see `pysecdec_library`). By default it stops at the first lattice, 1021
    points × 8 shifts: 4.8 to 5.6 digits on box1l. Smaller values of `epsrel` let it go on to larger lattices.

    A sum of terms (see `pysecdec_formulas`) is a sum of integrals, with lattices of their own: pySecDec enlarges those
    that bring the sum's error down most for their cost.

    pySecDec restarts its random state at each call and takes no seed: repeats, and all rows of s, reuse identical
    shifts, so the errors of neighbouring points are correlated. So do the terms of a sum, but pySecDec adds their
    variances as if they were independent: the stated error of N like terms is up to √N too small (2.5 was seen of 6
    terms). Results repeat to rounding for the first lattice; the sizes of later ones depend on timings where an
    integral has several terms.

    Parameters
    ----------
    epsrel, epsabs : float
        Stop at this relative or absolute error, whichever comes first. 1 stops at the first lattice.
    points : int
        First lattice size; pySecDec takes its next tabulated one, of which 1021 is the smallest.
    shifts : int
        Number of random shifts of the lattice, at least 2.
    workers : int
        Processes on one core each.
    timeout : float, optional
        Seconds after which a point's result is returned as it is; its error is inf where no lattice was finished.
    lattice_candidates : int
        0 takes pySecDec's tabulated generating vectors; more, the median rule over so many random ones.
    cxxflags : str
        Further flags of the C++ compiler. The default let the kernel of box1l run six times as fast as with none.

    Attributes
    ----------
    setup_s_ : dict
        Seconds of generation and compilation when the library was made.
    details_ : dict
        `from_cache`, whether generation and compilation were paid earlier; `startup_s` of the workers; the largest
        lattice size; and as means over all integrals so far `kernel_s_per_integral`, seconds inside compiled code as
        the workers report them, summed over workers, and `dispatch_s_per_integral`, wall time less the kernel time
        of the busiest worker.
    """

    name: ClassVar[str] = "pysecdec_qmc"
    source: ClassVar[str] = "Borowka et al., CPC 240 (2019) 120; Heinrich et al., CPC 295 (2024) 108956"

    epsrel: float = 1.0
    epsabs: float = 0.0
    points: int = 1021
    shifts: int = 8
    workers: int = 1
    timeout: float | None = None
    lattice_candidates: int = 0
    cxxflags: str = "-march=native"

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
        """Generate, compile, start the workers. Raises InputError where one of these, or a field, is not possible."""
        self._check_fields()
        if reason := self.unsupported(integral):
            raise InputError(f"pysecdec_qmc cannot treat {integral.name}: {reason}")
        self.integral_ = integral
        self._start()
        return self

    def integrate(self, s: np.ndarray) -> Estimate:
        """Return I(s) and the error that pySecDec states, one call of the library per row.

        `n_eval` is what the workers were asked to evaluate: lattice size × shifts over all lattices that were
        tried; in a sum each term counts by itself.

        Raises
        ------
        InputError
            For s outside the box.
        RuntimeError
            Where the integrand is not a number, or a worker has stopped; calling again starts new workers.
        """
        s = self.integral_.check(s)
        if not self._session.alive:
            self._start()
        session, start = self._session, time.perf_counter()
        session.meter.reset()
        value, error = np.empty(len(s)), np.empty(len(s))
        for i, row in enumerate(s):
            value[i], error[i] = session.evaluate(row, self._options())
        self._report(len(s), time.perf_counter() - start)
        return Estimate(value, error, session.meter.n_eval)

    def close(self) -> None:
        """Stop the workers; the next `integrate` would start new ones. Happens by itself at the end of its life."""
        self._session.close()

    def _check_fields(self) -> None:
        least = {"points": 1, "shifts": 2, "workers": 1, "lattice_candidates": 0, "epsabs": 0}
        for field, low in least.items():
            if not getattr(self, field) >= low:
                raise InputError(f"pysecdec_qmc has {field} = {getattr(self, field)!r}; give at least {low}.")
        if not self.epsrel > 0:
            raise InputError(f"pysecdec_qmc has epsrel = {self.epsrel!r}; give a positive one.")

    def _options(self) -> dict[str, Any]:
        fields = ("epsrel", "epsabs", "points", "shifts", "timeout", "lattice_candidates")
        return {field: getattr(self, field) for field in fields}

    def _start(self) -> None:
        expression = self.integral_.expression
        if expression is None:
            raise InputError(f"pysecdec_qmc cannot treat {self.integral_.name}: {self.unsupported(self.integral_)}")
        library = pysecdec_library.build(expression, cxxflags=self.cxxflags, jobs=self.workers)
        start = time.perf_counter()
        self._session = Session(library.specification, self.workers)
        self.setup_s_ = library.setup_s
        self._totals = np.zeros(3)  # integrals, seconds in kernels, seconds of dispatch
        self.details_: dict[str, Any] = {
            "from_cache": library.from_cache,
            "startup_s": time.perf_counter() - start,
            "pysecdec": pysecdec_library.version(),
            "identical_repeats": True,  # pySecDec takes no seed: the shifts are always the same
        }

    def _report(self, n: int, wall_s: float) -> None:
        meter, totals = self._session.meter, self._totals
        kernel_s = list(meter.kernel_s.values())
        totals += (n, sum(kernel_s), wall_s - max(kernel_s))
        self.details_["lattice_size_max"] = max(self.details_.get("lattice_size_max", 0), meter.lattice_size_max)
        if n > 0:
            self.details_["kernel_s_per_integral"] = float(totals[1] / totals[0])
            self.details_["dispatch_s_per_integral"] = float(totals[2] / totals[0])

    def _state(self) -> dict[str, np.ndarray]:
        # The library belongs to the machine, so `load` takes it from the cache or makes it again.
        return {}

    def _restore(self, state: dict[str, np.ndarray]) -> None:
        self._start()

"""The base of the methods on pySecDec's pylink libraries: their fields, and the process that they ask."""

from __future__ import annotations

import dataclasses
from abc import abstractmethod
from typing import Any, ClassVar

from methods.secdec.compiled_method import CompiledMethod
from methods.secdec.library import Library
from methods.secdec.pylink import Process, Step

PRESAMPLES = 1000
"""Points at which F is looked at before its contour is deformed, about as many as `pysecdec_qmc` has. pySecDec's
100,000 would take longer than most integrations; it also makes the contour smaller wherever this turns out to be too
few."""


@dataclasses.dataclass(kw_only=True)
class PylinkMethod(CompiledMethod):
    """A method on a pylink library; subclasses say which integrator it uses, and with which arguments.

    The first fit of an integral compiles for about 35 s of one core per term and 20 s more, whatever the budget, where
    `pysecdec_qmc` takes 2 s per term; later ones find the library in a cache (see `library.py`).

    Above threshold pySecDec deforms the contour. Where a sign turns out to be wrong, it begins the integration anew
    with less deformation, and `n_eval` leaves out what it had evaluated until then.

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

    form: ClassVar[str] = "pylink"

    epsrel: float = 1e-3
    epsabs: float = 0.0
    seed: int = 0
    workers: int = 1
    timeout: float | None = None
    cxxflags: str = "-march=native"

    @abstractmethod
    def _integrator(self) -> tuple[str, dict[str, Any]]:
        """Name the integrator, as a method of pySecDec's IntegralLibrary, and its arguments."""

    @abstractmethod
    def _count(self, step: Step) -> int:
        """Count the integrand evaluations of a step."""

    def _transforms(self) -> tuple[str, ...]:
        return ("korobov3x3",)

    def _open(self, library: Library) -> Process:
        use, fields = self._integrator()
        # pySecDec would stop at an absolute error of max_epsabs, and see that each term has min_epsrel or min_epsabs.
        options = {"max_epsabs": 0.0, "number_of_threads": 1, "number_of_presamples": PRESAMPLES}
        cores = 0 if self.workers == 1 else self.workers
        return Process(library.specification, use, fields, options, cores, self.timeout, self._count)

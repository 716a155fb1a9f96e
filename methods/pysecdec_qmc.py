"""pySecDec's quasi-Monte Carlo: the field's reference, by the real package.

    I(s) ≈ 1/S Σ_{j=1..S} 1/n Σ_{i=0..n−1} f(s, φ({i z/n + Δ_j})) φ'(…)          (mean over S random shifts Δ_j)

with a rank-1 lattice of generating vector z and lattice size n, and the Korobov transform φ of weight 3. The error is
the standard deviation of the mean over the shifts, as pySecDec states it. pySecDec enlarges the lattice until `epsrel`
or `epsabs` is met. Where f has a polynomial F − i0 that changes sign, it integrates f(s, z(x)) det ∂z/∂x on a deformed
contour z(x): `methods/secdec/formulas.py`.

Borowka, Heinrich, Jahn, Jones, Kerner, Schlenk, "A GPU compatible quasi-Monte Carlo integrator interfaced to
pySecDec", Comput. Phys. Commun. 240 (2019) 120; the workers ("disteval"): Heinrich et al., CPC 295 (2024) 108956.

notation: n → lattice size (`points` is the first), S → `shifts`, Δ → random shift, z → generating vector.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from methods.base import Estimate
from methods.core.batches import in_batches
from methods.secdec.compiled_method import CompiledMethod
from methods.secdec.disteval import Session
from methods.secdec.library import Library


@dataclasses.dataclass(kw_only=True)
class PySecDecQMC(CompiledMethod):
    """pySecDec's QMC through its Python interface `DistevalLibrary`, with workers kept warm between calls.

    The first fit of an integral generates and compiles its library, which takes seconds to minutes whatever the
    budget; later ones find it in a cache (`methods/secdec/library.py`). By default it stops at the first lattice, 1021
    points × 8 shifts: 4.8 to 5.6 digits on box1l. Smaller values of `epsrel` let it go on to larger lattices.

    A sum of terms (`methods/secdec/formulas.py`) is a sum of integrals, with lattices of their own: pySecDec enlarges
    those that bring the sum's error down most for their cost.

    Above threshold `epsrel` is of |I|, and the error √(σ_Re² + σ_Im²) of the standard deviations of both parts. How far
    the contour is deformed is decided anew at each s: by ∂F/∂x at 1021 points, and again wherever the integrand meets a
    sign that is wrong. `n_eval` counts what the latter costs, and not the former.

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
        Seconds after which a point's result is returned as it is; its error is inf where no lattice was finished. The
        next point then waits about half a second for new processes.
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
        of the worker that was busiest at each point.
    """

    form: ClassVar[str] = "disteval"
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

    @in_batches
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
        estimate = super().integrate(s)
        self.details_["lattice_size_max"] = self._largest
        return estimate

    def _open(self, library: Library) -> Session:
        fields = ("epsrel", "epsabs", "points", "shifts", "timeout", "lattice_candidates")
        return Session(library.specification, self.workers, {field: getattr(self, field) for field in fields})

    def _least(self) -> dict[str, float]:
        return {"points": 1, "shifts": 2, "lattice_candidates": 0}

    def _identical_repeats(self) -> bool:
        # pySecDec takes no seed: the shifts are always the same.
        return True

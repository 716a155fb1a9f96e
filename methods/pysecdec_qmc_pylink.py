"""pySecDec's quasi-Monte Carlo as a compiled library: with a choice of transforms, and a seed.

The estimate is that of `pysecdec_qmc`,

    I(s) ≈ 1/S Σ_{j=1..S} 1/n Σ_{i=0..n−1} f(s, φ({i z/n + Δ_j})) φ'(…)

but φ is any of the transforms that make the integrand periodic, of which `pysecdec_qmc` has one.

Borowka, Heinrich, Jahn, Jones, Kerner, Schlenk, "A GPU compatible quasi-Monte Carlo integrator interfaced to
pySecDec", Comput. Phys. Commun. 240 (2019) 120, section 3.

notation: n → lattice size (`points` is the first), S → `shifts`, Δ → random shift, z → generating vector,
φ → `transform`.
"""

from __future__ import annotations

import dataclasses
import re
from typing import Any, ClassVar

from methods.base import InputError
from methods.secdec.pylink import Step
from methods.secdec.pylink_method import PylinkMethod

GENERATING_VECTORS = ("default", "cbcpt_dn1_100", "cbcpt_dn2_6", "cbcpt_cfftw1_6", "cbcpt_cfftw2_10")
"""Tables of generating vectors in pySecDec; the last numbers are the most dimensions that they serve."""


@dataclasses.dataclass(kw_only=True)
class PySecDecQMCPylink(PylinkMethod):
    """pySecDec's QMC without its Python workers. Every transform needs a library of its own.

    Less dispatch, but slower code: on box1l 240 ns per evaluation against 12 ns of `pysecdec_qmc`, whose code treats
    several points at once. As there, the terms of a sum share their shifts, and the stated error of N like terms is up
    to √N too small.

    `n_eval` is lattice size × shifts over all lattices that were tried; in a sum of terms each counts by itself.

    Parameters
    ----------
    epsrel, epsabs, workers, timeout, cxxflags
        As in `PylinkMethod`; an `epsrel` of 1 stops at the first lattice.
    seed : int
        Of the random shifts, which are the same for all rows of s.
    transform : str
        "korobov3x3" (weights 1 to 6 at either end; "korobov3" means the same), "sidi1" to "sidi6", "baker" or "none".
    points : int
        First lattice size; pySecDec takes its next tabulated one.
    shifts : int
        Number of random shifts of the lattice, at least 2.
    generating_vectors : str
        Table of generating vectors, one of `GENERATING_VECTORS`.
    """

    name: ClassVar[str] = "pysecdec_qmc_pylink"
    source: ClassVar[str] = "Borowka et al., CPC 240 (2019) 120"

    epsrel: float = 1.0
    transform: str = "korobov3x3"
    points: int = 1021
    shifts: int = 8
    generating_vectors: str = "default"

    def _least(self) -> dict[str, float]:
        if not re.fullmatch(r"none|baker|korobov[1-6](x[1-6])?|sidi[1-6]", self.transform):
            raise InputError(
                f"{self.name} has transform = {self.transform!r}; give none, baker, sidi1 to sidi6, or korobov with "
                f"weights of 1 to 6, such as korobov3x3."
            )
        if self.generating_vectors not in GENERATING_VECTORS:
            raise InputError(
                f"{self.name} has generating_vectors = {self.generating_vectors!r}; known: "
                f"{', '.join(GENERATING_VECTORS)}."
            )
        return {"seed": 0, "points": 1, "shifts": 2}

    def _transforms(self) -> tuple[str, ...]:
        weights = re.fullmatch(r"korobov(\d)", self.transform)
        return (f"{self.transform}x{weights[1]}" if weights else self.transform,)

    def _integrator(self) -> tuple[str, dict[str, Any]]:
        (transform,) = self._transforms()
        return "use_Qmc", {
            "transform": transform,
            "generatingvectors": self.generating_vectors,
            "epsrel": self.epsrel,
            "epsabs": self.epsabs,
            "minn": self.points,
            "minm": self.shifts,
            "cputhreads": self.workers,
            "seed": 1 + self.seed % (2**63 - 1),  # 0 would leave the generator as it is
        }

    def _count(self, step: Step) -> int:
        return step.size * self.shifts

    def _identical_repeats(self) -> bool:
        return False

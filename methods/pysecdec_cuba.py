"""Cuba's Vegas, Suave, Divonne and Cuhre, as pySecDec runs them.

    I(s) ≈ 1/N Σ_{i=1..N} f(s, x_i)/p(x_i)

Vegas adapts p as a product of step functions (importance sampling), Suave does so in subregions that it splits,
Divonne splits where f varies most (stratified sampling), and Cuhre splits too, but applies polynomial rules of
degree 7 to 13 in place of random points.

Hahn, "Cuba: a library for multidimensional numerical integration", Comput. Phys. Commun. 168 (2005) 78; parallel:
"Concurrent Cuba", CPC 207 (2016) 341.

notation: N → evaluations, at most `maxeval` per term.
"""

from __future__ import annotations

import dataclasses
from typing import Any, ClassVar

from methods.base import InputError
from methods.secdec.pylink import Step
from methods.secdec.pylink_method import PylinkMethod

_OWN_FIELDS = {
    "vegas": ("nstart", "nincrease", "nbatch"),
    "suave": ("nnew", "nmin", "flatness"),
    "divonne": ("key1", "key2", "key3", "maxpass", "border", "maxchisq", "mindeviation"),
    "cuhre": ("key",),
}
"""Integrator -> fields that it alone has."""


@dataclasses.dataclass(kw_only=True)
class PySecDecCuba(PylinkMethod):
    """Cuba through pySecDec's pylink library, which calls it again with more points until `epsrel` is met.

    `n_eval` is Cuba's own count; in a sum of terms each term counts by itself. The default values are pySecDec's,
    except `maxeval`, which is Cuba's (pySecDec has no limit), and `epsrel`.

    Parameters
    ----------
    integrator : str
        "vegas", "suave", "divonne" or "cuhre".
    epsrel, epsabs, seed, workers, timeout, cxxflags
        As in `PylinkMethod`. More workers than one are forked at each integration, which pays where f is costly, and
        change the points that Divonne takes.
    sobol : bool
        Vegas and Suave take Sobol's quasi-random points, as is pySecDec's default, in place of random ones: more
        accurate, the same for each seed, and with an error that is an upper estimate. Divonne takes a lattice of
        Korobov's, the same for each seed too, unless `key1`, `key2` or `key3` is negative.
    mineval, maxeval : int
        Evaluations of the first call, and at most, per term.
    nstart, nincrease, nbatch : int
        Vegas: points of the first iteration, by how many each next one has more, and how many are drawn at once.
    nnew, nmin : int
        Suave: new points per subdivision, and points that a parent needs to be split.
    flatness : float
        Suave: the exponent of the norm in which fluctuations are measured.
    key1, key2, key3 : int
        Divonne: rules of the partition, of the final integration and of its refinement, as in Cuba's manual.
    maxpass : int
        Divonne: partitions go on for so many passes without gain.
    border, maxchisq, mindeviation : float
        Divonne: the width of the border, the largest χ² of a region, and the least relevant deviation.
    key : int
        Cuhre: the degree of its rule, 7, 9, 11 (k = 3) or 13 (k = 2); 0 = the highest that there is.
    """

    name: ClassVar[str] = "pysecdec_cuba"
    source: ClassVar[str] = "Hahn, CPC 168 (2005) 78; Borowka et al., CPC 222 (2018) 313 (pySecDec)"

    integrator: str = "vegas"
    sobol: bool = True
    mineval: int = 10_000
    maxeval: int = 1_000_000
    nstart: int = 10_000
    nincrease: int = 5_000
    nbatch: int = 1_000
    nnew: int = 1_000
    nmin: int = 10
    flatness: float = 25.0
    key1: int = 2_000
    key2: int = 1
    key3: int = 1
    maxpass: int = 4
    border: float = 0.0
    maxchisq: float = 1.0
    mindeviation: float = 0.15
    key: int = 0

    def _least(self) -> dict[str, float]:
        if self.integrator not in _OWN_FIELDS:
            raise InputError(f"{self.name} has integrator = {self.integrator!r}; known: {', '.join(_OWN_FIELDS)}.")
        return {"seed": 0, "mineval": 1, "maxeval": self.mineval}

    def _integrator(self) -> tuple[str, dict[str, Any]]:
        names = ("epsrel", "epsabs", "mineval", "maxeval", *_OWN_FIELDS[self.integrator])
        # Together, because pySecDec's sums are complex, and apart Cuba would integrate an imaginary part of zero anew.
        fields = {field: getattr(self, field) for field in names} | {"real_complex_together": True}
        if self.integrator != "cuhre":
            # Cuba's seed is a C int, of which 0 means Sobol's points.
            fields["seed"] = 0 if self.sobol else 1 + self.seed % (2**31 - 1)
        return f"use_{self.integrator.capitalize()}", fields

    def _count(self, step: Step) -> int:
        # Cuba goes on from where it stopped, and its count with it.
        return step.size - step.before

    def _identical_repeats(self) -> bool:
        if self.integrator == "divonne" and min(self.key1, self.key2, self.key3) < 0:
            return self.sobol
        return self.sobol or self.integrator in ("divonne", "cuhre")

"""Plans of tables of true values: how many points, how well known, and which methods check how many of them.

Four Feynman parameters or fewer: 2,000 uniform points to 1e-13, all of them checked. Five or more: 500 to 1e-11, at
least 50 of them checked to 1e-8. Harder integrals, and sectors that nobody benchmarks by themselves, have
plans of their own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from methods.base import ParametricIntegral
from references.integrals import catalogue


class Check(NamedTuple):
    """A method that checks a table, and how much of it."""

    by: str
    """The method's name in `references.values.second_opinions.CHECKERS`."""
    epsrel: float
    """Largest relative error that it may state."""
    uniform: int
    """Number of uniform points that it checks."""
    others: int
    """Number of other points that it checks."""


class Precise(NamedTuple):
    """Points of a table that are known better than the others, where all of them would take too long."""

    n: int
    """Number of these points, the first of the uniform ones."""
    epsrel: float
    """Largest relative error of their values."""


class TablePlan(NamedTuple):
    """Plan of a table of true values: what it holds and how well it is known. Its fields are keys in the files."""

    n: int
    """Points drawn uniformly."""
    edge_points: int
    """Further points, by cornerness and edge."""
    epsrel: float
    """Largest relative error of a value."""
    asks: tuple[Check, ...]
    """Methods that check it."""
    seed: int = 1
    precise: Precise | None = None
    """Points that are known better than the others, if any."""
    values_by: str = "quadrature"
    """What makes the values where there is no closed form: a key of `tabulation_tasks.MAKERS`."""
    reached: float = 1.0
    """Share of the points that must be known so well. The others are stored with the errors that they have."""

    def largest_errors(self) -> np.ndarray:
        """Largest relative error of each value: (n + edge_points,), in the order of the table."""
        largest = np.full(self.n + self.edge_points, self.epsrel)
        if self.precise:
            largest[: self.precise.n] = self.precise.epsrel
        return largest


def _low(epsrel: float = 1e-13) -> TablePlan:
    """Plan for k <= 4."""
    return TablePlan(2000, 400, epsrel, (Check("lattice", 1e-9, 2000, 400), Check("pysecdec", 1e-9, 2000, 400)))


def _high(epsrel: float = 1e-11, *, pysecdec: float = 1e-5) -> TablePlan:
    """Plan for k >= 5: a lattice of our own gets further than pySecDec in the time there is."""
    return TablePlan(500, 100, epsrel, (Check("lattice", 1e-8, 40, 20), Check("pysecdec", pysecdec, 40, 20)))


_CLOSED = TablePlan(2000, 400, 1e-14, (Check("one_dimensional", 1e-12, 2000, 400),))
"""Closed forms, by an integral of one dimension each."""

_SECTOR = TablePlan(50, 0, 1e-9, (Check("lattice", 1e-6, 50, 0), Check("pysecdec", 1e-3, 4, 0)))
"""Sectors of the two-loop box: who needs more takes their sum, or box2l, which is one of them."""


_FEW_HELD_OUT = TablePlan(200, 50, 1e-11, (Check("lattice", 1e-9, 200, 50), Check("pysecdec", 1e-6, 40, 10)))
_MANY_HELD_OUT = TablePlan(200, 50, 1e-9, (Check("lattice", 1e-8, 40, 10), Check("pysecdec", 1e-3, 40, 10)))
"""Held-out integrals of few (up to four) and of many Feynman parameters: 200 points tell the mean of digits to 0.1, and
what was not tuned on an integral has fewer of them."""

_ON_ARCS = TablePlan(
    1000, 200, 1e-12, (Check("dispersion", 1e-12, 1000, 200), Check("pysecdec", 1e-8, 50, 10)), values_by="arcs"
)
"""Integrals above threshold with contours that serve every s."""

_BY_DISPERSION = TablePlan(
    1000,
    200,
    1e-12,
    (Check("dispersion_off_axis", 1e-12, 1000, 200), Check("pysecdec", 1e-8, 50, 0)),
    values_by="dispersion",
)
"""Those near a threshold, where contours are pinched, and sums of sectors, whose corner zeros no contour avoids."""

_CLOSED_PHYSICAL = TablePlan(1000, 200, 1e-14, (Check("deformation", 1e-11, 100, 20), Check("pysecdec", 1e-8, 50, 10)))

_PHYSICAL_HELD_OUT = TablePlan(200, 50, 1e-9, (Check("pysecdec", 1e-6, 50, 10),), values_by="arcs")
"""Held-out integrals above threshold, of which no dispersion relation is at hand."""


def _on_maps(n: int, epsrel: float, *, pysecdec: float) -> TablePlan:
    """Plan for two loops above threshold: pySecDec's few digits, and five points without compiled sums."""
    asks = Check("pysecdec", pysecdec, 30, 2), Check("without_kernel", 1e-3, 5, 0)
    return TablePlan(n, 4, epsrel, asks, values_by="maps")


PLANS: dict[str, TablePlan] = {
    "bubble_physical": _CLOSED_PHYSICAL,
    "triangle_physical": _CLOSED_PHYSICAL,
    "box1l_physical": _ON_ARCS,
    "box1l_hh": _ON_ARCS,
    "box1l_threshold_above": _BY_DISPERSION,
    "box1l_crossing": _BY_DISPERSION,
    "box1l_sectors_physical": _BY_DISPERSION,
    "pentagon1l_physical": _PHYSICAL_HELD_OUT._replace(epsrel=1e-7, precise=Precise(200, 1e-8)),
    "box2l_physical": _on_maps(100, 1e-8, pysecdec=1e-2)._replace(reached=0.98),
    "box2l_hh": _on_maps(30, 1e-7, pysecdec=1e-2),
    "box2l_low": _on_maps(30, 1e-5, pysecdec=1e-1)._replace(reached=0.75),
    "box2l_sum_physical": _on_maps(60, 1e-5, pysecdec=3e-2)._replace(reached=5 / 6),
    "pentabox_s33_physical": _on_maps(50, 1e-6, pysecdec=1e-2),
    "triangle2l_physical_s01": _on_maps(200, 1e-9, pysecdec=1e-4)._replace(edge_points=50, reached=0.95),
    "box2l_rung_physical_s01": _on_maps(50, 1e-6, pysecdec=1e-2),
    "box1l_wide": _low(1e-11),
    "box1l_threshold": _low(1e-12),
    # The papers' integral has more points than others with k = 6, and more of them are checked.
    "box2l": TablePlan(1000, 200, 1e-11, (Check("lattice", 1e-8, 200, 100), Check("pysecdec", 1e-6, 30, 20))),
    # What 18 terms state adds up: see second_opinions.pysecdec. Methods that get further than eight digits are judged
    # by the first 60 points, which two independent methods know to ten; all 600 would take hours.
    "box2l_sum": TablePlan(
        500, 100, 1e-8, (Check("lattice", 2e-10, 60, 10), Check("pysecdec", 3e-3, 40, 20)), precise=Precise(60, 1e-10)
    ),
    "pentabox_s01": _high(1e-8, pysecdec=1e-3),
    "bubble": TablePlan(2000, 400, 1e-14, (Check("quadrature", 1e-12, 2000, 400), Check("pysecdec", 1e-9, 2000, 400))),
}
"""Plans by integral; an integral that is not here has the plan of its kind."""


def plan_for(integral: ParametricIntegral) -> TablePlan:
    """Plan of the table of `integral`."""
    if integral.name in PLANS:
        return PLANS[integral.name]
    if integral.exact is not None:
        return _CLOSED if integral.k <= 4 else _CLOSED._replace(n=500, edge_points=100, asks=(
            Check("one_dimensional", 1e-12, 500, 100),))  # fmt: skip
    if integral.name.startswith("box2l_s"):
        return _SECTOR
    if integral.is_complex and integral.k > 4:
        return _on_maps(30, 1e-6, pysecdec=1e-2)
    if integral.is_complex and catalogue.is_held_out(integral.name):
        return _PHYSICAL_HELD_OUT
    if catalogue.is_held_out(integral.name):
        return _FEW_HELD_OUT if integral.k <= 4 else _MANY_HELD_OUT
    return _low() if integral.k <= 4 else _high()

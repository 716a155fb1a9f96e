"""What a table of true values holds: how many points, how well known, and who else is asked about how many of them.

Four Feynman parameters or fewer: 2,000 uniform points to 1e-13, all of them vouched for. Five or more: 500 to 1e-11,
at least 50 of them vouched for to 1e-8. Harder integrals, and sectors that nobody benchmarks by themselves, have
plans of their own.
"""

from __future__ import annotations

from typing import NamedTuple

from methods.base import ParametricIntegral


class Ask(NamedTuple):
    """A second opinion that a table asks for."""

    opinion: str
    """A name in `references.values.second_opinions.OPINIONS`."""
    epsrel: float
    """Largest relative error that it may state."""
    uniform: int
    """How many of the uniform points it is asked about,"""
    others: int
    """and how many of the others."""


class Plan(NamedTuple):
    """What a table of true values holds, and how well it is known."""

    n: int
    """Points drawn uniformly."""
    edge_points: int
    """Further points, by cornerness and edge."""
    epsrel: float
    """Largest relative error of a value."""
    asks: tuple[Ask, ...]
    seed: int = 1


def _low(epsrel: float = 1e-13) -> Plan:
    """Return the plan for k <= 4."""
    return Plan(2000, 400, epsrel, (Ask("lattice", 1e-9, 2000, 400), Ask("pysecdec", 1e-9, 2000, 400)))


def _high(epsrel: float = 1e-11, *, pysecdec: float = 1e-5) -> Plan:
    """Return the plan for k >= 5: a lattice of our own gets further than pySecDec in the time there is."""
    return Plan(500, 100, epsrel, (Ask("lattice", 1e-8, 40, 20), Ask("pysecdec", pysecdec, 40, 20)))


_CLOSED = Plan(2000, 400, 1e-14, (Ask("one_dimensional", 1e-12, 2000, 400),))
"""Closed forms, by an integral of one dimension each."""

_SECTOR = Plan(50, 0, 1e-9, (Ask("lattice", 1e-6, 50, 0), Ask("pysecdec", 1e-3, 4, 0)))
"""Sectors of the two-loop box: who needs more takes their sum, or box2l, which is one of them."""

PLANS: dict[str, Plan] = {
    "box1l_wide": _low(1e-11),
    "box1l_threshold": _low(1e-12),
    # The papers' integral has more points than others with k = 6, and more of them are vouched for.
    "box2l": Plan(1000, 200, 1e-11, (Ask("lattice", 1e-8, 200, 100), Ask("pysecdec", 1e-6, 30, 20))),
    # What 18 terms state adds up: see vouch.pysecdec.
    "box2l_sum": _high(1e-8, pysecdec=3e-3),
    "pentabox_s01": _high(1e-8, pysecdec=1e-3),
    "bubble": Plan(2000, 400, 1e-14, (Ask("quadrature", 1e-12, 2000, 400), Ask("pysecdec", 1e-9, 2000, 400))),
}
"""By integral; what is not here has the plan of its kind."""


def plan_for(integral: ParametricIntegral) -> Plan:
    """Return what the table of `integral` is to hold."""
    if integral.name in PLANS:
        return PLANS[integral.name]
    if integral.exact is not None:
        return _CLOSED if integral.k <= 4 else _CLOSED._replace(n=500, edge_points=100, asks=(
            Ask("one_dimensional", 1e-12, 500, 100),))  # fmt: skip
    if integral.name.startswith("box2l_s"):
        return _SECTOR
    return _low() if integral.k <= 4 else _high()

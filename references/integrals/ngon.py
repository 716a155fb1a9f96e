"""One-loop N-gons with massive propagators, one sector each: the equation, and the integrals made of it.

    I(s) = ∫_[0,1]^{N−1} S^{N−4} / F^{N−2} dx,    S = Σ_i X_i,    F = m_t² S² − Σ_{i<j} s_ij X_i X_j,    X = (1, x)

is the sector of the scalar N-point integral in four dimensions (without Γ(N − 2)) in which the first propagator's
parameter is the largest; s_ij is the squared sum of the momenta that enter between propagators i and j, so that
s_{i,i+1} is the squared mass of a leg. With S >= 1, F > 0 where every s_ij <= 0, by its form.

N = 4 is I1 of Maître & Santos-Mateos, JHEP 03 (2023) 221, eq. 3.1-3.2; two, four and eight invariants are the
dimensions of the tasks of Bishara, Paul & Dy, NeurIPS ML4PS 2022, here on loop integrals that can be checked.

notation: m_t² = 1 throughout, so invariants are in units of m_t²; propagators are numbered from 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from methods.base import ParametricIntegral

JHEP = "Maître & Santos-Mateos, JHEP 03 (2023) 221, eq. 3.1-3.2 (I1)"
EUCLIDEAN = (-30.0, -3.0)
"""The range of every invariant in JHEP eq. 3.6."""

Ranges = Mapping[str, tuple[float, float]]


def ngon(name: str, n: int, invariants: Mapping[tuple[int, int], str | float], ranges: Ranges, **fields: Any) -> Any:
    """Return the sector of an N-gon as a ParametricIntegral in x1 … x(n−1).

    Parameters
    ----------
    name : str
        Of the integral.
    n : int
        Number of propagators, at least 4.
    invariants : dict of (i, j) to str or float
        s_ij for i < j: the name of a parameter, or a number; what is not named is zero.
    ranges : dict of str to (low, high)
        The parameters, in the order of the columns of s, and their ranges.
    **fields
        `source`, and `draw`, of the integral.
    """
    x = ["1", *(f"x{i}" for i in range(1, n))]
    products = [f"({s_ij})*{x[i]}*{x[j]}" for (i, j), s_ij in invariants.items()]
    low, high = zip(*ranges.values(), strict=True)
    return ParametricIntegral.from_expression(
        name=name,
        variables=x[1:],
        parameters=tuple(ranges),
        definitions={"S": " + ".join(x), "F": f"S**2 - ({' + '.join(products)})"},
        expression=f"S**{n - 4}/F**{n - 2}",
        low=low,
        high=high,
        **fields,
    )


def _adjacent(i: int, j: int, n: int) -> bool:
    return j - i in (1, n - 1)


def _all_equal(names: list[str], bounds: tuple[float, float] = EUCLIDEAN) -> Ranges:
    return dict.fromkeys(names, bounds)


def _box(name: str, mass_12: str | float, mass_23: str | float, ranges: Ranges, **fields: Any) -> ParametricIntegral:
    """Return the box of eq. 3.2: two massless legs, and two of squared masses mass_12 and mass_23."""
    invariants = {(0, 2): "s14", (1, 3): "s12", (2, 3): mass_23, (1, 2): mass_12}
    return ngon(name, 4, invariants, ranges, **{"source": JHEP, **fields})


def box1l() -> ParametricIntegral:
    """Return I1: gg → HH through a top loop, both Higgs legs of squared mass mH2."""
    return _box("box1l", "mH2", "mH2", _all_equal(["s12", "s14", "mH2"]))


def box1l_2d() -> ParametricIntegral:
    """Return I1 at mH2 = −10."""
    return _box("box1l_2d", -10, -10, _all_equal(["s12", "s14"]), source=f"{JHEP} at mH2 = -10")


def box1l_4d() -> ParametricIntegral:
    """Return I1 with two different masses on the massive legs."""
    ranges = _all_equal(["s12", "s14", "mA2", "mB2"])
    return _box("box1l_4d", "mA2", "mB2", ranges, source=f"{JHEP} with two masses")


def box1l_wide() -> ParametricIntegral:
    """Return I1 over four decades of each invariant, drawn uniformly in log(−s)."""
    ranges = _all_equal(["s12", "s14", "mH2"], (-3e4, -3.0))
    return _box("box1l_wide", "mH2", "mH2", ranges, draw="log-uniform", source=f"{JHEP} over four decades")


def box1l_threshold() -> ParametricIntegral:
    """Return I1 next to the threshold s14 = 4 m_t².

    There F >= (1 + x2)² − s14 x2 = (1 − x2)² + (4 − s14) x2 > 0, which falls to 0.01 at x = (0, 1, 0), s14 = 3.99.
    """
    ranges = {"s12": EUCLIDEAN, "s14": (3.0, 3.99), "mH2": EUCLIDEAN}
    return _box("box1l_threshold", "mH2", "mH2", ranges, source=f"{JHEP} below the threshold of s14")


def pentagon1l_8d() -> ParametricIntegral:
    """Return a sector of the pentagon with three massive legs: five s_ij and three squared masses."""
    pairs = [(i, j) for i in range(5) for j in range(i + 1, 5) if not _adjacent(i, j, 5)]
    legs = [(1, 2), (2, 3), (3, 4)]
    names = {**{(i, j): f"s{i}{j}" for i, j in pairs}, **{(i, j): f"M{i}{j}" for i, j in legs}}
    return ngon("pentagon1l_8d", 5, names, _all_equal(list(names.values())), source="N-gon of this module, N = 5")


def hexagon1l() -> ParametricIntegral:
    """Return a sector of the hexagon with massless legs: nine s_ij, independent, without the Gram constraint."""
    pairs = [(i, j) for i in range(6) for j in range(i + 1, 6) if not _adjacent(i, j, 6)]
    names = {(i, j): f"s{i}{j}" for i, j in pairs}
    return ngon("hexagon1l", 6, names, _all_equal(list(names.values())), source="N-gon of this module, N = 6")


def heptagon1l() -> ParametricIntegral:
    """Return a sector of the heptagon with massless legs: the seven s_{i,i+2} vary, the seven s_{i,i+3} are −10."""
    near = [(0, 2), (1, 3), (2, 4), (3, 5), (4, 6), (0, 5), (1, 6)]
    far = [(i, j) for i in range(7) for j in range(i + 1, 7) if not _adjacent(i, j, 7) and (i, j) not in near]
    invariants: dict[tuple[int, int], str | float] = {pair: -10 for pair in far}
    invariants.update({(i, j): f"s{i}{j}" for i, j in near})
    ranges = _all_equal([f"s{i}{j}" for i, j in near], (-20.0, -1.0))
    return ngon("heptagon1l", 7, invariants, ranges, source="N-gon of this module, N = 7")

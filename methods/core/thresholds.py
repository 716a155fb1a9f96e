"""Thresholds and corner zeros of an integral, found by the polynomial in its denominator alone.

P(s, x), such as F, is affine in each invariant,

    P = a(x) + s_j b(x),    a and b with the other invariants in them,

and where a >= 0 all over the cube, I(s) is real until s_j reaches

    t_j = min a(x)/(−b(x))    over all x of the cube with b(x) < 0    (s_j > 0; otherwise −s_j, −b).

If t_j is the same all over the box, it is *the threshold* of s_j: I(s) is not analytic in s_j there. For a sum of
sectors it is the smallest of the terms, whose others cancel. The minimum is found without the quotient, which is 0/0
on faces where P vanishes: with t from the points known so far, P at s_j = t is minimised over the cube, and as long as
it becomes negative somewhere, that point gives a smaller t (Dinkelbach, Management Science 13 (1967) 492).

A *corner zero* is a corner of the cube at which P, an affine function of s there, vanishes inside the box. A contour
is fixed at the corners, so that it cannot be led around such a zero. Where P is not affine at a corner, as m², bounds
of its monomials over the box may show that it does not vanish.
"""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import sympy

from methods.core import denominators
from methods.core.errors import InputError
from methods.core.integral import ParametricIntegral

N_GRID, N_DRAWN, N_STARTS = 6561, 2048, 12
"""Points of the cube at which P is looked at: at most so many of a grid of corners and middles, and drawn ones. The
lowest ones are starts of a search for the minimum."""

N_OTHERS = 8
"""Most corners of the box of the other invariants at which a threshold must be the same; besides, the centre."""

MOST_CORNERS = 1024
"""Corners of the box at which P is looked at: all of those of ten invariants."""

STEP = 1e-6
"""Step of the central differences that give slopes of P."""

ZERO = 1e-12
"""Share of the typical size of P up to which it counts as zero."""

SAME = 1e-6
"""Relative difference up to which thresholds are the same."""

DECIMALS = 9
"""Decimals of a threshold that are kept, and digits after the first of one below 1: the search is no better."""


Polynomial = Callable[[float, np.ndarray], np.ndarray]
"""P (n,) of one term at t, which is |s_j| in units of the box's largest, and x (n, k), all else fixed."""


class CornerZero(NamedTuple):
    """A corner of the cube at which P vanishes inside the box."""

    term: int
    """Number of the term of the integrand, from 0."""
    corner: tuple[int, ...]
    """Its coordinates x."""
    polynomial: sympy.Expr
    """P there, such as 9 − s12: zero on a plane that meets the box."""


def thresholds(integral: ParametricIntegral) -> dict[str, float]:
    """Find the invariants that have a threshold, on a side of zero to which the box reaches.

    Parameters
    ----------
    integral : ParametricIntegral
        An integral from text. Its thresholds may lie outside its box.

    Returns
    -------
    dict
        Parameter -> threshold, the lowest on its side of zero: one inside the box if there is, or else the smaller in
        modulus. Parameters that lower P nowhere have none, nor do those whose threshold depends on the others in the
        box, nor those for which P is negative without them.

    Raises
    ------
    InputError
        For an integral in plain Python, whose denominators are not known.
    """
    found, terms = {}, integral.terms
    for j, name in enumerate(integral.parameters):
        threshold = _threshold(integral, terms, j)
        if threshold is not None:
            found[name] = threshold
    return found


def is_positive(integral: ParametricIntegral) -> bool:
    """Tell whether P of each term is nowhere seen to be negative in the cube, at the corners of the box.

    P is affine in each invariant, so that between corners it is no less than at one of them. At the corner where it is
    lowest at some points, compared with the largest there, it is minimised.
    """
    corners = np.array(list(itertools.islice(itertools.product((0.0, 1.0), repeat=integral.m), MOST_CORNERS)))
    if 2**integral.m > MOST_CORNERS:
        corners = np.random.default_rng(0).integers(0, 2, (MOST_CORNERS, integral.m)).astype(float)
    return all(_is_positive(term, integral.from_unit(corners)) for term in integral.terms)


def _is_positive(term: ParametricIntegral, s: np.ndarray) -> bool:
    """Tell the same of a term at s (n, m)."""
    x = _points(term.k)

    def values(point: np.ndarray, x: np.ndarray) -> np.ndarray:
        return np.broadcast_to(term.polynomial(point[None], x)[0], len(x))

    def lowest(point: np.ndarray) -> float:
        found = values(point, x)
        return float(found.min() / max(np.abs(found).max(), np.finfo(float).tiny))

    point = min(s, key=lowest)
    known = values(point, x)
    return _minimum(functools.partial(values, point), x, known)[1] >= -ZERO * np.abs(known).max()


def reason_if_unknown(integral: ParametricIntegral) -> str | None:
    """Say why the thresholds of a complex integral are not known, in a sentence; None where they are not needed."""
    if integral.is_complex and integral.expression is None:
        return "it is complex and a Python function, so that the thresholds of its denominator are not known"
    return None


def corner_zeros(integral: ParametricIntegral, *, only_affine: bool = False) -> list[CornerZero]:
    """List the corners of the cube at which P of a term vanishes inside the box, but not for all s.

    Raises
    ------
    InputError
        For an integral in plain Python, or where P is not affine in s at a corner and may vanish there, unless such
        corners are left out: `only_affine`.
    """
    if integral.expression is None:
        raise InputError(f"{integral.name} is a Python function, whose denominators are not known; define it by text.")
    found = []
    for i, polynomial in enumerate(denominators.polynomials(integral.expression, integral.prescription)):
        x = integral.expression.variables
        for corner in itertools.product((0, 1), repeat=integral.k):
            value = sympy.expand(polynomial.xreplace(dict(zip(x, map(sympy.Integer, corner), strict=True))))
            if value != 0 and not (only_affine and _degree(value, integral) > 1) and _vanishes(value, integral):
                found.append(CornerZero(i, corner, value))
    return found


def _degree(value: sympy.Expr, integral: ParametricIntegral) -> int:
    """Return the total degree in s of P at a corner."""
    return sympy.Poly(value, *integral.expression.parameters).total_degree()  # type: ignore[union-attr]


def _vanishes(value: sympy.Expr, integral: ParametricIntegral) -> bool:
    """Tell whether a polynomial in s is zero somewhere in the box; InputError where it may be and is not affine."""
    s = integral.expression.parameters  # type: ignore[union-attr]
    polynomial = sympy.Poly(value, *s)
    box = [[sympy.Rational(str(end)) for end in ends] for ends in zip(integral.low, integral.high, strict=True)]
    lowest = highest = sympy.Integer(0)
    for powers, coefficient in polynomial.terms():
        ends = [coefficient]
        for (low, high), power in zip(box, powers, strict=True):
            if power:
                at_ends = [low**power, high**power, *([0] if low < 0 < high else [])]
                products = [end * at_end for end in ends for at_end in at_ends]
                ends = [min(products), max(products)]
        lowest, highest = lowest + min(ends), highest + max(ends)
    if not lowest <= 0 <= highest:
        return False
    if polynomial.total_degree() > 1:
        raise InputError(f"{value}, the denominator of {integral.name} at a corner, is not affine in {s}.")
    return True


def _threshold(integral: ParametricIntegral, terms: list[ParametricIntegral], j: int) -> float | None:
    """Find the threshold of the j-th parameter; None where it has none of its own."""
    low, high = integral.low[j], integral.high[j]
    sides = [side for side, reach in ((1.0, high), (-1.0, -low)) if reach > 0]
    found = [t for side in sides if (t := _threshold_on_side(integral, terms, j, side)) is not None]
    return min(found, key=lambda t: (not low < t < high, abs(t)), default=None)


def _threshold_on_side(
    integral: ParametricIntegral, terms: list[ParametricIntegral], j: int, side: float
) -> float | None:
    """Find the threshold of the j-th parameter above zero, for side = 1, or below it, for side = −1."""
    first: float | None = None
    unit = max(abs(integral.low[j]), abs(integral.high[j]))  # s_j may be in TeV² or in MeV²
    for others in _others(integral, j):
        reached = _where_zero_is_reached(terms, j, side * unit, others)
        if reached is None or abs(reached - (first or reached)) > SAME * reached:
            return None
        first = first or reached
    return None if first is None else side * _rounded(first * unit)


def _rounded(threshold: float) -> float:
    """Round to DECIMALS, and a threshold below 1 to as many digits after its first."""
    return round(threshold, DECIMALS - min(0, math.floor(math.log10(threshold))))


def _others(integral: ParametricIntegral, j: int) -> Iterator[np.ndarray]:
    """Give points (1, m) of the box, the centre first, that differ in the other parameters."""
    yield integral.from_unit(np.full((1, integral.m), 0.5))
    corners = np.array(list(itertools.islice(itertools.product((0.0, 1.0), repeat=integral.m), 4096)))
    corners = corners[corners[:, j] == 0]
    if len(corners) > N_OTHERS:
        corners = np.random.default_rng(0).integers(0, 2, (N_OTHERS, integral.m)).astype(float)
    for corner in corners:
        yield integral.from_unit(corner[None])


def _where_zero_is_reached(terms: list[ParametricIntegral], j: int, unit: float, s: np.ndarray) -> float | None:
    """Find the smallest t = s_j/unit at which the minimum of some term's P reaches zero; None where none above 0 does.

    On the other side of zero the unit is negative.
    """
    reached = []
    for term in terms:
        p, x = _along(term, j, unit, s), _points(term.k)
        a, at_one, at_two = (p(t, x) for t in (0.0, 1.0, 2.0))
        b = at_one - a
        of_a, of_b = float(np.abs(a).max()), float(np.abs(b).max())
        is_affine = np.abs(at_two - at_one - b).max() <= SAME * (of_a + of_b)
        if not is_affine or _minimum(functools.partial(p, 0.0), x, a)[1] < -ZERO * of_a:
            return None
        if (b < -ZERO * of_b).any():
            least = _least_ratio(p, x, a, b)
            # Below this b is lost beside a, or a beside b.
            reached.append(least if least > max(SAME * of_a / of_b, ZERO) else 0.0)
    return min(reached, default=0.0) or None


def _along(term: ParametricIntegral, j: int, unit: float, s: np.ndarray) -> Polynomial:
    """Make P of a term with s_j = unit · t, the other invariants being those of s (1, m)."""

    def p(t: float, x: np.ndarray) -> np.ndarray:
        point = s.copy()
        point[0, j] = unit * t
        return np.broadcast_to(term.polynomial(point, x)[0], len(x))

    return p


def _least_ratio(p: Polynomial, x: np.ndarray, a: np.ndarray, b: np.ndarray) -> float:
    """Minimise a/(−b), where P = p(t, x) = a + t b, known at x (n, k)."""
    of_a, of_b = float(np.abs(a).max()), float(np.abs(b).max())
    falls = b < -ZERO * of_b
    t = float((a[falls] / -b[falls]).min())
    while True:
        lowest, value = _minimum(functools.partial(p, t), x, a + t * b)
        a_there, at_one = (float(p(point, lowest)[0]) for point in (0.0, 1.0))
        if value >= -ZERO * (of_a + t * of_b) or not 0 <= a_there < (a_there - at_one) * t * (1 - ZERO):
            return t
        t = a_there / (a_there - at_one)


def _minimum(p: Callable[[np.ndarray], np.ndarray], x: np.ndarray, known: np.ndarray) -> tuple[np.ndarray, float]:
    """Minimise P over the cube from the lowest of x (n, k), at which it is `known` (n,): where (1, k), and P there."""
    from scipy.optimize import minimize

    starts = x[np.argsort(known, kind="stable")[:N_STARTS]]
    steps = STEP * np.eye(x.shape[1])

    def total(flat: np.ndarray) -> tuple[float, np.ndarray]:
        points = flat.reshape(starts.shape)
        ahead, behind = (p((points[:, None] + step).reshape(-1, x.shape[1])) for step in (steps, -steps))
        return float(p(points).sum()), (ahead - behind) / (2 * STEP)

    found = minimize(total, starts.ravel(), jac=True, method="L-BFGS-B", bounds=[(0, 1)] * starts.size)
    ends = np.concatenate([starts, found.x.reshape(starts.shape)])
    values = p(ends)
    return ends[[values.argmin()]], float(values.min())


def _points(k: int) -> np.ndarray:
    """Give points (n, k) of the cube: corners, middles of edges and faces, and others, many of them near faces."""
    grid: Any = itertools.islice(itertools.product((0.0, 1.0, 0.5), repeat=k), N_GRID)
    drawn = np.random.default_rng(0).beta(0.5, 0.5, (N_DRAWN, k))
    return np.concatenate([np.array(list(grid)), drawn])

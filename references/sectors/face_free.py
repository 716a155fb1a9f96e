"""One integrand for the whole of a one-loop integral: a map of the simplex of Feynman parameters onto the cube.

    I(s) = Γ(N − D/2) ∫ Π dX_i δ(1 − h(X)) U^{N−D} / F^{N−D/2},    U = Σ X_i,   F = U Σ m_i² X_i − Σ_{i<j} s_ij X_i X_j

is projective: X = X(x) may have any length, and the measure becomes |det(X, ∂X/∂x_1, …)| dx. Without the faces of
sectors, corners of the cube are single propagators, where F = m_i² > 0, so that F has no zeros there:

    X_1 = x1,   X_2 = (1 − x1) x2,   X_3 = (1 − x1)(1 − x2) x3,   …          nested, Σ X_i = 1

Above the threshold s_ij = (m_i + m_j)² of two lines, F < 0 on a part of the edge between X_i and X_j. F − i0 has a
contour pass the two zeros around it on different sides, which no contour x(t) of one curvature does; so the point
X_i : X_j = r_i : r_j = m_j : m_i between them, where F vanishes at the threshold itself, becomes a corner too:

    X_i = v,       X_j = 1                                twice, where F is symmetric in X_i and X_j
    X_i = r_i v,   X_j = r_j w,   X_l = (1 − v)(1 − w)    with a third line l elsewhere: a triangle as a square

A group of lines takes the place of one X in the nested map, the other X times the group's sum. The first form is that
of the box in `references/integrals/physical.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import sympy

from methods.base import InputError
from references.sectors import positivity, symanzik
from references.sectors.loop_input import LoopInput
from references.sectors.quadratic_form import QuadraticForm
from references.sectors.sector import Sector

NO_PLACE = "is left inside an edge, where no arc is causal"
"""End of the line by which `integrand` reports a threshold that it makes no corner of the cube."""


class Group(NamedTuple):
    """Lines whose X are a polynomial each in variables of their own."""

    X: dict[int, sympy.Expr]
    """Number of the line, from 0 -> its X."""
    variables: tuple[sympy.Symbol, ...]
    jacobian: sympy.Expr
    """det(X, ∂X/∂variables)."""
    multiplicity: int
    """How often the group's cube covers its part of the simplex: twice where only half is integrated over."""

    @property
    def total(self) -> sympy.Expr:
        """Sum of X."""
        return sympy.Add(*self.X.values())


def integrand(loop: LoopInput, progress: Callable[[str], Any] = lambda _: None) -> tuple[int, list[Sector]]:
    """Return Γ(N − D/2) and the one integrand.

    Raises
    ------
    InputError
        Where there is more than one loop, a propagator is massless, F touches zero at the border of the box, or it
        cannot be decided whether F changes sign in it.
    """
    polynomials = symanzik.polynomials(loop)
    form = QuadraticForm.of(loop, polynomials)
    pairs = form.threshold_pairs()
    groups = _groups(form, pairs)
    variables = tuple(sympy.Symbol(f"x{i + 1}") for i in range(len(form.masses) - 1))
    X, U, jacobian = _nested(groups, variables)
    progress(f"Feynman parameters of the lines: {', '.join(map(str, X))}")
    for i, j in pairs:
        if not any({i, j} <= group.X.keys() for group in groups):
            progress(f"The threshold of lines {i + 1} and {j + 1} {NO_PLACE}.")
    F = form.value(X, U)
    try:
        box = form.parameters, form.low, form.high
        sign = positivity.BY_FORM if form.is_positive() else positivity.sign_of(F, variables, *box)
    except InputError as problem:
        raise InputError(f"F of {loop.name} {problem}.") from problem
    # Such a zero is inside an edge, where the search for the smallest F comes close to it and never hits it.
    if sign == positivity.TESTED and (touching := form.touching_pairs()):
        i, j = touching[0]
        raise InputError(
            f"F of {loop.name} falls to 0 between lines {i + 1} and {j + 1}, whose threshold is at the border of the "
            "box; give a box in which F > 0, or one that goes beyond."
        )
    return polynomials.prefactor, [
        Sector(
            math.prod(group.multiplicity for group in groups), (0,) * len(variables), str(U), polynomials.U_power,
            str(F), polynomials.F_power, sign, factor=str(jacobian),
            prescription="F" if sign == positivity.CHANGES else None,
        )
    ]  # fmt: skip


def _groups(form: QuadraticForm, pairs: list[tuple[int, int]]) -> list[Group]:
    """Group the lines of thresholds, those with a line in an earlier group excepted; the other lines stand alone."""
    free = list(range(len(form.masses)))
    groups = []
    for i, j in pairs:
        if not {i, j} <= set(free):
            continue
        if form.is_symmetric(i, j):
            groups.append(_half(i, j))
        elif others := [line for line in free if not any(line in pair for pair in pairs)]:
            groups.append(_square(i, j, others[0], form.ratio(i, j)))
        else:
            continue
        free = [line for line in free if line not in groups[-1].X]
    return [*groups, *[Group({line: sympy.Integer(1)}, (), sympy.Integer(1), 1) for line in free]]


def _half(i: int, j: int) -> Group:
    v = sympy.Dummy("v")
    return Group({i: v, j: sympy.Integer(1)}, (v,), sympy.Integer(1), 2)


def _square(i: int, j: int, third: int, ratio: sympy.Rational) -> Group:
    v, w = sympy.Dummy("v"), sympy.Dummy("w")
    return Group({i: ratio * v, j: w, third: (1 - v) * (1 - w)}, (v, w), ratio * (1 - v * w), 1)


def _nested(
    groups: list[Group], variables: tuple[sympy.Symbol, ...]
) -> tuple[list[sympy.Expr], sympy.Expr, sympy.Expr]:
    """Return X of every line, their sum U, and det(X, ∂X/∂x_1, …).

    With y_a the nested map's share of group a, of n_a lines, and w_a the product of the other groups' sums, the X of
    the group's lines are y_a w_a X_a, and the determinant is that of y times Π_a (y_a w_a)^{n_a − 1} w_a det_a: what
    derivatives of w_a add to a column is a combination of X and ∂X/∂y.
    """
    outer, inner = variables[: len(groups) - 1], iter(variables[len(groups) - 1 :])
    named = {dummy: next(inner) for group in groups for dummy in group.variables}
    totals = [group.total.xreplace(named) for group in groups]
    X: dict[int, sympy.Expr] = {}
    left: sympy.Expr = sympy.Integer(1)
    jacobian = sympy.Mul(*[(1 - x) ** (len(outer) - 1 - i) for i, x in enumerate(outer)])
    for a, group in enumerate(groups):
        y = left * outer[a] if a < len(outer) else left
        left = left * (1 - outer[a]) if a < len(outer) else left
        w = sympy.Mul(*[total for b, total in enumerate(totals) if b != a])
        X |= {line: y * w * x.xreplace(named) for line, x in group.X.items()}
        jacobian *= y ** (len(group.X) - 1) * w ** len(group.X) * group.jacobian.xreplace(named)
    return [X[line] for line in sorted(X)], sympy.Mul(*totals), jacobian

"""F of a one-loop integral as a quadratic form in its Feynman parameters: masses, cuts of two lines, and symmetries.

    F = U Σ_i m_i² X_i − Σ_{i<j} s_ij X_i X_j,    U = Σ_i X_i

s_ij is the squared momentum through lines i and j. On the edge between X_i and X_j, F becomes negative from the
threshold s_ij = (m_i + m_j)² on, and first at X_i : X_j = m_j : m_i.
"""

from __future__ import annotations

import dataclasses
import itertools
import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Self

import sympy

from methods.base import InputError
from references.sectors import positivity, symanzik
from references.sectors.loop_input import LoopInput

LARGEST_DENOMINATOR = 1000
"""Largest denominator of a ratio of masses: F at m_j : m_i then vanishes within 1e-6 of the threshold."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class QuadraticForm:
    """m_i² and s_ij of N lines, numbered from 0, over a box of kinematic invariants."""

    masses: tuple[sympy.Expr, ...]
    """m_i²."""
    cuts: dict[tuple[int, int], sympy.Expr]
    """(i, j), i < j -> s_ij."""
    parameters: tuple[sympy.Symbol, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]

    @classmethod
    def of(cls, loop: LoopInput, polynomials: symanzik.Symanzik) -> Self:
        """Read the form off a one-loop F; InputError for more loops, and for m_i² that are zero or of higher degree."""
        n = polynomials.U.number_of_variables
        X = sympy.symbols(f"X1:{n + 1}")
        if sympy.expand(polynomials.formula(polynomials.U, X) - sum(X)) != 0:
            raise InputError(
                f"A face-free form is for one loop, where U is the sum of all Feynman parameters; that of {loop.name} "
                f"is {polynomials.formula(polynomials.U, X)}. Make sectors of it."
            )
        coefficients = sympy.Poly(polynomials.formula(polynomials.F, X), *X)
        masses = tuple(coefficients.coeff_monomial(x**2) for x in X)
        cuts = {
            (i, j): sympy.expand(masses[i] + masses[j] - coefficients.coeff_monomial(X[i] * X[j]))
            for i, j in itertools.combinations(range(n), 2)
        }
        parameters = tuple(sympy.Symbol(name) for name in loop.parameters)
        form = cls(masses=masses, cuts=cuts, parameters=parameters, low=loop.low, high=loop.high)
        for i, mass in enumerate(masses):
            if high := [p for p in parameters if sympy.degree(mass, p) > 1]:
                raise InputError(
                    f"The squared mass of line {i + 1} of {loop.name} is {mass}, not of first degree in {high[0]}, as "
                    "a face-free form needs it; take the square as the parameter, or make sectors."
                )
            if not form.minimum(mass) > 0:
                raise InputError(
                    f"A face-free form needs massive propagators; the squared mass of line {i + 1} of {loop.name} is "
                    f"{mass}, and F vanishes where this line is left alone. Make sectors of it."
                )
        return form

    def minimum(self, coefficient: sympy.Expr) -> float:
        """Smallest value over the box of what is of first degree in each invariant."""
        return positivity.minimum(coefficient, self.parameters, self.low, self.high)

    def value(self, X: Sequence[sympy.Expr], U: sympy.Expr) -> sympy.Expr:
        """F at X, whose sum is U."""
        if len(set(self.masses)) == 1:
            weighted = self.masses[0] * U
        else:
            weighted = sympy.Add(*[mass * x for mass, x in zip(self.masses, X, strict=True)])
        return U * weighted - sympy.Add(*[s * X[i] * X[j] for (i, j), s in self.cuts.items()])

    def is_positive(self) -> bool:
        """Whether the signs of its coefficients say that F > 0 for all X >= 0 that are not all zero."""
        return all(
            self.minimum(sympy.expand(self.masses[i] + self.masses[j] - s)) >= 0 for (i, j), s in self.cuts.items()
        )

    def is_symmetric(self, i: int, j: int) -> bool:
        """Whether F stays the same when X_i and X_j are exchanged."""
        others = [line for line in range(len(self.masses)) if line not in (i, j)]
        same_cuts = all(self._cut(i, line) == self._cut(j, line) for line in others)
        return self.masses[i] == self.masses[j] and same_cuts

    def _cut(self, i: int, j: int) -> sympy.Expr:
        return self.cuts[min(i, j), max(i, j)]

    def ratio(self, i: int, j: int) -> sympy.Rational:
        """X_i : X_j = m_j : m_i, at the centre of the box where masses are among its parameters."""
        centre = {p: (a + b) / 2 for p, a, b in zip(self.parameters, self.low, self.high, strict=True)}
        m_i, m_j = (math.sqrt(self.masses[line].subs(centre)) for line in (i, j))
        return sympy.Rational(Fraction(m_j / m_i).limit_denominator(LARGEST_DENOMINATOR))

    def threshold_pairs(self) -> list[tuple[int, int]]:
        """Pairs of lines between which F is negative somewhere in the box."""
        return [pair for pair in self.cuts if self._gap(*pair) < 0]

    def touching_pairs(self) -> list[tuple[int, int]]:
        """Pairs of lines between which F falls to zero and no further: their threshold is at the border of the box."""
        return [pair for pair in self.cuts if self._gap(*pair) == 0]

    def _gap(self, i: int, j: int) -> float:
        """Smallest (m_i + m_j)² − s_ij of the box: at a corner, as √(m_i² m_j²) is concave; 0 within rounding of it.

        Where s_ij is of higher degree, and its largest value may lie between corners, −∞ stands for it.
        """
        squares = self.masses[i], self.masses[j], self.cuts[i, j]
        used = set().union(*(square.free_symbols for square in squares))
        if any(sympy.degree(self.cuts[i, j], p) > 1 for p in used):
            return -math.inf
        ends = {p: ends for p, *ends in zip(self.parameters, self.low, self.high, strict=True) if p in used}
        found = []
        for corner in itertools.product(*ends.values()):
            values = dict(zip(ends, corner, strict=True))
            m_i2, m_j2, s = (float(square.subs(values)) for square in squares)
            gap = m_i2 + m_j2 + 2 * math.sqrt(m_i2 * m_j2) - s
            found.append(0.0 if abs(gap) < positivity.ROUNDING * (m_i2 + m_j2) else gap)
        return min(found)

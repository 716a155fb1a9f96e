"""Integrands as pySecDec wants them: a sum of products of powers of polynomials.

    f(s, x) = Σ_t f_t,    f_t = c · Π_a P_a(s, x)^n_a · Π_b Q_b(s, x)^−β_b · g(s, x)

Each term f_t becomes an integral of its own, with sample sizes of its own. The factors Q_b with negative or fractional
powers are its `polynomials_to_decompose`, those with positive whole powers P_a its `other_polynomials`, and what is no
power of a polynomial g (exp, log, …) its `remainder_expression`. Terms that differ in Π_a P_a^n_a alone share their
costly factors and stay one integral, so 1 + x or (a + b x)/F^3 is one, and 1/F1^2 + 1/F2^2 are two.

Where F stands for F − i0, it is one of the Q_b in each term, and pySecDec deforms the contour for it,

    z_j = x_j − i λ_j x_j (1 − x_j) Re ∂F/∂x_j,

so that Im F <= 0, while the real parts of the other Q_b, such as U, stay positive. Its code checks both wherever it
evaluates f_t. There must be no x in g then, which it would leave undeformed. Borowka et al., Comput. Phys. Commun. 222
(2018) 313.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import sympy

from methods.base import InputError
from methods.core import denominators
from methods.core.expression import Expression

_KNOWN = (sympy.exp, sympy.log)
"""Functions that pySecDec's generated C++ has, besides powers (common_cpu.h of 1.6.6)."""


def arguments(expression: Expression, prescription: str | None = None) -> list[dict[str, Any]]:
    """Translate an integrand into the arguments of one `MakePackage` per term, all plain JSON values.

    Parameters
    ----------
    expression : Expression
        The integrand.
    prescription : str, optional
        Name of the polynomial for which the contour is deformed, as in `ParametricIntegral`.

    Raises
    ------
    InputError
        Where the integrand holds a function that pySecDec cannot compile, or cannot deform the contour of.
    """
    # Names of our own: a parameter called eps, E or gamma would mean something else to pySecDec.
    x = {old: sympy.Symbol(f"lx{i + 1}") for i, old in enumerate(expression.variables)}
    s = {old: sympy.Symbol(f"ls{j + 1}") for j, old in enumerate(expression.parameters)}
    renamed = {name: part.xreplace({**x, **s}) for name, part in expression.polynomials.items()} | x | s
    factors = [_factors(term, renamed, [*x.values(), *s.values()]) for term in _terms(expression)]
    return [
        {
            "integration_variables": [str(v) for v in x.values()],
            "regulators": ["lmeps"],
            "requested_orders": [0],
            "real_parameters": [str(v) for v in s.values()],
            "decomposition_method": "iterative_no_primary",
            "polynomials_to_decompose": [text for _, text in term.decompose] or ["1"],
            "other_polynomials": term.other,
            "remainder_expression": str(term.remainder),
            **({} if prescription is None else _deformation(term, set(x.values()), prescription)),
        }
        for term in factors
    ]


class _Factors(NamedTuple):
    """The factors of a term, by what they are to pySecDec."""

    decompose: list[tuple[sympy.Expr, str]]
    """Q_b by the names that the formula has for them, and Q_b^−β_b as text."""
    other: list[str]
    """P_a^n_a as text."""
    remainder: sympy.Expr
    """g."""


def _terms(expression: Expression) -> list[sympy.Expr]:
    """Split the outer expression into terms of different costly factors."""
    names = (*expression.variables, *expression.parameters, *expression.polynomials)
    terms: dict[sympy.Expr, list[sympy.Expr]] = {}
    for term in sympy.Add.make_args(expression.outer):
        cheap, costly = sympy.Integer(1), sympy.Integer(1)
        for factor in sympy.Mul.make_args(term):
            if factor.is_polynomial(*names):
                cheap *= factor
            else:
                costly *= factor
        terms.setdefault(costly, []).append(cheap)
    return [costly * sympy.Add(*numerators) for costly, numerators in terms.items()]


def _factors(term: sympy.Expr, renamed: dict[sympy.Symbol, sympy.Expr], symbols: list[sympy.Symbol]) -> _Factors:
    """Sort the factors of a term by what they are to pySecDec."""
    decompose, other, remainder = [], [], sympy.Integer(1)
    # One fraction: a sum of fractions inside a product gets its common denominator.
    for factor in sympy.Mul.make_args(sympy.together(term)):
        base, power = factor.args if factor.is_Pow else (factor, sympy.Integer(1))
        if not (power.is_Rational and base.is_polynomial(*renamed)):
            remainder *= factor.xreplace(renamed)
            continue
        text = f"({_rational(base.xreplace(renamed), symbols)})**({power})"
        if power.is_Integer and power > 0:
            other.append(text)
        else:
            decompose.append((base, text))
    if foreign := {type(f).__name__ for f in remainder.atoms(sympy.Function) if not isinstance(f, _KNOWN)}:
        raise InputError(
            f"pySecDec cannot compile {', '.join(sorted(foreign))}; powers, exp and log are what it has, "
            f"so take another method for this integral."
        )
    return _Factors(decompose, other, remainder)


def _deformation(term: _Factors, variables: set[sympy.Symbol], prescription: str) -> dict[str, Any]:
    """Name the `polynomials_to_decompose`: the one that the contour is deformed for, and those to be positive."""
    if variables & term.remainder.free_symbols:
        # pySecDec 1.6.6 evaluates the remainder at x, not at z, without a word: log(F)/F is wrong by a quarter.
        raise InputError(
            "pySecDec deforms the contour in polynomials and their powers only, not inside exp and log; take another "
            "method for this integral."
        )
    names = [f"lp{i + 1}" for i in range(len(term.decompose))]
    named = zip(names, term.decompose, strict=True)
    deformed = [name for name, (base, _) in named if denominators.is_prescribed(base, prescription)]
    if len(deformed) != 1:
        raise InputError(
            f"pySecDec deforms the contour for a polynomial with a negative or fractional power, and the prescription "
            f"names {prescription!r}, which has none in a term; take another method for this integral."
        )
    return {
        "polynomial_names": names,
        "contour_deformation_polynomial": deformed[0],
        "positive_polynomials": [name for name in names if name not in deformed],
    }


def _rational(polynomial: sympy.Expr, symbols: list[sympy.Symbol]) -> str:
    """Write a polynomial with rational coefficients, as FORM wants them; π, √2, … become their nearest doubles."""
    terms = sympy.Poly(polynomial, *symbols).as_dict()
    exact = {powers: c if c.is_Rational else sympy.Rational(float(c)) for powers, c in terms.items()}
    return str(sympy.Poly(exact, *symbols).as_expr())

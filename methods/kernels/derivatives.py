"""The derivatives of an integrand in the kinematic invariants, as formulas.

    ∂f/∂s_j = g Σ_P ∂h/∂P ∂P/∂s_j + g ∂h/∂s_j,    f = g h, where g does not depend on s

The polynomials P of the formula keep their names, and so do their derivatives ∂P/∂s_j, which have fewer terms: those of
U = x_1 + x_2, F = s U and f = U/F² are −2U/F³ ∂F/∂s.
"""

from __future__ import annotations

import dataclasses

import sympy

from methods.core.expression import Expression


def derivatives(expression: Expression) -> list[Expression]:
    """Return ∂f/∂s_1, …, ∂f/∂s_m of an integrand f that is no sum."""
    return [_derivative(expression, parameter) for parameter in expression.parameters]


def _derivative(expression: Expression, parameter: sympy.Symbol) -> Expression:
    slopes = {name: sympy.diff(polynomial, parameter) for name, polynomial in expression.polynomials.items()}
    named = {
        name: sympy.Dummy(f"d{name}_d{parameter}", real=True) for name, slope in slopes.items() if not slope.is_number
    }
    moving = [name for name, slope in slopes.items() if slope != 0]
    constant, dependent = expression.outer.as_independent(parameter, *moving, as_Add=False)
    outer = constant * sum(
        (sympy.diff(dependent, name) * named.get(name, slopes[name]) for name in moving),
        sympy.diff(dependent, parameter),
    )
    own = {symbol: slopes[name] for name, symbol in named.items()}
    return dataclasses.replace(expression, outer=outer, polynomials={**expression.polynomials, **own})

"""Derivatives of integrands in s as formulas: those of sympy, for every shape a formula can have."""

from __future__ import annotations

import pytest
import sympy

import references
from methods.base import ParametricIntegral
from methods.kernels.derivatives import derivatives

FORMULAS = {
    "power of F": ("1/F**2", {"F": "a + x*y - b*x**2"}),
    "without s": ("x*y", {}),
    "s outside of polynomials": ("a**2*x/F", {"F": "a + b*x + a*b*y"}),
    "numerator": ("(x - a*y)*U/F**3", {"U": "1 + x", "F": "b + x*y"}),
    "linear in one invariant": ("F*x", {"F": "a + x"}),
    "sum of quotients": ("x/(a + x) + b*y/(1 + y)", {}),
}


def formula(text: str, definitions: dict[str, str]) -> ParametricIntegral:
    return ParametricIntegral.from_expression(
        name="f", expression=text, definitions=definitions, variables=("x", "y"), parameters=("a", "b"),
        low=(1.0, 1.0), high=(2.0, 2.0),
    )  # fmt: skip


@pytest.mark.parametrize("name", FORMULAS)
def test_they_are_those_of_the_whole_formula(name):
    expression = formula(*FORMULAS[name]).expression
    values = [sympy.Rational(n, 7) for n in (2, 3, 11, 16)]
    point = dict(zip([*expression.variables, *expression.parameters], values, strict=True))
    for parameter, found in zip(expression.parameters, derivatives(expression), strict=True):
        assert found.full.subs(point) == sympy.diff(expression.full, parameter).subs(point)


def test_factors_without_s_stay_factors():
    integral = references.integral("box2l")
    without_s = {sympy.Symbol(name, real=True) for name in ("U", "x4")}
    assert without_s <= set(sympy.Mul.make_args(integral.expression.outer))
    for found in derivatives(integral.expression):
        assert without_s <= set(sympy.Mul.make_args(found.outer))

"""Values straight from the symbols are those of the compiled integrand."""

from __future__ import annotations

import numpy as np
import pytest

import references
from methods.base import ParametricIntegral
from methods.core.formula_values import integrand_values

FORMULAS = [
    "x1*s1",
    "3",
    "s1/2",
    "pi*exp(-1)*x1",
    "exp(-x1)/(x1 + s1)**2",
    "sqrt(x1**2)*atan(x1)*sinh(s1)*cosh(x1)*tanh(x1)",
    "log(s1 + x1)*sin(x1)*cos(s1)*tan(x1)",
    "tan(x1 + pi/2)",
    "(s1 + x1)**s1 + x1**0.5",
    "1/(x1 + s1) + 2*x1/(s1 + x1**2)**3",
]


def of_text(text):
    return ParametricIntegral.from_expression(
        name="text", expression=text, variables=("x1",), parameters=("s1",), low=(1.0,), high=(2.0,)
    )


@pytest.mark.parametrize("text", FORMULAS)
def test_every_function_and_constant_is_evaluated(text):
    integral = of_text(text)
    x, s = np.random.default_rng(1).random((5, 1)), integral.sample(5, seed=1)
    np.testing.assert_allclose(integrand_values(integral.expression, s, x), integral.integrand(s, x), rtol=1e-13)


@pytest.mark.parametrize("name", ["bubble", "box1l", "box1l_sum", "box1l_physical", "genz_oscillatory_3d"])
def test_registered_integrals_have_the_values_of_their_compiled_form(name):
    integral = references.integral(name)
    x, s = np.random.default_rng(1).random((5, integral.k)), integral.sample(5, seed=1)
    np.testing.assert_allclose(integrand_values(integral.expression, s, x), integral.integrand(s, x), rtol=1e-12)

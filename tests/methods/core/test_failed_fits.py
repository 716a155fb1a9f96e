"""A fit that fails leaves a method that gives no values, rather than those of the integral before."""

from __future__ import annotations

import pytest

import methods
from methods.base import InputError, ParametricIntegral
from methods.core.errors import NoCausalContour


def integral(expression: str, f: str = "1 + x1", prescription: str | None = None) -> ParametricIntegral:
    return ParametricIntegral.from_expression(
        name="mine", variables=("x1",), parameters=("s1",), low=(-0.4,), high=(0.4,), definitions={"F": f},
        expression=expression, prescription=prescription,
    )  # fmt: skip


PINCHED = integral("1/F", "s1 + 0*x1", "F")
NO_NUMBER = integral("log(s1 - 3*x1)")


@pytest.mark.parametrize(
    ("name", "fields", "bad", "error"),
    [
        ("gauss_legendre", {"epsrel": 1e-3}, PINCHED, NoCausalContour),
        ("lattice_qmc", {"points": 16, "transform": "tent", "a": 0.0}, PINCHED, NoCausalContour),
        ("learned_contour", {"order": 2, "degree": 1}, NO_NUMBER, InputError),
        ("chebyshev", {"max_labels": 40, "labels": "lattice_qmc,points=64"}, NO_NUMBER, InputError),
        ("total_degree", {"max_labels": 100, "labels": "lattice_qmc,points=64"}, NO_NUMBER, InputError),
        ("dense_mlp", {"n_labels": 20, "n_updates": 1, "labels": "lattice_qmc,points=64"}, NO_NUMBER, InputError),
    ],
)
def test_a_method_whose_fit_failed_gives_no_values(name, fields, bad, error):
    method, s = methods.create(name, **fields).fit(integral("1/(2 + s1 + x1)")), [[0.1]]
    assert method.integrate(s).value.shape == (1,)
    with pytest.raises(error):
        method.fit(bad)
    with pytest.raises(AttributeError, match="integral_"):
        method.integrate(s)
    assert method.fit(integral("1/(3 + s1 + x1)")).integrate(s).value.shape == (1,)

"""Sums over complex nodes: paired real arithmetic and general formulas agree with the formula itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.base import ParametricIntegral

DEFINITIONS = {"U": "1 + x1*x2", "F": "1 + x1*x2 - s1*x1*(1 - x2) - s2*x2", "G": "2 + s1*x1"}


def integral(expression: str) -> ParametricIntegral:
    return ParametricIntegral.from_expression(
        name="sums", variables=("x1", "x2"), parameters=("s1", "s2"), low=(0.5, 1.0), high=(2.0, 3.0),
        definitions={name: text for name, text in DEFINITIONS.items() if name in expression},
        expression=expression, prescription="F",
    )  # fmt: skip


def nodes(n: int) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(1)
    x = rng.random((n, 2)) + 0.3j * rng.random((n, 2))
    return torch.as_tensor(x), torch.as_tensor(rng.random(n) + 1j * rng.random(n))


@pytest.mark.parametrize("n", [5, 20_000])
@pytest.mark.parametrize(
    "expression",
    ["1/F", "x1/F**2", "2*U*x2/F**3", "F**2*G", "G/F**4", "1/(U*F*G)", "log(F)/F", "U**(1/2)*F**(-3/2)", "s1*exp(G)/F"],
)
def test_sums_are_those_of_the_formula(expression, n):
    subject, (x, weights) = integral(expression), nodes(n)
    s = subject.sample(7, seed=2)
    found = subject.weighted_sum(x, weights)(torch.as_tensor(s)).numpy()
    direct = np.array([(subject.integrand(row[None], x.numpy()) * weights.numpy()).sum() for row in s])
    np.testing.assert_allclose(found, direct, rtol=1e-11)


def test_no_points_give_no_values():
    for expression in ("1/F", "log(F)"):
        value = integral(expression).weighted_sum(*nodes(5))(torch.zeros(0, 2, dtype=torch.float64))
        assert value.shape == (0,)
        assert value.is_complex()

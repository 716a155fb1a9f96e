"""Derivatives of rules in s: those of sums in which a term is without s."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from integrals import plain

import methods
from methods.base import ParametricIntegral
from methods.quadrature.node_gradients import automatic_gradient


@pytest.mark.parametrize("prescription", [None, "P"])
def test_a_term_without_s_has_no_derivatives(prescription):
    """∫ 1/(2 + x) + s1/(3 + x) dx has the derivatives log(4/3) and 0, whether it is taken for complex or not."""
    integral = ParametricIntegral.from_expression(
        name="partly_without_s", variables=("x1",), parameters=("s1", "s2"), low=(1.0, 1.0), high=(2.0, 2.0),
        definitions={"P1": "2 + x1", "P2": "3 + x1"}, expression="1/P1 + s1/P2", prescription=prescription,
    )  # fmt: skip
    s = integral.sample(5, seed=0)
    rule = methods.create("gauss_legendre", epsrel=1e-6, search_order=4, n_contours=10).fit(integral)
    estimate, gradient = rule.integrate_with_gradient(s)
    np.testing.assert_allclose(estimate.value, np.log(3 / 2) + s[:, 0] * np.log(4 / 3), rtol=1e-5)
    np.testing.assert_allclose(gradient, np.tile([np.log(4 / 3), 0], (5, 1)), atol=1e-5)


@pytest.mark.parametrize("mode", [torch.no_grad, torch.inference_mode])
@pytest.mark.parametrize("made_within", [False, True])
def test_derivatives_are_there_where_torch_records_none(mode, made_within):
    """∂I/∂s = ∫ −2 (1, x)/(s1 + s2 x)³ dx, by a rule of one node."""

    def rule():
        one = torch.ones(1, dtype=torch.float64)
        return automatic_gradient(plain(1), one[:, None] / 2, one)

    outside = rule()
    with mode():
        value, gradient = (rule() if made_within else outside)(torch.tensor([[1.0, 2.0]], dtype=torch.float64))
    np.testing.assert_allclose(value.numpy(), 0.25)
    np.testing.assert_allclose(gradient.numpy(), [[-0.25, -0.125]])

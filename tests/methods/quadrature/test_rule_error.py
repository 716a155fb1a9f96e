"""The estimate of a rule's error where rules converge slowly: a rule of one node more does not tell what is left."""

from __future__ import annotations

import numpy as np
import pytest

import methods
from methods.base import ParametricIntegral
from methods.quadrature.rule_error import rule_error

ONES = np.ones(12)
"""Of eight corners and four drawn points."""


def peak(b: float) -> ParametricIntegral:
    """∫ s1/(b + x)² dx."""
    return ParametricIntegral.from_expression(
        name="peak", variables=("x1",), parameters=("s1",), low=(1.0,), high=(2.0,), definitions={"P": f"{b} + x1"},
        expression="s1/P**2", exact=lambda s: s[:, 0] * (1 / b - 1 / (1 + b)),
    )  # fmt: skip


@pytest.mark.parametrize(("b", "share"), [(1e-4, 0.5), (1e-3, 0.95)])
def test_errors_are_stated_where_no_order_serves_a_map(b, share):
    """Rules of 40 nodes without a map have 27 and 92 % of the integral, and those of 41 differ by 4 and 1 %."""
    integral = peak(b)
    s = integral.sample(20, seed=1)
    rule = methods.create("gauss_legendre", a=0.0).fit(integral)
    estimate, exact = rule.integrate(s), integral.exact(s)
    assert rule.orders_.tolist() == [[40]]
    assert (estimate.value < share * exact).all()
    assert (exact - estimate.value < 3 * estimate.error).all()
    assert (exact - estimate.value > estimate.error / 5).all()


@pytest.mark.parametrize(
    ("lower", "value", "higher"),
    [(0.5, 1.0, 1.0 + 1e-6), (0.95, 1.0, 1.004), (0.5, 1.0, 1.0)],
    ids=["far from half of the nodes alone", "slow and close", "converged"],
)
def test_where_rules_converge_or_are_close_the_larger_one_tells_the_error(lower, value, higher):
    values = value * ONES, lower * ONES, higher * ONES
    assert rule_error(*values, 4, steps=20.0) == rule_error(*values, 4)


def test_what_is_left_where_errors_fall_slowly():
    """By a factor of 4 with the 20 nodes that the rule has more than the smaller one, down to 0.1."""
    values = (1 - 0.1) * ONES, (1 - 0.4) * ONES, (1 - 0.1 * 0.25 ** (1 / 20)) * ONES
    assert rule_error(*values, 4).floor < 0.01
    assert rule_error(*values, 4, steps=20.0).floor == pytest.approx(0.11, rel=0.3)


def test_rules_whose_values_grow_by_every_node_have_no_digit():
    values = 0.9 * ONES, 0.7 * ONES, 0.91 * ONES
    assert rule_error(*values, 4, steps=20.0).floor == pytest.approx(1.0)

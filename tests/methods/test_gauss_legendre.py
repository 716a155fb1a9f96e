"""gauss_legendre: exact where Gauss rules are, honest, and what the table says of box1l."""

from __future__ import annotations

import numpy as np
import pytest
from integrals import changing_sign, costly, plain, product, relative_error

import methods
import references
from methods.base import ParametricIntegral


def polynomial(degree: int) -> ParametricIntegral:
    """∫ s1 x^degree dx = s1/(degree + 1)."""
    return ParametricIntegral.from_expression(
        name="polynomial", variables=("x1",), parameters=("s1",), expression=f"s1*x1**{degree}",
        low=(1.0,), high=(2.0,), exact=lambda s: s[:, 0] / (degree + 1),
    )  # fmt: skip


@pytest.mark.parametrize("order", [2, 4, 7])
def test_exact_for_polynomials_up_to_degree_2n_minus_1_and_not_beyond(order):
    s = np.array([[1.0], [1.7]])
    for degree, exact in ((2 * order - 1, True), (2 * order, False)):
        integral = polynomial(degree)
        rule = methods.create("gauss_legendre", order=order, a=0.0).fit(integral)
        error = relative_error(rule.integrate(s).value, integral.exact(s))
        assert (error < 1e-14) == exact


@pytest.mark.parametrize("integral", [product(1), product(3), plain(2)], ids=lambda i: i.name)
def test_reaches_the_accuracy_asked_for(integral):
    s = integral.sample(300, seed=3)
    rule = methods.create("gauss_legendre", epsrel=1e-9).fit(integral)
    error = np.abs(rule.integrate(s).value / integral.exact(s) - 1)
    assert np.sqrt(np.mean(error**2)) < 1e-9


def test_max_nodes_wins_over_epsrel():
    rule = methods.create("gauss_legendre", epsrel=1e-12, max_nodes=30).fit(product(3))
    assert rule.order_ == 3


@pytest.mark.parametrize("budget", [1.0, 2.0, 5.0])
def test_the_order_is_the_one_whose_comparison_fits_the_budget(own_time, budget):
    """The map at order 2 takes 0.4 s of it: 12 candidates at 48 points by 2³ + 4³ nodes, at 10 µs each."""
    own_time.tick = 1e-6
    integral = costly(plain(3), 1e-5)
    rule = methods.create("gauss_legendre", epsrel=1e-16).fit(integral, budget=budget)
    assert 0.2 * budget < own_time.now < 1.1 * budget
    assert rule.details_["cut_short"]
    again = methods.create("gauss_legendre", order=rule.order_, a=rule.a_).fit(plain(3))
    s = integral.sample(20, seed=0)
    np.testing.assert_array_equal(again.integrate(s).value, rule.integrate(s).value)


def test_a_long_budget_changes_nothing(own_time):
    own_time.tick = 1e-6
    rules = [methods.create("gauss_legendre").fit(plain(3), budget=budget) for budget in (60.0, None)]
    assert rules[0].details_ == rules[1].details_
    assert not rules[0].details_["cut_short"]


def test_errors_are_honest_where_they_are_not_rounding():
    integral = product(3)
    s = integral.sample(2000, seed=5)
    estimate = methods.create("gauss_legendre", order=4).fit(integral).integrate(s)
    within = np.abs(estimate.value - integral.exact(s)) / estimate.error
    assert 0.55 < np.mean(within < 1) < 0.999
    assert np.mean(within < 3) > 0.95


def test_matrix_product_and_plain_callable_agree():
    s = product(3).sample(50, seed=1)
    values = [
        methods.create("gauss_legendre", order=5, a=1.0).fit(i).integrate(s).value for i in (product(3), plain(3))
    ]
    np.testing.assert_allclose(*values, rtol=1e-13)


def test_integrals_that_change_sign():
    integral = changing_sign()
    s = integral.sample(200, seed=2)
    estimate = methods.create("gauss_legendre").fit(integral).integrate(s)
    np.testing.assert_allclose(estimate.value, integral.exact(s), atol=1e-15)


def test_too_many_dimensions_are_unsupported():
    reason = methods.create("gauss_legendre").unsupported(product(15))
    assert "k = 15" in reason


def test_nine_digits_on_box1l():
    truth = references.truth("box1l")
    rule = methods.create("gauss_legendre").fit(references.integral("box1l"))
    error = np.abs(rule.integrate(truth.s).value / truth.value - 1)[truth.uniform]
    assert -np.log10(error).mean() > 9.0
    assert rule.order_ <= 9

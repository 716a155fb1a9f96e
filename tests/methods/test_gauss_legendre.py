"""gauss_legendre: exact where Gauss rules are, honest, and what the table says of box1l."""

from __future__ import annotations

import numpy as np
import pytest
from integrals import changing_sign, costly, plain, product, relative_error

import methods
import references
from methods.base import InputError, ParametricIntegral


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
    assert 20 <= rule.orders_.prod() <= 30


@pytest.mark.parametrize("budget", [2.0, 5.0])
def test_the_budget_is_kept_and_what_it_chose_repeats_the_result(own_time, budget):
    own_time.tick = 1e-6
    integral = costly(plain(3), 1e-6)
    rule = methods.create("gauss_legendre", epsrel=1e-16, max_nodes=100_000).fit(integral, budget=budget)
    assert 0.2 * budget < own_time.now < 1.1 * budget
    assert rule.details_["cut_short"]
    chosen = {name: rule.details_[name] for name in ("search_order", "max_nodes")}
    again = methods.create("gauss_legendre", epsrel=1e-16, **chosen).fit(plain(3))
    s = integral.sample(20, seed=0)
    np.testing.assert_array_equal(again.integrate(s).value, rule.integrate(s).value)


def test_a_long_budget_changes_nothing(own_time):
    own_time.tick = 1e-6
    rules = [methods.create("gauss_legendre").fit(plain(3), budget=budget) for budget in (60.0, None)]
    assert rules[0].details_ == rules[1].details_
    assert not rules[0].details_["cut_short"]


def peaks(b: float, c: float) -> ParametricIntegral:
    """∫∫ s1/((b + x1)² (c + 1 − x2)) dx: a pole at x1 = −b, and one at x2 = 1 + c."""
    return ParametricIntegral.from_expression(
        name="peaks", variables=("x1", "x2"), parameters=("s1",), low=(1.0,), high=(2.0,),
        definitions={"P": f"{b} + x1", "Q": f"{1 + c} - x2"}, expression="s1/(P**2*Q)",
        exact=lambda s: s[:, 0] * (1 / b - 1 / (1 + b)) * np.log((1 + c) / c),
    )  # fmt: skip


@pytest.mark.parametrize(("b", "c"), [(1e-1, 1.0), (1e-3, 1.0), (1e-4, 1e-2)])
def test_the_map_is_as_strong_as_the_peak_and_on_its_side(b, c):
    integral = peaks(b, c)
    s = integral.sample(5, seed=0)
    rule = methods.create("gauss_legendre").fit(integral)
    assert relative_error(rule.integrate(s).value, integral.exact(s)) < 1e-8
    (first, second), (orders,) = rule.a_[0], rule.orders_.tolist()
    assert np.log(1 / b) - 1.5 < first < np.log(1 / b) + 2
    assert second <= 0 or c == 1.0
    assert max(orders) <= 16


def test_a_map_too_weak_is_noticed():
    integral = peaks(1e-4, 1.0)
    s = integral.sample(5, seed=0)
    weak = methods.create("gauss_legendre", a=2.0).fit(integral).integrate(s)
    error = np.abs(weak.value / integral.exact(s) - 1)
    assert error.min() > 1e-3
    assert (np.abs(weak.value - integral.exact(s)) < 3 * weak.error).all()


def peak_at_a_corner(m: int, b: float) -> ParametricIntegral:
    """∫ dx/(b + s1 + … + sm + x)², which has a peak at one of the 2^m corners of the box of s alone."""
    parameters = [f"s{j + 1}" for j in range(m)]
    return ParametricIntegral.from_expression(
        name="peak_at_a_corner", variables=("x1",), parameters=parameters, low=[0.0] * m, high=[1.0] * m,
        definitions={"P": f"{b} + {' + '.join(parameters)} + x1"}, expression="1/P**2",
        exact=lambda s: 1 / (b + s.sum(axis=1)) - 1 / (1 + b + s.sum(axis=1)),
    )  # fmt: skip


@pytest.mark.parametrize("m", [4, 7, 9])
def test_a_corner_unlike_all_others_is_served(m):
    integral = peak_at_a_corner(m, 1e-3)
    estimate = methods.create("gauss_legendre").fit(integral).integrate(np.zeros((1, m)))
    error = np.abs(estimate.value - integral.exact(np.zeros((1, m))))
    assert error < 1e-8 * estimate.value
    assert error < 3 * estimate.error


@pytest.mark.parametrize("b", [0.3, 0.1, 0.03])
def test_an_error_is_stated_at_a_corner_that_was_not_looked_at(b):
    integral = peak_at_a_corner(12, b)
    estimate = methods.create("gauss_legendre").fit(integral).integrate(np.zeros((1, 12)))
    error = np.abs(estimate.value - integral.exact(np.zeros((1, 12))))
    assert error > 1e-4 * estimate.value  # a fit that has seen the corner would tell nothing
    assert 0.1 * estimate.error < error < 3 * estimate.error


def test_each_term_of_a_sum_has_maps_and_orders_of_its_own():
    terms = {"P": "0.001 + x1", "Q": "1 + x2", "R": "1 + s1"}
    integral = ParametricIntegral.from_expression(
        name="two_peaks", variables=("x1", "x2"), parameters=("s1",), low=(1.0,), high=(2.0,),
        definitions=terms, expression="R/P**2 + s1/Q**2",
        exact=lambda s: (1 + s[:, 0]) * (1000 - 1 / 1.001) + s[:, 0] / 2,
    )  # fmt: skip
    s = integral.sample(20, seed=0)
    rule = methods.create("gauss_legendre").fit(integral)
    estimate = rule.integrate(s)
    assert relative_error(estimate.value, integral.exact(s)) < 1e-8
    assert rule.orders_.shape == rule.a_.shape == (2, 2)
    assert rule.orders_[0, 1] == 1  # the first term does not depend on x2
    assert rule.orders_[0, 0] > rule.orders_[1, 1]
    n_nodes = rule.orders_.prod(axis=1) + ((rule.orders_ + 1) // 2).prod(axis=1)
    assert estimate.n_eval == 20 * n_nodes.sum() / 2


@pytest.mark.parametrize("epsrel", [1e-5, 1e-8])
@pytest.mark.parametrize("name", ["box1l", "box1l_wide", "box1l_threshold", "pentagon1l_8d"])
def test_stated_errors_are_honest_over_the_box_and_at_its_edges(name, epsrel):
    integral, truth = references.integral(name), references.truth(name)
    estimate = methods.create("gauss_legendre", epsrel=epsrel).fit(integral).integrate(truth.s)
    pull = np.abs(estimate.value - truth.value) / np.hypot(estimate.error, truth.error)
    assert np.mean(pull < 3) > 0.975
    assert 0.7 < np.mean(pull < 1) < 0.99


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


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"order": 0}, "order is 0; give at least 1"),
        ({"order": -3}, "order is -3; give at least 1"),
        ({"search_order": 0}, "search_order is 0; give at least 1"),
        ({"n_contours": 0}, "n_contours is 0; give at least 1"),
        ({"max_nodes": 0}, "max_nodes is 0; give at least 1"),
        ({"a": 701.0}, "a is 701.0; give a strength of the map from -700 to 700"),
        ({"a": float("nan")}, "a is nan; give a strength of the map from -700 to 700"),
    ],
)
def test_fields_that_cannot_be_are_refused(fields, message):
    with pytest.raises(InputError, match=f"gauss_legendre.{message}"):
        methods.create("gauss_legendre", **fields).fit(product(2))


def test_nine_digits_on_box1l():
    truth = references.truth("box1l")
    rule = methods.create("gauss_legendre").fit(references.integral("box1l"))
    error = np.abs(rule.integrate(truth.s).value / truth.value - 1)[truth.uniform]
    assert -np.log10(error).mean() > 9.0
    assert rule.orders_.prod() < 300


def test_four_decades_of_invariants():
    truth = references.truth("box1l_wide")
    rule = methods.create("gauss_legendre").fit(references.integral("box1l_wide"))
    digits = -np.log10(np.abs(rule.integrate(truth.s).value / truth.value - 1))
    assert digits[truth.uniform].mean() > 9.0
    assert digits.min() > 7.0

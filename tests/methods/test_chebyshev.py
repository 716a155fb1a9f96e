"""chebyshev: exact for polynomials of its degree, of log I or of I, and what the table says of box1l."""

from __future__ import annotations

import math

import numpy as np
import pytest
from integrals import changing_sign, plain, product

import methods
import references
from methods.base import ParametricIntegral


@pytest.mark.parametrize("integral", [product(1), product(3), plain(2)], ids=lambda i: i.name)
def test_reaches_the_accuracy_asked_for(integral):
    s = integral.sample(500, seed=3)
    table = methods.create("chebyshev", epsrel=1e-8).fit(integral)
    error = table.integrate(s).value / integral.exact(s) - 1
    assert np.sqrt(np.mean(error**2)) < 1e-8


def test_integrals_that_change_sign_are_interpolated_themselves():
    integral = changing_sign()
    s = integral.sample(200, seed=2)
    table = methods.create("chebyshev").fit(integral)
    assert table.target_.sign == 0
    np.testing.assert_allclose(table.integrate(s).value, integral.exact(s), atol=1e-14)


def test_negative_integrals_keep_their_sign():
    integral = ParametricIntegral.from_expression(
        name="negative", variables=("x1",), parameters=("s1",), expression="-1/(s1 + x1)**2", low=(1.0,), high=(2.0,),
        exact=lambda s: 1 / (s[:, 0] + 1) - 1 / s[:, 0],
    )  # fmt: skip
    s = integral.sample(100, seed=1)
    value = methods.create("chebyshev").fit(integral).integrate(s).value
    np.testing.assert_allclose(value, integral.exact(s), rtol=1e-8)


def test_claimed_error_is_the_error_outside_the_grid():
    integral = product(2)
    s = integral.sample(2000, seed=9)
    table = methods.create("chebyshev", epsrel=1e-6).fit(integral)
    estimate = table.integrate(s)
    rms = np.sqrt(np.mean((estimate.value / integral.exact(s) - 1) ** 2))
    assert rms / 2 < table.relative_error_ < rms * 2
    np.testing.assert_allclose(estimate.error, table.relative_error_ * np.abs(estimate.value))


@pytest.mark.parametrize(("epsrel", "max_labels"), [(1e-14, 100), (1e-6, 50_000)])
def test_every_label_is_used_and_there_are_no_more_than_max_labels(costs, epsrel, max_labels):
    table = methods.create("chebyshev", epsrel=epsrel, max_labels=max_labels).fit(product(2))
    n_labels = sum(cost.n_labels for cost in costs)
    assert n_labels == math.prod(table.details_["degrees"]) + min(128, max_labels // 6)
    assert n_labels <= max_labels


@pytest.mark.parametrize("budget", [0.5, 1.0])
def test_the_budget_is_kept_where_labels_are_expensive(own_time, budget):
    own_time.tick = 1e-6
    integral = ParametricIntegral(
        name="waves", k=1, parameters=("s1", "s2"), low=(0.0, 0.0), high=(5.0, 5.0),
        integrand=lambda s, x: np.exp(np.sin(s[..., 0]) + np.cos(2 * s[..., 1])) + 0 * x[..., 0],
        exact=lambda s: np.exp(np.sin(s[:, 0]) + np.cos(2 * s[:, 1])),
    )  # fmt: skip
    spec = "label_methods:Exact,seconds_per_label=0.002"
    table = methods.create("chebyshev", epsrel=1e-13, labels=spec).fit(integral, budget=budget)
    assert 0.6 * budget < own_time.now < 1.1 * budget
    assert table.details_["cut_short"]


def test_an_invariant_on_which_the_integral_hardly_depends_gets_fewer_nodes():
    integral = ParametricIntegral.from_expression(
        name="uneven", variables=("x1",), parameters=("s1", "s2"), low=(0.1, 1.0), high=(10.0, 2.0),
        definitions={"D": "s1 + 0.01*s2 + x1"}, expression="1/D**2",
        exact=lambda s: 1 / (s @ [1, 0.01]) - 1 / (1 + s @ [1, 0.01]),
    )  # fmt: skip
    table = methods.create("chebyshev").fit(integral)
    steep, flat = table.details_["degrees"]
    assert steep > flat
    s = integral.sample(200, seed=7)
    np.testing.assert_allclose(table.integrate(s).value, integral.exact(s), rtol=1e-7)


def test_five_invariants_are_unsupported():
    integral = ParametricIntegral(
        name="wide", k=1, parameters=tuple("abcde"), low=(1,) * 5, high=(2,) * 5, integrand=lambda s, x: x[..., 0]
    )
    assert "m = 5" in methods.create("chebyshev").unsupported(integral)


def test_nine_digits_on_box1l():
    truth = references.truth("box1l")
    table = methods.create("chebyshev").fit(references.integral("box1l"))
    error = np.abs(table.integrate(truth.s).value / truth.value - 1)
    assert -np.log10(error[truth.uniform]).mean() > 9.0
    assert error.max() < 1e-8

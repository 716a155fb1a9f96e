"""total_degree and tensor_train: many invariants, any sign, and an error that is measured elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from honest_errors import assert_honest
from integrals import changing_sign, of_invariants

import methods
import references
from methods.base import ParametricIntegral

SPEC = "label_methods:Exact,epsrel=1e-15"


def of_distance(m: int, factor: float = 1.0) -> ParametricIntegral:
    """∫ factor/(10 + w·s)² dx over a box of m invariants, whose weights are w_j = 1/j."""
    weights = 1 / np.arange(1, m + 1)
    return ParametricIntegral(
        name="of_distance", k=1, parameters=tuple(f"s{j}" for j in range(m)), low=(0.0,) * m, high=(5.0,) * m,
        integrand=lambda s, x: factor / (10 + s @ weights) ** 2 + 0 * x[..., 0],
        exact=lambda s: factor / (10 + s @ weights) ** 2,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["total_degree", "tensor_train"])
@pytest.mark.parametrize("factor", [1.0, -3.0])
def test_eight_invariants_and_either_sign(name, factor):
    integral = of_distance(8, factor)
    s = integral.sample(500, seed=5)
    estimate = methods.create(name, labels=SPEC).fit(integral).integrate(s)
    error = np.abs(estimate.value / integral.exact(s) - 1)
    assert np.sqrt(np.mean(error**2)) < 1e-5
    claimed = np.abs(estimate.error / estimate.value)
    assert np.sqrt(np.mean(error**2)) < 2 * claimed.max()
    assert claimed.max() < 5 * np.sqrt(np.mean(error**2)) + 1e-12


@pytest.mark.parametrize("name", ["total_degree", "tensor_train"])
def test_integrals_that_change_sign_are_fitted_themselves(name):
    integral = changing_sign()
    s = integral.sample(200, seed=2)
    method = methods.create(name, labels=SPEC, max_labels=1000, n_pilot=100).fit(integral)
    assert method.target_.sign == 0
    assert np.abs(method.integrate(s).value - integral.exact(s)).max() < 1e-4


@pytest.mark.parametrize("name", ["total_degree", "tensor_train"])
def test_the_budget_is_kept_and_what_it_left_repeats_the_result(own_time, name):
    own_time.tick = 1e-6
    integral = of_distance(8)
    slow = methods.create(name, labels=f"{SPEC},seconds_per_label=0.01").fit(integral, budget=4.0)
    assert 1.0 < own_time.now < 4.4
    assert slow.details_["cut_short"]
    chosen = {field: slow.details_[field] for field in ("max_labels", "n_pilot")}
    again = methods.create(name, labels=SPEC, **chosen).fit(integral)
    s = integral.sample(10, seed=0)
    np.testing.assert_array_equal(again.integrate(s).value, slow.integrate(s).value)


def test_a_single_invariant_takes_a_polynomial_of_few_terms():
    truth = references.truth("bubble")
    method = methods.create("total_degree").fit(references.integral("bubble"))
    estimate = method.integrate(truth.s)
    assert np.sqrt(np.mean((estimate.value / truth.value - 1) ** 2)) < 2e-9
    assert_honest((estimate.value - truth.value) / estimate.error, {1: 0.68})
    assert len(method.alpha_) < 150


def test_a_train_has_more_than_one_invariant():
    assert "single" in methods.create("tensor_train").unsupported(of_invariants(1))


def test_five_digits_on_the_pentagon_with_eight_invariants():
    truth = references.truth("pentagon1l_8d")
    method = methods.create("total_degree").fit(references.integral("pentagon1l_8d"))
    error = np.abs(method.integrate(truth.s).value / truth.value - 1)[truth.uniform]
    assert -np.log10(error).mean() > 5.0

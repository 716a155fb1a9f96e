"""Gaussian processes and radial basis functions: what they interpolate, in which coordinate, and what they claim."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from integrals import changing_sign, product

import methods
from methods.base import InputError, ParametricIntegral
from methods.tables.label_interpolant import DISTANCES

HAS_SKLEARN = importlib.util.find_spec("sklearn") is not None
NAMES = [
    pytest.param("gaussian_process", marks=pytest.mark.skipif(not HAS_SKLEARN, reason="scikit-learn is missing")), "rbf"
]  # fmt: skip

EXACT = "label_methods:Exact"


def fitted(name, integral, **fields):
    return methods.create(name, **{"labels": EXACT, "n_labels": 100} | fields).fit(integral)


def near_a_pole() -> ParametricIntegral:
    """∫ 1/(s1 + x)² dx = 1/(s1 (s1 + 1)), steep at the lower end of the box."""
    return ParametricIntegral.from_expression(
        name="near_a_pole", variables=("x1",), parameters=("s1", "s2"), expression="1/(s1 + s2*x1)**2",
        low=(0.01, 1.0), high=(10.0, 2.0), exact=lambda s: 1 / (s[:, 0] * (s[:, 0] + s[:, 1])),
    )  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_more_labels_have_more_digits(name):
    integral = near_a_pole()
    s = integral.sample(300, seed=1)

    def miss(n_labels):
        return np.median(np.abs(fitted(name, integral, n_labels=n_labels).integrate(s).value / integral.exact(s) - 1))

    assert miss(100) < miss(20) / 10


@pytest.mark.parametrize("name", NAMES)
def test_an_integral_that_changes_sign_is_learnt_as_it_is(name):
    integral = changing_sign()
    method = fitted(name, integral)
    s = integral.sample(100, seed=1)
    assert method.details_["target"] == "plain"
    assert np.abs(method.integrate(s).value - integral.exact(s)).max() < 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_a_logarithm_is_taken_towards_the_end_where_the_integral_is_steep(name):
    method = fitted(name, near_a_pole())
    assert -0.1 < method.details_["distance"] < 0  # beyond the lower end


@pytest.mark.parametrize("name", NAMES)
def test_the_error_is_that_of_labels_not_seen(name):
    integral = product(2)
    s = integral.sample(1000, seed=1)
    estimate = fitted(name, integral, n_labels=200).integrate(s)
    pull = (estimate.value - integral.exact(s)) / estimate.error
    # The result goes through a quarter more labels than the interpolant whose error is measured.
    assert 0.1 < np.sqrt(np.mean(pull**2)) < 1.5


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_takes_other_labels(name):
    integral = product(2)
    s = integral.sample(5, seed=1)
    values = [fitted(name, integral, seed=seed).integrate(s).value for seed in (0, 0, 1)]
    np.testing.assert_array_equal(values[0], values[1])
    assert np.abs(values[0] - values[2]).max() > 0


@pytest.mark.parametrize("name", NAMES)
def test_time_limits_the_system_of_equations(name):
    method = methods.create(name, labels=EXACT, n_labels=20_000).fit(product(2), budget=4.0)
    assert method.details_["cut_short"]
    assert method.details_["n_used"] < method.details_["n_labels"]


@pytest.mark.parametrize("name", NAMES)
def test_labels_computed_are_told_apart_from_those_used(name):
    details = fitted(name, product(2), labels="label_methods:SometimesWrong", n_labels=200).details_
    assert details["n_labels"] == 200
    assert details["n_used"] == 200 - details["n_refused"] < 200
    assert details["n_distances"] == 2 * len(DISTANCES)
    assert not details["cut_short"]


@pytest.mark.skipif(not HAS_SKLEARN, reason="scikit-learn is missing")
def test_a_missing_package_is_named_where_a_file_is_loaded(monkeypatch, tmp_path):
    fitted("gaussian_process", product(1), n_labels=20).save(tmp_path / "model")
    monkeypatch.setattr("methods.gaussian_process.reason_if_missing", lambda *_: "the package is not there.")
    with pytest.raises(InputError, match=r"gaussian_process cannot be loaded: the package is not there\.$"):
        methods.load(tmp_path / "model")


@pytest.mark.parametrize("name", NAMES)
def test_too_few_labels_are_refused(name):
    with pytest.raises(InputError, match="n_labels"):
        fitted(name, product(2), n_labels=5)


@pytest.mark.parametrize("name", NAMES)
def test_the_error_holds_what_labels_have_in_common(name):
    integral = product(2)
    s = integral.sample(1000, seed=1)
    label_error = 0.01
    # All labels are too large by the same relative error, which they state at the typical value.
    spec = f"label_methods:Exact,factor={1 + label_error},epsrel={label_error * integral.exact(s).mean()}"
    estimate = fitted(name, integral, labels=spec).integrate(s)
    pull = (estimate.value - integral.exact(s)) / estimate.error
    assert 0.5 < np.sqrt(np.mean(pull**2)) < 2


def test_too_few_labels_for_the_polynomial_are_named():
    three = ParametricIntegral.from_expression(
        name="three", variables=["x"], parameters=["s1", "s2", "s3"], expression="x + s1*s2*s3", low=[1, 1, 1],
        high=[2, 2, 2], exact=lambda s: 0.5 + s.prod(axis=1),
    )  # fmt: skip
    with pytest.raises(InputError, match="8 labels to fit, fewer than the 10 coefficients"):
        fitted("rbf", three, n_labels=10)

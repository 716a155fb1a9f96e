"""vegas at each s, and its map frozen under a lattice: convergence, honest errors, and what they count."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from honest_errors import assert_honest
from integrals import changing_sign, costly, plain, product

import methods
import references
from methods.base import InputError

pytest.importorskip("vegas", exc_type=ModuleNotFoundError)

POINTS = product(3).sample(40, seed=5)
TRUE = product(3).exact(POINTS)


def relative_errors(name, **fields):
    value = methods.create(name, **fields).fit(product(3)).integrate(POINTS).value
    return np.abs(value / TRUE - 1)


@pytest.mark.parametrize(
    ("name", "few", "many", "gain"),
    [("vegas", {"n_samples": 500}, {"n_samples": 32_000}, 4), ("vegas_map", {"points": 256}, {"points": 4096}, 10)],
)
def test_more_samples_have_more_digits(name, few, many, gain):
    assert gain * np.median(relative_errors(name, **many)) < np.median(relative_errors(name, **few))


@pytest.mark.parametrize(("name", "fields"), [("vegas", {"n_samples": 1000}), ("vegas_map", {"points": 256})])
def test_errors_cover_over_seeds(name, fields):
    pulls = []
    for seed in range(12):
        estimate = methods.create(name, **fields, seed=seed).fit(product(3)).integrate(POINTS[:5])
        pulls.append((estimate.value - TRUE[:5]) / estimate.error)
    # Points share random numbers: twelve seeds are about as many independent pulls.
    assert_honest(np.array(pulls), {1: 0.4, 4: 0.9})


@pytest.mark.parametrize("name", ["vegas", "vegas_map"])
def test_an_integral_may_change_sign(name):
    integral = changing_sign()
    s = integral.sample(20, seed=1)
    estimate = methods.create(name).fit(integral).integrate(s)
    assert np.abs(estimate.value - integral.exact(s)).max() < 0.01


def test_evaluations_are_those_of_all_iterations():
    asked = []
    text = product(2)

    def integrand(s, x):
        asked.append(len(x))
        return text.integrand(s, x)

    counted = methods.base.ParametricIntegral(
        name="counted", k=2, parameters=text.parameters, low=text.low, high=text.high, integrand=integrand
    )
    method = methods.create("vegas", n_samples=300).fit(counted)
    asked.clear()
    assert method.integrate(text.sample(2, seed=0)).n_eval == sum(asked)


def test_a_budget_leaves_fewer_iterations(own_time):
    """An iteration of some 20,000 samples at 24 points takes half a second of 2.5, as does what goes before them."""
    own_time.tick = 1e-6
    short = methods.create("vegas_map", points=64).fit(costly(plain(2), 1e-6), budget=2.5)
    assert own_time.now < 2.75
    assert 1 <= short.details_["n_iterations"] < 10
    assert short.details_["cut_short"]


def test_a_budget_that_is_long_enough_changes_nothing():
    long, without = (methods.create("vegas_map", points=64).fit(product(2), budget=budget) for budget in (1e6, None))
    assert long.details_ == without.details_ == {"n_iterations": 10, "cut_short": False}
    np.testing.assert_array_equal(long.edges_, without.edges_)


def test_the_map_is_worth_its_adaptation():
    """A lattice of as many points without a map has half a digit less on box1l, which peaks at x → 0."""
    integral, truth = references.integral("box1l"), references.truth("box1l")
    s, value = truth.s[:100], truth.value[:100]

    def digits(name, **fields):
        return -np.log10(np.abs(methods.create(name, **fields).fit(integral).integrate(s).value / value - 1)).mean()

    plain = digits("lattice_qmc", points=2048, transform="tent", a=0.0)
    assert digits("vegas_map", points=2048) > plain + 0.5


@pytest.mark.parametrize(
    ("name", "fields"),
    [("vegas", {"n_samples": 0}), ("vegas", {"n_iterations": 0}), ("vegas_map", {"points": 1000}),
     ("vegas_map", {"shifts": 1})],
)  # fmt: skip
def test_bad_fields_are_refused(name, fields):
    with pytest.raises(InputError, match=next(iter(fields))):
        methods.create(name, **fields).fit(product(2))


@pytest.mark.parametrize("name", ["vegas", "vegas_map"])
def test_without_the_package_they_say_so(name, monkeypatch):
    method = methods.create(name)
    monkeypatch.setattr(importlib.util, "find_spec", lambda module: None)
    with pytest.raises(InputError, match="vegas is not installed"):
        method.fit(product(1))

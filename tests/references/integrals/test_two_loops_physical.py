"""Two-loop integrals above threshold: corner zeros of F, by algebra, and what the integrals are made of."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import sympy

import references
from methods.core import thresholds
from references.integrals import catalogue, physical

FREE = (
    *("box2l_physical", "box2l_hh", "pentabox_s33_physical"),
    *("triangle2l_physical_s01", "box2l_rung_physical_s01"),
)


@pytest.mark.parametrize("name", FREE)
def test_boxes_are_free_of_corner_zeros(name):
    integral = references.integral(name)
    assert integral.is_complex
    assert thresholds.corner_zeros(integral) == []
    # Negative control: a wider box in s12 is not.
    wide = dataclasses.replace(integral, low=(integral.low[0] - 5, *integral.low[1:]))
    assert thresholds.corner_zeros(wide)


def test_corner_zeros_of_the_lower_box_are_many():
    zeros = thresholds.corner_zeros(references.integral("box2l_low"))
    assert len({zero.polynomial for zero in zeros}) == 26
    assert {zero.corner for zero in zeros} >= {(0, 0, 0, 1, 0, 1), (0, 0, 0, 1, 1, 1)}


@pytest.mark.slow
def test_corner_zeros_of_the_whole_box_are_at_the_four_places_that_are_listed():
    zeros = thresholds.corner_zeros(references.integral("box2l_sum_physical"))
    s12, s14, mH2 = references.integral("box2l_sum_physical").expression.parameters
    places = {sympy.solve(zero.polynomial, s12)[0] for zero in zeros}
    half = sympy.Rational(1, 2)
    listed = [14 - s14 / 2 - mH2, 14 - s14 / 2 - 2 * mH2, 16 - s14 - 2 * mH2, 25 * half - s14 / 2 - 3 * half * mH2]
    assert {sympy.expand(place) for place in places} == {sympy.expand(place) for place in listed}
    assert len({zero.term for zero in zeros}) == 14


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "same"), [("box2l_sum_physical", "box2l_sum"), ("pentabox_s33_physical", "pentabox_s33")]
)
def test_sums_and_sectors_are_the_euclidean_ones_at_other_s(name, same):
    file = "pentabox.json" if "pentabox" in same else "box2l.json"
    euclidean = references.integral(f"{catalogue.FOLDER / file}:{same}")
    integral = references.integral(name)
    s, x = integral.sample(5, seed=1), np.random.default_rng(1).random((5, integral.k))
    np.testing.assert_allclose(integral.integrand(s, x), euclidean.integrand(s, x), rtol=1e-12)


def test_masses_of_higgs_boson_and_top_quark_are_one_value_of_the_third_invariant():
    whole, at_masses = references.integral("box2l_physical"), references.integral("box2l_hh")
    s, x = at_masses.sample(5, seed=1), np.random.default_rng(1).random((5, 6))
    complete = np.column_stack([s, np.full(5, physical.HIGGS)])
    np.testing.assert_allclose(at_masses.integrand(s, x), whole.integrand(complete, x), rtol=1e-12)

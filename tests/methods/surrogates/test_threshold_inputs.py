"""Inputs of networks: linear in s, but for invariants with a threshold."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import references
from methods.surrogates.threshold_inputs import Inputs


def test_a_real_integral_is_scaled_as_it_is():
    integral = references.integral("bubble")
    s = integral.sample(10, seed=0)
    np.testing.assert_array_equal(Inputs(integral).scaled(s), 2 * integral.to_unit(s) - 1)


@pytest.mark.parametrize(("low", "high"), [(4.5, 30.0), (4.0, 9.0), (1.0, 3.5), (2.0, 8.0)])
def test_the_box_goes_from_minus_one_to_one(low, high):
    integral = dataclasses.replace(references.integral("bubble_physical"), low=(low,), high=(high,))
    u = Inputs(integral).scaled(np.linspace(low, high, 101)[:, None])[:, 0]
    assert u[0] == pytest.approx(-1)
    assert u[-1] == pytest.approx(1)
    assert (np.diff(u) > 0).all()


def test_it_goes_like_the_velocity_at_the_threshold():
    integral = dataclasses.replace(references.integral("bubble_physical"), low=(4.0,), high=(9.0,))
    s = np.array([[4.0], [4 + 1e-6], [4 + 4e-6]])
    at_threshold, near, twice = Inputs(integral).scaled(s)[:, 0]
    assert (twice - at_threshold) / (near - at_threshold) == pytest.approx(2, rel=1e-5)

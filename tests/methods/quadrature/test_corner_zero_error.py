"""The table of errors near a corner zero: not too small where errors fall slowly, nor where one of them vanishes."""

from __future__ import annotations

import numpy as np
import pytest

from methods.quadrature import rule_orders
from methods.quadrature.corner_zero_error import DISTANCES, CornerZeroError, measured_error, tabulated

SHAPE = (1, len(DISTANCES), 2, 1)
"""One zero, and two points in one invariant at each distance."""


def test_errors_that_fall_as_slowly_as_measured_are_stated_in_full():
    value, reference = np.ones(20) + 100**-0.7, np.ones(20) + 200**-0.7
    found = tabulated(np.zeros(SHAPE), value, reference, 2.0, 1e-9)
    np.testing.assert_allclose(found, 100**-0.7, rtol=0.05)


@pytest.mark.parametrize("nth", [0, 4, 8])
def test_a_distance_without_an_error_hides_no_error_beside_it(nth):
    value, floor = np.full(20, 1.001), 1e-6
    value[2 * nth : 2 * nth + 2] = 1.0
    error = CornerZeroError(np.array([[1.0, 0.0]]), tabulated(np.zeros(SHAPE), value, np.ones(20), 2.0, floor))
    between = np.sqrt(DISTANCES[nth] * DISTANCES[nth + 1])
    at, beside, away = error(np.ones(3), np.array([[DISTANCES[nth]], [between], [DISTANCES[nth + 1]]]))
    assert at == pytest.approx(floor)
    assert 10 * floor < beside < away
    assert away > 1e-3


def test_beyond_the_last_distance_there_is_no_error():
    error = CornerZeroError(np.array([[1.0, 0.0]]), np.full((1, len(DISTANCES)), 1e-3))
    np.testing.assert_allclose(error(np.ones(3), np.array([[-1e-9], [0.1], [0.2]])), [1e-3, 1e-3, 0.0])


def test_where_the_integral_vanishes_the_error_is_relative_to_its_typical_size():
    """It was measured so: relative to |I|, or to 1 % of the mean |I| where that is more."""
    value, reference = np.full(20, 5.05), np.full(20, 5.0)
    found = measured_error(
        np.array([[1.0, 0.0]]), np.zeros(SHAPE), np.array([[4]]),
        lambda change, s: value if change is rule_orders.same else reference, 0.0,
    )  # fmt: skip
    of_typical, of_zero = found(np.array([5.0, 0.0]), np.array([[0.1], [0.1]]))
    assert of_zero == pytest.approx(of_typical / 100)
    assert of_typical >= 0.05

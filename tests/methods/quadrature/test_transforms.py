"""Changes of variables: the exponential map has its digits for weak maps, too, and Korobov's for large weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.quadrature.transforms import LARGEST_WEIGHT, exponential, korobov

T = np.linspace(0, 1, 101)


@pytest.mark.parametrize("a", [-3.0, -1e-10, 1e-300, 1e-10, 1e-5, 0.25, 6.0, 700.0])
def test_the_exponential_map_is_that_of_expm1(a):
    x, slope = exponential(T, a)
    np.testing.assert_allclose(x, np.expm1(a * T) / np.expm1(a), atol=1e-10)
    np.testing.assert_allclose(slope, a * np.exp(a * T) / np.expm1(a), rtol=1e-9)


def test_a_map_that_is_too_weak_for_its_digits_is_the_identity():
    x, slope = exponential(T, 1e-10)
    np.testing.assert_allclose(x, T, atol=1e-12)
    np.testing.assert_array_equal(slope, 1.0)


@pytest.mark.parametrize("weight", [1, 30, 31, LARGEST_WEIGHT])
def test_korobov_transforms_of_any_weight_run_from_0_to_1(weight):
    x, slope = korobov(torch.as_tensor(T), weight)
    np.testing.assert_allclose(x[[0, 50, 100]], [0, 0.5, 1], atol=1e-12)
    assert (x[1:] - x[:-1] > -1e-14).all()
    np.testing.assert_allclose(slope.sum() / 100, 1, rtol=1e-3)

"""scipy_qmc: convergence of scrambled Sobol points, honest errors, and refused fields."""

from __future__ import annotations

import numpy as np
import pytest
from honest_errors import assert_honest
from integrals import changing_sign, product

import methods
from methods.base import InputError

POINTS = product(3).sample(20, seed=5)
TRUE = product(3).exact(POINTS)


def test_the_error_falls_faster_than_that_of_random_points():
    integral = product(1)
    s = integral.sample(20, seed=5)

    def rms(points):
        found = [
            methods.create("scipy_qmc", points=points, seed=seed).fit(integral).integrate(s).value / integral.exact(s)
            for seed in range(4)
        ]
        return np.sqrt(np.mean(np.square(np.array(found) - 1)))

    assert rms(64) / rms(1024) > 2 * np.sqrt(16)


def test_errors_cover_over_seeds():
    pulls = []
    for seed in range(12):
        estimate = methods.create("scipy_qmc", points=128, seed=seed).fit(product(3)).integrate(POINTS[:5])
        pulls.append((estimate.value - TRUE[:5]) / estimate.error)
    # Points share scramblings: twelve seeds are about as many independent pulls.
    assert_honest(np.array(pulls), {1: 0.4, 4: 0.9})


def test_an_integral_may_change_sign():
    integral = changing_sign()
    s = integral.sample(20, seed=1)
    assert np.abs(methods.create("scipy_qmc").fit(integral).integrate(s).value - integral.exact(s)).max() < 1e-4


@pytest.mark.parametrize("fields", [{"points": 1000}, {"points": 0}, {"scramblings": 1}])
def test_bad_fields_are_refused(fields):
    with pytest.raises(InputError, match=next(iter(fields))):
        methods.create("scipy_qmc", **fields).fit(product(2))

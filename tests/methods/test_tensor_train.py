"""tensor_train where the integral changes its sign: its target, and the error that it claims."""

from __future__ import annotations

import numpy as np
import pytest
from integrals import changing_sign, negative_in_a_corner

import methods


@pytest.mark.parametrize("share", [1e-3, 1e-2])
def test_an_integral_that_is_negative_in_a_corner_is_interpolated_itself(share):
    integral = negative_in_a_corner(share)
    table = methods.create("tensor_train", labels="label_methods:Exact,epsrel=1e-9").fit(integral)
    assert (integral.exact(integral.sample(table.details_["n_pilot"], seed=1)) > 0).all()
    assert table.target_.sign == 0
    s = integral.sample(1000, seed=3)
    np.testing.assert_allclose(table.integrate(s).value, integral.exact(s), atol=1e-6)


def test_errors_of_labels_where_the_integral_vanishes_count_relative_to_its_typical_size():
    integral, n = changing_sign(), 2000
    labels = "label_methods:Noisy,noise=1e-4"
    table = methods.create("tensor_train", n_pilot=n, labels=labels).fit(integral)
    size = np.abs(integral.exact(integral.sample(n, seed=1)))
    stated = np.sqrt(np.mean((1e-4 / np.maximum(size, size.mean() / 100)) ** 2))
    assert stated < table.relative_error_ < 2 * stated
    assert np.sqrt(np.mean((1e-4 / size) ** 2)) > 2 * stated

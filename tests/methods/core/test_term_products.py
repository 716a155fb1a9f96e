"""Products that terms share: what they are made of, where each term finds its own, and which come first."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from methods.core.term_products import term_products

ALPHA = {
    "a constant": np.zeros((1, 3), dtype=int),
    "one variable": np.arange(5)[:, None],
    "a grid": np.array(list(np.ndindex(4, 1, 3))),
    "total degree": np.array([a for a in itertools.product(range(4), repeat=3) if sum(a) <= 3]),
    "repeated, without 1": np.array([[0, 2, 1], [3, 0, 0], [0, 2, 1], [0, 5, 1]]),
}


@pytest.mark.parametrize("alpha", ALPHA.values(), ids=list(ALPHA))
def test_each_product_is_an_earlier_one_times_a_polynomial(alpha):
    made_of, place = term_products(alpha)
    degrees = np.zeros((len(made_of), alpha.shape[1]), dtype=int)
    for i, (before, variable, degree) in enumerate(made_of[1:].tolist(), 1):
        assert before < i
        assert degrees[before, variable] == 0 < degree
        degrees[i] = degrees[before]
        degrees[i, variable] = degree
    assert made_of[0].tolist() == [0, 0, 0]
    assert len(np.unique(degrees, axis=0)) == len(degrees)
    np.testing.assert_array_equal(degrees[place], alpha)


def test_what_most_terms_have_comes_first():
    made_of, place = term_products(np.array([[1, 0], [0, 2], [0, 2], [1, 2], [1, 2], [1, 2]]))
    assert place.tolist() == [1, 3, 3, 2, 2, 2]
    assert made_of.tolist() == [[0, 0, 0], [0, 0, 1], [1, 1, 2], [0, 1, 2]]

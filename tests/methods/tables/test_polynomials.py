"""Index sets and decay of polynomials of weighted total degree; trains of tensors that have a low rank."""

from __future__ import annotations

import math

import numpy as np
import torch

from methods.tables import tensor_train, total_degree


def test_terms_are_those_of_the_weighted_degree():
    assert len(total_degree.terms(np.ones(3), 20)) == math.comb(3 + 3, 3)
    found = total_degree.terms(np.array([1.0, 2.0]), 9)
    assert {tuple(term) for term in found.tolist()} == {(a, b) for a in range(5) for b in range(3) if a + 2 * b <= 4}


def test_a_polynomial_is_found_again_and_its_decay_is_read():
    rng = np.random.default_rng(0)
    alpha = total_degree.terms(np.array([1.0, 1.5, 3.0]), 60)
    c = np.exp(-alpha @ [1.0, 1.5, 3.0])
    u = torch.as_tensor(rng.uniform(-1, 1, (3, 300)))
    basis = np.prod(
        [np.cos(degrees[:, None] * np.arccos(u_j.numpy())) for degrees, u_j in zip(alpha.T, u, strict=True)], 0
    )
    found = total_degree.fit(alpha, u, c @ basis)
    np.testing.assert_allclose(found, c, atol=1e-9)
    np.testing.assert_allclose(total_degree.weights_of(alpha, found), [1.0, 1.5, 3.0], rtol=0.05)


def test_cross_finds_a_tensor_of_low_rank_and_not_one_of_a_higher_rank():
    shape = (5, 4, 6, 5)
    rng = np.random.default_rng(1)
    factors = [rng.standard_normal((n, 3)) for n in shape]
    tensor = np.einsum("ar,br,cr,dr->abcd", *factors)
    n_asked = 0

    def entries(index):
        nonlocal n_asked
        n_asked += len(index)
        return tensor[tuple(index.T)]

    for rank, exact in ((3, True), (2, False)):
        found = np.ones((1, 1))
        for core in tensor_train.cross(entries, shape, rank, 2, 0):
            found = np.tensordot(found, core, axes=(-1, 0))
        error = np.abs(found.reshape(shape) - tensor).max() / np.abs(tensor).max()
        assert (error < 1e-9) == exact
    assert n_asked < tensor.size * 2


def test_cross_ends_where_there_are_no_more_entries():
    assert tensor_train.cross(lambda index: None, (3, 3), 2, 2, 0) is None

"""Sums of Chebyshev polynomials: the kernel and the matrix products against the sum itself, and terms left out."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch
from integrals import product

from methods.chebyshev import Chebyshev
from methods.tables import cpu_polynomial, polynomial_table
from methods.tables.coordinates import Coordinates, Target
from methods.tables.cpu_polynomial import CpuPolynomial
from methods.tables.split_polynomial import SplitPolynomial

TARGETS = [Target(1, 0, 2.0), Target(-1, 3, 2.0), Target(0, 0, 2.0)]

ALPHA = {
    "one variable": np.arange(5)[:, None],
    "a constant": np.zeros((1, 3), dtype=int),
    "a grid": np.array(list(np.ndindex(4, 1, 3))),
    "total degree": np.array([a for a in itertools.product(range(4), repeat=5) if sum(a) <= 3]),
    "holes": np.array([[0, 0, 0, 0], [3, 0, 2, 0], [0, 5, 0, 1], [3, 0, 0, 4], [1, 1, 2, 2]]),
}


def table(alpha, seed=0):
    """Return coordinates of a box, coefficients with y > 0 in it, and points of it."""
    rng = np.random.default_rng(seed)
    m = alpha.shape[1]
    low, high = np.full(m, -30.0), np.full(m, -3.0)
    c = rng.normal(size=len(alpha))
    c[(alpha == 0).all(axis=1)] = 2 * np.abs(c).sum()
    c /= c.sum()
    return Coordinates(low, high, np.where(rng.random(m) < 0.5, 1.0, -40.0)), c, rng.uniform(low, high, (77, m))


def summed(coordinates, alpha, c, s):
    u = np.stack([coordinates.u_of(j, s[:, j]) for j in range(s.shape[1])], axis=1)
    terms = np.cos(alpha * np.arccos(np.clip(u, -1, 1))[:, None])  # (n, n_terms, m)
    return terms.prod(axis=2) @ c


@pytest.fixture
def kernel():
    if cpu_polynomial.library() is None:
        pytest.skip("there is no C++ compiler")


@pytest.mark.usefixtures("kernel")
@pytest.mark.parametrize("target", TARGETS, ids=str)
@pytest.mark.parametrize("alpha", ALPHA.values(), ids=list(ALPHA))
def test_the_kernel_sums_the_terms(alpha, target):
    coordinates, c, s = table(alpha)
    found = CpuPolynomial(coordinates, target, alpha, c)(s)
    np.testing.assert_allclose(found, target.decode(summed(coordinates, alpha, c, s)), rtol=1e-12)


@pytest.mark.usefixtures("kernel")
def test_the_order_of_terms_threads_and_batches_change_nothing():
    alpha = ALPHA["total degree"]
    coordinates, c, s = table(alpha)
    polynomial = CpuPolynomial(coordinates, TARGETS[0], alpha, c)
    together = polynomial(s)
    order = np.random.default_rng(1).permutation(len(c))
    np.testing.assert_array_equal(CpuPolynomial(coordinates, TARGETS[0], alpha[order], c[order])(s), together)
    singly = np.concatenate([polynomial(row[None]) for row in s])
    np.testing.assert_allclose(singly, together, rtol=1e-13)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        np.testing.assert_array_equal(polynomial(s), together)
    finally:
        torch.set_num_threads(threads)
    assert polynomial(s[:0]).shape == (0,)


@pytest.mark.parametrize("alpha", ALPHA.values(), ids=list(ALPHA))
def test_products_of_matrices_sum_the_terms(alpha):
    coordinates, c, s = table(alpha)
    found = SplitPolynomial(alpha, c, "cpu")(coordinates.u(torch.as_tensor(s)))
    np.testing.assert_allclose(found.numpy(), summed(coordinates, alpha, c, s), rtol=1e-12)


def test_without_a_compiler_the_values_are_the_same(monkeypatch, tmp_path):
    method = Chebyshev(max_labels=100, labels="label_methods:Exact").fit(product(2))
    s = product(2).sample(50, seed=3)
    expected = method.integrate(s).value
    method.save(tmp_path / "table")
    monkeypatch.setattr(cpu_polynomial, "library", lambda: None)
    np.testing.assert_allclose(Chebyshev.load(tmp_path / "table").integrate(s).value, expected, rtol=1e-11)


def test_terms_are_left_out_up_to_a_change_of_y():
    alpha = np.arange(6)[:, None]
    c = np.array([1e-9, 1.0, 1e-3, 0.5e-4, -0.4e-4, 0.3e-4])
    np.testing.assert_array_equal(polynomial_table.significant(alpha, c, 1e-4), [True, True, True, True, False, False])
    assert polynomial_table.significant(alpha, c, 0.0).all()

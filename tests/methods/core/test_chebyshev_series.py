"""Chebyshev products: against NumPy's polynomials, their order, and points where they are orthogonal."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from methods.core import chebyshev_series


def points(n: int, n_variables: int, seed: int = 0) -> torch.Tensor:
    return 2 * torch.rand(n, n_variables, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) - 1


def from_numpy(z: torch.Tensor, term: tuple[int, ...]) -> np.ndarray:
    """Return Π_i T_{j_i}(z_i) by numpy.polynomial."""
    factors = [np.polynomial.chebyshev.chebval(z[:, i].numpy(), np.eye(j + 1)[j]) for i, j in enumerate(term)]
    return np.prod(factors, axis=0)


@pytest.mark.parametrize(("n_variables", "degree"), [(1, 0), (1, 5), (2, 3), (3, 4), (5, 2)])
def test_each_product_of_the_degree_is_there_once(n_variables, degree):
    z = points(20, n_variables)
    found = chebyshev_series.products(z, degree).numpy()
    terms = [term for term in np.ndindex(*(degree + 1,) * n_variables) if sum(term) <= degree]
    assert len(found) == len(terms) == chebyshev_series.count(n_variables, degree)
    expected = np.array([from_numpy(z, term) for term in terms])
    distances = np.abs(found[:, None] - expected).max(axis=2)
    assert sorted(distances.argmin(axis=1)) == list(range(len(terms)))
    assert distances.min(axis=1).max() < 1e-13


def test_lower_degrees_come_first():
    z = points(10, 3)
    higher, lower = chebyshev_series.products(z, 5), chebyshev_series.products(z, 3)
    assert torch.equal(higher[: len(lower)], lower)
    assert (higher[0] == 1).all()


def test_no_variables_leave_the_constant():
    assert chebyshev_series.products(points(4, 0), 3).tolist() == [[1.0] * 4]


@pytest.mark.parametrize("n_last", [0, 1, 3])
def test_fixing_the_last_variables(n_last):
    first, last = points(15, 2), points(7, n_last, seed=1)
    degree, generator = 4, torch.Generator().manual_seed(2)
    coefficients = torch.randn(chebyshev_series.count(2 + n_last, degree), generator=generator, dtype=torch.float64)
    fixed = chebyshev_series.fix_last(coefficients, last, 2, degree)
    found = chebyshev_series.products(first, degree).T @ fixed
    for column, values in zip(found.T, last, strict=True):
        z = torch.cat([first, values.expand(len(first), -1)], dim=1)
        torch.testing.assert_close(column, coefficients @ chebyshev_series.products(z, degree), rtol=1e-12, atol=1e-12)


def test_drawn_points_make_the_products_orthogonal():
    """Off the diagonal the mean of T_i T_j is 0; uniform points, by contrast, leave it far from that."""
    n = 64
    unit = torch.cartesian_prod(*[(torch.arange(n, dtype=torch.float64) + 0.5) / n] * 2)

    def off_diagonal(z: torch.Tensor) -> float:
        basis = chebyshev_series.products(z, 5)
        gram = basis @ basis.T / len(z)
        return float((gram - gram.diag().diag()).abs().max())

    assert off_diagonal(chebyshev_series.draw(unit)) < 1e-13
    assert off_diagonal(2 * unit - 1) > 0.1


def test_draw_goes_from_edge_to_edge():
    z = chebyshev_series.draw(torch.tensor([0.0, 0.25, 0.5, 1.0], dtype=torch.float64))
    np.testing.assert_allclose(z, [-1, -math.sqrt(0.5), 0, 1], atol=1e-15)

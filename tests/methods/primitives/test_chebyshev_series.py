"""Chebyshev products: against NumPy's polynomials, their order, sums of them, and points where they are orthogonal."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from methods.primitives import chebyshev_series
from methods.primitives.chebyshev_series import Series, agreed_degree, count


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


@pytest.mark.parametrize(("n_variables", "degree"), [(1, 4), (3, 5), (4, 0)])
def test_series_are_the_sums(n_variables, degree):
    z, generator = points(30, n_variables), torch.Generator().manual_seed(1)
    size = (chebyshev_series.count(n_variables, degree), 2)
    coefficients = torch.randn(size, generator=generator, dtype=torch.float64)
    expected = chebyshev_series.products(z, degree).T @ coefficients
    torch.testing.assert_close(Series(coefficients, n_variables, degree)(z), expected, rtol=1e-12, atol=1e-12)
    # Exchanged coefficients are noticed, where there is more than one.
    other = Series(coefficients.flip(0), n_variables, degree)(z)
    assert torch.allclose(other, expected) == (len(coefficients) == 1)


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


@pytest.mark.parametrize("noise", [1e-3, 1e-1])
def test_a_series_is_cut_where_its_estimates_are_noise(noise):
    # Degrees 0 to 3 are the same in all estimates, those above are noise alone.
    rng = np.random.default_rng(0)
    signal = np.where(np.arange(count(3, 7)) < count(3, 3), 1.0, 0.0)
    estimates = torch.as_tensor(signal[:, None] + noise * rng.standard_normal((len(signal), 4)))
    assert agreed_degree(estimates, 3, lowest=0) == 3
    assert agreed_degree(estimates, 3, lowest=5) == 5


def test_the_cut_is_near_the_best_there_is():
    # Coefficients that fall by 10 per degree meet noise of 1e-3 at degree 3.
    rng = np.random.default_rng(0)
    degree_of = np.repeat(np.arange(8), [count(2, d) - (count(2, d - 1) if d else 0) for d in range(8)])
    truth = 10.0**-degree_of
    chosen = []
    for _ in range(20):
        estimates = torch.as_tensor(truth[:, None] + 1e-3 * rng.standard_normal((len(truth), 4)))
        chosen.append(agreed_degree(estimates, 2, lowest=0))
    assert min(chosen) >= 2
    assert np.median(chosen) == 3


def test_estimates_that_agree_or_a_single_one_are_not_cut():
    coefficients = torch.linspace(1, 2, count(2, 5), dtype=torch.float64)[:, None]
    assert agreed_degree(coefficients, 2, lowest=0) == 5
    assert agreed_degree(coefficients.repeat(1, 3), 2, lowest=0) == 5

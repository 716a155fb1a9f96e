"""Least squares from normal equations: against LAPACK, in chunks, and where the matrix is singular."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from methods.base import InputError
from methods.core import least_squares
from methods.core.least_squares import LeastSquares


def problem(n: int, n_unknowns: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    phi = torch.randn(n, n_unknowns, generator=generator, dtype=torch.float64)
    return phi, torch.randn(n, generator=generator, dtype=torch.float64)


def solved(phi: torch.Tensor, y: torch.Tensor, chunk: int) -> torch.Tensor:
    fit = LeastSquares(phi.shape[1], "cpu")
    for part, values in zip(phi.split(chunk), y.split(chunk), strict=True):
        fit.add(part, values)
    assert fit.n_points == len(y)
    return fit.solve()


@pytest.mark.parametrize("chunk", [7, 100, 1000])
def test_is_the_least_squares_solution(chunk):
    phi, y = problem(1000, 30)
    expected = np.linalg.lstsq(phi.numpy(), y.numpy(), rcond=None)[0]
    np.testing.assert_allclose(solved(phi, y, chunk), expected, rtol=1e-10, atol=1e-12)
    assert not np.allclose(solved(phi[:990], y[:990], chunk), expected, rtol=1e-4)


def test_more_columns_than_a_block(monkeypatch):
    phi, y = problem(400, 50)
    expected = solved(phi, y, 400)
    monkeypatch.setattr(least_squares, "BLOCK", 16)
    torch.testing.assert_close(solved(phi, y, 400), expected, rtol=1e-10, atol=1e-12)


def test_fewer_points_than_unknowns_and_equal_columns():
    """The matrix is singular; the fit at the points is what counts."""
    phi, _ = problem(20, 30)
    truth = phi[:, 0] - 2 * phi[:, 3]
    torch.testing.assert_close(phi @ solved(phi, truth, 20), truth, rtol=1e-5, atol=1e-5)
    phi, _ = problem(100, 5)
    double = torch.cat([phi, phi], dim=1)
    torch.testing.assert_close(double @ solved(double, phi @ torch.ones(5).double(), 50), phi.sum(dim=1))


def test_adding_points_after_a_solution():
    phi, y = problem(500, 10)
    fit = LeastSquares(10, "cpu")
    fit.add(phi[:250], y[:250])
    half = fit.solve()
    fit.add(phi[250:], y[250:])
    torch.testing.assert_close(fit.solve(), solved(phi, y, 500), rtol=1e-12, atol=1e-13)
    torch.testing.assert_close(half, solved(phi[:250], y[:250], 250))


def test_nothing_but_zeros():
    assert solved(torch.zeros(10, 3).double(), torch.zeros(10).double(), 10).tolist() == [0, 0, 0]


def test_no_points_are_refused():
    fit = LeastSquares(3, "cpu")
    with pytest.raises(InputError, match="no points to fit to"):
        fit.solve()
    fit.add(torch.zeros(0, 3).double(), torch.zeros(0).double())
    with pytest.raises(InputError, match="no points to fit to"):
        fit.solve()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite_are_refused(value):
    phi, y = problem(20, 3)
    y[4] = value
    with pytest.raises(InputError, match="not all finite"):
        solved(phi, y, 20)


def test_features_that_overflow_are_refused():
    with pytest.raises(InputError, match="not all finite"):
        solved(torch.full((5, 2), 1e200, dtype=torch.float64), torch.zeros(5).double(), 5)

"""Polynomials of weighted total degree in many variables: their terms, their fit to values, and their evaluation.

    y(u) = Σ_α c_α T_{α1}(u_1) … T_{αm}(u_m),    α with Σ_j w_j α_j <= D

A small weight w_j allows high degrees in u_j. It is read from the decay of the coefficients of a first, smaller fit, as
|c_α| ≈ exp(−Σ_j w_j α_j).

For the evaluation the variables are split in two halves. With A and B the products of polynomials that occur in either,
y = Aᵀ C B, and the singular vectors of C that matter leave two matrix products, of r rows:

    y(u) = Σ_r (U_r · A(u)) (V_r · B(u))
"""

from __future__ import annotations

import numpy as np
import torch

from methods.primitives.least_squares import LeastSquares
from methods.tables.chebyshev_basis import polynomials

SLOWEST_DECAY = 0.2
"""Weight at least: per degree the coefficients fall by 18 % then."""

DEGREE_STEP = 0.25
"""Steps in which the largest D is sought."""


def terms(weights: np.ndarray, most: int) -> np.ndarray:
    """Find the largest set {α: Σ_j w_j α_j <= D} of at most `most` terms: (n_terms, m) integers."""
    weights, degree = weights / weights.min(), 0.0
    found = np.zeros((1, len(weights)), dtype=np.int64)
    while (trial := _within(weights, degree, most)) is not None:
        found = trial
        degree += DEGREE_STEP
    return found


def weights_of(alpha: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Read the decay per degree of each variable, (m,), from coefficients c (n_terms,) of the terms alpha."""
    weights = np.full(alpha.shape[1], 1.0)
    for j, degrees in enumerate(alpha.T):
        by_degree = np.array([np.abs(c[degrees == degree]).max() for degree in range(1, degrees.max() + 1)])
        if len(by_degree) > 1:
            slope = np.polyfit(np.arange(len(by_degree)), np.log(np.maximum(by_degree, 1e-300)), 1)[0]
            weights[j] = max(SLOWEST_DECAY, -slope)
    return weights


def fit(alpha: np.ndarray, u: torch.Tensor, y: np.ndarray) -> np.ndarray:
    """Fit c (n_terms,) to values y (n,) at u (m, n) by least squares."""
    table = polynomials(u, u.new_empty(alpha.max() + 1, *u.shape))
    basis = u.new_ones(len(alpha), u.shape[1])
    for j, degrees in enumerate(torch.as_tensor(alpha.T, device=u.device)):
        basis *= table[degrees, j]
    problem = LeastSquares(len(alpha), u.device)
    problem.add(basis.T, torch.as_tensor(y, device=u.device))
    return problem.solve().cpu().numpy()


class SplitPolynomial:
    """The polynomial with terms alpha (n_terms, m), m >= 2, and coefficients c (n_terms,), laid out for evaluation.

    Singular values are left out as long as their root sum of squares stays below `tolerance`.
    """

    def __init__(self, alpha: np.ndarray, c: np.ndarray, tolerance: float, device: str) -> None:
        self._half, self._n_degrees = (alpha.shape[1] + 1) // 2, int(alpha.max()) + 1
        self._left, self._right = (_Products(half, device) for half in (alpha[:, : self._half], alpha[:, self._half :]))
        matrix = np.zeros((self._left.n_products, self._right.n_products))
        matrix[self._left.row_of_term, self._right.row_of_term] = c
        left, singular, right = np.linalg.svd(matrix, full_matrices=False)
        lost = np.sqrt(np.cumsum(singular[::-1] ** 2))[::-1]
        rank = max(1, int((lost > tolerance).sum()))
        self._u = torch.as_tensor(np.ascontiguousarray((left[:, :rank] * singular[:rank]).T), device=device)
        self._v = torch.as_tensor(np.ascontiguousarray(right[:rank]), device=device)

    def __call__(self, u: torch.Tensor) -> torch.Tensor:
        """Evaluate y (n,) at u (m, n)."""
        table = polynomials(u, u.new_empty(self._n_degrees, *u.shape))
        left = self._u @ self._left(table[:, : self._half])
        return left.mul_(self._v @ self._right(table[:, self._half :])).sum(dim=0)


class _Products:
    """All different products of polynomials that terms (n_terms, n_variables) ask for, one variable after the other."""

    def __init__(self, alpha: np.ndarray, device: str) -> None:
        self._steps = []
        before = np.zeros(len(alpha), dtype=np.int64)
        for degrees in alpha.T:
            pairs, row = np.unique(np.stack([before, degrees], axis=1), axis=0, return_inverse=True)
            self._steps.append(
                tuple(torch.as_tensor(np.ascontiguousarray(column), device=device) for column in pairs.T)
            )
            before = row.ravel()
        self.row_of_term, self.n_products = before, len(self._steps[-1][0])

    def __call__(self, table: torch.Tensor) -> torch.Tensor:
        """Evaluate the products (n_products, n) for a table (n_degrees, n_variables, n) of polynomials."""
        values = table[:, 0].index_select(0, self._steps[0][1])
        for j, (factor, degrees) in enumerate(self._steps[1:], start=1):
            values = values.index_select(0, factor).mul_(table[:, j].index_select(0, degrees))
        return values


def _within(weights: np.ndarray, degree: float, most: int) -> np.ndarray | None:
    """List the terms up to a degree; None where there are more than `most`."""
    found: list[tuple[int, ...]] = [()]
    left = [degree]
    for weight in weights:
        grown = [
            ((*term, a), rest - a * weight)
            for term, rest in zip(found, left, strict=True)
            for a in range(int(rest / weight + 1e-9) + 1)
        ]
        if len(grown) > most:
            return None
        found, left = [list(column) for column in zip(*grown, strict=True)]  # type: ignore[assignment]
    return np.array(found)

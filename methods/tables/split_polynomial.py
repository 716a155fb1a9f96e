"""Evaluation of a polynomial of many terms by products of matrices, on any device.

The variables are split in two halves. With A and B the products of Chebyshev polynomials that occur in either half,
y = Aᵀ C B for the matrix C of coefficients, and its singular vectors leave two matrix products, of r rows:

    y(u) = Σ_r (U_r · A(u)) (V_r · B(u))
"""

from __future__ import annotations

import numpy as np
import torch

from methods.tables.chebyshev_basis import polynomials

SMALLEST = 1e-16
"""Singular values below this share of the largest are rounding."""


class SplitPolynomial:
    """y = Σ_α c_α Π_j T_{αj}(u_j) with terms alpha (n_terms, m) and c (n_terms,), laid out for evaluation."""

    def __init__(self, alpha: np.ndarray, c: np.ndarray, device: str) -> None:
        self._half, self._n_degrees = (alpha.shape[1] + 1) // 2, int(alpha.max()) + 1
        self._left, self._right = (_Products(half, device) for half in (alpha[:, : self._half], alpha[:, self._half :]))
        matrix = np.zeros((self._left.n_products, self._right.n_products))
        matrix[self._left.row_of_term, self._right.row_of_term] = c
        left, singular, right = np.linalg.svd(matrix, full_matrices=False)
        rank = max(1, int((singular > SMALLEST * singular[0]).sum()))
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
        self.row_of_term, self.n_products = before, len(self._steps[-1][0]) if self._steps else 1

    def __call__(self, table: torch.Tensor) -> torch.Tensor:
        """Evaluate the products (n_products, n) for a table (n_degrees, n_variables, n) of polynomials."""
        if not self._steps:
            return table.new_ones(1, table.shape[2])
        values = table[:, 0].index_select(0, self._steps[0][1])
        for j, (factor, degrees) in enumerate(self._steps[1:], start=1):
            values = values.index_select(0, factor).mul_(table[:, j].index_select(0, degrees))
        return values

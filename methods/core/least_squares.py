"""Linear least squares, points added some at a time: Σ_n (Σ_r c_r Φ_nr − y_n)² as small as it gets."""

from __future__ import annotations

import torch

from methods.core.errors import InputError

BLOCK = 512
"""Columns of the normal matrix that one product makes: only its lower half is made."""

RIDGE = 1e-13
"""Times the number of points, added to the diagonal; ten times more as long as the matrix cannot be factorised. On
box1l 1e-11 leaves an 8 % larger residual, 1e-9 35 %."""


class LeastSquares:
    """Normal equations of F unknowns, in float64; of several functions at once where they share their points."""

    def __init__(self, n_unknowns: int, device: str | torch.device) -> None:
        self._matrix = torch.zeros(n_unknowns, n_unknowns, dtype=torch.float64, device=device)
        self.n_unknowns = n_unknowns
        self._right = torch.zeros((), dtype=torch.float64, device=device)
        self.n_points = 0

    def add(self, phi: torch.Tensor, y: torch.Tensor) -> None:
        """Add points with features phi (n, F) and values y (n,), or (n, q) for q functions."""
        for start in range(0, self.n_unknowns, BLOCK):
            self._matrix[start:, start : start + BLOCK].addmm_(phi[:, start:].T, phi[:, start : start + BLOCK])
        self._right = self._right + phi.T @ y
        self.n_points += len(y)

    def solve(self) -> torch.Tensor:
        """Return c (F,), or (F, q) for q functions.

        Raises
        ------
        InputError
            Where there are no points, or values or features are not finite.
        """
        if not self.n_points:
            raise InputError("There are no points to fit to; give at least one.")
        if not bool(torch.isfinite(self._right).all() and torch.isfinite(self._matrix).all()):
            raise InputError(
                "The values to fit are not all finite; give an integrand that is finite inside the cube, for all s."
            )
        ridge, identity = RIDGE * self.n_points, torch.arange(self.n_unknowns, device=self._right.device)
        while True:
            matrix = self._matrix.clone()
            matrix[identity, identity] += ridge
            factor, failed = torch.linalg.cholesky_ex(matrix)
            if not failed:
                return torch.cholesky_solve(self._right.view(self.n_unknowns, -1), factor).view_as(self._right)
            ridge *= 10

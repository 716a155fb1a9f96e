"""A polynomial in the coordinates of s with coefficients on a tensor grid, evaluated at many points.

y(u) = Σ_{j1…jm} C_{j1…jm} T_{j1}(u_1) … T_{jm}(u_m)
"""

from __future__ import annotations

import math

import numpy as np
import torch

from methods.tables.chebyshev_basis import polynomials


class TensorTable:
    """y at u (m, n), n <= columns, for coefficients C (n_1, …, n_m).

    Its buffers are kept: made anew at each call they would cost page faults.
    """

    def __init__(self, coefficients: np.ndarray, columns: int, device: str) -> None:
        self._degrees = degrees = coefficients.shape
        self._matrix = torch.as_tensor(np.ascontiguousarray(coefficients), device=device).reshape(degrees[0], -1)
        outers = [math.prod(degrees[1 : j + 1]) for j in range(2, len(degrees))]
        sizes = {"polynomials": max(degrees) * len(degrees), "first": degrees[0]} | dict(enumerate(outers, start=2))
        self._buffers = {name: self._matrix.new_empty(rows * columns) for name, rows in sizes.items()}

    def __call__(self, u: torch.Tensor) -> torch.Tensor:
        """Evaluate y (n,): an outer product over all axes but the first, and a matrix product.

        Points are the last axis throughout, so that every pass runs along memory.
        """
        degrees, n = self._degrees, u.shape[1]
        table = polynomials(u, self._buffer("polynomials", max(degrees), len(degrees), n))
        outer = table[: degrees[1], 1] if len(degrees) > 1 else u.new_ones(1, n)
        for j, degree in enumerate(degrees[2:], start=2):
            product = self._buffer(j, len(outer), degree, n)
            outer = torch.mul(outer[:, None], table[:degree, j], out=product).view(-1, n)
        first = torch.mm(self._matrix, outer, out=self._buffer("first", degrees[0], n))
        return first.mul_(table[: degrees[0], 0]).sum(dim=0)

    def _buffer(self, name: str | int, *shape: int) -> torch.Tensor:
        return self._buffers[name][: math.prod(shape)].view(shape)

"""Evaluation of a table whose coefficients are complex: real and imaginary part are two tables of the same terms."""

from __future__ import annotations

import numpy as np
import torch

from methods.tables.coordinates import Coordinates, Target
from methods.tables.cpu_polynomial import CpuPolynomial
from methods.tables.split_polynomial import SplitPolynomial

PLAIN = Target(0, 0, 1.0)
"""With this target the kernel gives y."""


class ComplexCpuPolynomial:
    """I(s) by the compiled kernel; arguments as of `CpuPolynomial`."""

    def __init__(self, coordinates: Coordinates, target: Target, alpha: np.ndarray, c: np.ndarray) -> None:
        self._target = target
        self._parts = [CpuPolynomial(coordinates, PLAIN, alpha, part) for part in (c.real, c.imag)]

    def __call__(self, s: np.ndarray) -> np.ndarray:
        """Evaluate I (n,) at s (n, m), contiguous float64."""
        y = np.empty(len(s), dtype=np.complex128)
        y.real, y.imag = (part(s) for part in self._parts)
        return self._target.decode_(torch.from_numpy(y)).numpy()


class ComplexSplitPolynomial:
    """y(u) by products of matrices on any device; arguments as of `SplitPolynomial`."""

    def __init__(self, alpha: np.ndarray, c: np.ndarray, device: str) -> None:
        self._parts = [SplitPolynomial(alpha, np.ascontiguousarray(part), device) for part in (c.real, c.imag)]

    def __call__(self, u: torch.Tensor) -> torch.Tensor:
        """Evaluate y (n,) at u (m, n)."""
        return torch.complex(*(part(u) for part in self._parts))

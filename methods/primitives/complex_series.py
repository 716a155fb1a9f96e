"""I(s) of a complex integral as Chebyshev series of its primitives' corner sums: what `neural_primitive` evaluates.

    I(s) = (1 + Σ_j a_j T_j(u)) h(u),    log h(u) = Σ_j b_j T_j(u)

with complex a for each replica and complex b for all of them.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core import chebyshev_series
from methods.core.arithmetic import Arithmetic
from methods.primitives.contour_coordinates import ContourCoordinates

EVALUATED = 2**9
"""Phase-space points evaluated at once, so that all of it stays in second-level cache."""


class ComplexSeries:
    """I(s) by each replica: (1 + series) times exp(log h).

    Parameters
    ----------
    integral : ParametricIntegral
        The integral.
    of_thresholds : dict
        Its thresholds by parameter.
    series : tensor (count, 2 n_replicas + 2)
        Coefficients of `chebyshev_series.products(u, degree)`: real and imaginary part of each replica's corner sum,
        less 1, and of log h.
    """

    def __init__(
        self, integral: ParametricIntegral, of_thresholds: Mapping[str, float], series: torch.Tensor, device: str
    ) -> None:
        self._thresholds, self._series, self._parameters = dict(of_thresholds), series, integral.parameters
        self._coordinates = ContourCoordinates(integral, self._thresholds, device)
        self._degree = _degree_of(len(series), integral.m)

    def values(self, s: torch.Tensor) -> torch.Tensor:
        """Compute I (n_replicas, n) at s (n, m), complex128."""
        return torch.cat([self._values(part) for part in s.split(EVALUATED)], dim=1)

    def _values(self, s: torch.Tensor) -> torch.Tensor:
        sums = self._series.T @ chebyshev_series.products(self._coordinates.u(s), self._degree)
        *of_replicas, log_size, phase = sums
        h = torch.polar(torch.exp(log_size), phase)
        return torch.complex(1 + torch.stack(of_replicas[::2]), torch.stack(of_replicas[1::2])) * h

    def steps(self, error_factor: float) -> Arithmetic:
        """List the steps of the mean of the replicas, and of their standard deviation times a factor: they share h."""
        arithmetic, n = Arithmetic(len(self._parameters)), (self._series.shape[1] - 2) // 2
        alpha = np.array(chebyshev_series.terms(len(self._parameters), self._degree))
        u = self._coordinates.steps(arithmetic, arithmetic.s)
        sums = arithmetic.polynomial(u, alpha, self._series.cpu().numpy())
        size, phase = arithmetic.apply("exp", arithmetic.take(sums, [2 * n])), arithmetic.take(sums, [2 * n + 1])
        members = arithmetic.take(sums, range(2 * n))
        mean = arithmetic.affine(members, np.kron(np.full((1, n), 1 / n), np.eye(2)), [1.0, 0.0])
        turned = arithmetic.scale(arithmetic.take(mean, [1, 0]), [-1.0, 1.0])  # i times the mean
        parts = (
            arithmetic.multiply(mean, arithmetic.apply("cos", phase)),
            arithmetic.multiply(turned, arithmetic.apply("sin", phase)),
        )
        arithmetic.outputs["value"] = arithmetic.multiply(arithmetic.add(*parts), size)
        if n > 1:
            deviations = arithmetic.affine(members, np.kron(np.eye(n) - 1 / n, np.eye(2)))
            weights = np.full((1, 2 * n), error_factor**2 / (n - 1))
            spread = arithmetic.apply("sqrt", arithmetic.affine(arithmetic.apply("square", deviations), weights))
            arithmetic.outputs["error"] = arithmetic.multiply(spread, size)
        return arithmetic

    def state(self) -> dict[str, np.ndarray]:
        """Give what `of_state` takes."""
        found = [self._thresholds.get(name, 0.0) for name in self._parameters]
        return {"series": self._series.cpu().numpy(), "thresholds": np.array(found)}

    @classmethod
    def of_state(cls, state: Mapping[str, np.ndarray], integral: ParametricIntegral, device: str) -> ComplexSeries:
        """Make it of what `state` gave."""
        found = {name: t for name, t in zip(integral.parameters, state["thresholds"].tolist(), strict=True) if t}
        return cls(integral, found, torch.as_tensor(state["series"], device=device), device)


def _degree_of(count: int, m: int) -> int:
    """Return the degree of a series in m variables with so many coefficients."""
    return next(degree for degree in range(count + 1) if chebyshev_series.count(m, degree) >= count)

"""A coordinate in which an integral is analytic at a threshold t of one invariant.

There I(s) has a square root: it is analytic in the velocity β = √(1 − t/s), and not in s. Far above it goes like powers
of log s, and β crowds at 1. The rapidity has both,

    z = artanh β = log((√s + √(s − t))/√t)     above,     s = t cosh² z
    z = √(1 − s/t)                             below,     s = t (1 − z²)

where β would be imaginary.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Self

import numpy as np
import torch

from methods.core.arithmetic import Arithmetic, Rows


class ThresholdCoordinate(NamedTuple):
    """The coordinate z of one invariant on one side of its threshold; z = 0 at the threshold."""

    threshold: float
    above: bool

    @classmethod
    def of_range(cls, threshold: float, low: float, high: float) -> Self:
        """Make the coordinate of an invariant between `low` and `high`, both on one side of its threshold."""
        return cls(threshold, bool((low + high) / (2 * threshold) > 1))

    def z(self, s: Any) -> Any:
        """Compute z at values s, an array or a tensor."""
        xp: Any = torch if isinstance(s, torch.Tensor) else np
        if self.above:
            return xp.atanh(xp.sqrt(1 - self.threshold / s))
        return xp.sqrt(1 - s / self.threshold)

    def steps(self, arithmetic: Arithmetic, s: Rows) -> Rows:
        """List the steps of `z` at a row s: artanh β = log((1 + β)²/(1 − β²))/2, where 1 − β² = t/s.

        On the other side of the threshold, where another piece of the table counts, they give some number.
        """
        if not self.above:
            return arithmetic.apply("sqrt", arithmetic.at_least(arithmetic.scale(s, -1 / self.threshold, 1.0), 0.0))
        ratio = arithmetic.apply("reciprocal", arithmetic.scale(s, 1 / self.threshold))
        beta = arithmetic.apply("sqrt", arithmetic.at_least(arithmetic.scale(ratio, -1.0, 1.0), 0.0))
        argument = arithmetic.multiply(
            arithmetic.apply("square", arithmetic.scale(beta, 1.0, 1.0)), arithmetic.scale(s, 1 / self.threshold)
        )
        return arithmetic.scale(arithmetic.apply("log", argument), 0.5)

    def s(self, z: Any) -> Any:
        """Compute the values of the invariant that have these z, an array or a tensor."""
        xp: Any = torch if isinstance(z, torch.Tensor) else np
        return self.threshold * (xp.cosh(z) ** 2 if self.above else 1 - z**2)

    def slope(self, s: np.ndarray) -> np.ndarray:
        """Compute dz/ds at values s."""
        if self.above:
            return 1 / (2 * s * np.sqrt(1 - self.threshold / s))
        return -1 / (2 * self.threshold * np.sqrt(1 - s / self.threshold))

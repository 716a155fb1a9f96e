"""Coordinates u in [−1, 1]^m of the box of a complex integral, on one side of each threshold.

An invariant with a threshold has the coordinate of `threshold_coordinates.py`, in which I(s) is analytic there; log |s|
or s stand for the others, as for real integrals (`box_coordinates.py`).
"""

from __future__ import annotations

import torch

from methods.core.arithmetic import Arithmetic, Rows
from methods.core.integral import ParametricIntegral
from methods.core.threshold_coordinates import ThresholdCoordinate
from methods.primitives.box_coordinates import BoxCoordinates


class ContourCoordinates(BoxCoordinates):
    """The coordinates of a box, for thresholds by parameter."""

    def __init__(self, integral: ParametricIntegral, thresholds: dict[str, float], device: str) -> None:
        super().__init__(integral, device)
        self._with_threshold: dict[int, tuple[ThresholdCoordinate, torch.Tensor]] = {}
        for name, threshold in thresholds.items():
            j = integral.parameters.index(name)
            low, high = integral.low[j], integral.high[j]
            coordinate = ThresholdCoordinate.of_range(threshold, low, high)
            ends = torch.tensor([low, high], dtype=torch.float64, device=device)
            self._with_threshold[j] = coordinate, coordinate.z(ends)

    def u(self, s: torch.Tensor) -> torch.Tensor:
        """Return u for s (n, m)."""
        u = super().u(s)
        for j, (coordinate, (low, high)) in self._with_threshold.items():
            u[:, j] = 2 * (coordinate.z(s[:, j]) - low) / (high - low) - 1
        return u

    def s(self, u: torch.Tensor) -> torch.Tensor:
        """Return s for u (n, m)."""
        s = super().s(u)
        for j, (coordinate, (low, high)) in self._with_threshold.items():
            s[:, j] = coordinate.s(low + (high - low) * (u[:, j] + 1) / 2)
        return s

    def steps(self, arithmetic: Arithmetic, s: Rows) -> Rows:
        """List the steps of `u` at s (m rows)."""
        rows = []
        for j in range(s.n):
            row, ends = arithmetic.take(s, [j]), torch.stack([self._low[j], self._high[j]])
            if j in self._with_threshold:
                coordinate, ends = self._with_threshold[j]
                row = coordinate.steps(arithmetic, row)
            elif self._signs[j]:
                row = arithmetic.apply("log", arithmetic.apply("abs", row))
            low, high = ends.cpu().numpy()
            rows.append(arithmetic.scale(row, 2 / (high - low), -2 * low / (high - low) - 1))
        return arithmetic.join(*rows)

"""Inputs of a network in [−1, 1]^m: the box of s, scaled, with a coordinate that opens the threshold of an invariant.

At its threshold a complex I(s) has a square root in s, which no smooth network follows. It is smooth in the coordinate
of `threshold_coordinates.py`, which goes like β = √(1 − t/s) there; below the threshold it is continued by −√(1 − s/t),
through zero, though the two sides are different functions. All other invariants are scaled as they are.
"""

from __future__ import annotations

import numpy as np

from methods.core.integral import ParametricIntegral
from methods.core.threshold_coordinates import ThresholdCoordinate
from methods.core.thresholds import thresholds


class Inputs:
    """The inputs for an integral; those of a real one are all scaled as they are."""

    def __init__(self, integral: ParametricIntegral) -> None:
        self._integral = integral
        found = thresholds(integral) if integral.is_complex else {}
        self._thresholds = {integral.parameters.index(name): threshold for name, threshold in found.items()}

    def scaled(self, s: np.ndarray) -> np.ndarray:
        """Map s (n, m) of the box to [−1, 1]^m."""
        scaled = 2 * self._integral.to_unit(s) - 1
        for j, threshold in self._thresholds.items():
            ends = np.array([self._integral.low[j], self._integral.high[j]])
            low, high = _coordinate(threshold, ends)
            scaled[:, j] = 2 * (_coordinate(threshold, s[:, j]) - low) / (high - low) - 1
        return scaled


def _coordinate(threshold: float, s: np.ndarray) -> np.ndarray:
    """Compute the coordinate of values (n,) of an invariant: above zero above the threshold, below zero below it."""
    relative = s / threshold
    above = ThresholdCoordinate(threshold, True).z(threshold * np.maximum(relative, 1))
    return above - ThresholdCoordinate(threshold, False).z(threshold * np.minimum(relative, 1))

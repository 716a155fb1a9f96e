"""Inputs of a network in [−1, 1]^m: the box of s, scaled, with a coordinate that opens the threshold of an invariant.

At its threshold a complex I(s) has a square root in s, which no smooth network follows. It is smooth in the coordinate
of `threshold_coordinates.py`, which goes like β = √(1 − t/s) there; below the threshold it is continued by −√(1 − s/t),
through zero, though the two sides are different functions. All other invariants are scaled as they are.
"""

from __future__ import annotations

import numpy as np

from methods.core.arithmetic import Arithmetic, Rows
from methods.core.integral import ParametricIntegral
from methods.core.threshold_coordinates import ThresholdCoordinate
from methods.core.thresholds import thresholds
from methods.surrogates import network_arithmetic


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

    def steps(self, arithmetic: Arithmetic, s: Rows) -> Rows:
        """List the steps of `scaled` at s (m rows)."""
        scaled = network_arithmetic.scaled(arithmetic, s, self._integral)
        rows = [arithmetic.take(scaled, [j]) for j in range(s.n)]
        for j, threshold in self._thresholds.items():
            ends = np.array([self._integral.low[j], self._integral.high[j]])
            low, high = _coordinate(threshold, ends)
            row = _coordinate_steps(arithmetic, threshold, arithmetic.take(s, [j]))
            rows[j] = arithmetic.scale(row, 2 / (high - low), -2 * low / (high - low) - 1)
        return arithmetic.join(*rows) if self._thresholds else scaled


def _coordinate_steps(arithmetic: Arithmetic, threshold: float, s: Rows) -> Rows:
    """List the steps of `_coordinate` at a row s."""
    relative = arithmetic.at_least(arithmetic.scale(s, 1 / threshold), 1.0)
    above = ThresholdCoordinate(threshold, True).steps(arithmetic, arithmetic.scale(relative, threshold))
    below = ThresholdCoordinate(threshold, False).steps(arithmetic, s)
    return arithmetic.add(above, arithmetic.scale(below, -1.0))


def _coordinate(threshold: float, s: np.ndarray) -> np.ndarray:
    """Compute the coordinate of values (n,) of an invariant: above zero above the threshold, below zero below it."""
    relative = s / threshold
    above = ThresholdCoordinate(threshold, True).z(threshold * np.maximum(relative, 1))
    return above - ThresholdCoordinate(threshold, False).z(threshold * np.minimum(relative, 1))

"""The error of a rule at each s, from its difference to a smaller rule.

    error(s) = |I(s)| · √(ratio² δ(s)² + floor² + rise² r(s)² + unseen(s)²)

with constants found at points drawn from the box and at corners of it, where a larger rule tells the error: its ratio
to the relative difference δ, both as root mean squares, and the root mean square relative error at the points drawn,
since a difference may vanish by chance. That is larger at corners, where r = 1 (r is the mean square of the coordinates
of s, scaled to [−1, 1]). Where δ is larger than at any of these points, the maps do not suit s, and the ratio says
nothing. A Gauss rule of n nodes errs by about ρ^(2n), with ρ < 1, the square of what half as many leave:

    unseen² = max(0, δ⁴ − δ_max⁴)

With maps found on the middle, the lower or the upper 30 or 40 % of each range of box1l, pentagon1l_8d or hexagon1l, 34
to 100 % of the errors at points beyond δ_max lie within three standard deviations then, and 0 to 100 % without it.

With rules of half the order as the smaller ones, for epsrel = 1e-5 and 1e-8 on box1l, box1l_wide, box1l_threshold,
box1l_sum, box1l_4d, box2l, box2l_sum, pentagon1l_8d, hexagon1l and pentabox_s01, 79 to 98 % of the errors lie within
one and 99 to 100 % within three standard deviations, and at all corners 50 to 100 % and 98 to 100 %. Rules of two nodes
less per axis, or the last Legendre coefficients on each axis, foretell it no better for their price: the maps are
chosen such that what would be the leading error cancels.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from methods.core.relative_error import LEAST, SMALL, relative_errors

ROUNDING = 2e-16
"""Relative to |I|, and to its typical size, where the sum over the nodes cancels."""


class RuleError(NamedTuple):
    """The constants of the estimate."""

    ratio: float
    floor: float
    rise: float
    largest_difference: float
    """Relative to |I|, where they were found."""
    typical_value: float
    """Mean |I| there."""

    def __call__(self, value: np.ndarray, lower: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """Estimate the standard deviation (n,) of `value` (n,), given what the smaller rule has (n,).

        `unit` (n, m) is s mapped to [0, 1]^m.
        """
        size = np.abs(value)
        scale = np.maximum(size, max(SMALL * self.typical_value, LEAST))
        squared = np.square(np.abs(value - lower) / scale)
        unseen = np.maximum(0.0, squared * squared - self.largest_difference**4)
        sigma = np.sqrt(self.ratio**2 * squared + self.floor**2 + np.square(self.rise * radius(unit)) + unseen)
        return sigma * scale + ROUNDING * (size + self.typical_value)


def rule_error(value: np.ndarray, lower: np.ndarray, higher: np.ndarray, n_drawn: int) -> RuleError:
    """Find the constants by a rule's values (n,), and those of a smaller and a larger one.

    The last `n_drawn` points are drawn from the box, the others are its corners.
    """
    error, difference = relative_errors(value - higher, higher), relative_errors(value - lower, higher)
    ratio = root_mean_square(error) / max(root_mean_square(difference), ROUNDING)
    floor, at_corners = root_mean_square(error[-n_drawn:]), root_mean_square(error[:-n_drawn])
    rise = float(np.sqrt(max(0.0, at_corners**2 - floor**2)))
    return RuleError(ratio, floor, rise, float(difference.max()), float(np.abs(value).mean()))


def radius(unit: np.ndarray) -> np.ndarray:
    """Mean square (n,) of the coordinates in [−1, 1] of points (n, m) in [0, 1]^m."""
    m = unit.shape[1]
    return 1 + (unit * (unit - 1)) @ np.full(m, 4 / m)  # (2 u − 1)² = 1 + 4 u (u − 1)


def root_mean_square(x: np.ndarray) -> float:
    """√(mean of x²)."""
    return float(np.sqrt(np.mean(np.square(x))))

"""The error of a rule at each s, from its difference to a smaller rule on another contour.

    error(s) = |I(s)| · √(ratio² δ(s)² + floor² + rise² r(s)²)    where δ(s) <= 2 δ_max,    and |I(s)| · δ(s) beyond

δ is the relative difference of the two rules, and r as in `methods/quadrature/rule_error.py`. Two contours that both
lie on the allowed side of the zeros of F have the same integral: then δ is what the smaller rule errs by, of which the
larger one leaves a small share. Where one contour is on the wrong side δ is larger than the smaller rule's errors
elsewhere, and nobody knows which one it is: there the error is δ itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from methods.quadrature.rule_error import ROUNDING, SMALL, radius, relative, root_mean_square

GOOD = 30.0
"""Points whose two values differ by at most so many times the median do not count as failures of a contour."""

BEYOND = 2.0
"""Differences larger than so many times the largest one at good points are failures."""


class PairError(NamedTuple):
    """The constants of the estimate."""

    ratio: float
    floor: float
    rise: float
    largest_difference: float
    """Relative to |I|, at good points."""
    typical_value: float
    """Mean |I| there."""

    def __call__(self, value: np.ndarray, lower: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """Estimate the standard deviation (n,) of `value` (n,), given what the smaller rule has (n,).

        `unit` (n, m) is s mapped to [0, 1]^m.
        """
        size = np.abs(value)
        scale = np.maximum(size, max(SMALL * self.typical_value, 1e-300))
        difference = np.abs(value - lower) / scale
        squared = self.ratio**2 * difference**2 + self.floor**2 + np.square(self.rise * radius(unit))
        sigma = np.where(difference > BEYOND * self.largest_difference, difference, np.sqrt(squared))
        return sigma * scale + ROUNDING * (size + self.typical_value)


def pair_error(value: np.ndarray, lower: np.ndarray, other: np.ndarray, n_drawn: int) -> PairError:
    """Find the constants by a rule's values (n,), those of a smaller rule, and of a good one on another contour.

    The last `n_drawn` points are drawn from the box, the others are its corners.
    """
    error, difference = relative(value - other, other), relative(value - lower, other)
    largest = float(difference[error <= GOOD * np.median(error)].max())
    counts = difference <= BEYOND * largest
    inside = np.arange(len(value)) >= len(value) - n_drawn
    ratio = _size(error[counts]) / max(_size(difference[counts]), ROUNDING)
    floor, at_corners = _size(error[counts & inside]), _size(error[counts & ~inside])
    rise = float(np.sqrt(max(0.0, at_corners**2 - floor**2)))
    return PairError(ratio, floor, rise, largest, float(np.abs(value[counts]).mean()))


def _size(errors: np.ndarray) -> float:
    return root_mean_square(errors) if errors.size else 0.0

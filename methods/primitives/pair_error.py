"""The error of a rule at each s, from its difference to a smaller rule on another contour.

    error(s) = |I(s)| · √(ratio² δ(s)² + floor² + rise² r(s)²)    where δ(s) <= 2 δ_max,    and |I(s)| · δ(s) beyond

δ is the relative difference of the two rules, and r as in `methods/quadrature/rule_error.py`. Two contours that both
lie on the allowed side of the zeros of F have the same integral: then δ is what the smaller rule errs by, of which the
larger one leaves a small share. Where one contour is on the wrong side δ is larger than the smaller rule's errors
elsewhere, and nobody knows which one it is: there the error is δ itself.
"""

from __future__ import annotations

import numpy as np

from methods.quadrature.rule_error import ROUNDING, RuleError, relative, root_mean_square

GOOD = 30.0
"""Points whose two values differ by at most so many times the median do not count as failures of a contour."""

BEYOND = 2.0
"""Differences larger than so many times the largest one at good points are failures."""


class PairError(RuleError):
    """The constants of the estimate; `largest_difference` is that of good points."""

    __slots__ = ()

    def relative(self, difference: np.ndarray, seen: np.ndarray) -> np.ndarray:
        """Estimate the relative error (n,) from δ (n,) and ratio² δ² + floor² + rise² r² (n,)."""
        return np.where(difference > BEYOND * self.largest_difference, difference, np.sqrt(seen))


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

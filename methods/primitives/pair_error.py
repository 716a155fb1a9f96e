"""The error of a rule at each s, from its difference to a smaller rule on another contour.

    error(s) = |I(s)| · √(ratio² δ(s)² + floor²)    where δ(s) <= 2 δ_max,    and |I(s)| · δ(s) beyond

δ is the relative difference of the two rules. Two contours that both lie on the allowed side of the zeros of F have the
same integral: then δ is what the smaller rule errs by, of which the larger one leaves a share. The ratio is such that
most of the errors at known points are at most ratio · δ; a root mean square would tell of the worst points alone, those
near corner zeros, and state their errors at all s. The floor is half the median error, since a difference may vanish by
chance. Where one contour is on the wrong side δ is larger than the smaller rule's errors elsewhere, and nobody knows
which one it is: there the error is δ itself.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from methods.core.relative_error import error_scale, relative_errors
from methods.quadrature.rule_error import ROUNDING

GOOD = 30.0
"""Points whose two values differ by at most so many times the median do not count as failures of a contour."""

BEYOND = 2.0
"""Differences larger than so many times the largest one at good points are failures."""

MOST = 0.9
"""Share of the known errors that are at most ratio · δ. At 39 points of box2l_low 87 % of the errors are within one and
97 % within three standard deviations then; with 0.8 80 % and 95 %."""


class PairError(NamedTuple):
    """The constants of the estimate."""

    ratio: float
    floor: float
    largest_difference: float
    """Relative to |I|, at good points."""
    typical_value: float
    """Mean |I| there."""

    def __call__(self, value: np.ndarray, lower: np.ndarray) -> np.ndarray:
        """Estimate the standard deviation (n,) of `value` (n,), given what the smaller rule has (n,)."""
        size = np.abs(value)
        scale = error_scale(size, self.typical_value)
        difference = np.abs(value - lower) / scale
        sigma = np.hypot(self.ratio * difference, self.floor)
        sigma = np.where(difference > BEYOND * self.largest_difference, np.maximum(difference, sigma), sigma)
        return sigma * scale + ROUNDING * (size + self.typical_value)


def pair_error(value: np.ndarray, lower: np.ndarray, other: np.ndarray) -> PairError:
    """Find the constants by a rule's values (n,), those of a smaller rule, and of a good one on another contour."""
    error, difference = relative_errors(value - other, other), relative_errors(value - lower, other)
    largest = float(difference[error <= GOOD * np.median(error)].max())
    counts = difference <= BEYOND * largest
    ratio = float(np.quantile(error[counts] / np.maximum(difference[counts], ROUNDING), MOST))
    floor = float(np.median(error[counts])) / 2
    return PairError(ratio, floor, largest, float(np.abs(value[counts]).mean()))

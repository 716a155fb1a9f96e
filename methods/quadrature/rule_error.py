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

A rule of one node more per axis, d₁ away, tells the error e only where rules converge fast. Where errors fall as
e^(−λ n), and the smaller rule, d₂ away, has h nodes less,

    d₁ = e λ,    d₂ = e (e^(λ h) − 1),    q = h d₁/d₂ = λ h/(e^(λ h) − 1) ≈ 1 − λ h/2,    e ≈ d₁ h/(2 (1 − q)).

Errors that fall as n^−p have q = p/(2 (2^p − 1)), and where q is 1/2 or more, p is 1 or less: rules do not converge, as
far as these tell, and e is set to |I|.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from methods.core.relative_error import error_scale, relative_errors

ROUNDING = 2e-16
"""Relative to |I|, and to its typical size, where the sum over the nodes cancels."""

APART, SLOW, NOT_AT_ALL = 0.1, 0.2, 0.5
"""Rules converge slowly where d₂ is above the first, relative to |I|, and q above the second; above the third they do
not. For ∫ dx/(b + x)² without a map, b from 1e-4 to 0.1 and 4 to 40 nodes, e is 0.8 to 1.6 times what slow rules leave,
and those that do not converge leave more than |I|/3. Where d₂ or q is smaller, d₁ is taken for the error, of which
it is a third or more for rules of up to 16 nodes."""


class RuleError(NamedTuple):
    """The constants of the estimate."""

    ratio: float
    """Error over difference to the smaller rule, both as root mean squares over all points."""
    floor: float
    """Root mean square error at the points drawn from the box, relative to |I| or 1 % of `typical_value`, if larger."""
    rise: float
    """By how much, in quadrature, that of the corners of the box is larger, relative to the same."""
    largest_difference: float
    """Largest difference to the smaller rule at all points, relative to the same."""
    typical_value: float
    """Mean |I| over all points."""

    def __call__(self, value: np.ndarray, lower: np.ndarray, unit: np.ndarray) -> np.ndarray:
        """Estimate the standard deviation (n,) of `value` (n,), given what the smaller rule has (n,).

        `unit` (n, m) is s mapped to [0, 1]^m.
        """
        size = np.abs(value)
        scale = error_scale(size, self.typical_value)
        squared = np.square(np.abs(value - lower) / scale)
        unseen = np.maximum(0.0, squared * squared - self.largest_difference**4)
        sigma = np.sqrt(self.ratio**2 * squared + self.floor**2 + np.square(self.rise * radius(unit)) + unseen)
        return sigma * scale + ROUNDING * (size + self.typical_value)


def rule_error(value: np.ndarray, lower: np.ndarray, higher: np.ndarray, n_drawn: int, steps: float = 0.0) -> RuleError:
    """Find the constants by a rule's values (n,), and those of a smaller and a larger one.

    The last `n_drawn` points are drawn from the box, the others are its corners. `steps` is h, in units of what the
    larger rule has more; with 0 the larger rule is taken to tell the error.
    """
    error, difference = relative_errors(value - higher, higher), relative_errors(value - lower, higher)
    error *= _unseen_by_the_larger(root_mean_square(error), root_mean_square(difference), steps)
    ratio = root_mean_square(error) / max(root_mean_square(difference), ROUNDING)
    floor, at_corners = root_mean_square(error[-n_drawn:]), root_mean_square(error[:-n_drawn])
    rise = float(np.sqrt(max(0.0, at_corners**2 - floor**2)))
    return RuleError(ratio, floor, rise, float(difference.max()), float(np.abs(value).mean()))


def _unseen_by_the_larger(to_larger: float, to_smaller: float, steps: float) -> float:
    """Compute e/d₁, of d₁ and d₂, where rules converge slowly; 1 elsewhere."""
    if to_smaller < APART or steps * to_larger < SLOW * to_smaller:
        return 1.0
    q = steps * to_larger / to_smaller
    left = to_larger * steps / (2 * (1 - q)) if q < NOT_AT_ALL else 1.0
    return max(1.0, min(left, 1.0) / to_larger)


def radius(unit: np.ndarray) -> np.ndarray:
    """Mean square (n,) of the coordinates in [−1, 1] of points (n, m) in [0, 1]^m."""
    m = unit.shape[1]
    return 1 + (unit * (unit - 1)) @ np.full(m, 4 / m)  # (2 u − 1)² = 1 + 4 u (u − 1)


def root_mean_square(x: np.ndarray) -> float:
    """√(mean of x²)."""
    return float(np.sqrt(np.mean(np.square(x))))

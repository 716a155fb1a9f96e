"""What a rule errs near corner zeros, where F vanishes at a corner of the cube and no contour can be led around it.

At a corner of the cube F is an affine function F_c(s). Where that is small against its largest value F_max in the box,
rules converge slowly, and the difference to a smaller rule says little: on box1l_sectors_physical, for epsrel = 1e-4,
the error is 3e-3 at F_c = 0 and falls by e for each 0.25 in F_c = 9 − 2 mH2 − s12, but for 1.5 in another F_c. So it is
tabulated, for each c, by the distance z = |F_c|/F_max, as the root mean square over points at that distance, against a
rule of up to twice the order. Between distances its logarithm is interpolated in log z; beyond the last one it is zero.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import sympy

from methods.core import thresholds
from methods.core.errors import InputError
from methods.core.integral import ParametricIntegral
from methods.core.relative_error import error_scale, relative_errors
from methods.quadrature import rule_orders

DISTANCES = 2.0 ** np.arange(-12, -2)
"""z of the tables; the error at the first one stands for all smaller z, too."""

N_POINTS, LEAST_POINTS = 240, 2
"""Phase-space points at all distances together, at most, unless there are so many zeros that LEAST_POINTS at each
distance from each of them are more: the 26 of box2l_low have 520."""

SLOWEST_DECAY = 0.7
"""Power of the order with which the error at a zero falls: for ∫ x/(c + x) dx it is 0.7 to 1.7. It tells what share of
the error the larger rule has, too: with a higher power than the least one, errors that fall as that would be stated too
small."""

SEED, N_ENDS = 5, 2048
"""Seed and number of the points drawn from the box, between pairs of which lie those at a given distance."""


class CornerZeroError:
    """The error as a function of I and s.

    Parameters
    ----------
    planes : array (n_zeros, m + 1)
        Coefficients of s and of 1 in F_c/F_max.
    errors : array (n_zeros, n_distances)
        Errors at DISTANCES, relative to |I| or, where that is small, to 1 % of `typical_value`.
    typical_value : float
        Mean |I| at the points where they were found.
    """

    def __init__(self, planes: np.ndarray, errors: np.ndarray, typical_value: float = 0.0) -> None:
        self.planes, self.errors, self.typical_value = planes, errors, typical_value

    def __call__(self, value: np.ndarray, s: np.ndarray) -> np.ndarray:
        """Compute the error (n,) of `value` (n,) at s (n, m), the largest that the zeros bring about: 0 without any."""
        found = np.zeros(len(s))
        for plane, errors in zip(self.planes, np.log(np.maximum(self.errors, 1e-300)), strict=True):
            z = np.maximum(np.abs(s @ plane[:-1] + plane[-1]), DISTANCES[0])
            of_zero = np.exp(np.interp(np.log(z), np.log(DISTANCES), errors))
            found = np.maximum(found, np.where(z > DISTANCES[-1], 0.0, of_zero))
        return found * error_scale(value, self.typical_value)


Values = Callable[[Callable[[np.ndarray], np.ndarray], np.ndarray], np.ndarray]
"""How the orders of a rule are changed, and s (n, m) -> the values (n,) of the changed rule."""


def measured_error(
    planes: np.ndarray, s: np.ndarray, orders: np.ndarray, values: Values, floor: float
) -> CornerZeroError:
    """Find the errors of a rule near corner zeros.

    Parameters
    ----------
    planes : array (n_zeros, m + 1)
        The zeros.
    s : array (n_zeros, n_distances, n, m)
        The `points` near them.
    orders : array (n_terms, k)
        The orders of the rule.
    values : callable
        The values of the rule, and of others of its kind.
    floor : float
        Relative error at other s.
    """
    if not len(planes):
        return CornerZeroError(planes, np.empty((0, 0)))
    flat = s.reshape(-1, s.shape[-1])
    value, reference = (values(change, flat) for change in (rule_orders.same, rule_orders.reference))
    growth = rule_orders.least_growth(orders, rule_orders.reference(orders))
    errors = tabulated(s, value, reference, growth, floor)
    return CornerZeroError(planes, errors, float(np.abs(reference).mean()))


def planes(integral: ParametricIntegral) -> np.ndarray:
    """Find the corner zeros of a complex integral, F_c/F_max as (n_zeros, m + 1).

    Corners at which F is not affine in s are left out, and none are found where F is not known.
    """
    none = np.empty((0, integral.m + 1))
    if not integral.is_complex or integral.expression is None:
        return none
    try:
        zeros = thresholds.corner_zeros(integral, only_affine=True)
    except InputError:
        return none
    s = integral.expression.parameters
    different = {sympy.Poly(zero.polynomial, *s): None for zero in zeros}
    found = [[float(p.coeff_monomial(monomial)) for monomial in (*s, 1)] for p in different]
    return np.array([_over_largest(np.array(plane), integral) for plane in found]).reshape(-1, integral.m + 1)


def points(planes: np.ndarray, integral: ParametricIntegral) -> np.ndarray:
    """Draw as many points of the box at each distance from each corner zero: (n_zeros, n_distances, n, m)."""
    if not len(planes):
        return np.empty((0, len(DISTANCES), 0, integral.m))
    rng, ends = np.random.default_rng(SEED), integral.sample(N_ENDS, SEED)
    n = max(LEAST_POINTS, N_POINTS // (len(planes) * len(DISTANCES)))
    found = []
    for plane in planes:
        # With the corners between which F_c has all its values, each distance that the box reaches is between two ends.
        farthest = [np.where(plane[:-1] * side > 0, integral.high, integral.low) for side in (1, -1)]
        all_ends = np.vstack([ends, farthest])
        found.append([_at(plane, z, n, all_ends, rng) for z in DISTANCES])
    return np.array(found)


def tabulated(s: np.ndarray, value: np.ndarray, reference: np.ndarray, growth: float, floor: float) -> np.ndarray:
    """Find the errors (n_zeros, n_distances) beyond `floor`, that of all s; where they are no larger, `floor` itself.

    Parameters
    ----------
    s : array (n_zeros, n_distances, n, m)
        The `points`.
    value, reference : array (n_zeros · n_distances · n,)
        I there, by a rule and by a larger one.
    growth : float
        Factor between the orders of the two.
    floor : float
        Relative error.
    """
    squared = np.square(relative_errors(value - reference, reference)).reshape(s.shape[:3]).mean(axis=2)
    beyond = np.sqrt(np.maximum(0.0, squared - floor**2)) / (1 - growth**-SLOWEST_DECAY)
    # Between a distance with an error and one with none, a logarithm from zero would hide the error of the first.
    return np.maximum(beyond, floor)


def _over_largest(plane: np.ndarray, integral: ParametricIntegral) -> np.ndarray:
    ends = plane[:-1] * np.array([integral.low, integral.high])
    return plane / max(abs(ends.min(axis=0).sum() + plane[-1]), abs(ends.max(axis=0).sum() + plane[-1]))


def _at(plane: np.ndarray, z: float, n: int, ends: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw n points of the box at a distance z from a plane: (n, m), on either side of it where the box has both.

    Each lies between two of the `ends`.
    """
    of_ends = ends @ plane[:-1] + plane[-1]
    sides = [distance for distance in (-z, z) if of_ends.min() <= distance < of_ends.max()]
    found = []
    for distance in rng.choice(sides, n):
        a, b = rng.choice(np.flatnonzero(of_ends <= distance)), rng.choice(np.flatnonzero(of_ends > distance))
        share = (distance - of_ends[a]) / (of_ends[b] - of_ends[a])
        found.append(ends[a] + share * (ends[b] - ends[a]))
    return np.array(found)

"""Where a box of s is divided: at the plane s_j = c on which F vanishes at most corners of the cube.

A contour is fixed at the corners of the cube. Where F, affine in s there, vanishes at one, I(s) is not analytic, and
what flattens the integrand on one side of that plane does not on the other: one map, a polynomial in s, would have to
serve both. The planes follow from F by algebra (`methods/core/thresholds.py`); no value of I(s) has a part in it. On
that of most corners both halves gain. Corner zeros on planes in which several invariants meet would need windows that
are no boxes, and divide nothing.

F of box2l_low vanishes at eight corners for s12 = 9, at four for s12 = 6 and at one or two for each of 8, 12 and 15.
"""

from __future__ import annotations

import collections
import dataclasses

import numpy as np
import sympy

from methods.base import ParametricIntegral
from methods.core import thresholds
from methods.core.errors import InputError

MARGIN = 0.05
"""Planes nearer to an end of the box than this share of its width are left: they would cut off too little."""

SAME_DECIMALS = 9
"""Decimals of s_j in which planes that are the same agree."""

Cut = tuple[int, float]
"""The column j of an invariant, and where it is cut."""


def at_corner_zeros(integral: ParametricIntegral) -> Cut | None:
    """Find the plane inside the box on which F vanishes at most corners; of several that which is nearest its centre.

    Parameters
    ----------
    integral : ParametricIntegral
        An integral from text, its box that of the window.

    Returns
    -------
    Cut or None
        None where there is none, as for a real integral.
    """
    if not integral.is_complex:
        return None
    try:
        zeros = thresholds.corner_zeros(integral)
    except InputError:  # F may vanish at a corner where it is not affine in s
        return None
    planes = [_plane(zero.polynomial, integral) for zero in zeros]
    corners = collections.Counter(plane for plane in planes if plane is not None and _is_inside(plane, integral))
    return max(corners, key=lambda plane: (corners[plane], -abs(_position(plane, integral) - 0.5)), default=None)


def at_middle(integral: ParametricIntegral, points: np.ndarray, apart: np.ndarray) -> Cut:
    """Find the middle of the invariant along which a difference of maps (n,) at points (n, m) varies most."""
    unit, log_apart = integral.to_unit(points), np.log(np.maximum(apart, 1e-16))
    contrast = [abs(log_apart[column > 0.5].mean() - log_apart[column <= 0.5].mean()) for column in unit.T]
    j = int(np.argmax(contrast))
    return j, float(integral.from_unit(np.full((1, integral.m), 0.5))[0, j])


def parts(integral: ParametricIntegral, cut: Cut) -> list[ParametricIntegral]:
    """Divide the box of an integral in two."""
    j, at = cut
    low, high = list(integral.low), list(integral.high)
    low[j] = high[j] = at
    return [
        dataclasses.replace(integral, high=tuple(high), exact=None),
        dataclasses.replace(integral, low=tuple(low), exact=None),
    ]


def _plane(polynomial: sympy.Expr, integral: ParametricIntegral) -> Cut | None:
    """Return the plane on which a polynomial of one invariant vanishes; None where it depends on several."""
    if len(polynomial.free_symbols) != 1:
        return None
    (symbol,) = polynomial.free_symbols
    slope, constant = sympy.Poly(polynomial, symbol).all_coeffs()
    return integral.parameters.index(str(symbol)), round(float(-constant / slope), SAME_DECIMALS)


def _position(plane: Cut, integral: ParametricIntegral) -> float:
    j, at = plane
    return (at - integral.low[j]) / (integral.high[j] - integral.low[j])


def _is_inside(plane: Cut, integral: ParametricIntegral) -> bool:
    return MARGIN < _position(plane, integral) < 1 - MARGIN

"""Whether a contour x(t) is on the side of the zeros of F that F − i0 asks for, by a sample.

Contours that are reached from the real cube without crossing a zero of F − i0 have the same integral. So x_τ(t) is
followed from the cube (τ → 0) to the contour (τ = 1), and is *causal* where for no τ in (0, 1]

    Im F(s, x_τ(t)) ≥ 0   and   Re F(s, x_τ(t)) ≤ 0,

so that F never comes to the negative axis from above, and logarithms and roots of F are principal ones. "Im F ≤ 0
everywhere" would refuse good contours: on arcs of one-loop integrals 6 to 13 % of the points have Im F > 0, all of them
with Re F > 0. A sample refutes, and proves nothing.

At a corner of the cube no contour can be moved. Where F changes its sign with s at one, this term of I(s) is singular
at such s, as artificial sector faces bring it about, and a rule near them has few digits.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from methods.base import ParametricIntegral

STEPS = 8
"""Values of τ."""

DRAWN_SEED = 4

Homotopy = Callable[[np.ndarray, float], np.ndarray]
"""t (n, k) and τ -> x_τ(t) (n, k)."""


class Sample(NamedTuple):
    """Points (s, t) at which a contour is looked at."""

    s: np.ndarray
    """(n, m)."""
    t: np.ndarray
    """(n, k)."""


class Causality(NamedTuple):
    """What a sample says of a contour."""

    share_not_causal: float
    """Share of the sampled (s, t) that are not causal for some τ."""
    least_modulus: float
    """Least |F| on the contour, over the sample."""


def sample(integral: ParametricIntegral, corners: np.ndarray, n: int) -> Sample:
    """Draw n points t, many of them near the faces of the cube, where F vanishes first; half of the s are corners."""
    rng = np.random.default_rng(DRAWN_SEED)
    s = integral.sample(n, DRAWN_SEED)
    s[::2] = corners[np.arange(len(s[::2])) % len(corners)]
    return Sample(s, rng.beta(0.5, 0.5, (n, integral.k)))


def look(integral: ParametricIntegral, homotopy: Homotopy, points: Sample) -> Causality:
    """Follow F of an integral with one term along the homotopy."""
    wrong = np.zeros(len(points.s), dtype=bool)
    for tau in np.arange(1, STEPS + 1) / STEPS:
        (f,) = integral.polynomial(points.s, homotopy(points.t, tau))
        wrong |= (f.imag >= 0) & (f.real <= 0)
    return Causality(float(wrong.mean()), float(np.abs(f).min()))


def corner_zeros(integral: ParametricIntegral, s: np.ndarray) -> list[list[int]]:
    """List corners of the cube at which F of an integral with one term has either sign, among s (n, m)."""
    found = []
    for corner in itertools.product((0, 1), repeat=integral.k):
        (f,) = integral.polynomial(s, np.array([corner], dtype=float))
        if f.min() < 0 < f.max():
            found.append(list(corner))
    return found

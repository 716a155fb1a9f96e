"""Whether a contour x(t) is on the side of the zeros of F that F − i0 asks for, by a sample.

Contours that are reached from the real cube without crossing a zero of F − i0 have the same integral. So the way from
the cube to the contour is followed, with a share τ of each phase, and the contour is *causal* where for no τ in (0, 1]

    Im F(s, x_τ(t)) ≥ 0   and   Re F(s, x_τ(t)) ≤ 0,

so that F never comes to the negative axis from above, and logarithms and roots of F are principal ones. "Im F ≤ 0
everywhere" would refuse good contours: on arcs of one-loop integrals 6 to 13 % of the points have Im F > 0, all of them
with Re F > 0. A sample refutes, and proves nothing.

At a corner of the cube no contour can be moved. Near s where F vanishes at one, as artificial sector faces bring it
about (`methods/core/thresholds.py`), a rule has few digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from methods.base import ParametricIntegral
from methods.quadrature.arc_rules import Contour

STEPS = 8
"""Values of τ."""

FIRST = 64
"""Points that are looked at first."""

SEED = 4


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
    rng = np.random.default_rng(SEED)
    s = integral.sample(n, SEED)
    s[::2] = corners[np.arange(len(s[::2])) % len(corners)]
    return Sample(s, rng.beta(0.5, 0.5, (n, integral.k)))


def is_causal(term: ParametricIntegral, contours: Sequence[Contour], points: Sample) -> bool:
    """Tell whether all points are causal; few of them refuse most contours that are not."""
    first = Sample(points.s[:FIRST], points.t[:FIRST])
    return all(look(term, contours, part).share_not_causal == 0 for part in (first, points))


def look(term: ParametricIntegral, contours: Sequence[Contour], points: Sample) -> Causality:
    """Follow F of an integral with one term on the way to its contours, one for each parameter."""
    wrong = np.zeros(len(points.s), dtype=bool)
    for tau in np.arange(1, STEPS + 1) / STEPS:
        x = [contour.part(tau).at(t)[0] for contour, t in zip(contours, points.t.T, strict=True)]
        (f,) = term.polynomial(points.s, np.stack(x, axis=1))
        wrong |= (f.imag >= 0) & (f.real <= 0)
    return Causality(float(wrong.mean()), float(np.abs(f).min()))

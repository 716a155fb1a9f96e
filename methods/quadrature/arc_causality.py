"""Whether a contour x(t) is on the side of the zeros of F that F − i0 asks for, by a sample.

The criteria for F and for other denominators are those of `methods/core/causality.py`, with Im F ≥ 0 instead of
Im F > 0, so that the real cube itself, where F = 0 lies on it, is refused.

At a corner of the cube no contour can be moved. Near s where F vanishes at one, as artificial sector faces bring it
about (`methods/core/thresholds.py`), a rule has few digits.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from methods.base import ParametricIntegral
from methods.core.causality import around_other_zeros, polynomial_on_the_way
from methods.quadrature.arc_rules import Contour

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

    is_wrong: np.ndarray
    """Which of the sampled (s, t) are not causal for some τ, or lie around a zero of another denominator: (n,)."""
    least_modulus: float
    """Least |F| on the contour, over the sample."""

    @property
    def share_not_causal(self) -> float:
        """Share of sampled points that are wrong."""
        return float(self.is_wrong.mean())


def sample(integral: ParametricIntegral, corners: np.ndarray, n: int) -> Sample:
    """Draw n points t, many of them near the faces of the cube, where F vanishes first; half of the s are corners."""
    rng = np.random.default_rng(SEED)
    s = integral.sample(n, SEED)
    s[::2] = corners[np.arange(len(s[::2])) % len(corners)]
    return Sample(s, rng.beta(0.5, 0.5, (n, integral.k)))


def is_causal(term: ParametricIntegral, contours: Sequence[Contour], points: Sample) -> bool:
    """Tell whether all points are causal; few of them refuse most contours that are not."""
    first = Sample(points.s[:FIRST], points.t[:FIRST])
    return all(causality_on(term, contours, part).share_not_causal == 0 for part in (first, points))


def causality_on(term: ParametricIntegral, contours: Sequence[Contour], points: Sample) -> Causality:
    """Follow F, and other denominators, of an integral with one term to its contours, one for each parameter."""

    def x(tau: float) -> np.ndarray:
        return np.stack([contour.part(tau).at(t)[0] for contour, t in zip(contours, points.t.T, strict=True)], axis=1)

    on_the_way = np.stack(polynomial_on_the_way(term, points.s, x))
    wrong = np.any((on_the_way.imag >= 0) & (on_the_way.real <= 0), axis=0)
    for around in around_other_zeros(term, points.s, x):
        wrong |= around
    return Causality(wrong, float(np.abs(on_the_way[-1]).min()))

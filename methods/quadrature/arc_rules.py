"""Gauss–Legendre rules of one Feynman parameter along an arc, for integrals above threshold.

    ∫_0^1 g(x) dx ≈ Σ_i w_i x'(t_i) g(x(t_i)),    x = y/(y + c (1 − y)),    y = (1 + tanh(κ(2t − 1))/tanh κ)/2

The Möbius map takes [0, 1] to an arc of a circle from 0 to 1. Its image depends on arg c alone, which moves the contour
off the real axis; |c| shifts nodes along it to one end, as y/(1 − y) = c x/(1 − x), and κ spreads them to both ends.
"""

from __future__ import annotations

import cmath
from typing import NamedTuple

import numpy as np

from methods.quadrature.axis_rules import gauss_legendre
from methods.quadrature.transforms import moebius, two_sided


class ArcMap(NamedTuple):
    """A map t -> x of [0, 1] to an arc."""

    modulus: float
    """|c|."""
    phase: float
    """arg c in (−π, π); the contour."""
    spread: float
    """κ; none where it is zero."""

    def at(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute x and x'(t), both complex."""
        y, dy_dt = two_sided(t, self.spread)
        x, dx_dy = moebius(y, cmath.rect(self.modulus, self.phase))
        return x, dx_dy * dy_dt


class ArcRule(NamedTuple):
    """A rule of one Feynman parameter."""

    a: ArcMap
    """Its map."""
    order: int
    """Number of nodes."""

    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Nodes x (order,) and weights (order,) on the arc, both complex."""
        t, weights = gauss_legendre(self.order)
        x, dx_dt = self.a.at(t)
        return x, weights * dx_dt

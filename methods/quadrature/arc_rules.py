"""Gauss–Legendre rules of one Feynman parameter along an arc, for integrals above threshold.

    ∫_0^1 g(x) dx ≈ Σ_i w_i x'(t_i) g(x(t_i)),    x = y/(y + c (1 − y)),    y = (1 + tanh(κ(2t − 1))/tanh κ)/2

The Möbius map takes [0, 1] to an arc of a circle from 0 to 1. Its image depends on arg c alone, which moves the contour
off the real axis; |c| shifts nodes along it to one end, as y/(1 − y) = c x/(1 − x), and κ spreads them to both ends.

Where F has a minimum or a maximum inside [0, 1], as 1 − s x(1 − x) of the bubble, the contour must pass zeros of F on
either side of the real axis. Then an S takes the place of the arc, with y/(y + |c| (1 − y)) for y:

    x = y − i tan(φ) y (1 − y)(1 − 2y)

Arcs and S alike leave x = 0 at an angle of −φ to the real axis.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from methods.quadrature.axis_rules import gauss_legendre
from methods.quadrature.transforms import moebius, two_sided


class Contour(NamedTuple):
    """A path from 0 to 1."""

    phase: float
    """φ, for an arc arg c in (−π, π)."""
    is_s: bool = False
    """Whether it is an S, with φ in (−π/2, π/2), instead of an arc."""

    def at(self, y: Any) -> tuple[Any, Any]:
        """Compute x and x'(y), both complex, of an array or a tensor."""
        if not self.is_s:
            return moebius(y, np.exp(1j * self.phase))
        slope = 1j * np.tan(self.phase)
        return y - slope * y * (1 - y) * (1 - 2 * y), 1 - slope * (1 - 6 * y + 6 * y**2)

    def part(self, tau: float) -> Contour:
        """Make the contour with this share of the phase: on the way from the real axis to it."""
        return self._replace(phase=tau * self.phase)


class ArcMap(NamedTuple):
    """A map t -> x of [0, 1] to a contour."""

    phase: float
    is_s: bool = False
    """The contour."""
    modulus: float = 1.0
    """|c|."""
    spread: float = 0.0
    """κ."""

    @property
    def contour(self) -> Contour:
        """The path, without how nodes are spread along it."""
        return Contour(self.phase, self.is_s)

    def at(self, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute x and x'(t), both complex."""
        u, du_dt = two_sided(t, self.spread)
        y, dy_du = moebius(u, self.modulus)
        x, dx_dy = self.contour.at(y)
        return x, dx_dy * dy_du * du_dt


class ArcRule(NamedTuple):
    """A rule of one Feynman parameter."""

    a: ArcMap
    """Its map."""
    order: int
    """Number of nodes."""

    def nodes(self) -> tuple[np.ndarray, np.ndarray]:
        """Nodes x (order,) and weights (order,) on the contour, both complex."""
        t, weights = gauss_legendre(self.order)
        x, dx_dt = self.a.at(t)
        return x, weights * dx_dt

"""References' own quadrature above threshold: tensor Gauss–Legendre rules on arcs, two orders on two contours.

    ∫_0^1 f(x) dx = ∫_0^1 f(x(t)) x'(t) dt,    x = t/(t + c (1 − t)),    c complex

is the Möbius map of `quadrature.py` along an arc of a circle from 0 to 1: |c| spreads peaks, arg c moves the contour to
one side of the real axis. A contour is *causal* where it can be reached from the real cube without crossing a zero of
F − i0: along c_τ = |c| e^{iτ arg c}, τ in (0, 1], F never has Im F > 0 where Re F ≤ 0. At one loop "Im F ≤ 0" all over
the contour would refuse good ones. Nor may it cross zeros of other denominators (`methods/core/causality.py`). Both are
checked at a sample of points, which is no proof; a second check is that two contours agree, and `dispersion.py` needs
no contour at all.

Each contour's value is that of its finer rule, the error the larger of what its coarser rule and the other contour
differ by. No scored method uses this module, and it uses none.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize

from methods.base import InputError, ParametricIntegral
from methods.core.causality import around_other_zeros
from references.values import quadrature

STARTS = -1.2, -0.9, -0.6, -0.3
"""Values of arg c from which `tune` begins, the same for each axis, with |c| = 1."""

TRIAL_ORDER = 10
"""Nodes per axis of the rule by which `tune` judges a contour."""

TRIAL_STEP = 3
"""Nodes per axis that a second rule has more: `tune` minimises the relative difference of the two."""

TRIALS = 100
"""Contours per axis that `tune` compares."""

ORDERS = (16, 22, 28, 36, 46, 58, 72, 90, 112)
"""Nodes per axis of the rules that are tried one after the other."""

MOST_NODES = 12_000_000
"""Nodes of the largest rule; a finer one is not tried."""

SECOND = 1.2, 0.85
"""The second contour has |c| and arg c so many times as large: it stays on the safe side, nearer to the real axis."""

CERTIFIED = 4096
"""Points (s, t) at which `certify` looks, to see that a contour is causal."""

HOMOTOPY = 8
"""Values of τ through which each of these points is followed from the real cube to the contour."""

NODES, POINTS = 1024, 32
"""Nodes and phase-space points that are evaluated at once: what stays in cache."""


class Arcs(NamedTuple):
    """A contour: c of each axis."""

    c: tuple[complex, ...]

    def __str__(self) -> str:
        """Write, e.g., ``0.35 - 0.25i, 1.2 - 1i``."""
        return ", ".join(f"{c.real:.3g} {'+-'[c.imag < 0]} {abs(c.imag):.3g}i" for c in self.c)

    def nodes(self, order: int) -> tuple[np.ndarray, np.ndarray]:
        """Give nodes (n, k) and weights (n,) of the tensor rule with so many nodes per axis, complex."""
        axes = [quadrature.axis(order, c) for c in self.c]
        x = np.stack([grid.ravel() for grid in np.meshgrid(*[axis[0] for axis in axes], indexing="ij")], axis=1)
        weights = np.prod(np.meshgrid(*[axis[1] for axis in axes], indexing="ij"), axis=0).ravel()
        return x, weights

    def scaled(self, modulus: float, phase: float) -> Arcs:
        """Give the contour with |c| and arg c so many times as large."""
        return Arcs(tuple(complex(modulus * abs(c) * np.exp(1j * phase * np.angle(c))) for c in self.c))


class Result(NamedTuple):
    """Values (n,) complex and bounds on their errors (n,), with the largest order and the contours that gave them."""

    value: np.ndarray
    error: np.ndarray
    order: int
    contours: str


def converge(integral: ParametricIntegral, s: np.ndarray, *, epsrel: float) -> Result:
    """Integrate at s (n, m) to relative errors of at most `epsrel`, as far as the largest of ORDERS gets.

    Raises
    ------
    InputError
        Where a contour is not causal, or the integral has too many dimensions for MOST_NODES.
    """
    if ORDERS[1] ** integral.k > MOST_NODES:
        raise InputError(
            f"{integral.name} has k = {integral.k}, too many for {ORDERS[1]} nodes per axis within {MOST_NODES:,}; "
            "check it by other means."
        )
    first = tune(integral, quadrature.hard_points(integral, s))
    contours = first, first.scaled(*SECOND)
    for contour in contours:
        certify(integral, contour)
    coarse = [integrate(integral, contour, ORDERS[0], s)[0] for contour in contours]
    value, error, todo = coarse[0].copy(), np.full(len(s), np.inf), np.arange(len(s))
    for order in (n for n in ORDERS[1:] if n**integral.k <= MOST_NODES):
        fine, magnitude = zip(*(integrate(integral, contour, order, s[todo]) for contour in contours), strict=True)
        change = np.max([np.abs(a - b) for a, b in zip(fine, coarse, strict=True)], axis=0)
        value[todo] = fine[0]
        error[todo] = np.maximum(change, np.abs(fine[0] - fine[1])) + quadrature.ROUNDING * magnitude[0]
        left = error[todo] > epsrel * np.abs(fine[0])
        todo, coarse = todo[left], [values[left] for values in fine]
        if not len(todo):
            break
    return Result(value, error, order, f"c = {contours[0]} and {contours[1]}")


def integrate(integral: ParametricIntegral, contour: Arcs, order: int, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Apply the rule with so many nodes per axis at s (n, m): ∫ f, complex, and ∫ |f|, both (n,)."""
    x, weights = contour.nodes(order)
    value, magnitude = np.zeros(len(s), dtype=np.complex128), np.zeros(len(s))
    for nodes in np.array_split(np.arange(len(x)), -(-len(x) // NODES)):
        f = integral.at_nodes(x[nodes])
        for rows in np.array_split(np.arange(len(s)), -(-len(s) // POINTS)):
            weighted = f(s[rows]) * weights[nodes]
            value[rows] += weighted.sum(axis=1)
            magnitude[rows] += np.abs(weighted).sum(axis=1)
    return value, magnitude


def tune(integral: ParametricIntegral, s: np.ndarray) -> Arcs:
    """Find c of each axis such that a rule at s (n, m) changes least when it becomes finer, among causal contours."""

    def cost(logarithms: np.ndarray) -> float:
        contour = _arcs(logarithms)
        if not is_causal(integral, contour, CERTIFIED // 8):
            return np.inf
        return np.log(_change(integral, contour, s))

    starts = [np.tile([0.0, phase], integral.k) for phase in STARTS]
    best = minimize(cost, min(starts, key=cost), method="Nelder-Mead", options={"maxfev": TRIALS * integral.k})
    return _arcs(best.x)


def _arcs(logarithms: np.ndarray) -> Arcs:
    """Make the contour of log |c| and arg c, axis by axis: (2k,)."""
    return Arcs(tuple(complex(np.exp(modulus + 1j * phase)) for modulus, phase in logarithms.reshape(-1, 2)))


def _change(integral: ParametricIntegral, contour: Arcs, s: np.ndarray) -> float:
    coarse, fine = (integrate(integral, contour, order, s)[0] for order in (TRIAL_ORDER, TRIAL_ORDER + TRIAL_STEP))
    with np.errstate(all="ignore"):
        change = np.abs(coarse / fine - 1)
    return float(np.sqrt(np.mean(change**2))) if np.isfinite(change).all() else np.inf


def certify(integral: ParametricIntegral, contour: Arcs) -> None:
    """Raise InputError where the contour is seen not to be causal."""
    if not is_causal(integral, contour, CERTIFIED):
        raise InputError(
            f"The contour c = {contour} of {integral.name} crosses a zero of its F - i0, or of another denominator."
        )


def is_causal(integral: ParametricIntegral, contour: Arcs, n: int) -> bool:
    """Tell whether no zero is crossed on the way, as n points (s, t) have it, corners of the box among them."""
    rng = np.random.default_rng(0)
    s = np.concatenate([quadrature.hard_points(integral, integral.sample(8, seed=3)), integral.sample(n, seed=4)])[:n]
    t = rng.beta(0.5, 0.5, (n, integral.k))  # many of them near the faces, where F vanishes first

    def x(tau: float) -> np.ndarray:
        c = np.array([abs(c) * np.exp(1j * tau * np.angle(c)) for c in contour.c])
        return t / (t + c * (1 - t))

    for tau in np.arange(1, HOMOTOPY + 1) / HOMOTOPY:
        for f in integral.polynomial(s, x(tau)):
            if ((f.imag > 0) & (f.real <= 0)).any():
                return False
    return not any(around.any() for around in around_other_zeros(integral, s, x))

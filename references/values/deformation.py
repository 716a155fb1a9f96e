"""References' quadrature above threshold on a contour that follows F: Gauss–Legendre rules, two orders, two strengths.

    z_i = x_i − i λ x_i (1 − x_i) ∂F/∂x_i,    F(z) ≈ F(x) − i λ Σ_i x_i (1 − x_i) (∂F/∂x_i)²

for each point s and each term of a sum by itself, which has its own F. The imaginary part of F is negative to first
order in λ wherever F vanishes, as F − i0 demands; at one loop, where F is quadratic in x, to all orders. That it is at
a λ is looked at: a term whose F has a positive imaginary part at a node with Re F ≤ 0 is refused.

Soper, Phys. Rev. D 62 (2000) 014009; Borowka et al., Comput. Phys. Commun. 196 (2015) 470, section 3.1.
"""

from __future__ import annotations

import numpy as np

from methods.base import InputError, ParametricIntegral
from references.values import quadrature
from references.values.arcs import Result

STRENGTHS = 0.5, 0.7
"""The two λ, in units of 1/max |∂F/∂x_i| over the nodes: beyond 1 the contour of a quadratic F folds over itself."""

MOST_NODES = 300_000
"""Nodes of a term, at most."""

FIRST_ORDER, GROWTH = 16, 1.3


def converge(integral: ParametricIntegral, s: np.ndarray, *, epsrel: float) -> Result:
    """Integrate at s (n, m) to relative errors of at most `epsrel`, as far as MOST_NODES nodes per term get.

    Raises
    ------
    InputError
        Where a contour is on the wrong side of a zero of F.
    """
    value, error, order = np.zeros(len(s), dtype=np.complex128), np.zeros(len(s)), 0
    for row, point in enumerate(s):
        for term in integral.terms:
            found, wrong, n = _converge(term, point, epsrel)
            value[row] += found
            error[row] += wrong
            order = max(order, n)
    return Result(value, error, order, f"z = x − iλx(1−x)∂F, λ = {STRENGTHS[0]}, {STRENGTHS[1]} of 1/max|∂F|")


def _converge(term: ParametricIntegral, s: np.ndarray, epsrel: float) -> tuple[complex, float, int]:
    order, coarse = FIRST_ORDER, [_integrate(term, s, FIRST_ORDER, strength) for strength in STRENGTHS]
    while True:
        order = int(GROWTH * order)
        fine = [_integrate(term, s, order, strength) for strength in STRENGTHS]
        change = max(abs(a[0] - b[0]) for a, b in zip(fine, coarse, strict=True))
        error = max(change, abs(fine[0][0] - fine[1][0])) + quadrature.ROUNDING * fine[0][1]
        if error <= epsrel * abs(fine[0][0]) or (GROWTH * order) ** term.k > MOST_NODES:
            return fine[0][0], error, order
        coarse = fine


def _integrate(term: ParametricIntegral, s: np.ndarray, order: int, strength: float) -> tuple[complex, float]:
    """Compute ∫ f and ∫ |f| over the contour of one s (m,)."""
    nodes, weights = quadrature.axis(order, 1.0)
    x = np.stack([grid.ravel() for grid in np.meshgrid(*[nodes] * term.k, indexing="ij")], axis=1)
    weight = np.prod(np.meshgrid(*[weights] * term.k, indexing="ij"), axis=0).ravel()
    slope, curvature = _derivatives(term, s, x)
    scale = strength / np.abs(slope).max()
    z = x - 1j * scale * x * (1 - x) * slope
    bend = (x * (1 - x))[:, :, None] * curvature + np.eye(term.k) * ((1 - 2 * x) * slope)[:, :, None]
    jacobian = np.linalg.det(np.eye(term.k) - 1j * scale * bend)
    f_of_z = term.polynomial(s, z)[0]
    if ((f_of_z.imag > 0) & (f_of_z.real <= 0)).any():
        raise InputError(f"The deformed contour of {term.name} at s = {s.tolist()} crosses a zero of F - i0.")
    weighted = term.integrand(s[None, :], z) * jacobian * weight
    return complex(weighted.sum()), float(np.abs(weighted).sum())


def _derivatives(term: ParametricIntegral, s: np.ndarray, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute ∂F/∂x_i (n, k) and ∂²F/∂x_i∂x_j (n, k, k) at x (n, k) and one s (m,)."""
    import torch

    at = torch.from_numpy(x).requires_grad_()
    (slope,) = torch.autograd.grad(term.polynomial(torch.from_numpy(s), at)[0].sum(), at, create_graph=True)
    slope = slope + 0 * at  # so that torch finds derivatives, zero, of slopes that are constant
    rows = [torch.autograd.grad(slope[:, i].sum(), at, retain_graph=True)[0] for i in range(term.k)]
    return slope.detach().numpy(), torch.stack(rows, dim=1).numpy()

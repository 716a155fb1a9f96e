"""A search for zeros of F on the way from the real cube to a contour: what it finds refutes the contour.

    F(s, x_τ(t)) = 0    for t in [0, 1]^k and τ in [τ_min, 1],    arg c_i → τ arg c_i

Two real equations for k + 1 unknowns at fixed s: Newton's steps of least length, from the points of a sample where |F|
is smallest, held within the bounds. A zero that is found shows that the contour was not reached without crossing one,
unless the zero belongs to a corner of the cube, which no map moves. That none is found proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from methods.base import ParametricIntegral
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.contour_fit import draw
from methods.primitives.contour_map import ContourMap

POINTS, STARTS, STEPS = 2**14, 400, 25
"""Points of the sample, those from which Newton's method starts, and its steps."""

SMALLEST_TAU = 0.05
"""For τ → 0 the contour comes to the real cube, where F has zeros."""

LARGEST_STEP = 0.2
"""Largest change of any t_i or of τ in one step."""

ZERO = 1e-9
"""|F| below which it counts as zero, relative to its mean size."""

AT_CORNER = 1e-3
"""A zero is one of a corner where all t are as near as this to 0 or 1."""

Polynomial = Callable[[torch.Tensor], torch.Tensor]


def count_zeros(term: ParametricIntegral, contour: ContourMap, coordinates: BoxCoordinates, seed: int) -> int:
    """Count the starts that reach a zero of F which is not at a corner.

    Parameters
    ----------
    term : ParametricIntegral
        A term with a prescription.
    contour : ContourMap
        Its map.
    coordinates : BoxCoordinates
        From s to the coordinates of the map.
    seed : int
        Of the sample.
    """
    points = draw(term.k, coordinates, term.m, POINTS, seed, str(contour.a.device))
    near_faces = torch.sin(torch.pi / 2 * points.t).square()  # of density 1/(π √(t (1 − t)))
    generator = torch.Generator().manual_seed(seed)
    tau = SMALLEST_TAU + (1 - SMALLEST_TAU) * torch.rand(POINTS, generator=generator, dtype=torch.float64)
    at = torch.cat([near_faces, tau.to(near_faces)[:, None]], dim=1)
    values = _polynomial(term, contour, points.s, points.u)(at)
    size = float(values.abs().mean())
    smallest = values.abs().argsort()[:STARTS]
    of_starts = _polynomial(term, contour, points.s[smallest], points.u[smallest])
    at = at[smallest]
    for _ in range(STEPS):
        at = _newton_step(of_starts, at)
    is_corner = ((at[:, :-1] < AT_CORNER) | (at[:, :-1] > 1 - AT_CORNER)).all(dim=1)
    return int(((of_starts(at).abs() < ZERO * size) & ~is_corner).sum())


def _polynomial(term: ParametricIntegral, contour: ContourMap, s: torch.Tensor, u: torch.Tensor) -> Polynomial:
    """Return F (n,) as a function of t and τ (n, k + 1), t in the order of x."""

    def of(at: torch.Tensor) -> torch.Tensor:
        t, tau = at[:, list(contour.order)], at[:, -1]
        log_c, slope = (
            [torch.complex(part.real, tau * part.imag) for part in of_kind]
            for of_kind in contour.log_c(contour.bases(u, t))
        )
        return term.polynomial(s, torch.stack(contour.move(list(t.T), log_c, slope)[0], dim=1))[0]

    return of


def _newton_step(of: Polynomial, at: torch.Tensor) -> torch.Tensor:
    """Return the next points; coordinates that would leave their range stay at its end."""
    leaf = at.detach().requires_grad_()
    with torch.enable_grad():
        value = of(leaf)
        rows = [torch.autograd.grad(part.sum(), leaf, retain_graph=True)[0] for part in (value.real, value.imag)]
    jacobian, residual = torch.stack(rows, dim=1), torch.stack([value.real, value.imag], dim=1).detach()
    low, high = torch.zeros_like(at[0]), torch.ones_like(at[0])
    low[-1] = SMALLEST_TAU
    step = _shortest(jacobian, residual)
    leaves = ((at <= low) & (step < 0)) | ((at >= high) & (step > 0))
    step = _shortest(jacobian * ~leaves[:, None, :], residual).clamp(-LARGEST_STEP, LARGEST_STEP)
    return torch.minimum(torch.maximum(at + step, low), high)


def _shortest(jacobian: torch.Tensor, residual: torch.Tensor) -> torch.Tensor:
    """Return the shortest y (n, k + 1) with J y = −r, for J (n, 2, k + 1) and r (n, 2)."""
    square = jacobian @ jacobian.mT
    square = square + 1e-12 * (1 + square.diagonal(dim1=1, dim2=2).sum(dim=1))[:, None, None] * torch.eye(2).to(square)
    return -(jacobian.mT @ torch.linalg.solve(square, residual[:, :, None]))[:, :, 0]

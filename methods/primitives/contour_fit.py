"""The fit of a `ContourMap`: as little variation of log g as there can be, by Levenberg's method.

    g(s, t) = f(s, x(t)) Π_i ∂x_i/∂t_i / (w(t) h(s)),
    w(t) = Π_i t_i^{p_i} (1 − t_i)^{q_i},    log h(s) = Σ_j b_j T_j(u)

where p_i and q_i are the powers with which f vanishes at x_i = 0 and 1: Gauss rules are exact for such factors, which
no map can take away. The coefficients a of the map and b minimise the mean of |log g|². It is a holomorphic function of
them, so that the step of Levenberg is that of real least squares with conjugates in the right places.

log g is the sum of the principal logarithms of its factors. Beyond a zero of F − i0 log F = log |F| − iπ jumps by 2πi:
steps across one make the mean square larger and are refused.
"""

from __future__ import annotations

import dataclasses
import math
from typing import NamedTuple

import torch

from methods.base import ParametricIntegral
from methods.core import chebyshev_series
from methods.core.moving_nodes import MovingIntegrand
from methods.primitives import normalisation
from methods.primitives.box_coordinates import BoxCoordinates
from methods.primitives.contour_map import ContourMap, block_sizes
from methods.primitives.contour_parts import Learned, solver

RIDGE = 1e-6
"""Weight of Σ |a|², which is added to the mean of |log g|²."""

SMALLEST_T = 1e-12
"""Distance of t from 0 and 1 wherever a logarithm is taken."""

START = 0.7
"""Size √(a² + b²) of the largest phase a + b (2t_i − 1) of c_i from which a fit begins."""


class Points(NamedTuple):
    """Points (s, t) to which a map is fitted."""

    s: torch.Tensor
    u: torch.Tensor
    t: torch.Tensor
    """(n, k), columns in the order of x."""

    def first(self, n: int) -> Points:
        """Return the first n of them."""
        return Points(self.s[:n], self.u[:n], self.t[:n])


def draw(k: int, coordinates: BoxCoordinates, m: int, n: int, seed: int, device: str) -> Points:
    """Draw n points of a Sobol sequence: u where Chebyshev polynomials are orthogonal, t uniform in the cube."""
    sobol = torch.quasirandom.SobolEngine(k + m, scramble=True, seed=seed)
    unit = sobol.draw(n, dtype=torch.float64).to(device)
    u = chebyshev_series.draw(unit[:, k:])
    return Points(coordinates.s(u), u, unit[:, :k].clamp(SMALLEST_T, 1 - SMALLEST_T))


class Fit:
    """Levenberg's method for the mean of |log g|², from a given map."""

    def __init__(
        self, integrand: MovingIntegrand, start: ContourMap, points: Points, powers: torch.Tensor,
        learned: Learned = "both",
    ) -> None:  # fmt: skip
        self.map, self._integrand, self._solve = start, integrand, solver(learned, len(start.a))
        columns = list(start.order)
        self._s, self._t = list(points.s.T), list(points.t[:, columns].T)
        self._bases = start.bases(points.u, points.t[:, columns])
        degree = normalisation.degree(points.u.shape[1])
        self._norm_basis = chebyshev_series.products(points.u, degree).to(start.a)
        log_t = torch.stack([torch.log(points.t), torch.log1p(-points.t)])
        self._log_weight = (powers[:, None] * log_t).sum(dim=(0, 2))
        self._b = start.a.new_zeros(len(self._norm_basis))
        self._b[0] = self._log_g(self.map, self._b).mean()

    def run(self, steps: int) -> float:
        """Make at most so many steps, fewer where they gain less than a thousandth; return the mean of |log g|²."""
        n_a = len(self.map.a)
        ridge = torch.full((n_a + len(self._b),), RIDGE, dtype=torch.float64, device=self._b.device)
        ridge[n_a:] = 0
        log_g, damping = self._log_g(self.map, self._b), 1e-3
        square = _mean_square(log_g)
        if not math.isfinite(square):
            return math.inf
        for _ in range(steps):
            jacobian, before = self._jacobian(), square
            hessian = jacobian.conj() @ jacobian.T / len(log_g) + torch.diag(ridge)
            gradient = jacobian.conj() @ log_g / len(log_g) + ridge * torch.cat([self.map.a, self._b])
            while damping < 1e6:
                step = self._solve(hessian + damping * torch.eye(len(ridge)).to(hessian), gradient)
                trial, b = dataclasses.replace(self.map, a=self.map.a - step[:n_a]), self._b - step[n_a:]
                there = self._log_g(trial, b)
                if _mean_square(there) < square:
                    self.map, self._b, log_g, square = trial, b, there, _mean_square(there)
                    damping = max(damping / 5, 1e-9)
                    break
                damping *= 4
            if not square < 0.999 * before:
                break
        return square

    def _log_g(
        self, trial: ContourMap, b: torch.Tensor,
        logs: tuple[list[torch.Tensor], list[torch.Tensor]] | None = None,
    ) -> torch.Tensor:  # fmt: skip
        x, log_slopes = trial.move(self._t, *(logs or trial.log_c(self._bases)))
        return self._integrand.log(self._s, x) + sum(log_slopes) - self._log_weight - b @ self._norm_basis

    def _jacobian(self) -> torch.Tensor:
        """Return ∂log g/∂(a, b) at each point: (n_coefficients, n)."""
        with torch.enable_grad():
            logs = self.map.log_c(self._bases)
            leaves = [value.detach().requires_grad_() for of_kind in logs for value in of_kind]
            k = self.map.k
            log_g = self._log_g(self.map, self._b, (leaves[:k], leaves[k:]))
            # Of a holomorphic function torch gives the conjugate derivative.
            slopes = [slope.conj() for slope in torch.autograd.grad(log_g.real.sum(), leaves)]
        of_a = [
            basis.value * of_value + basis.slope * of_slope
            for basis, of_value, of_slope in zip(self._bases, slopes[:k], slopes[k:], strict=True)
        ]
        return torch.cat([*of_a, -self._norm_basis])


def identity(
    k: int, m: int, degree: int, order: tuple[int, ...], like: torch.Tensor, is_arc: bool = False
) -> ContourMap:
    """Return x = t."""
    size = sum(map(sum, block_sizes(k, m, degree, is_arc)))
    return ContourMap(order, m, degree, like.new_zeros(size), is_arc)


def off_the_axis(
    term: ParametricIntegral, points: Points, degree: int, order: tuple[int, ...], is_arc: bool = False
) -> ContourMap:
    """Return a map whose contour leaves the real axis on the allowed side of the zeros of F, as far as its sign tells.

    With log c_i = −iφ_i and small phases Im F = Σ_i φ_i x_i (1 − x_i) ∂F/∂x_i, which is negative for φ_i = −∂F/∂x_i. Of
    this function of s and x the part a + b (2x_i − 1) is taken that is nearest to it where F is negative or below its
    mean, with the weight x_i (1 − x_i) that it has in Im F.
    """
    with torch.enable_grad():
        x = points.t.detach().requires_grad_()
        (f,) = term.polynomial(points.s, x)
        (slopes,) = torch.autograd.grad(f.sum(), x)
    weight = (f.detach() <= f.detach().mean().clamp(min=0)).to(slopes) + 1e-3
    phases = []
    for t, slope in zip(points.t.T, slopes.T, strict=True):
        line = torch.stack([torch.ones_like(t), 2 * t - 1], dim=1)
        scaled = line * (weight * t * (1 - t))[:, None]
        phases.append(torch.linalg.solve(scaled.T @ line, -scaled.T @ slope))
    found = torch.stack(phases)
    found *= START / found.norm(dim=1).max().clamp(min=1e-300)
    start = identity(term.k, points.u.shape[1], degree, order, slopes.to(torch.complex128), is_arc)
    for column, of_power in zip(order, start.parts, strict=True):
        for coefficients, phase in zip(of_power, found[column], strict=False):
            coefficients[0] = -1j * phase
    return start


def powers(term: ParametricIntegral, coordinates: BoxCoordinates, device: str) -> torch.Tensor:
    """Return p and q (2, k): the whole powers with which f vanishes at x_i = 0 and 1, in the middle of the others."""
    k = term.k
    s = coordinates.s(torch.zeros(1, term.m, dtype=torch.float64, device=device))
    x = torch.full((2, k, 2, k), 0.37, dtype=torch.float64, device=device)
    column, distance = torch.arange(k), torch.tensor([1e-5, 1e-4], dtype=torch.float64, device=device)
    x[0, column, :, column] = distance
    x[1, column, :, column] = 1 - distance
    log_f = torch.log10(term.integrand(s, x.view(-1, k)).abs()).view(2, k, 2)
    slope = log_f[..., 1] - log_f[..., 0]
    whole = slope.round()
    return torch.where((slope - whole).abs() < 0.05, whole.clamp(min=0), 0.0)


def raised(small: ContourMap, degree: int) -> ContourMap:
    """Return the same map as one of higher degree."""
    big = identity(small.k, small.m, degree, small.order, small.a, small.is_arc)
    for few, many in zip(small.parts, big.parts, strict=True):
        for old, new in zip(few, many, strict=False):
            new[: len(old)] = old
    return big


def _mean_square(values: torch.Tensor) -> float:
    return float(values.abs().square().mean())

"""The mixed derivative of a complex integral's primitive: the integrand on a learned contour, flattened.

    g(s, t) = f(s, x(s, t)) Π_i ∂x_i/∂t_i / (w(t) h(s)),    w(t) = Π_i t_i^{p_i} (1 − t_i)^{q_i}/B(p_i + 1, q_i + 1)

x(s, t) is a `ContourMap`: it leads around the zeros of F on the side of F − i0, and keeps the corners of the cube, so
that a primitive in t has the same corner sum. log h is a polynomial in u, fitted to log f det ∂x/∂t; p and q are the
powers with which f vanishes on the faces of the cube.

notation: u as in `contour_coordinates.py`; B = Euler's beta function.
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import torch

from methods.base import ParametricIntegral
from methods.core import chebyshev_series
from methods.core.budget import Clock
from methods.core.errors import NoCausalContour
from methods.core.least_squares import LeastSquares
from methods.core.moving_nodes import MovingIntegrand
from methods.primitives import contour_effort, contour_fit, contour_search, contour_trials, normalisation
from methods.primitives.compiled_rule import COMPILING_SECONDS
from methods.primitives.contour_coordinates import ContourCoordinates
from methods.primitives.contour_map import ContourMap
from methods.primitives.contour_search import Found, Search

SEARCH_SHARE, FINAL_SHARE = 0.2, 0.3
"""Shares of the time left for the order of variables, and for the last fit of the contour."""

ARC_DEGREE = 1
"""Degree of a map of arcs: of degree 2 log g varies less, but rules need more nodes."""

NODES = 80
"""Nodes of the Gauss rule for the integrals over one variable."""


@dataclasses.dataclass(frozen=True)
class ContourTarget:
    """g for one integral.

    Attributes
    ----------
    integral : ParametricIntegral
        It is no sum.
    coordinates : ContourCoordinates
        From s to u.
    contour : ContourMap
        The map x(s, t).
    powers : tensor (2, k)
        p and q, in the order of the columns of t.
    log_h : tensor
        Coefficients of log h; complex128.
    """

    integral: ParametricIntegral
    coordinates: ContourCoordinates
    contour: ContourMap
    powers: torch.Tensor
    log_h: torch.Tensor

    def g(self, u: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return g (n,) at u (n, m) and t (n, k)."""
        return torch.exp(self.log_g_times_h(u, t) - self._log_h(u))

    def h(self, u: torch.Tensor) -> torch.Tensor:
        """Return h (n,) at u (n, m)."""
        return torch.exp(self._log_h(u))

    def draw(self, unit: torch.Tensor) -> torch.Tensor:
        """Return t (n, k) of density w, for `unit` uniform in the cube."""
        from scipy.special import betaincinv

        p, q = self.powers.cpu().numpy()
        t = torch.as_tensor(betaincinv(p + 1, q + 1, unit.cpu().numpy()), device=unit.device)
        return t.clamp(contour_fit.SMALLEST_T, 1 - contour_fit.SMALLEST_T)

    def waves(self, omega: torch.Tensor) -> torch.Tensor:
        """Return ∫ dt w(t) e^{i Σ_j ω_jr (2t_j − 1)} (F,) for frequencies (k, F), one factor for each variable."""
        rule = np.polynomial.legendre.leggauss(NODES)
        nodes, weights = (torch.as_tensor(part, device=omega.device) / 2 for part in rule)
        t = nodes + 0.5
        found = torch.ones(omega.shape[1], dtype=torch.complex128, device=omega.device)
        for (p, q), of_variable in zip(self.powers.T, omega, strict=True):
            density = weights * t**p * (1 - t) ** q
            angles = (2 * t - 1)[:, None] * of_variable
            factor = torch.complex(density @ angles.cos(), density @ angles.sin())
            found *= factor / density.sum()
        return found

    def log_g_times_h(self, u: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log g + log h (n,) at u (n, m) and t (n, k), whose imaginary part is continuous."""
        return self.log_f_det(u, t) - self.log_w(t)

    def log_f_det(self, u: torch.Tensor, t: torch.Tensor) -> torch.Tensor:
        """Return log f + log det ∂x/∂t (n,) at u (n, m) and t (n, k), whose imaginary part is continuous."""
        s = self.coordinates.s(u)
        x, log_slopes = self.contour.move(list(t.T), *self.contour.log_c(self.contour.bases(u, t)))
        return MovingIntegrand(self.integral, range(self.contour.k)).log(list(s.T), x) + sum(log_slopes)

    def log_w(self, t: torch.Tensor) -> torch.Tensor:
        """Return log w (n,) at t (n, k)."""
        p, q = self.powers
        norm = torch.lgamma(p + 1) + torch.lgamma(q + 1) - torch.lgamma(p + q + 2)
        return (p * torch.log(t) + q * torch.log1p(-t) - norm).sum(dim=1)

    def _log_h(self, u: torch.Tensor) -> torch.Tensor:
        return self.log_h @ chebyshev_series.products(u, normalisation.degree(self.contour.m)).to(self.log_h)


def find(
    integral: ParametricIntegral, coordinates: ContourCoordinates, seed: int, device: str, clock: Clock
) -> tuple[ContourTarget, list[str]]:
    """Fit contour and h.

    Returns
    -------
    ContourTarget
        g on the best contour.
    list of str
        What the clock ended: "order_of_map", "degree_of_map".

    Raises
    ------
    InputError
        Where no contour is causal.
    """
    is_many = integral.k > contour_search.ALL_ORDERS
    contour, cut_short = (_by_trial if is_many else _by_spread)(integral, coordinates, seed, device, clock)
    powers = contour_fit.powers(integral, coordinates, device)[:, list(contour.order)]
    if contour.is_arc:  # such a map is fitted with these factors left in g
        powers = torch.zeros_like(powers)
    degree = normalisation.degree(integral.m)
    size = chebyshev_series.count(integral.m, degree)
    without_h = ContourTarget(integral, coordinates, contour, powers, contour.a.new_zeros(size))
    points = contour_fit.draw(integral.k, coordinates, integral.m, contour_search.POINTS, seed + 1, device)
    log_g = without_h.log_g_times_h(points.u, without_h.draw(points.t))
    fit = LeastSquares(size, device)
    fit.add(chebyshev_series.products(points.u, degree).T, torch.stack([log_g.real, log_g.imag], dim=1))
    target = dataclasses.replace(without_h, log_h=torch.complex(*fit.solve().T))
    return target, cut_short


def _by_spread(
    integral: ParametricIntegral, coordinates: ContourCoordinates, seed: int, device: str, clock: Clock
) -> tuple[ContourMap, list[str]]:
    """Take the order of variables in which log g varies least."""
    k, m, search = integral.k, integral.m, Search(integral, coordinates, seed, device)
    shares = clock.share(SEARCH_SHARE), clock.share(SEARCH_SHARE + FINAL_SHARE)
    effort = contour_effort.affordable(search, k, m, *shares)
    contour = contour_effort.best(search, integral.name, effort)
    is_cut_short = {
        "order_of_map": search.n_tried == effort.n_orders and search.n_tried < math.factorial(k),
        "degree_of_map": effort.degree != contour_search.degree_of(k, m),
    }
    return contour, [part for part, is_cut in is_cut_short.items() if is_cut]


def _by_trial(
    integral: ParametricIntegral, coordinates: ContourCoordinates, seed: int, device: str, clock: Clock
) -> tuple[ContourMap, list[str]]:
    """Take the map of arcs of `learned_contour` for many variables, one that agrees with a map in another order.

    Where a zero of F refutes all of them, none is taken: the spread of replicas would not tell of a wrong contour.
    """
    search = Search(integral, coordinates, seed, device, on_arcs=True)
    n_orders = None
    if clock.is_limited:
        search.short(tuple(range(integral.k)))  # the first evaluation compiles the formula
        seconds = 2 * search.seconds_of_short()  # a trial takes about as long again
        n_orders = max(contour_search.least_orders(integral), int(clock.share(SEARCH_SHARE).left / seconds))
    orders = contour_trials.ranked_orders(search, n_orders)
    may_compile = clock.left > 2 * COMPILING_SECONDS
    try:
        best: Found | None = contour_trials.agreeing(search, integral.name, ARC_DEGREE, orders, may_compile)[0]
    except NoCausalContour:
        best = None
    if best is None or best.is_refuted:  # arcs cannot pass above one zero of F and below the next
        return _by_spread(integral, coordinates, seed, device, clock)
    is_cut_short = search.n_tried == n_orders and search.n_tried < math.factorial(integral.k)
    return best.contour, ["order_of_map"] if is_cut_short else []
